package kerberos

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// network is a map of addresses to what happens there.
type network map[string]func(network string) (net.Conn, error)

func (n network) kdcs(t *testing.T, udpLimit int, addrs ...string) *kdcs {
	t.Helper()
	c := defaultConf()
	c.udpLimit = udpLimit
	c.kdcs["R"] = addrs
	return &kdcs{
		conf: c, now: time.Now, log: slog.New(slog.DiscardHandler), last: map[string]string{}, failed: map[string]time.Time{},
		dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			answer, ok := n[addr]
			if !ok { // nobody there: no answer at all
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return answer(network)
		},
		resolver: names{},
	}
}

// names is a DNS in which only that is found which a test puts there.
type names struct {
	srv   func(service, proto, name string) ([]*net.SRV, error)
	txt   map[string]string
	cname map[string]string
	ptr   map[string]string // host to the name of its address
}

var errNoName = &net.DNSError{Err: "no such host", IsNotFound: true}

func (n names) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if n.srv == nil {
		return "", nil, errNoName
	}
	records, err := n.srv(service, proto, name)
	return "", records, err
}

func (n names) LookupTXT(_ context.Context, name string) ([]string, error) {
	if text, ok := n.txt[name]; ok {
		return []string{text}, nil
	}
	return nil, errNoName
}

func (n names) LookupCNAME(_ context.Context, host string) (string, error) {
	if name, ok := n.cname[host]; ok {
		return name, nil
	}
	return "", errNoName
}

// LookupHost gives each host with a name for it an address of its own.
func (n names) LookupHost(_ context.Context, host string) ([]string, error) {
	if _, ok := n.ptr[host]; ok {
		return []string{"address of " + host, "another"}, nil
	}
	return nil, errNoName
}

func (n names) LookupAddr(_ context.Context, addr string) ([]string, error) {
	host, ok := strings.CutPrefix(addr, "address of ")
	if name := n.ptr[host]; ok && name != "" {
		return []string{name + "."}, nil
	}
	return nil, errNoName
}

func refused(string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

// conn is a connection whose other end is played by script.
func conn(script func(net.Conn)) func(string) (net.Conn, error) {
	return func(string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			script(theirs)
		}()
		return ours, nil
	}
}

// answering reads a request, waits, and sends the bytes in the pieces given.
func answering(wait time.Duration, pieces ...[]byte) func(string) (net.Conn, error) {
	return conn(func(c net.Conn) {
		readFramed(c)
		c.SetReadDeadline(time.Now().Add(wait))
		io.Copy(io.Discard, c) // ends early when the client goes
		c.SetReadDeadline(time.Time{})
		for _, p := range pieces {
			if _, err := c.Write(p); err != nil {
				return
			}
		}
		io.Copy(io.Discard, c)
	})
}

func readFramed(c net.Conn) []byte {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	io.ReadFull(c, b)
	return b
}

func framed(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }

func krbError(t testing.TB, code int32) []byte {
	t.Helper()
	e := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/R"), "R", code, "")
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var reply = []byte{tagASRep, 3, 1, 2, 3}

func TestExchange(t *testing.T) {
	good := framed(reply)
	tests := []struct {
		name  string
		net   network
		addrs []string
		care  bool
		want  string // part of the error; "" means the reply
		took  time.Duration
	}{
		{"the first answers", network{"a": answering(0, good)}, []string{"a", "b"}, false, "", 0},
		{"a reply in single bytes", network{"a": answering(0, good[:1], good[1:3], good[3:5], good[5:])}, []string{"a"}, false, "", 0},
		{"the first refuses", network{"a": refused, "b": answering(0, good)}, []string{"a", "b"}, false, "", 0},
		{"the first is silent", network{"b": answering(0, good)}, []string{"a", "b"}, false, "", time.Second},
		{"the first is silent and care is due", network{"b": answering(0, good)}, []string{"a", "b"}, true, "", 2 * time.Second},
		{"the second is silent too and care is due", network{"c": answering(0, good)}, []string{"a", "b", "c"}, true, "", 3 * time.Second},
		{"the first answers late", network{"a": answering(1500*time.Millisecond, good), "b": answering(2*time.Second, good)}, []string{"a", "b"}, false, "", 1500 * time.Millisecond},
		{"all are silent", network{}, []string{"a", "b", "c"}, false, "none of 3 KDCs of R answered: a/tcp timed out (2s), b/tcp timed out (2s), c/tcp timed out (2s)", 4 * time.Second},
		{"one never answers", network{"a": answering(time.Hour)}, []string{"a"}, false, "the KDC of R did not answer: a/tcp timed out (3s)", 3 * time.Second},
		{"one stops in the middle", network{"a": answering(0, good[:6])}, []string{"a"}, false, "timed out (3s)", 3 * time.Second},
		{"one hangs up", network{"a": conn(func(c net.Conn) { readFramed(c) })}, []string{"a"}, false, "a/tcp closed the connection", 0},
		{"one hangs up in the middle", network{"a": conn(func(c net.Conn) { readFramed(c); c.Write(good[:6]) })}, []string{"a"}, false, "a/tcp closed the connection in the middle of its answer", 0},
		{"one hangs up in the middle, the other does not", network{"a": conn(func(c net.Conn) { readFramed(c); c.Write(good[:6]) }), "b": answering(0, good)}, []string{"a", "b"}, true, "", 0},
		{"one announces too much", network{"a": answering(0, []byte{0x7f, 0xff, 0xff, 0xff})}, []string{"a"}, false, "too long", 0},
		{"one speaks something else", network{"a": answering(0, framed([]byte("HTTP/1.1")))}, []string{"a"}, false, "not Kerberos", 0},
		{"one is out of service", network{"a": answering(0, framed(krbError(t, 29))), "b": answering(0, good)}, []string{"a", "b"}, false, "", 0},
		{"an error is a reply", network{"a": answering(0, framed(krbError(t, 6))), "b": answering(0, good)}, []string{"a", "b"}, false, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got, err := tt.net.kdcs(t, 0, tt.addrs...).exchange(t.Context(), question{"R", []byte("request"), tt.care})
				if tt.want == "" && (err != nil || len(got) == 0) {
					t.Errorf("got %v", err)
				}
				if tt.want != "" && (!errors.Is(err, KDCUnreachable) || !strings.Contains(err.Error(), tt.want) || fault.ClassOf(err) != fault.KDC || fault.Remedy(err) == "") {
					t.Errorf("got %v; want %s", err, tt.want)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// datagrams is a UDP peer that answers from the request of the given number on.
func datagrams(from int, answer []byte) func(string) (net.Conn, error) {
	return conn(func(c net.Conn) {
		buf := make([]byte, 1<<16)
		for n := 1; ; n++ {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if n >= from {
				c.Write(answer)
			}
		}
	})
}

// both tells TCP from UDP at one address.
func both(tcp, udp func(string) (net.Conn, error)) func(string) (net.Conn, error) {
	return func(network string) (net.Conn, error) {
		if network == "udp" {
			return udp(network)
		}
		return tcp(network)
	}
}

func TestExchangeOverUDP(t *testing.T) {
	tcp := answering(0, framed(reply))
	tests := []struct {
		name  string
		limit int
		peer  func(string) (net.Conn, error)
		want  string
		took  time.Duration
		care  bool
	}{
		{"when TCP is refused", 0, both(refused, datagrams(1, reply)), "", 0, false},
		{"when the file prefers it", 1465, both(refused, datagrams(1, reply)), "", 0, false},
		{"sent again", 1465, both(refused, datagrams(3, reply)), "", 2 * time.Second, false},
		{"once where care is due", 1465, both(tcp, datagrams(2, reply)), "", 3 * time.Second, true},
		{"when TCP is refused to a longer request", 4, both(refused, datagrams(1, reply)), "", 0, false},
		{"with a reply that is too long, and no TCP", 0, both(refused, datagrams(1, krbError(t, 52))), "too long for UDP", 0, false},
		{"not for a longer request", 4, both(tcp, refused), "", 0, false},
		{"then TCP for a long reply", 1465, both(tcp, datagrams(1, krbError(t, 52))), "", 0, false},
		{"then TCP without an answer", 1465, both(tcp, datagrams(100, nil)), "", 3 * time.Second, false},
		{"not when TCP is silent", 0, both(answering(time.Hour), datagrams(1, reply)), "a/tcp timed out (3s)", 3 * time.Second, false},
		{"refused as well", 0, refused, "a/tcp refused (0s), a/udp refused (0s)", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got, err := network{"a": tt.peer}.kdcs(t, tt.limit, "a").exchange(t.Context(), question{"R", []byte("request"), tt.care})
				if tt.want == "" && !bytes.Equal(got, reply) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("got %x, %v", got, err)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestExchangeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop")
		time.AfterFunc(500*time.Millisecond, func() { cancel(fmt.Errorf("%w: %w", stop, context.Canceled)) })
		_, err := network{"a": answering(time.Hour)}.kdcs(t, 0, "a").exchange(ctx, question{realm: "R"})
		if !errors.Is(err, stop) || errors.Is(err, KDCUnreachable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestKDCThatAnsweredIsAskedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := network{"b": answering(0, framed(reply))}.kdcs(t, 0, "a", "b", "c")
		later := time.Duration(0)
		k.now = func() time.Time { return time.Now().Add(later) }
		order := func() string {
			addrs, err := k.addresses(t.Context(), "R")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(addrs, " ")
		}
		k.remember("R", "a", false)
		if got := order(); got != "b c a" {
			t.Errorf("after a failure: %s", got)
		}
		if _, err := k.exchange(t.Context(), question{realm: "R"}); err != nil {
			t.Fatal(err)
		}
		k.remember("R", "c", false)
		later = restTime
		if got := order(); got != "b a c" {
			t.Errorf("after a minute: %s", got)
		}
	})
}

func TestAddressesFromDNS(t *testing.T) {
	records := []*net.SRV{{Target: "kdc.example.com.", Port: 88}, {Target: ".", Port: 0}}
	tests := []struct {
		name    string
		change  func(*kdcs)
		realm   string
		want    string
		asked   int
		kind    error
		mention string
	}{
		{"for a realm without KDCs", func(*kdcs) {}, "DNS", "kdc.example.com:88", 1, nil, ""},
		{"not for a realm with KDCs", func(*kdcs) {}, "R", "a", 0, nil, ""},
		{"not when the file forbids it", func(k *kdcs) { k.conf.dnsLookupKDC = false }, "DNS", "", 0, NoKDC, "krb5.conf has: R"},
		{"with a hint at the right case", func(k *kdcs) { k.conf.dnsLookupKDC = false }, "r", "", 0, NoKDC, "did you mean R?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := network{}.kdcs(t, 0, "a")
			asked := 0
			k.resolver = names{srv: func(service, proto, name string) ([]*net.SRV, error) {
				if asked++; service != "kerberos" || proto != "tcp" || name != "DNS" {
					t.Errorf("asked for %s %s %s", service, proto, name)
				}
				return records, nil
			}}
			tt.change(k)
			addrs, err := k.addresses(t.Context(), tt.realm)
			if strings.Join(addrs, " ") != tt.want || asked != tt.asked || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("got %q, %d questions, %v", addrs, asked, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.mention) {
				t.Errorf("%v does not say %q", err, tt.mention)
			}
		})
	}
}

func TestDNSThatDoesNotAnswer(t *testing.T) {
	lost := &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	tests := []struct {
		name    string
		answer  func(proto string) ([]*net.SRV, error)
		kind    error
		mention string
	}{
		{"to either question", func(string) ([]*net.SRV, error) { return nil, lost }, KDCUnreachable, "DNS did not say which KDCs R has: name cannot be looked up"},
		{"to the first", func(proto string) ([]*net.SRV, error) {
			if proto == "tcp" {
				return nil, lost
			}
			return []*net.SRV{{Target: "kdc.", Port: 88}}, nil
		}, nil, ""},
		{"but says that there are none", func(string) ([]*net.SRV, error) { return nil, errNoName }, NoKDC, "no KDC is known for realm R"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := network{}.kdcs(t, 0)
			k.resolver = names{srv: func(_, proto, _ string) ([]*net.SRV, error) { return tt.answer(proto) }}
			addrs, err := k.addresses(t.Context(), "R")
			if tt.kind == nil && (err != nil || len(addrs) != 1) {
				t.Errorf("got %q, %v", addrs, err)
			}
			if tt.kind != nil && (!errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.mention) || fault.Remedy(err) == "") {
				t.Errorf("got %v; want %s", err, tt.mention)
			}
			if retry := fault.ClassOf(err).Retry(); retry != (tt.kind == KDCUnreachable) {
				t.Errorf("another attempt may help: %t", retry)
			}
		})
	}
}

// Each realm remembers its own KDC, though the walk through realms asks all in turn.
func TestRealmsRememberTheirKDCs(t *testing.T) {
	k := network{}.kdcs(t, 0, "a", "b")
	k.conf.kdcs["S"] = []string{"c", "d"}
	k.remember("R", "b", true)
	k.remember("S", "d", true)
	for realm, want := range map[string]string{"R": "b a", "S": "d c"} {
		if addrs, err := k.addresses(t.Context(), realm); err != nil || strings.Join(addrs, " ") != want {
			t.Errorf("%s: got %q, %v", realm, addrs, err)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add(krbError(f, 25))
	f.Add(reply)
	f.Fuzz(func(t *testing.T, b []byte) {
		code := errorCode(b)
		if err := checkReply(b); err == nil && code == 29 {
			t.Error("a KDC out of service was taken")
		}
		if e, err := parseKRBError(b); err == nil {
			methods(e)
		}
	})
}
