package impala

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qosreport/internal/impala/wire"
)

// mediaType is that of Thrift messages, of requests and replies.
const mediaType = "application/x-thrift"

// exchange makes a call with the login that it needs. A server that says 401 has not begun
// with the call, so that any may be repeated: without the cookie that it does not take any
// more, and with a fresh ticket or token in place of an old one, once each.
func (c *httpConn) exchange(ctx context.Context, method string, req, reply wire.Message) error {
	c.seq++
	if err := c.codec.WriteCall(method, c.seq, req); err != nil {
		return err
	}
	dropped, renewed := false, false
	for {
		cookie := c.cookies.logsIn(time.Now())
		var login Authorization
		if c.opts.HTTP.Login != nil && !(c.opts.HTTP.Once && cookie) {
			var err error
			if login, err = c.opts.HTTP.Login(ctx, hostOf(c.url.Host)); err != nil && !cookie {
				return err
			}
			if err != nil { // as with a token that has expired: the cookie may be good for longer
				login = nil
			}
		}
		err := c.roundTrip(ctx, method, login, reply)
		if login != nil {
			_ = login.Close()
		}
		var refused *HTTPError
		if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
			return err
		}
		switch {
		case cookie && !dropped:
			dropped = true
		case !renewed && stale(login):
			renewed = true
		default:
			return err
		}
		c.cookies.dropLogins()
	}
}

// stale reports whether a login with a fresh ticket or token may be better than one that was
// refused.
func stale(login any) bool {
	old, ok := login.(interface{ Stale() bool })
	return ok && old.Stale()
}

// roundTrip sends the message once and reads the reply.
func (c *httpConn) roundTrip(ctx context.Context, method string, login Authorization, reply wire.Message) error {
	if err := c.connect(ctx); err != nil {
		return err
	}
	if login != nil {
		c.scheme, _, _ = strings.Cut(login.Authorization(), " ")
	}
	before := c.socket.written.Load()
	response, err := c.live.RoundTrip(c.request(ctx, login))
	c.used = time.Now()
	if err != nil {
		c.hangUp()
		if speaks := c.socket.speaks(); speaks != nil && !errors.Is(speaks, wire.ErrPeerSpeaksHTTP) {
			return speaks
		}
		if ctx.Err() == nil && (c.socket.cut.Load() || c.socket.written.Load() == before) {
			return fmt.Errorf("%w: %w", errUnsent, err)
		}
		return err
	}
	defer response.Body.Close()
	c.cookies.take(response.Header, time.Now())
	if response.StatusCode != http.StatusOK {
		defer c.hangUp()
		return httpError(response, login)
	}
	if err := c.finish(login, response.Header); err != nil {
		c.hangUp()
		return err
	}
	err = c.read(method, response, login, reply)
	var exception *wire.Exception
	if response.Close || err != nil && !errors.As(err, &exception) {
		c.hangUp()
	}
	return err
}

// connect dials unless there is a connection that was in use a moment ago. One that is
// older may have been closed by a balancer just now, and a message that goes that way is
// lost without anybody knowing whether it was taken.
func (c *httpConn) connect(ctx context.Context) error {
	if c.live != nil && c.live.Err() == nil && time.Since(c.used) < keptFresh {
		return nil
	}
	c.hangUp()
	live, err := c.transport.NewClientConn(ctx, c.url.Scheme, c.url.Host)
	if err != nil {
		return err
	}
	c.live = live
	return nil
}

// finish checks the proof that a server sends along with its answer. HiveServer2 and
// gateways send none; then TLS alone says who answers.
func (c *httpConn) finish(login Authorization, fields http.Header) error {
	if login == nil {
		return nil
	}
	challenges := fields.Values("WWW-Authenticate")
	for _, scheme := range schemes(challenges) {
		if scheme.token && strings.EqualFold(scheme.name, c.scheme) {
			if err := login.Finish(challenges...); err != nil {
				return err
			}
			c.proved = true
			return nil
		}
	}
	if taken, ok := login.(interface{ Taken() }); ok {
		taken.Taken()
	}
	return nil
}

// request is a POST of the message.
func (c *httpConn) request(ctx context.Context, login Authorization) *http.Request {
	request := &http.Request{
		Method:        http.MethodPost,
		URL:           c.url,
		Header:        http.Header{"Content-Type": {mediaType}, "Accept": {mediaType}, "User-Agent": {"qosreport"}, "Accept-Encoding": {"identity"}},
		Body:          io.NopCloser(bytes.NewReader(c.message.out)),
		ContentLength: int64(len(c.message.out)),
	}
	if len(c.message.out) > expectAbove {
		request.Header.Set("Expect", "100-continue")
	}
	if line := c.cookies.header(time.Now()); line != "" {
		request.Header.Set("Cookie", line)
	}
	if login != nil {
		request.Header.Set("Authorization", login.Authorization())
	}
	return request.WithContext(ctx)
}

// read decodes the reply. A body is one message, whole and alone.
func (c *httpConn) read(method string, response *http.Response, login Authorization, reply wire.Message) (err error) {
	var exception *wire.Exception
	defer func() {
		if err != nil && !errors.As(err, &exception) {
			c.codec = wire.NewCodec(&c.message, c.opts.MaxMessage) // the old one holds pieces of the reply
		}
	}()
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind != mediaType && kind != "" {
		return httpError(response, login)
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fmt.Errorf("%w: it is encoded as %q, which was not asked for", wire.ErrMalformed, brief(encoding))
	}
	if response.ContentLength > int64(c.opts.MaxMessage) {
		return fmt.Errorf("%w: %d bytes announced, the limit is %d", wire.ErrTooLarge, response.ContentLength, c.opts.MaxMessage)
	}
	c.message.in, c.message.got = response.Body, 0
	if err = c.codec.ReadReply(method, c.seq, reply); err != nil && !errors.As(err, &exception) {
		return err
	}
	rest, drained := io.CopyN(io.Discard, response.Body, 1)
	switch {
	case rest > 0 || c.message.got > c.codec.MessageSize():
		return fmt.Errorf("%w: bytes after the reply", wire.ErrMalformed)
	case !errors.Is(drained, io.EOF):
		return drained
	}
	return err
}

// message is what a codec stands on here: it writes the body of a request, in one piece,
// and reads that of the answer.
type message struct {
	out []byte
	in  io.Reader
	got int // bytes read of the answer
}

func (m *message) Write(p []byte) (int, error) {
	m.out = bytes.Clone(p) // a connection that was hung up may still be reading the last one
	return len(p), nil
}

func (m *message) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	m.got += n
	return n, err
}

// watchedConn knows how much was written and with which bytes the peer began.
type watchedConn struct {
	net.Conn
	written atomic.Int64
	cut     atomic.Bool // a write failed, so that what it was part of did not arrive whole

	mu    sync.Mutex
	first []byte // at most 4 bytes
}

func (w *watchedConn) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.written.Add(int64(n))
	if err != nil {
		w.cut.Store(true)
	}
	return n, err
}

func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if room := 4 - len(w.first); room > 0 {
		w.first = append(w.first, p[:min(n, room)]...)
	}
	return n, err
}

// speaks is what the peer's first bytes are, as in [wire.PeerSpeaks].
func (w *watchedConn) speaks() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return wire.PeerSpeaks(w.first)
}
