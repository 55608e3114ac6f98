package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFrame marks a SASL frame that cannot be one.
var ErrFrame = errors.New("bad SASL frame")

// Layer is a security layer that was agreed in a SASL login.
type Layer interface {
	Chunk() int                                       // most plain bytes of one token; 0: no layer
	Wrap(dst, plain []byte) (token []byte, err error) // appends one token to dst
	Unwrap(token []byte) (plain []byte, err error)    // in place
}

// Frames carries a stream of bytes in SASL frames: a length of four bytes, then that
// many plain bytes or, under a security layer, one token. Frames and messages have
// nothing to do with each other, and a frame may be empty.
type Frames struct {
	rw    io.ReadWriter
	layer Layer // nil when the frames hold plain bytes
	limit int
	cut   int // most payload of a plain frame that is written; 0: one frame a write

	rest  int // unread payload of the current plain frame
	head  [4]byte
	heads int    // bytes of head that are there
	token []byte // the sealed frame, reused
	plain []byte // its unread plain text

	out []byte
}

// NewFrames stands on rw after a login. A frame that announces more than limit bytes
// is refused.
func NewFrames(rw io.ReadWriter, layer Layer, limit int) *Frames {
	f := &Frames{rw: rw, limit: limit}
	if layer.Chunk() > 0 {
		f.layer = layer
	}
	return f
}

// CutAt makes plain frames of at most n bytes of payload, as a server with a write
// buffer of that size does.
func (f *Frames) CutAt(n int) { f.cut = n }

// Read gives bytes of the stream, as many as one read of the connection brings.
func (f *Frames) Read(p []byte) (int, error) {
	if f.layer != nil {
		return f.readSealed(p)
	}
	for f.rest == 0 {
		n, err := f.readHead()
		if err != nil {
			return 0, err
		}
		f.rest = n
	}
	// Asking for four bytes more than the frame has brings the next length along, without
	// a second buffer or a second call. The caller overwrites them with its next read.
	want := min(len(p), f.rest+4-f.heads)
	n, err := f.rw.Read(p[:want])
	if n > f.rest {
		f.heads += copy(f.head[f.heads:], p[f.rest:n])
		n = f.rest
	}
	f.rest -= n
	if n > 0 {
		err = nil // it comes back with the next read
	}
	return n, err
}

// readHead completes the length of the next frame.
func (f *Frames) readHead() (int, error) {
	n, err := io.ReadFull(f.rw, f.head[f.heads:])
	f.heads += n
	if err != nil {
		if f.heads > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	f.heads = 0
	size := binary.BigEndian.Uint32(f.head[:])
	if uint64(size) > uint64(f.limit) {
		return 0, fmt.Errorf("%w: length %d, the limit is %d", ErrFrame, size, f.limit)
	}
	return int(size), nil
}

func (f *Frames) readSealed(p []byte) (int, error) {
	for len(f.plain) == 0 {
		size, err := f.readHead()
		if err != nil {
			return 0, err
		}
		if size == 0 {
			continue
		}
		if err := f.readToken(size); err != nil {
			return 0, err
		}
		if f.plain, err = f.layer.Unwrap(f.token); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.plain)
	f.plain = f.plain[n:]
	return n, nil
}

// readToken reads a frame whole. The buffer grows as bytes arrive, not as announced.
func (f *Frames) readToken(size int) error {
	const step = 1 << 20
	f.token = f.token[:0]
	for len(f.token) < size {
		have := len(f.token)
		n := min(size-have, max(step, have))
		if cap(f.token)-have < n {
			f.token = append(make([]byte, 0, have+n), f.token...)
		}
		f.token = f.token[:have+n]
		if _, err := io.ReadFull(f.rw, f.token[have:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// Write sends p, in as many frames as it needs, with one write.
func (f *Frames) Write(p []byte) (int, error) {
	f.out = f.out[:0]
	most := f.cut
	if f.layer != nil {
		most = f.layer.Chunk()
	}
	if most <= 0 {
		most = len(p)
	}
	for rest := p; len(rest) > 0; {
		chunk := rest[:min(len(rest), most)]
		rest = rest[len(chunk):]
		if err := f.frame(chunk); err != nil {
			return 0, err
		}
	}
	if _, err := f.rw.Write(f.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *Frames) frame(chunk []byte) (err error) {
	at := len(f.out)
	f.out = append(f.out, 0, 0, 0, 0)
	if f.layer == nil {
		f.out = append(f.out, chunk...)
	} else if f.out, err = f.layer.Wrap(f.out, chunk); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(f.out[at:], uint32(len(f.out)-at-4))
	return nil
}
