package pipenet

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

// The rules that hold for every connection of package net hold here, too.
func TestConnectionsAreThoseOfPackageNet(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		c1, c2 = connect(nil, at(1), at(2))
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
}

// pair is a connection to a port of a network.
func pair(t *testing.T, n *Network) (client, server net.Conn) {
	t.Helper()
	l, err := n.Listen(t.Context(), "localhost:7")
	if err != nil {
		t.Fatal(err)
	}
	if client, err = n.DialContext(t.Context(), "tcp", "any.example.com:7"); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		client.Close()
		server.Close()
	})
	return client, server
}

func TestAddressesAreOfLoopback(t *testing.T) {
	client, server := pair(t, New())
	for _, a := range []net.Addr{client.LocalAddr(), client.RemoteAddr(), server.LocalAddr(), server.RemoteAddr()} {
		if tcp, ok := a.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() || tcp.Port == 0 || a.Network() != "tcp" {
			t.Errorf("address %v", a)
		}
	}
	if client.RemoteAddr().String() != "127.0.0.1:7" || client.LocalAddr().String() != server.RemoteAddr().String() {
		t.Errorf("from %v to %v", client.LocalAddr(), client.RemoteAddr())
	}
}

func TestPorts(t *testing.T) {
	n := New()
	first, err := n.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.lastPort = firstPort - 1 // the range has been gone through
	second, err := n.Listen(t.Context(), "127.0.0.1:0")
	if err != nil || first.Addr().String() == second.Addr().String() {
		t.Errorf("%v, then %v, %v", first.Addr(), second, err)
	}
	if _, err := n.Listen(t.Context(), first.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := first.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepted after the close: %v", err)
	}
	if _, err := n.Listen(t.Context(), first.Addr().String()); err != nil {
		t.Errorf("a port that is free again: %v", err)
	}
	for _, bad := range []string{"localhost", "localhost:x", "localhost:70000", "localhost:-1"} {
		if _, err := n.Listen(t.Context(), bad); err == nil {
			t.Errorf("listens on %s", bad)
		}
		if _, err := n.DialContext(t.Context(), "tcp", bad); err == nil {
			t.Errorf("dialled %s", bad)
		}
		if n.Cut(bad, Silent) == nil || n.Restore(bad) == nil || n.Dials(bad) != 0 {
			t.Errorf("cut %s", bad)
		}
	}
}

func TestDialsThatFail(t *testing.T) {
	tests := []struct {
		name    string
		network string
		prepare func(t *testing.T, n *Network)
		want    error
		took    time.Duration
	}{
		{"nobody listens", "tcp", func(*testing.T, *Network) {}, syscall.ECONNREFUSED, 0},
		{"the listener has closed", "tcp", func(t *testing.T, n *Network) { listen(t, n).Close() }, syscall.ECONNREFUSED, 0},
		{"datagrams", "udp", func(t *testing.T, n *Network) { listen(t, n) }, syscall.ECONNREFUSED, 0},
		{"the program is away", "tcp", func(t *testing.T, n *Network) { listen(t, n); cut(t, n, Refusing) }, syscall.ECONNREFUSED, 0},
		{"the host is away", "tcp", func(t *testing.T, n *Network) { listen(t, n); cut(t, n, Silent) }, context.DeadlineExceeded, time.Minute},
		{"nobody accepts", "tcp", func(t *testing.T, n *Network) {
			listen(t, n)
			for range backlog {
				if _, err := n.DialContext(t.Context(), "tcp", "localhost:7"); err != nil {
					t.Fatal(err)
				}
			}
		}, context.DeadlineExceeded, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := New()
				tt.prepare(t, n)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				_, err := n.DialContext(ctx, tt.network, "localhost:7")
				var op *net.OpError
				if !errors.Is(err, tt.want) || !errors.As(err, &op) || op.Op != "dial" || time.Since(start) != tt.took {
					t.Errorf("%v after %s", err, time.Since(start))
				}
				if timeout := net.Error(nil); tt.took > 0 && (!errors.As(err, &timeout) || !timeout.Timeout()) {
					t.Errorf("%v is no time-out", err)
				}
				if _, err := n.DialContext(t.Context(), "tcp", "localhost:8"); err == nil || n.Dials("localhost:7") == 0 || n.Dials("localhost:8") != 1 {
					t.Errorf("%v, %d dials", err, n.Dials("localhost:8"))
				}
				ended, end := context.WithCancel(t.Context())
				end()
				if _, err := n.DialContext(ended, "tcp", "localhost:7"); !errors.Is(err, context.Canceled) {
					t.Errorf("with a context that has ended: %v", err)
				}
			})
		})
	}
}

func listen(t *testing.T, n *Network) net.Listener {
	t.Helper()
	l, err := n.Listen(t.Context(), "localhost:7")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func cut(t *testing.T, n *Network, how Outage) {
	t.Helper()
	if err := n.Cut("localhost:7", how); err != nil {
		t.Fatal(err)
	}
}

// A dial that waits for room ends when the listener does, and so do those who wait in it.
func TestAListenerThatClosesRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New()
		l := listen(t, n)
		var waiting []net.Conn
		for range backlog {
			c, err := n.DialContext(t.Context(), "tcp", "localhost:7")
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, c)
		}
		last := make(chan error)
		go func() {
			_, err := n.DialContext(t.Context(), "tcp", "localhost:7")
			last <- err
		}()
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-last; !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("who waited for room: %v", err)
		}
		if _, err := waiting[0].Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) || n.Open() != 0 {
			t.Errorf("who waited to be accepted: %v; %d are open", err, n.Open())
		}
	})
}

// What was written before a close arrives, as with TCP and not with net.Pipe.
func TestAnAnswerBeforeTheCloseArrives(t *testing.T) {
	client, server := pair(t, New())
	steps := []error{second(io.WriteString(server, "421 go away\r\n")), server.Close()}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(client)
	if string(got) != "421 go away\r\n" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := client.Write([]byte("QUIT\r\n")); err != nil {
		t.Errorf("the first write to who has gone: %v", err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the second: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestHalfACloseLetsTheAnswerThrough(t *testing.T) {
	client, server := pair(t, New())
	steps := []error{second(io.WriteString(client, "question")), client.(interface{ CloseWrite() error }).CloseWrite()}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after the end: %v", err)
	}
	question, err := io.ReadAll(server)
	if err := errors.Join(err, second(server.Write(question)), server.Close()); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(client); string(answer) != "question" || err != nil {
		t.Errorf("read %q, %v", answer, err)
	}
}

func TestAnOutageResetsAndPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New()
		client, server := pair(t, n)
		if err := second(io.WriteString(server, "on its way")); err != nil {
			t.Fatal(err)
		}
		idle, err := n.DialContext(t.Context(), "tcp", "localhost:7")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 2)
		go func() { ended <- second(idle.Read(make([]byte, 1))) }()
		go func() { ended <- second(client.Write(make([]byte, 2*window))) }()
		synctest.Wait()
		cut(t, n, Refusing)
		for range 2 {
			if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("who waited: %v", err)
			}
		}
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a byte that was under way: %v", err)
		}
		if err := errors.Join(client.Close(), server.Close()); err != nil || n.Open() != 1 {
			t.Errorf("%v; %d are open, and one waits to be accepted", err, n.Open())
		}
		if err := n.Restore("localhost:7"); err != nil {
			t.Fatal(err)
		}
		if _, err := n.DialContext(t.Context(), "tcp", "localhost:7"); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}

// The writer of more than fits waits, and for no longer than its deadline.
func TestAWriterWaitsForAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t, New())
		if err := client.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		n, err := client.Write(make([]byte, window+1))
		if n != window || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("wrote %d, %v after %s", n, err, time.Since(start))
		}
		if err := client.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		sent := make([]byte, 5*window)
		rand.Read(sent)
		go func() {
			client.Write(sent)
			client.Close()
		}()
		got, err := io.ReadAll(server)
		if err != nil || !bytes.Equal(got[window:], sent) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	n := New()
	l := listen(t, n)
	var servers, clients sync.WaitGroup
	servers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			servers.Go(func() {
				io.Copy(c, c)
				c.Close()
			})
		}
	})
	for i := range 50 {
		clients.Go(func() {
			c, err := n.DialContext(t.Context(), "tcp", "localhost:7")
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			message, got := []byte{byte(i)}, make([]byte, 1)
			if _, err := c.Write(message); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(c, got); err != nil || got[0] != byte(i) {
				t.Errorf("got %d, %v", got[0], err)
			}
		})
	}
	clients.Wait()
	l.Close()
	servers.Wait()
	if n.Open() != 0 || n.Dials("localhost:7") != 50 {
		t.Errorf("%d are open after %d dials", n.Open(), n.Dials("localhost:7"))
	}
}
