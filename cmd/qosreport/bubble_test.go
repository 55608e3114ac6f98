package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/lab"
	"qosreport/internal/lab/mailbox"
	"qosreport/internal/lab/pipenet"
	"qosreport/internal/lab/sample"
)

// bubble is a cluster, a mail server and a configuration in virtual time: nothing but files
// is real. It is made inside a bubble of testing/synctest.
type bubble struct {
	t       *testing.T
	dir     string // of configuration, ledger, keytab and all that is written
	network *pipenet.Network
	lab     *lab.Lab
	box     *mailbox.Server
	step    time.Duration // of this host's clock, against the bubble's
	mu      sync.Mutex
}

// began is when bubbles have come to the days of the sample: Sunday morning in Bratislava.
var began = time.Date(2017, 9, 10, 4, 50, 0, 0, time.UTC)

// virtually runs a test in a bubble. More is YAML for the configuration's end.
func virtually(t *testing.T, more string, test func(t *testing.T, b *bubble)) {
	dir := t.TempDir()
	signal.Stop(anySignal()) // what reads signals for the process starts now, and outside
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(began))
		b := &bubble{t: t, dir: dir, network: pipenet.New()}
		b.start(more)
		test(t, b)
		if err := errors.Join(b.box.Close(), b.lab.Close()); err != nil || b.network.Open() != 0 {
			t.Errorf("%v; %d connections are left", err, b.network.Open())
		}
	})
}

func anySignal() chan<- os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

func (b *bubble) start(more string) {
	b.t.Helper()
	var err error
	o := lab.Options{Dir: b.dir, Sample: sample.Options{Days: 10, Last: time.Date(2017, 9, 16, 0, 0, 0, 0, time.UTC), LegsPerDay: 20}, Listen: b.network.Listen}
	if b.lab, err = lab.Start(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
	if b.box, err = mailbox.Start(b.t.Context(), mailbox.Options{Dir: filepath.Join(b.dir, "box"), Listen: b.network.Listen}); err != nil {
		b.t.Fatal(err)
	}
	write(b.t, filepath.Join(b.dir, "queries/one.sql"), `SELECT name FROM acme WHERE {{partition "dt"}} LIMIT 3`)
	write(b.t, filepath.Join(b.dir, "configs/reports/one.yaml"), mailed)
	write(b.t, filepath.Join(b.dir, "configs/qosreport.yaml"), fmt.Sprintf(`version: 1
zone: Europe/Bratislava
out: '%[1]s/out'
impala: {hosts: ['%[2]s'], tls: {enabled: false}}
kerberos: {principal: %[3]s, keytab: '%[4]s', krb5_conf: '%[5]s'}
store: {path: '%[1]s/ledger.db'}
smtp: {host: '%[6]s', ca_file: '%[7]s', from: qos@example.com}
`, b.dir, b.lab.Coordinator, lab.Principal, b.lab.Keytab, b.lab.KRB5Conf, b.box.Addr, b.box.CAFile)+more)
}

// now is what this host's clock shows.
func (b *bubble) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Add(b.step)
}

// call runs a command over the network of the bubble.
func (b *bubble) call(ctx context.Context, args ...string) result {
	return b.callUntil(ctx, nil, args...)
}

// callUntil is call, with a channel whose close is a second signal.
func (b *bubble) callUntil(ctx context.Context, over <-chan struct{}, args ...string) result {
	var stdout, stderr bytes.Buffer
	a := &app{now: b.now, dial: b.network.DialContext, over: over, stdio: stdio{strings.NewReader(""), &stdout, &stderr}}
	err := a.run(ctx, append(args, "--config-dir", b.dir))
	if err != nil {
		tell(&stderr, err)
	}
	return result{stdout.String(), stderr.String(), exitCode(err)}
}

// A run with mail needs no system call of the network and leaves nothing behind: what is
// left of it would keep the bubble from ending.
func TestARunLivesInABubble(t *testing.T) {
	virtually(t, "", func(t *testing.T, b *bubble) {
		args := []string{"run", "--report", "one", "--date", "2017-09-09", "--send"}
		first, second := b.call(t.Context(), args...), b.call(t.Context(), args...)
		if first.code != 0 || !strings.Contains(first.stdout, "sent to noc@example.com") || second.code != 2 || b.box.Accepted() != 2 {
			t.Errorf("exit codes %d and %d, %d mails\n%s%s\n%s", first.code, second.code, b.box.Accepted(), first.stdout, first.stderr, second.stderr)
		}
		if c := b.lab.Realm.Counts(); c.Logins != 1 || c.Tickets != 1 {
			t.Errorf("the KDC counted %+v", c)
		}
		names, err := os.ReadDir(filepath.Join(b.dir, "out"))
		if err != nil || len(names) != 1 {
			t.Errorf("%v, %v", names, err)
		}
	})
}
