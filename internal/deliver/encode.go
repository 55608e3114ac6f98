package deliver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"

	"qosreport/internal/fault"
)

// part is a piece of MIME (RFC 2045): one body, or several parts in one.
type part struct {
	header textproto.MIMEHeader
	write  func(w io.Writer) error
}

// layout is multipart/mixed around multipart/alternative and the attachments, without the
// levels that hold one part only.
//
// It is built with mime/multipart and not with go-mail, whose boundaries are random, and
// which writes a message with alternatives and attachments wrongly when one is set.
func (m *Message) layout() part {
	body := textPart("text/plain", m.Text)
	if m.HTML != "" {
		body = multi("alternative", m.ID, body, textPart("text/html", m.HTML))
	}
	if len(m.Attachments) == 0 {
		return body
	}
	parts := []part{body}
	for _, a := range m.Attachments {
		parts = append(parts, a.part())
	}
	return multi("mixed", m.ID, parts...)
}

// multi makes one part of several. No line of a body in either of our encodings can hold
// "=_" (RFC 2045 section 6.7), so that the boundary may be told from the id alone.
func multi(kind, id string, parts ...part) part {
	sum := sha256.Sum256([]byte(kind + "\x00" + id))
	boundary := "=_" + hex.EncodeToString(sum[:16])
	return part{
		header: textproto.MIMEHeader{"Content-Type": {fmt.Sprintf("multipart/%s;\r\n boundary=%q", kind, boundary)}},
		write: func(w io.Writer) error {
			mw := multipart.NewWriter(w)
			if err := mw.SetBoundary(boundary); err != nil {
				return err
			}
			for _, p := range parts {
				pw, err := mw.CreatePart(p.header)
				if err != nil {
					return err
				}
				if err := p.write(pw); err != nil {
					return err
				}
			}
			return mw.Close()
		},
	}
}

// textPart ends in a line end, as the content of a message has to.
func textPart(mediaType, text string) part {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return part{
		header: textproto.MIMEHeader{
			"Content-Type":              {mediaType + "; charset=utf-8"},
			"Content-Transfer-Encoding": {"quoted-printable"},
		},
		write: func(w io.Writer) error {
			qp := quotedprintable.NewWriter(w)
			if _, err := io.WriteString(qp, text); err != nil {
				return err
			}
			return qp.Close()
		},
	}
}

func (a *Attachment) part() part {
	return part{
		header: textproto.MIMEHeader{
			"Content-Type":              {fmt.Sprintf("%s;\r\n name=\"%s\"", a.mediaType(), a.Name)},
			"Content-Disposition":       {fmt.Sprintf("attachment;\r\n filename=\"%s\"", a.Name)},
			"Content-Transfer-Encoding": {"base64"},
		},
		write: func(w io.Writer) (err error) {
			file, err := a.Open()
			if err != nil {
				return fault.New(fault.Output, fault.Render, fmt.Errorf("attach %s: %w", a.Name, err))
			}
			defer func() { err = errors.Join(err, file.Close()) }()
			return a.encode(w, file)
		},
	}
}

// Bytes in and out of a line of base64 (RFC 2045 section 6.8), and the lines of one write.
const (
	lineIn  = 57
	lineOut = 76
	atOnce  = 256
)

// encode writes lines of base64, holding a few of them at a time.
func (a *Attachment) encode(w io.Writer, content io.Reader) error {
	in := make([]byte, lineIn*atOnce)
	out := make([]byte, 0, (lineOut+2)*atOnce)
	for {
		n, err := io.ReadFull(content, in)
		out = out[:0]
		for rest := in[:n]; len(rest) > 0; {
			line := rest[:min(lineIn, len(rest))]
			rest = rest[len(line):]
			out = base64.StdEncoding.AppendEncode(out, line)
			out = append(out, '\r', '\n')
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return fault.New(fault.Output, fault.Render, fmt.Errorf("attach %s: %w", a.Name, err))
		}
	}
}

// write writes the letter. The header ends with the fields of the outermost part.
func (l *letter) write(w io.Writer) error {
	head := fields{}
	head.Write(l.fields.Bytes())
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if value := l.body.header.Get(name); value != "" {
			head.WriteString(name + ": " + value + "\r\n")
		}
	}
	head.WriteString("\r\n")
	if _, err := w.Write(head.Bytes()); err != nil {
		return err
	}
	return l.body.write(w)
}
