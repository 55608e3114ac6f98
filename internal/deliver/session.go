package deliver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"os"
	"strings"
	"time"

	"qosreport/internal/fault"

	"github.com/wneessen/go-mail/smtp"
)

// The steps of a session, as errors name them.
const (
	stepConnect  = "connect"
	stepTLS      = "TLS handshake"
	stepGreeting = "greeting"
	stepHello    = "EHLO"
	stepStartTLS = "STARTTLS"
	stepAuth     = "AUTH"
	stepMail     = "MAIL"
	stepRcpt     = "RCPT"
	stepBefore   = "before DATA"
	stepData     = "DATA"
	stepContent  = "content"
	stepEnd      = "end of content"
)

// session is a connection to the server, logged in where that was asked for.
type session struct {
	*SMTP
	conn    *guard
	client  *smtp.Client
	release func() bool // of the context's hold on the connection
}

// open dials, greets, secures and logs in.
func (s *SMTP) open(ctx context.Context) (*session, error) {
	c := &session{SMTP: s, release: func() bool { return true }}
	for _, step := range []func(context.Context) error{c.dial, c.greet, c.hello, c.secure, c.login} {
		if err := step(ctx); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// do makes one step within its time and gives its error a meaning.
func (c *session) do(ctx context.Context, step string, timeout time.Duration, work func() error) error {
	start := time.Now()
	err := context.Cause(ctx)
	if err == nil {
		err = c.conn.step(timeout)
	}
	if err == nil {
		err = work()
	}
	if err != nil {
		return c.failure(ctx, step, timeout, err)
	}
	c.log.DebugContext(ctx, "mail step done", "host", c.opts.Host, "step", step, "took", time.Since(start))
	return nil
}

func (c *session) dial(ctx context.Context) error {
	dialing, stop := context.WithTimeout(ctx, c.opts.DialTimeout)
	defer stop()
	conn, err := c.opts.Dial(dialing, "tcp", c.opts.Host)
	if err != nil {
		return c.failure(ctx, stepConnect, c.opts.DialTimeout, err)
	}
	c.conn = &guard{Conn: conn}
	c.release = context.AfterFunc(ctx, func() { conn.Close() })
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	if c.opts.TLS == NoTLS && ok && !at.IP.IsLoopback() {
		return fault.Errorf(fault.Usage, 0, "%s is %s, which is not on loopback, and smtp.tls is none", c.host, at.IP)
	}
	return nil
}

func (c *session) greet(ctx context.Context) error {
	var conn net.Conn = c.conn
	if c.opts.TLS == ImplicitTLS {
		secured := tls.Client(c.conn, c.tls)
		err := c.do(ctx, stepTLS, c.opts.StepTimeout, func() error { return secured.HandshakeContext(ctx) })
		if err != nil {
			return err
		}
		conn = secured
	}
	return c.do(ctx, stepGreeting, c.opts.StepTimeout, func() (err error) {
		c.client, err = smtp.NewClient(conn, c.host)
		return err
	})
}

func (c *session) hello(ctx context.Context) error {
	err := c.do(ctx, stepHello, c.opts.StepTimeout, func() error { return helloFailure(c.client.Hello(c.name())) })
	if err == nil {
		// Our messages are ASCII. Asked for SMTPUTF8, the server may refuse recipients whose
		// systems do not have it.
		c.client.SkipSMTPUTF8(true)
	}
	return err
}

// helloFailure picks one of two failures: after an EHLO that was refused the library says
// HELO, whose answer counts; after one that broke the connection HELO has nothing to say.
func helloFailure(err error) error {
	both, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	ehlo, helo := both.Unwrap()[0], both.Unwrap()[1]
	var refused *textproto.Error
	if errors.As(ehlo, &refused) {
		return helo
	}
	return ehlo
}

// name is how we call ourselves: a host name, or the address where there is none (RFC
// 5321 section 4.1.4).
func (c *session) name() string {
	own, err := os.Hostname()
	if err != nil || !strings.Contains(own, ".") || strings.ContainsFunc(own, notInHost) {
		own = "localhost"
		if at, ok := c.conn.LocalAddr().(*net.TCPAddr); ok {
			own = "[" + at.IP.String() + "]"
			if at.IP.To4() == nil {
				own = "[IPv6:" + at.IP.String() + "]"
			}
		}
	}
	return cmp.Or(c.opts.Helo, own)
}

// secure does STARTTLS. The library shakes hands while it says EHLO again, so that this
// is one step; TLS 1.2 and the name are demanded by the configuration.
func (c *session) secure(ctx context.Context) error {
	if c.opts.TLS != StartTLS {
		return nil
	}
	if offered, _ := c.client.Extension("STARTTLS"); !offered {
		return c.failure(ctx, stepStartTLS, 0, errNoStartTLS)
	}
	return c.do(ctx, stepStartTLS, c.opts.StepTimeout, func() error { return c.client.StartTLS(c.tls) })
}

func (c *session) login(ctx context.Context) error {
	if c.opts.Login == nil {
		return nil
	}
	_, announced := c.client.Extension("AUTH")
	auth, err := c.opts.Login.mechanism(announced, c.host)
	if err != nil {
		return c.failure(ctx, stepAuth, 0, err)
	}
	return c.do(ctx, stepAuth, c.opts.StepTimeout, func() error { return c.client.Auth(auth) })
}

// goodbye is how long QUIT may take: nothing depends on it.
const goodbye = 5 * time.Second

// quit ends the session in order, as far as the server lets it. A transaction that DATA has
// not ended is thereby given up (RFC 5321 section 4.1.1.10).
func (c *session) quit(ctx context.Context) {
	if err := c.do(ctx, "QUIT", min(goodbye, c.opts.StepTimeout), c.client.Quit); err != nil {
		c.log.DebugContext(ctx, "mail session ended without QUIT", "reason", err.Error())
	}
	c.close()
}

func (c *session) close() {
	c.release()
	if c.conn != nil {
		c.conn.Close()
	}
}

// errNoStartTLS means that the server did not announce STARTTLS.
var errNoStartTLS = errors.New("the server does not offer STARTTLS")

// failure makes the error of a step.
func (c *session) failure(ctx context.Context, step string, timeout time.Duration, err error) error {
	return explain(ctx, &Error{Host: c.opts.Host, Step: step, cause: err}, timeout)
}
