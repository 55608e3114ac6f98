// Package wire turns HiveServer2 messages into bytes and back. It knows no network.
//
// Messages are structs written by hand over Apache Thrift's TBinaryProtocol; both
// directions of each are here, so that the client and the stand-in server share one
// description. The columns of a result batch do not pass through Thrift: they are
// decoded in place from the buffer that holds the reply (see [Column]).
//
// Nothing read is trusted for its length: a message is limited as a whole, and
// memory is taken only for bytes that have arrived.
//
// The definitions follow TCLIService.thrift and ImpalaService.thrift of Apache Impala.
package wire

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/thrift/lib/go/thrift"
)

// DefaultLimit is the largest message that a [Codec] reads unless told otherwise.
const DefaultLimit = 256 << 20

// ErrMalformed marks bytes that are no message of this protocol.
var ErrMalformed = errors.New("malformed message")

// ErrTooLarge marks a message that is longer than the limit of its [Codec].
var ErrTooLarge = errors.New("message too large")

// Exception is a TApplicationException: the peer could not make sense of a call.
type Exception struct {
	Kind int32 // 1 unknown method, 7 protocol error, see TApplicationException
	Text string
}

func (e *Exception) Error() string { return e.Text }

// Kinds of [Exception].
const (
	ExceptionUnknownMethod int32 = 1
	ExceptionProtocol      int32 = 7
)

// Message is a request or a reply of the service.
type Message interface {
	read(*decoder)
	write(*encoder)
}

// Codec reads and writes the messages of one connection. It is for one goroutine.
// After an error the state of the connection is unknown; it must not be used again.
type Codec struct {
	t *transport
	p *thrift.TBinaryProtocol
	d decoder // of the current message, here so that none is allocated for each
	e encoder // likewise
}

// NewCodec stands on rw. A limit of 0 means [DefaultLimit]; it is at most 1 GiB, since
// texts are found by offsets of 32 bits.
func NewCodec(rw io.ReadWriter, limit int) *Codec {
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, 1<<30)
	t := &transport{rw: rw, limit: limit}
	strictWrite := true
	conf := &thrift.TConfiguration{
		MaxMessageSize:     int32(limit),
		TBinaryStrictWrite: &strictWrite,
	}
	return &Codec{t: t, p: thrift.NewTBinaryProtocolConf(t, conf)}
}

// Pin keeps what the last message lent, which is the texts and bitmaps of a batch, valid until
// the next Pin, whatever is read until then. Only one message can be pinned, which takes a
// second buffer of its size.
func (c *Codec) Pin() { c.t.pin() }

// Release keeps what the last message and the pinned one lent valid for as long as it is held.
func (c *Codec) Release() { c.t.release() }

// MessageSize is the number of bytes that the last message read took.
func (c *Codec) MessageSize() int { return c.t.size() }

// WriteCall sends a call. Every method has one argument, field 1.
func (c *Codec) WriteCall(method string, seq int32, req Message) error {
	return c.write(method, thrift.CALL, seq, 1, req)
}

// WriteReply sends the result of a call, field 0.
func (c *Codec) WriteReply(method string, seq int32, reply Message) error {
	return c.write(method, thrift.REPLY, seq, 0, reply)
}

func (c *Codec) write(method string, kind thrift.TMessageType, seq int32, field int16, body Message) error {
	e := c.encoder()
	e.do(c.p.WriteMessageBegin(noContext, method, kind, seq))
	e.begin(field)
	body.write(e)
	e.end()
	e.stop()
	return c.finish(e)
}

// WriteException answers a call that cannot be served.
func (c *Codec) WriteException(method string, seq int32, exception *Exception) error {
	e := c.encoder()
	e.do(c.p.WriteMessageBegin(noContext, method, thrift.EXCEPTION, seq))
	e.text(1, exception.Text)
	e.i32(2, exception.Kind)
	e.stop()
	return c.finish(e)
}

func (c *Codec) finish(e *encoder) error {
	if e.err != nil {
		c.t.out = c.t.out[:0]
		return e.err
	}
	return c.t.flush()
}

// ReadReply reads the reply to the call of method with number seq. An [*Exception]
// leaves the connection in order, any other error does not.
func (c *Codec) ReadReply(method string, seq int32, reply Message) error {
	name, kind, got, err := c.readHeader()
	if err != nil {
		return err
	}
	d := c.decoder()
	if kind == thrift.EXCEPTION {
		return d.exception()
	}
	if kind != thrift.REPLY || name != method || got != seq {
		return fmt.Errorf("%w: got %q number %d where the reply to %q number %d was due", ErrMalformed, brief(name), got, method, seq)
	}
	found := false
	for d.next() {
		if d.is(0, thrift.STRUCT) {
			reply.read(d)
			found = true
			continue
		}
		d.skip()
	}
	if d.err == nil && !found {
		return fmt.Errorf("%w: reply to %s holds no result", ErrMalformed, method)
	}
	return d.failure()
}

// ReadCall reads up to the arguments of the next call; [Codec.ReadRequest] takes it
// from there. At the clean end of the connection the error is io.EOF.
func (c *Codec) ReadCall() (method string, seq int32, err error) {
	name, kind, seq, err := c.readHeader()
	if err != nil {
		return "", 0, err
	}
	if kind != thrift.CALL {
		return "", 0, fmt.Errorf("%w: message kind %d where a call was due", ErrMalformed, kind)
	}
	return name, seq, nil
}

// ReadRequest reads the argument of the call; a nil req skips it.
func (c *Codec) ReadRequest(req Message) error {
	d := c.decoder()
	for d.next() {
		if req != nil && d.is(1, thrift.STRUCT) {
			req.read(d)
			continue
		}
		d.skip()
	}
	return d.failure()
}

func (c *Codec) encoder() *encoder {
	c.e = encoder{p: c.p}
	return &c.e
}

func (c *Codec) decoder() *decoder {
	c.d = decoder{p: c.p, t: c.t}
	return &c.d
}

func (c *Codec) readHeader() (string, thrift.TMessageType, int32, error) {
	if err := c.t.begin(); err != nil {
		return "", 0, 0, err
	}
	if err := c.t.foreign(); err != nil {
		return "", 0, 0, err
	}
	name, kind, seq, err := c.p.ReadMessageBegin(noContext)
	if err != nil {
		return "", 0, 0, (&decoder{t: c.t, err: err}).failure()
	}
	return name, kind, seq, nil
}

// noContext is passed to Thrift, whose read loop would spin on time-outs for as long
// as a context has a deadline; deadlines are set on the connection instead.
var noContext = context.Background()

// brief keeps short what a peer sent in an error text.
func brief(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most] + "…"
	}
	return s
}
