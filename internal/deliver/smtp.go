package deliver

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"qosreport/internal/fault"
)

// How a connection is protected.
const (
	StartTLS    = "starttls" // RFC 3207, and never without: a server that lacks it is refused
	ImplicitTLS = "implicit" // RFC 8314 section 3: TLS from the first byte, port 465
	NoTLS       = "none"     // for servers on loopback only
)

// Login is a user with a password. It prints without the password.
type Login struct{ user, password string }

// NewLogin makes a login. Control characters in either text are an error, because NUL
// separates them on the wire.
func NewLogin(user, password string) (*Login, error) {
	if user == "" || strings.ContainsFunc(user+password, unsafe) {
		return nil, fault.Errorf(fault.Usage, 0, "smtp: the user is empty, or user or password holds a control character")
	}
	return &Login{user, password}, nil
}

// String keeps the password out of every log.
func (l *Login) String() string { return "login of " + l.user }

// GoString is String.
func (l *Login) GoString() string { return l.String() }

// Options of an SMTP sender. Only Host is required.
type Options struct {
	Host       string // host:port
	TLS        string // StartTLS, ImplicitTLS or NoTLS; "" means StartTLS
	CAFile     string // PEM; "" means the system's authorities
	ServerName string // that the certificate has to hold; "" means the host
	Login      *Login // nil sends without a login
	Helo       string // our name; "" means the host's if it has a dot, else the address
	MaxSize    int64  // bytes of the encoded message; 0 means that the server's limit alone counts

	DialTimeout time.Duration // 0 means 10s
	StepTimeout time.Duration // for the answer to a command; 0 means 1m
	// DataTimeout is for the content and the answer to it; 0 means 10m, as RFC 5321 section
	// 4.5.3.2.6 has it: a sender that gives up sooner does not know the outcome.
	DataTimeout time.Duration

	Dial   func(ctx context.Context, network, addr string) (net.Conn, error) // nil means a net.Dialer's
	Logger *slog.Logger                                                      // nil discards
}

// SMTP sends messages through one server, each over a connection of its own. It is for
// any number of goroutines.
type SMTP struct {
	opts Options
	host string
	tls  *tls.Config
	log  *slog.Logger
}

// NewSMTP checks the options and reads the file of authorities. It does not connect.
func NewSMTP(o Options) (*SMTP, error) {
	host, port, err := net.SplitHostPort(o.Host)
	if err != nil || host == "" || port == "" || strings.ContainsFunc(o.Host, notInHost) {
		return nil, fault.Errorf(fault.Usage, 0, "smtp.host is %.100q: write host:port, like mail.example.com:587", o.Host)
	}
	o.TLS = cmp.Or(o.TLS, StartTLS)
	switch o.TLS {
	case StartTLS, ImplicitTLS:
	case NoTLS:
		if !loopback(host) {
			return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "smtp.tls is none, and %s is not on loopback", host),
				"write starttls, or implicit for port 465: without TLS everybody on the way can read and change reports")
		}
	default:
		return nil, fault.Errorf(fault.Usage, 0, "smtp.tls is %.100q: write starttls, implicit or none", o.TLS)
	}
	if strings.ContainsFunc(o.Helo, notInHost) {
		return nil, fault.Errorf(fault.Usage, 0, "smtp.helo is %.100q: write a host name", o.Helo)
	}
	o.DialTimeout = cmp.Or(o.DialTimeout, 10*time.Second)
	o.StepTimeout = cmp.Or(o.StepTimeout, time.Minute)
	o.DataTimeout = cmp.Or(o.DataTimeout, 10*time.Minute)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cmp.Or(o.ServerName, host)}
	if o.CAFile != "" {
		if config.RootCAs, err = authorities(o.CAFile); err != nil {
			return nil, err
		}
	}
	return &SMTP{opts: o, host: host, tls: config, log: o.Logger}, nil
}

func notInHost(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>@/\\\"", r) }

func authorities(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Usage, 0, fmt.Errorf("smtp.ca_file: %w", err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fault.Errorf(fault.Usage, 0, "smtp.ca_file: %s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// loopback reports whether the name or address can only be this host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// Check connects, as for a message, up to and with the login, and says goodbye.
func (s *SMTP) Check(ctx context.Context) error {
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	c.quit(ctx)
	return nil
}

// Send carries the message in one transaction. There is a receipt for each recipient, in
// the order of the envelope, whenever the message itself is sound; the error is nil if
// all are [Sent]. Once the server answered for the content with 2yz the message is sent,
// whatever happens after.
//
// The receipts say for whom another attempt can help: those [Deferred] and, when the
// cause is mended, those [NotAttempted]. The error is the one that ended the transaction,
// or else that of a recipient. An [*Error] is in it where the server or the connection was
// the cause.
func (s *SMTP) Send(ctx context.Context, m *Message, before Before) ([]Receipt, error) {
	l, err := m.compose()
	if err != nil {
		return nil, err
	}
	t := &transaction{letter: l, before: before, receipts: receipts(l.to, NotAttempted)}
	if t.size, err = l.size(); err != nil {
		return t.receipts, err
	}
	if s.opts.MaxSize > 0 && t.size > s.opts.MaxSize {
		return t.receipts, tooLarge(t.size, s.opts.MaxSize, "smtp.max_size")
	}
	c, err := s.open(ctx)
	if err != nil {
		t.settle(err)
		return t.receipts, err
	}
	err = t.run(ctx, c)
	if e := asError(err); e != nil && e.Code == 0 {
		c.close() // the connection is of no use any more
		return t.receipts, err
	}
	c.quit(ctx)
	if err != nil {
		return t.receipts, err
	}
	return t.receipts, t.summary()
}

// ErrTooLarge is in the chain of errors about a message that is larger than its sender
// or the server allows.
var ErrTooLarge = errors.New("the message is too large")

func tooLarge(size, limit int64, whose string) error {
	return fault.Advise(fault.Errorf(fault.Delivery, fault.Refused, "%w: %d bytes, and %s is %d", ErrTooLarge, size, whose, limit),
		"%s", remedyTooLarge)
}
