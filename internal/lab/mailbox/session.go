package mailbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxLine is the longest command line, CRLF included. RFC 5321 section 4.5.3.1.4 asks
// for 512 bytes and extensions for more; RFC 4954 section 4 has 12288 for AUTH.
const maxLine = 12288

// session is one connection.
type session struct {
	server *Server
	conn   net.Conn
	in     *bufio.Reader
	secure bool

	greeted bool // EHLO or HELO was said
	user    string
	failed  int // logins
	bad     int // commands that were no commands

	open bool // MAIL was accepted
	from string
	to   []string
}

// errQuit ends a session in order.
var errQuit = errors.New("the session is over")

// ServeConn holds one session until the client ends it, it breaks, or the context ends.
// It closes the connection.
func (s *Server) ServeConn(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := &session{server: s, conn: conn, in: bufio.NewReaderSize(conn, maxLine)}
	defer func() { c.conn.Close() }()
	err := c.run(ctx)
	if !errors.Is(err, errQuit) && !errors.Is(err, io.EOF) {
		s.log.DebugContext(ctx, "mail session broke", "reason", err.Error())
	}
}

// run holds the conversation and says why it ended.
func (c *session) run(ctx context.Context) error {
	if c.server.opts.Implicit {
		if err := c.upgrade(ctx); err != nil {
			return err
		}
	}
	answered, err := c.meddle(ctx, Greeting)
	if err == nil && !answered {
		err = c.reply("220 localhost ESMTP qosreport mailbox")
	}
	for err == nil {
		var line string
		if line, err = c.command(); err == nil {
			err = c.handle(ctx, line)
		}
	}
	return err
}

// extend gives what comes next its time.
func (c *session) extend(d time.Duration) { c.conn.SetDeadline(time.Now().Add(d)) }

func (c *session) reply(format string, args ...any) error {
	c.extend(c.server.opts.Timeout)
	_, err := fmt.Fprintf(c.conn, format+"\r\n", args...)
	return err
}

// command reads one line without its end. A line that is too long is answered, and the
// rest of it ends the session: nothing behind it can be trusted to be a command.
func (c *session) command() (string, error) {
	c.extend(c.server.opts.Timeout)
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errors.Join(err, c.reply("500 5.5.2 line too long"))
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
}

// steps are the commands at which faults can be.
var steps = map[string]Step{"EHLO": Hello, "STARTTLS": StartTLS, "AUTH": Auth,
	"MAIL": Mail, "RCPT": Rcpt, "DATA": Data, "QUIT": Quit}

// handle does one command.
func (c *session) handle(ctx context.Context, line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if step, known := steps[verb]; known {
		if answered, err := c.meddle(ctx, step); answered || err != nil {
			return err
		}
	}
	switch verb {
	case "EHLO", "HELO":
		return c.hello(verb, rest)
	case "STARTTLS":
		return c.startTLS(ctx, rest)
	case "AUTH":
		return c.auth(rest)
	case "MAIL":
		return c.mail(rest)
	case "RCPT":
		return c.rcpt(rest)
	case "DATA":
		return c.data(ctx, rest)
	case "RSET":
		c.reset()
		return c.reply("250 2.0.0 ok")
	case "NOOP":
		return c.reply("250 2.0.0 ok")
	case "QUIT":
		return errors.Join(errQuit, c.reply("221 2.0.0 bye"))
	}
	if c.bad++; c.bad > 20 {
		return errors.Join(errCut, c.reply("421 4.7.0 too many errors"))
	}
	return c.reply("502 5.5.2 command not known")
}

func (c *session) hello(verb, name string) error {
	if name == "" || strings.ContainsFunc(name, unprintable) {
		return c.reply("501 5.5.4 say your name")
	}
	c.reset()
	c.greeted = true
	if verb == "HELO" {
		return c.reply("250 localhost")
	}
	faults := c.server.currentFaults()
	lines := []string{"localhost"}
	if !faults.HideSize {
		lines = append(lines, "SIZE "+strconv.FormatInt(c.server.opts.MaxSize, 10))
	}
	if !c.secure && !faults.NoSTARTTLS {
		lines = append(lines, "STARTTLS")
	}
	if c.secure && len(c.server.opts.Users) > 0 {
		lines = append(lines, "AUTH PLAIN LOGIN")
	}
	lines = append(lines, "ENHANCEDSTATUSCODES")
	return c.reply("250-%s\r\n250 %s", strings.Join(lines[:len(lines)-1], "\r\n250-"), lines[len(lines)-1])
}

func (c *session) startTLS(ctx context.Context, rest string) error {
	switch {
	case c.server.currentFaults().NoSTARTTLS:
		return c.reply("502 5.5.1 command not known")
	case c.secure:
		return c.reply("503 5.5.1 TLS is on")
	case rest != "":
		return c.reply("501 5.5.4 STARTTLS stands alone")
	case c.in.Buffered() > 0:
		// Commands behind STARTTLS would be taken for encrypted ones (RFC 3207 section 4.2).
		return errors.Join(errCut, c.reply("554 5.5.0 nothing may follow STARTTLS"))
	}
	if err := c.reply("220 2.0.0 go ahead"); err != nil {
		return err
	}
	return c.upgrade(ctx)
}

// upgrade starts TLS and forgets what was said before it.
func (c *session) upgrade(ctx context.Context) error {
	c.extend(c.server.opts.Timeout)
	secured := tls.Server(c.conn, c.server.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return err
	}
	c.conn, c.secure, c.greeted = secured, true, false
	c.in.Reset(secured)
	c.reset()
	return nil
}

func (c *session) reset() { c.open, c.from, c.to = false, "", nil }

func (c *session) mail(rest string) error {
	from, params, err := path(rest, "FROM:")
	var size int64
	for _, param := range params {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(name, "SIZE") {
			return c.reply("555 5.5.4 parameter not known")
		}
		var bad error
		if size, bad = strconv.ParseInt(value, 10, 64); bad != nil || size < 0 {
			return c.reply("501 5.5.4 SIZE is no number")
		}
	}
	switch {
	case err != nil:
		return c.reply("501 5.1.7 %v", err)
	case !c.greeted:
		return c.reply("503 5.5.1 say EHLO first")
	case c.open:
		return c.reply("503 5.5.1 one sender a message")
	case len(c.server.opts.Users) > 0 && c.user == "":
		return c.reply("530 5.7.0 authentication required")
	case size > c.server.opts.MaxSize:
		return c.reply("552 5.3.4 message size exceeds fixed limit")
	}
	c.open, c.from = true, from
	return c.reply("250 2.1.0 ok")
}

func (c *session) rcpt(rest string) error {
	to, params, err := path(rest, "TO:")
	switch {
	case err != nil || to == "":
		return c.reply("501 5.1.3 no address")
	case len(params) > 0:
		return c.reply("555 5.5.4 parameter not known")
	case !c.open:
		return c.reply("503 5.5.1 say MAIL first")
	case len(c.to) >= c.server.opts.MaxRecipients:
		return c.reply("452 4.5.3 too many recipients")
	case c.server.greylisted(to):
		return c.reply("450 4.2.0 greylisted, come again")
	}
	if answer := c.server.currentFaults().Recipients[to]; answer != "" {
		return c.reply("%s", answer)
	}
	if !slices.Contains(c.to, to) {
		c.to = append(c.to, to)
	}
	return c.reply("250 2.1.5 ok")
}

// path reads "FROM:<address> parameters" (RFC 5321 section 4.1.1.2), ASCII alone.
func path(rest, keyword string) (address string, params []string, err error) {
	if len(rest) < len(keyword) || !strings.EqualFold(rest[:len(keyword)], keyword) {
		return "", nil, fmt.Errorf("write %s<address>", keyword)
	}
	rest = strings.TrimLeft(rest[len(keyword):], " ")
	address, tail, found := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
	if !found || !strings.HasPrefix(rest, "<") || strings.ContainsFunc(address, unprintable) || len(address) > 254 {
		return "", nil, errors.New("write the address in <>")
	}
	if address != "" && (strings.HasPrefix(address, "@") || !strings.Contains(address, "@") || strings.HasSuffix(address, "@")) {
		return "", nil, errors.New("an address is name@host")
	}
	return address, strings.Fields(tail), nil
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }
