package lab

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala"
	"qosreport/internal/kerberos"
	"qosreport/internal/lab/kdc"
	"qosreport/internal/lab/pipenet"
	"qosreport/internal/lab/sample"
)

// A lab on a network in memory lives in a bubble: its clocks are the bubble's, it makes no
// system call of the network, and nothing of it is left at the end.
func TestALabLivesInABubble(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC)))
		network := pipenet.New()
		l, err := Start(t.Context(), Options{Dir: dir, Sample: sample.Options{Days: 2, LegsPerDay: 20}, Listen: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		creds, err := kerberos.Login(t.Context(), kerberos.Options{Principal: Principal, Keytab: l.Keytab, KRB5Conf: l.KRB5Conf, Dial: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		for hour := range 30 {
			if now := ask(t, l, creds, network); !now.Equal(time.Now().UTC().Truncate(time.Second)) {
				t.Fatalf("hour %d: it is %s and the cluster says %s", hour, time.Now().UTC(), now)
			}
			time.Sleep(time.Hour)
		}
		if err := errors.Join(creds.Close(), l.Close()); err != nil || network.Open() != 0 {
			t.Errorf("%v; %d connections are left", err, network.Open())
		}
		if c := l.Realm.Counts(); c != (kdc.Counts{Logins: 3, Tickets: 3}) {
			t.Errorf("%+v; a ticket of ten hours serves ten of thirty questions", c)
		}
	})
}

// ask opens a session and asks the cluster for its time.
func ask(t *testing.T, l *Lab, creds *kerberos.Creds, network *pipenet.Network) time.Time {
	t.Helper()
	client, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{l.Coordinator}, Dial: network.DialContext,
		Auth: func(ctx context.Context, host string) (impala.Mechanism, error) {
			return creds.NewSASL(ctx, kerberos.SASLOptions{Service: Service, Host: host})
		}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := client.Query(t.Context(), "SELECT utc_timestamp()")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := rows.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := string(batch.Append(nil, 0, 0))
	if err := errors.Join(rows.Close(t.Context()), client.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	now, err := time.Parse(time.DateTime, text[:len(time.DateTime)])
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func TestAPortThatCannotBeOpened(t *testing.T) {
	none := errors.New("no port")
	opened := 0
	network := pipenet.New()
	for failAt := range 2 {
		opened = 0
		_, err := Start(t.Context(), Options{Dir: t.TempDir(), Listen: func(ctx context.Context, address string) (net.Listener, error) {
			if opened++; opened > failAt {
				return nil, none
			}
			return network.Listen(ctx, "127.0.0.1:7")
		}})
		if !errors.Is(err, none) {
			t.Errorf("got %v", err)
		}
		if l, err := network.Listen(t.Context(), "127.0.0.1:7"); err != nil {
			t.Errorf("a port was left open: %v", err)
		} else {
			l.Close()
		}
	}
}
