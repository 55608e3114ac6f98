package mailbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// data takes the content of a message and keeps it.
func (c *session) data(ctx context.Context, rest string) error {
	switch {
	case rest != "":
		return c.reply("501 5.5.4 DATA stands alone")
	case len(c.to) == 0:
		return c.reply("503 5.5.1 no recipients")
	}
	if err := c.reply("354 end with <CRLF>.<CRLF>"); err != nil {
		return err
	}
	if _, err := c.meddle(ctx, Opened); err != nil {
		return err
	}
	message, err := c.take(ctx)
	var refusal refusal
	switch {
	case errors.As(err, &refusal):
		c.reset()
		return c.reply("%s", refusal)
	case err != nil:
		return err
	case message == nil: // a fault has answered
		c.reset()
		return nil
	}
	c.reset()
	if answered, err := c.meddle(ctx, Kept); answered || err != nil {
		return err
	}
	if err := c.reply("250 2.0.0 kept as %s", filepath.Base(message.Path)); err != nil {
		return err
	}
	_, err = c.meddle(ctx, Done)
	return err
}

// take reads the content into a temporary file, which becomes the message's when it is
// whole and sound.
func (c *session) take(ctx context.Context) (_ *Message, err error) {
	c.extend(5 * c.server.opts.Timeout)
	file, err := os.CreateTemp(c.server.opts.Dir, ".incoming-*")
	if err != nil {
		return nil, errors.Join(err, c.reply("451 4.3.0 no room"))
	}
	defer os.Remove(file.Name()) // fails after the rename, as it should
	defer file.Close()
	out := bufio.NewWriterSize(file, 64<<10)
	m := &Message{From: c.from, To: c.to, User: c.user, TLS: c.secure}
	// The lines that a mail system adds when it puts a message into a mailbox (RFC 5321
	// section 4.4): here they hold the whole envelope.
	envelope := "Return-Path: <" + m.From + ">\r\nDelivered-To: " + strings.Join(m.To, ",\r\n ") + "\r\n"
	out.WriteString(envelope)
	m.skip = int64(len(envelope))
	body := content{out: out, max: c.server.opts.MaxSize}
	if err := c.fill(ctx, &body); err != nil {
		return nil, err
	}
	m.Size = body.size
	if answered, err := c.meddle(ctx, Dot); answered || err != nil {
		return nil, err
	}
	if body.problem != "" {
		return nil, body.problem
	}
	if err := out.Flush(); err != nil {
		return nil, errors.Join(err, c.reply("451 4.3.0 no room"))
	}
	return m, c.server.keep(m, file.Name())
}

// fill reads lines up to the single dot.
func (c *session) fill(ctx context.Context, body *content) error {
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if body.add(line) {
			return nil
		}
		if body.size > 4*body.max+maxLine {
			return fmt.Errorf("more than %d bytes of content", 4*body.max)
		}
		if first {
			if _, err := c.meddle(ctx, Content); err != nil {
				return err
			}
		}
	}
}

// refusal is the answer to a message that is not kept.
type refusal string

func (r refusal) Error() string { return string(r) }

// content undoes the doubling of dots and sees whether the lines are sound.
type content struct {
	out     *bufio.Writer
	max     int64
	size    int64
	inside  bool // the last piece was no line's end
	problem refusal
}

// add takes a line, or a piece of one that is too long. It is done at the end of the
// content. Only CR LF . CR LF is an end: a server that takes another one can be made to
// see two messages where its neighbour sees one.
func (b *content) add(line []byte) (done bool) {
	start := !b.inside
	b.inside = !bytes.HasSuffix(line, []byte("\n"))
	if start && string(line) == ".\r\n" {
		return true
	}
	if start && line[0] == '.' {
		line = line[1:]
	}
	b.size += int64(len(line))
	text, ended := bytes.CutSuffix(line, []byte("\r\n"))
	switch {
	case b.problem != "":
		return false
	case len(text) > 998 || b.inside: // RFC 5322 section 2.1.1
		b.problem = "500 5.6.0 line too long"
	case !ended || bytes.ContainsAny(text, "\r\n"):
		b.problem = "550 5.6.0 a line ends in CR LF"
	case bytes.ContainsFunc(text, func(r rune) bool { return r == 0 || r > '~' }):
		b.problem = "554 5.6.1 content has seven bits"
	case b.size > b.max:
		b.problem = "552 5.3.4 message too big"
	default:
		b.out.Write(line) // its error stays and comes up at Flush
	}
	return false
}

// keep gives the file the next name and counts the message.
func (s *Server) keep(m *Message, temporary string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		s.number++
		m.Path = filepath.Join(s.opts.Dir, fmt.Sprintf("%04d.eml", s.number))
		// Link, unlike rename, leaves the messages of an earlier server in the folder alone.
		err := os.Link(temporary, m.Path)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return refusal("451 4.3.0 the message cannot be kept")
		}
		s.messages = append(s.messages, *m)
		return nil
	}
}
