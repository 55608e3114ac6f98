package mailbox

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
)

// Step is a place of a session where the server can misbehave.
type Step string

// The steps in the order in which a session comes to them.
const (
	Greeting Step = "greeting"
	Hello    Step = "EHLO" // and not HELO
	StartTLS Step = "STARTTLS"
	Auth     Step = "AUTH"
	Mail     Step = "MAIL"
	Rcpt     Step = "RCPT"
	Data     Step = "DATA"    // before the 354
	Opened   Step = "opened"  // after the 354, before a byte of content was read
	Content  Step = "content" // after the first line of content
	Dot      Step = "dot"     // the content is whole and not kept
	Kept     Step = "kept"    // the message is kept and counted, its sender not told
	Done     Step = "done"    // after the 250 that tells it
	Quit     Step = "QUIT"
)

// Act is what the server does at a step instead of its work. Hold comes first, then
// Reply, then Cut; after Hold alone the work goes on.
type Act struct {
	Hold  bool   // be silent until Release, or until the session ends
	Reply string // send these bytes and a line end instead of the right answer
	Flood bool   // send Reply again and again without a line end, until the client is gone
	Cut   bool   // close the connection
}

// Faults say how a server misbehaves. The zero value is a good server.
type Faults struct {
	At         map[Step]Act
	Recipients map[string]string // the answer to RCPT for an address, like 550 5.1.1 unknown user
	Greylist   []string          // addresses that get 450 the first time
	NoSTARTTLS bool              // STARTTLS is neither announced nor known
	HideSize   bool              // SIZE is not announced, so that only the end of the content shows what is too big
	WrongName  bool              // the certificate is for another host; read by Start alone
}

// SetFaults replaces the faults from the next step on.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

func (s *Server) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Held is closed when a session first comes to a step that is held.
func (s *Server) Held() <-chan struct{} { return s.held }

// Release lets every held session go on, now and later.
func (s *Server) Release() { s.release.Do(func() { close(s.released) }) }

// errCut ends a session without another word.
var errCut = errors.New("cut by a fault")

// meddle does what the faults say about the step. The step is over if it answered; an
// error ends the session.
func (c *session) meddle(ctx context.Context, step Step) (answered bool, err error) {
	act := c.server.currentFaults().At[step]
	if act.Hold {
		c.server.holding.Do(func() { close(c.server.held) })
		select {
		case <-c.server.released:
		case <-ctx.Done():
			return true, errCut
		}
	}
	if act.Reply != "" {
		if err := c.send(act.Reply, act.Flood); err != nil {
			return true, err
		}
	}
	if act.Cut {
		if act.Reply != "" {
			c.linger()
		}
		return true, errCut
	}
	return act.Reply != "", nil
}

func (c *session) send(reply string, flood bool) error {
	c.extend(c.server.opts.Timeout)
	if !flood {
		_, err := io.WriteString(c.conn, reply+"\r\n")
		return err
	}
	piece := strings.Repeat(reply, 1+8192/len(reply))
	for {
		if _, err := io.WriteString(c.conn, piece); err != nil {
			return err
		}
	}
}

// linger ends our half of the connection and reads on, because closing it over unread
// content would destroy the answer on its way.
func (c *session) linger() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		io.Copy(io.Discard, io.LimitReader(c.in, 4*c.server.opts.MaxSize))
	}
}

// greylisted reports whether the recipient has to come again, which it says once.
func (s *Server) greylisted(recipient string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[recipient] || !slices.Contains(s.faults.Greylist, recipient) {
		return false
	}
	s.seen[recipient] = true
	return true
}
