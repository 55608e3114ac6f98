package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"qosreport/internal/impala"
	"qosreport/internal/lab/sample"
)

// counted knows how many listeners are open.
type counted struct {
	net.Listener
	open *int
}

func (c *counted) Close() error {
	*c.open--
	return c.Listener.Close()
}

// A port that cannot be opened closes those that were.
func TestPortsThatCannotBeOpened(t *testing.T) {
	const ports = 7 // coordinator, KDC, and five for other clients
	for broken := range ports {
		t.Run(fmt.Sprintf("port %d", broken), func(t *testing.T) {
			full := errors.New("no port is free")
			open, asked := 0, 0
			_, err := Start(t.Context(), Options{Dir: t.TempDir(), Clients: true, Listen: func(ctx context.Context, address string) (net.Listener, error) {
				if address != "127.0.0.1:0" { // whoever comes from elsewhere has no password to guess
					t.Errorf("a port is opened at %s", address)
				}
				if asked++; asked == broken+1 {
					return nil, full
				}
				l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
				if err == nil {
					open++
				}
				return &counted{l, &open}, err
			}})
			if !errors.Is(err, full) || open != 0 {
				t.Errorf("%v; %d ports are left open", err, open)
			}
		})
	}
}

func TestPortsForOtherClientsAreOpenedOnDemand(t *testing.T) {
	for _, clients := range []bool{false, true} {
		l, err := Start(t.Context(), Options{Dir: t.TempDir(), Sample: sample.Options{Days: 2, LegsPerDay: 20}, Clients: clients})
		if err != nil {
			t.Fatal(err)
		}
		if empty := l.Ports == (Ports{}); empty == clients || (l.CAFile == "") != empty {
			t.Errorf("clients %t: ports %+v, authority %q", clients, l.Ports, l.CAFile)
		}
		if clients {
			c, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{l.Ports.Open}, User: "anybody"})
			if err != nil {
				t.Errorf("the open port: %v", err)
			} else if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOnePasswordIsGood(t *testing.T) {
	for user, password := range map[string]string{User: Password, "report ": Password, "Report": Password, "": Password} {
		if got := knows(user, password); got != (user == User) {
			t.Errorf("%q with the password: %t", user, got)
		}
	}
	if knows(User, "Demo") || knows(User, "") {
		t.Error("another password is good, too")
	}
}
