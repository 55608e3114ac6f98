// Package mailbox is an SMTP server for the demo and for tests: it takes messages on
// loopback and keeps each as a file.
//
// It is strict, so that what it accepts is sound: lines end in CRLF and stay within the
// limit of RFC 5321, content has seven bits. STARTTLS uses a certificate of an authority
// that is made at the start and written to a file for the client.
//
// [Faults] make it misbehave at any step of a transaction, as real servers do. Whatever
// arrives, its memory stays small, and [Server.Close] leaves no goroutine behind.
package mailbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/authority"
)

// Options of a server. Dir is required.
type Options struct {
	Dir           string            // where messages and ca.pem are written; made if it is missing
	Addr          string            // host:port on loopback; "" means a free port of 127.0.0.1
	Implicit      bool              // TLS from the first byte instead of STARTTLS
	Users         map[string]string // passwords by name; a server with users takes mail of nobody else
	MaxSize       int64             // bytes of a message; 0 means 25 MiB
	MaxRecipients int               // of one message; 0 means 100
	MaxSessions   int               // at the same time; 0 means 50
	Timeout       time.Duration     // for each command, and five times that for a message's content; 0 means 1m
	Faults        Faults
	Logger        *slog.Logger // nil discards

	Listen func(ctx context.Context, address string) (net.Listener, error) // opens the port; nil means TCP
}

// Message is one that was accepted. Its content is in the file.
type Message struct {
	From string   // of the envelope; "" is the null sender
	To   []string // of the envelope, in the order in which they were named
	User string   // who had logged in, or ""
	TLS  bool
	Path string // the file, DIR/NUMBER.eml
	Size int64  // bytes of the content as it was sent
	skip int64  // bytes of the envelope's lines at the front of the file
}

// Content reads the message as its sender wrote it, without the lines that tell of the
// envelope.
func (m Message) Content() ([]byte, error) {
	data, err := os.ReadFile(m.Path)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != m.skip+m.Size {
		return nil, fmt.Errorf("%s has %d bytes and should have %d", m.Path, len(data), m.skip+m.Size)
	}
	return data[m.skip:], nil
}

// Server is a running mailbox.
type Server struct {
	Addr   string // host:port
	CAFile string // PEM of the authority of the server's certificate

	opts     Options
	log      *slog.Logger
	listener net.Listener
	tls      *tls.Config
	stop     context.CancelFunc
	running  sync.WaitGroup
	slots    chan struct{} // one for each session that may run
	held     chan struct{} // closed when a step is first held
	holding  sync.Once
	released chan struct{} // closed by Release
	release  sync.Once

	mu       sync.Mutex
	faults   Faults
	messages []Message
	seen     map[string]bool // recipients that were told to come again
	number   int
}

// Start opens the mailbox. It runs until Close, or until the context ends.
func Start(ctx context.Context, o Options) (*Server, error) {
	o.Addr = cmp.Or(o.Addr, "127.0.0.1:0")
	o.MaxSize = cmp.Or(o.MaxSize, 25<<20)
	o.MaxRecipients = cmp.Or(o.MaxRecipients, 100)
	o.MaxSessions = cmp.Or(o.MaxSessions, 50)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	if o.Listen == nil {
		o.Listen = func(ctx context.Context, address string) (net.Listener, error) {
			return new(net.ListenConfig).Listen(ctx, "tcp", address)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fault.New(fault.Output, fault.Render, fmt.Errorf("mailbox: %w", err))
	}
	s := &Server{CAFile: filepath.Join(o.Dir, "ca.pem"), opts: o, log: o.Logger, faults: o.Faults, seen: map[string]bool{},
		slots: make(chan struct{}, o.MaxSessions), held: make(chan struct{}), released: make(chan struct{})}
	var hosts []string // of the certificate; none is this one
	if o.Faults.WrongName {
		hosts = []string{"elsewhere.example"}
	}
	ca, config, err := authority.Certify("qosreport mailbox", hosts...)
	if err == nil {
		err = os.WriteFile(s.CAFile, ca, 0o644)
	}
	if err != nil {
		return nil, fault.New(fault.Output, fault.Render, fmt.Errorf("mailbox: %w", err))
	}
	s.tls = config
	if s.listener, err = listen(ctx, o); err != nil {
		return nil, fault.New(fault.Usage, 0, fmt.Errorf("mailbox: %w", err))
	}
	s.Addr = s.listener.Addr().String()
	ctx, s.stop = context.WithCancel(ctx)
	s.running.Go(func() { s.serve(ctx) })
	return s, nil
}

// listen opens a port that nobody outside this host can reach.
func listen(ctx context.Context, o Options) (net.Listener, error) {
	l, err := o.Listen(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("listen on %s: the mailbox is for loopback only", o.Addr)
	}
	return l, nil
}

func (s *Server) serve(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { s.listener.Close() })()
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many open files, for instance; that passes
			s.log.WarnContext(ctx, "mailbox accepts no connection", "reason", err.Error())
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		select {
		case s.slots <- struct{}{}:
			s.running.Go(func() {
				defer func() { <-s.slots }()
				s.ServeConn(ctx, conn)
			})
		default:
			conn.SetDeadline(time.Now().Add(time.Second))
			conn.Write([]byte("421 4.7.0 too many sessions, come again\r\n"))
			conn.Close()
		}
	}
}

// Close ends all sessions and returns when nothing runs any more. Files stay.
func (s *Server) Close() error {
	s.stop()
	err := s.listener.Close()
	s.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Messages are those that were accepted so far, the oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Accepted is how many messages were accepted so far.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}
