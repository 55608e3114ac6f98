package pipenet

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes are under way in one direction before the writer waits.
const window = 64 << 10

// stream is one direction of a connection: the bytes that are under way, and what the two
// ends have done to it.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond
	bytes   bytes.Buffer

	unread, unwritten bool // the reader or the writer has closed its end
	broken            bool // reset
	lost              bool // something was written when nobody could read it any more

	reading, writing deadline
}

// deadline ends the waiting of one end.
type deadline struct {
	timer  *time.Timer // nil without one that is due
	passed bool
}

func newStream() *stream {
	s := new(stream)
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) readInto(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.unread:
			return 0, net.ErrClosed
		case s.reading.passed:
			return 0, os.ErrDeadlineExceeded
		case s.broken:
			return 0, syscall.ECONNRESET
		case len(p) == 0:
			return 0, nil
		case s.bytes.Len() > 0:
			n, err := s.bytes.Read(p)
			s.changed.Broadcast()
			return n, err
		case s.unwritten:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.unwritten:
			return written, net.ErrClosed
		case s.writing.passed:
			return written, os.ErrDeadlineExceeded
		case s.broken:
			return written, syscall.ECONNRESET
		case s.unread && s.lost:
			return written, syscall.EPIPE
		case s.unread: // the writer learns of it by the answer to this
			s.lost = true
			return len(p), nil
		case written == len(p):
			return written, nil
		case s.bytes.Len() < window:
			n, _ := s.bytes.Write(p[written:min(len(p), written+window-s.bytes.Len())]) // never fails
			written += n
			s.changed.Broadcast()
		default:
			s.changed.Wait()
		}
	}
}

// endReading closes the reader's end, and reports whether it was open.
func (s *stream) endReading() bool { return s.end(&s.unread, &s.reading) }

// endWriting closes the writer's end, and reports whether it was open.
func (s *stream) endWriting() bool { return s.end(&s.unwritten, &s.writing) }

func (s *stream) end(closed *bool, d *deadline) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := *closed
	*closed = true
	d.stop()
	s.changed.Broadcast()
	return !was
}

func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	s.bytes = bytes.Buffer{}
	s.changed.Broadcast()
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// setDeadline replaces a deadline, for those who wait already, too.
func (s *stream) setDeadline(d *deadline, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d == &s.reading && s.unread || d == &s.writing && s.unwritten {
		return net.ErrClosed
	}
	d.stop()
	left := time.Until(t)
	d.passed = !t.IsZero() && left <= 0
	s.changed.Broadcast()
	if t.IsZero() || d.passed {
		return nil
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if d.timer == timer { // and no other deadline took its place
			d.passed = true
			s.changed.Broadcast()
		}
	})
	d.timer = timer
	return nil
}
