package impala

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFrame marks a SASL frame that cannot be one.
var ErrFrame = errors.New("bad SASL frame")

// frames carries a stream of bytes in SASL frames: a length of four bytes, then that
// many plain bytes or, under a security layer, one token. Frames and messages have
// nothing to do with each other, and a frame may be empty.
type frames struct {
	rw    io.ReadWriter
	layer Mechanism // nil when the frames hold plain bytes
	limit int

	rest  int // unread payload of the current plain frame
	head  [4]byte
	heads int    // bytes of head that are there
	token []byte // the sealed frame, reused
	plain []byte // its unread plain text

	out []byte
}

func newFrames(rw io.ReadWriter, m Mechanism, limit int) *frames {
	f := &frames{rw: rw, limit: limit}
	if m.Chunk() > 0 {
		f.layer = m
	}
	return f
}

func (f *frames) Read(p []byte) (int, error) {
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
func (f *frames) readHead() (int, error) {
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

func (f *frames) readSealed(p []byte) (int, error) {
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
func (f *frames) readToken(size int) error {
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

// Write sends p, in as many frames as the layer's tokens need, with one write.
func (f *frames) Write(p []byte) (int, error) {
	f.out = f.out[:0]
	if f.layer == nil {
		f.out = binary.BigEndian.AppendUint32(f.out, uint32(len(p)))
		f.out = append(f.out, p...)
	}
	for rest := p; f.layer != nil && len(rest) > 0; {
		chunk := rest[:min(len(rest), f.layer.Chunk())]
		rest = rest[len(chunk):]
		at := len(f.out)
		out, err := f.layer.Wrap(append(f.out, 0, 0, 0, 0), chunk)
		if err != nil {
			return 0, err
		}
		f.out = out
		binary.BigEndian.PutUint32(f.out[at:], uint32(len(f.out)-at-4))
	}
	if _, err := f.rw.Write(f.out); err != nil {
		return 0, err
	}
	return len(p), nil
}
