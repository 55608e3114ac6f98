package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/apache/thrift/lib/go/thrift"
)

// readChunk is how much is asked of the connection at once.
const readChunk = 256 << 10

// segmentSize is how far the buffer grows before a message goes on in another one. Batches
// are meant to be smaller.
const segmentSize = 4 << 20

// transport is a thrift.TRichTransport over one growable buffer. A message lies at
// the start of the buffer from begin to the next begin, so that a batch can refer to
// its bytes; what was read beyond its end moves to the front then.
//
// A message that outgrows segmentSize goes on in further buffers, since copying it into one
// that is twice as large would take three times its memory. A value never spans two of them.
//
// A message on the wire has no length of its own: parsing and reading interleave.
type transport struct {
	rw      io.ReadWriter
	in      []byte // in[:end] was read, in[:pos] is consumed
	pos     int
	end     int
	base    int       // position of in[0] in the message
	retired []segment // what lies before base, when that is not 0
	pinned  []byte    // holds the message that was pinned last
	limit   int
	out     []byte
	err     error // the first failure of reading
}

// segment is a piece of a message from a position on.
type segment struct {
	base int
	data []byte
}

var _ thrift.TTransport = (*transport)(nil)
var _ thrift.TRichTransport = (*transport)(nil)

// begin forgets the last message and waits for the first byte of the next; a clean
// end of the stream before it is io.EOF.
func (t *transport) begin() error {
	rest := t.in[t.pos:t.end]
	if len(t.in) > segmentSize && t.pos > 0 && t.size() < len(t.in)/4 { // a huge value was here, and is long gone
		t.in = make([]byte, max(readChunk, len(rest)))
	}
	copy(t.in, rest)
	t.base, t.pos, t.end, t.retired = 0, 0, len(rest), nil
	if t.end > 0 {
		return nil
	}
	return t.fill(1)
}

// pin keeps the buffer of the last message and reads on in the one that was pinned before.
func (t *transport) pin() {
	rest := t.in[t.pos:t.end]
	next := t.pinned
	if len(next) < len(rest) || len(next) > segmentSize && t.size() < len(next)/4 {
		next = make([]byte, max(readChunk, len(rest)))
	}
	t.pinned = t.in
	t.base, t.pos, t.end, t.retired = 0, 0, copy(next, rest), nil
	t.in = next
}

// release leaves the buffers to those who hold pieces of them, and reads on in a new one.
func (t *transport) release() {
	t.pinned = nil
	t.pin()
	t.pinned = nil
}

// size is the number of bytes of the message that are consumed.
func (t *transport) size() int { return t.base + t.pos }

// segments are the pieces of the message, nil when it lies in one buffer.
func (t *transport) segments() []segment {
	if t.retired == nil {
		return nil
	}
	return append(t.retired, segment{t.base, t.in[:t.pos]})
}

// between gives bytes of the message that lie in one piece.
func between(pieces []segment, from, to int) []byte {
	after := sort.Search(len(pieces), func(i int) bool { return pieces[i].base > from })
	s := pieces[after-1]
	return s.data[from-s.base : to-s.base]
}

// foreign finds a peer that speaks another protocol, whose first bytes would be taken for
// the length of a name. Those of a message are 0x80 or the top of such a length, which is 0.
func (t *transport) foreign() error {
	if t.in[0] == 0 || t.in[0] == 0x80 {
		return nil
	}
	if err := t.need(4); err != nil {
		return err
	}
	if other := PeerSpeaks(t.in[:4]); other != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, other)
	}
	return nil
}

// fill reads once, at least one byte, where n unread bytes are due. The buffer grows only
// when it is full of bytes that have arrived.
func (t *transport) fill(n int) error {
	if t.err != nil {
		return t.err
	}
	if t.base+t.end >= t.limit {
		t.err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, t.limit)
		return t.err
	}
	if room := len(t.in) - t.end; room < readChunk/4 {
		t.grow(n)
	}
	space := t.in[t.end:min(len(t.in), t.end+readChunk)]
	for range 100 {
		n, err := t.rw.Read(space)
		t.end += n
		if n > 0 {
			return nil
		}
		if err != nil {
			t.err = err
			return err
		}
	}
	t.err = io.ErrNoProgress
	return t.err
}

// grow makes room where n unread bytes are due: in a buffer twice as large or, from
// segmentSize on, in one of its own for what is to come.
func (t *transport) grow(n int) {
	if len(t.in) < segmentSize {
		bigger := make([]byte, max(2*len(t.in), readChunk))
		copy(bigger, t.in[:t.end])
		t.in = bigger
		return
	}
	unread := t.in[t.pos:t.end]
	next := make([]byte, max(segmentSize, min(2*len(unread), n+readChunk)))
	copy(next, unread)
	if t.pos > 0 {
		t.retired = append(t.retired, segment{t.base, t.in[:t.pos]})
		t.base += t.pos
	}
	t.in, t.pos, t.end = next, 0, len(unread)
}

// need makes sure that n unread bytes are there.
func (t *transport) need(n int) error {
	if n < 0 || n > t.limit-t.size() {
		if t.err == nil {
			t.err = fmt.Errorf("%w: %d bytes announced, the limit is %d", ErrTooLarge, uint32(n), t.limit)
		}
		return t.err
	}
	for t.end-t.pos < n {
		if err := t.fill(n); err != nil {
			if errors.Is(err, io.EOF) {
				t.err = io.ErrUnexpectedEOF
			}
			return t.err
		}
	}
	return nil
}

func (t *transport) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := t.need(1); err != nil {
		return 0, err
	}
	n := copy(p, t.in[t.pos:t.end])
	t.pos += n
	return n, nil
}

func (t *transport) ReadByte() (byte, error) {
	if err := t.need(1); err != nil {
		return 0, err
	}
	b := t.in[t.pos]
	t.pos++
	return b, nil
}

func (t *transport) Write(p []byte) (int, error) {
	t.out = append(t.out, p...)
	return len(p), nil
}

func (t *transport) WriteByte(b byte) error {
	t.out = append(t.out, b)
	return nil
}

func (t *transport) WriteString(s string) (int, error) {
	t.out = append(t.out, s...)
	return len(s), nil
}

// flush sends the message that was written with one call.
func (t *transport) flush() error {
	_, err := t.rw.Write(t.out)
	t.out = t.out[:0]
	if cap(t.out) > 4*readChunk {
		t.out = nil
	}
	return err
}

// Flush does nothing: a message is sent by its codec when it is complete.
func (t *transport) Flush(context.Context) error { return nil }

// RemainingBytes bounds what one message can still hold. Thrift checks the counts of
// containers against it before it takes memory.
func (t *transport) RemainingBytes() uint64 { return uint64(t.limit - t.size()) }

func (t *transport) Open() error  { return nil }
func (t *transport) IsOpen() bool { return true }
func (t *transport) Close() error { return nil }
