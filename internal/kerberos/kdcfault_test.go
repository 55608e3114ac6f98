package kerberos

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"
)

// The peers of these tests are sockets on loopback.

// listenTCP serves each connection by script until the test ends.
func listenTCP(t *testing.T, script func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { c.Close() })
			go func() {
				defer stop()
				defer c.Close()
				script(c)
			}()
		}
	}()
	return l.Addr().String()
}

// deadAddress is one where nobody listens, by TCP or UDP.
func deadAddress(t *testing.T) string {
	t.Helper()
	l, p, err := kdc.Listen()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p.Close()
	return l.Addr().String()
}

// serveKDC is the KDC of a world at an address. It may do without TCP or UDP.
func (w *world) serveKDC(t *testing.T, tcp, udp bool) string {
	t.Helper()
	l, p, err := kdc.Listen()
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	var listener net.Listener = l
	packets := p
	if !tcp {
		l.Close()
		listener = nil
	}
	if !udp {
		p.Close()
		packets = nil
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Serve(ctx, listener, packets) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return addr
}

// silent reads and says nothing until the client goes.
func silent(c net.Conn) { readFramed(c); readFramed(c) }

func saying(b []byte) func(net.Conn) {
	return func(c net.Conn) {
		readFramed(c)
		c.Write(b)
	}
}

func TestKDCsThatFailBesideOneThatDoesNot(t *testing.T) {
	tests := []struct {
		name string
		kdcs func(*testing.T, *world) []string
	}{
		{"the first is dead", func(t *testing.T, w *world) []string { return []string{deadAddress(t), w.serveKDC(t, true, true)} }},
		{"the first hangs up", func(t *testing.T, w *world) []string {
			return []string{listenTCP(t, func(c net.Conn) { readFramed(c) }), w.serveKDC(t, true, true)}
		}},
		{"the first says half an answer", func(t *testing.T, w *world) []string {
			return []string{listenTCP(t, saying(framed(reply)[:6])), w.serveKDC(t, true, true)}
		}},
		{"UDP only", func(t *testing.T, w *world) []string { return []string{w.serveKDC(t, false, true)} }},
		{"TCP only", func(t *testing.T, w *world) []string { return []string{w.serveKDC(t, true, false)} }},
		{"the first is slow and the second good", func(t *testing.T, w *world) []string {
			return []string{listenTCP(t, silent), w.serveKDC(t, true, true)}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kdc.Options{})
			w.opts.Dial = nil
			w.opts.KDCs = tt.kdcs(t, w)
			if _, err := w.login().Ticket(t.Context(), serviceSPN); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKDCsThatFailOnLoopback(t *testing.T) {
	long := binary.BigEndian.AppendUint32(nil, 1<<31-1)
	tests := []struct {
		name  string
		kdcs  func(*testing.T, *world) []string
		kind  Kind
		says  string
		limit time.Duration // of the login as a whole
	}{
		{"all are dead", func(t *testing.T, w *world) []string { return []string{deadAddress(t), deadAddress(t)} },
			KDCUnreachable, "none of 2 KDCs of EXAMPLE.COM answered: 127.0.0.1:", 5 * time.Second},
		{"the only one is slow", func(t *testing.T, w *world) []string { return []string{listenTCP(t, silent)} },
			KDCUnreachable, "/tcp timed out", 200 * time.Millisecond},
		{"all are slow", func(t *testing.T, w *world) []string { return []string{listenTCP(t, silent), listenTCP(t, silent)} },
			KDCUnreachable, "/tcp timed out", 200 * time.Millisecond},
		{"one announces two gigabytes", func(t *testing.T, w *world) []string { return []string{listenTCP(t, saying(long))} },
			KDCUnreachable, "/tcp announced a reply that is too long", 5 * time.Second},
		{"one speaks something else", func(t *testing.T, w *world) []string {
			return []string{listenTCP(t, saying([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")))}
		}, KDCUnreachable, "/tcp announced a reply that is too long", 5 * time.Second},
		{"one answers garbage", func(t *testing.T, w *world) []string {
			return []string{listenTCP(t, saying(framed([]byte("garbage"))))}
		}, KDCUnreachable, "/tcp answered with something that is not Kerberos", 5 * time.Second},
		{"one says half an answer", func(t *testing.T, w *world) []string { return []string{listenTCP(t, saying(framed(reply)[:6]))} },
			KDCUnreachable, "/tcp closed the connection in the middle of its answer", 5 * time.Second},
		{"one stops after half an answer", func(t *testing.T, w *world) []string {
			return []string{listenTCP(t, func(c net.Conn) { c.Write(framed(reply)[:6]); silent(c) })}
		}, KDCUnreachable, "/tcp timed out", 200 * time.Millisecond},
		{"one that has another realm", func(t *testing.T, w *world) []string {
			other := newWorld(t, kdc.Options{Realm: "OTHER.COM"})
			return []string{other.serveKDC(t, true, true)}
		}, KDCRefused, "the KDC that was asked does not serve the realm EXAMPLE.COM", 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kdc.Options{})
			w.opts.Dial, w.opts.Timeout = nil, tt.limit
			w.opts.KDCs = tt.kdcs(t, w)
			began := time.Now()
			_, err := Login(t.Context(), w.opts)
			took := time.Since(began)
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) || fault.Remedy(err) == "" {
				t.Errorf("got %v; want %s", err, tt.says)
			}
			if took > tt.limit+time.Second {
				t.Errorf("took %v, more than the %v that were asked for", took, tt.limit)
			}
		})
	}
}

// A file that prefers UDP meets a KDC whose answers are too long for it.
func TestAnswersTooLongForUDPComeByTCP(t *testing.T) {
	w := newWorld(t, kdc.Options{MaxUDP: 300})
	addr := w.serveKDC(t, true, true)
	var asked []string
	w.opts.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		asked = append(asked, network)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	w.opts.KDCs = []string{addr}
	c, err := New(t.Context(), w.opts)
	if err != nil {
		t.Fatal(err)
	}
	c.conf.udpLimit = 1465
	if err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(asked, " "); got != "udp udp tcp" {
		t.Errorf("asked by %s", got)
	}
	if got := w.Counts().BadKeys; got != 0 {
		t.Errorf("%d bad keys", got)
	}
}

// A key that the KDC does not take is shown to it once, however the KDC is asked.
func TestAKeyThatIsRefusedIsShownOnce(t *testing.T) {
	for _, limit := range []int{0, 1465} {
		w := newWorld(t, kdc.Options{})
		addr := w.serveKDC(t, true, true)
		must(t, func() error { return w.Add("report") })
		w.opts.Dial, w.opts.KDCs = nil, []string{deadAddress(t), addr, addr}
		c, err := New(t.Context(), w.opts)
		if err != nil {
			t.Fatal(err)
		}
		c.conf.udpLimit = limit
		checkFailure(t, c.Login(t.Context()), KeytabStale, "does not accept the key")
		if got := w.Counts().BadKeys; got != 1 {
			t.Errorf("limit %d: the KDC saw the key %d times", limit, got)
		}
	}
}
