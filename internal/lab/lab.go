// Package lab is the demo cluster: a KDC, an Impala-compatible coordinator with sample
// data, and the files that a client needs. All of it lives in the process and on loopback,
// so that the real path (keytab, tickets, SASL, Thrift, SQL) can be walked with no cluster.
//
// Nothing here starts by itself or reads another clock than package time's, so that a lab
// on a network in memory lives in a bubble of testing/synctest, too.
package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/lab/impalad"
	"qosreport/internal/lab/kdc"
	"qosreport/internal/lab/sample"
)

// Names of the lab. The coordinator listens where localhost leads, and its service
// principal is that of localhost.
const (
	Principal = "report@EXAMPLE.COM"
	Service   = "impala"
	host      = "localhost"
)

// Options of a lab. Dir is required.
type Options struct {
	Dir      string         // where keytab, krb5.conf and ca.pem are written
	Sample   sample.Options // the data
	Layers   byte           // SASL layers that the coordinator offers, a mask of acceptor's; 0 means none, as Impala
	Clock    time.Duration  // by how much the cluster's clock is ahead of this host's
	KDCClock time.Duration  // and by how much the KDC's clock is ahead of the coordinator's
	Clients  bool           // open the ports of [Ports], and take a password besides tickets
	Observe  func(string)   // called for each call to the coordinator; nil for none
	Logger   *slog.Logger   // nil discards

	// Listen opens the ports; nil means loopback. The KDC has TCP alone with a function.
	Listen func(ctx context.Context, address string) (net.Listener, error)
}

// Lab is a running cluster.
type Lab struct {
	Coordinator string // host:port
	Ports       Ports  // empty without Options.Clients
	KDC         string // host:port, TCP and, on loopback, UDP
	Keytab      string // of Principal
	KRB5Conf    string
	CAFile      string // PEM of the authority of the ports with TLS; "" without Options.Clients
	Catalog     *sample.Catalog

	Realm *kdc.KDC // for tests that change the realm

	ca      []byte // content of CAFile
	stop    context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	failed  error
}

// Start brings the cluster up. It runs until Close.
func Start(ctx context.Context, o Options) (*Lab, error) {
	catalog, err := sample.New(o.Sample)
	if err != nil {
		return nil, fault.New(fault.Usage, 0, err)
	}
	realm, err := kdc.New(kdc.Options{Offset: o.Clock + o.KDCClock, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	service := Service + "/" + host
	if err := realm.Add("report", service); err != nil {
		return nil, err
	}
	keys, err := realm.Keys(service)
	if err != nil {
		return nil, err
	}
	accept, err := acceptor.New(acceptor.Options{Keys: keys, Now: func() time.Time { return time.Now().Add(o.Clock) }})
	if err != nil {
		return nil, err
	}
	l := &Lab{Catalog: catalog, Realm: realm}
	if err := l.serve(ctx, o, accept); err != nil {
		return nil, fmt.Errorf("start the lab: %w", err)
	}
	if err := l.writeFiles(o.Dir); err != nil {
		return nil, errors.Join(fault.New(fault.Output, fault.Render, err), l.Close())
	}
	return l, nil
}

// serve opens the ports and runs the servers behind them.
func (l *Lab) serve(ctx context.Context, o Options, accept *acceptor.Acceptor) error {
	coordinator, tickets, packets, err := listen(ctx, o)
	if err != nil {
		return err
	}
	ports, err := l.openPorts(ctx, o, accept)
	if err == nil {
		l.Coordinator, err = named(coordinator)
	}
	if err != nil {
		return errors.Join(err, coordinator.Close(), tickets.Close())
	}
	ctx, l.stop = context.WithCancel(ctx)
	l.KDC = tickets.Addr().String()
	server := impalad.New(impalad.Options{Catalog: l.Catalog, Logins: o.logins(accept), Observe: o.Observe, Logger: o.Logger})
	l.running.Go(func() { l.note(l.Realm.Serve(ctx, tickets, packets)) })
	l.running.Go(func() { l.note(server.Serve(ctx, coordinator, ports...)) })
	return nil
}

// listen opens the ports of coordinator and KDC. Packets are nil where there is no UDP.
func listen(ctx context.Context, o Options) (coordinator, tickets net.Listener, packets net.PacketConn, err error) {
	if coordinator, err = o.listen(ctx); err != nil {
		return nil, nil, nil, err
	}
	if o.Listen == nil {
		tickets, packets, err = kdc.Listen()
	} else {
		tickets, err = o.listen(ctx)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, coordinator.Close())
	}
	return coordinator, tickets, packets, nil
}

func (l *Lab) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = errors.Join(l.failed, err)
}

func (l *Lab) writeFiles(dir string) error {
	l.Keytab = filepath.Join(dir, "report.keytab")
	l.KRB5Conf = filepath.Join(dir, "krb5.conf")
	if err := l.Realm.WriteKeytab(l.Keytab, "report"); err != nil {
		return err
	}
	if err := os.WriteFile(l.KRB5Conf, []byte(l.Realm.Conf([]string{l.KDC}, host)), 0o644); err != nil || l.ca == nil {
		return err
	}
	l.CAFile = filepath.Join(dir, "ca.pem")
	return os.WriteFile(l.CAFile, l.ca, 0o644)
}

// Close ends the servers and waits for them.
func (l *Lab) Close() error {
	l.stop()
	l.running.Wait()
	return l.failed
}
