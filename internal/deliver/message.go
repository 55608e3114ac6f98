package deliver

import (
	"io"
	"mime"
	"strings"
	"time"

	"qosreport/internal/fault"
)

// Message is a mail to be. ID, Date, From, Subject, Text and a recipient are required.
type Message struct {
	ID      string    // the Message-ID without <>: the same delivery has the same, for good
	Date    time.Time // written in UTC
	From    string    // addresses are name@example.com or "Name" <name@example.com>
	ReplyTo string
	To, CC  []string
	BCC     []string // never in the header
	// Recipients get this copy, whatever the header says; nil means To, CC and BCC. It
	// serves one transaction a recipient, and those of a group who are still to get it.
	Recipients  []string
	Subject     string // control characters are replaced
	Text        string // lines end in LF or CR LF
	HTML        string // "" for none
	Attachments []Attachment
	Header      map[string]string // further fields, like List-Id
}

// Attachment is a file of a message. It is read anew each time the message is written.
type Attachment struct {
	Name string // printable ASCII without quotes and slashes
	Type string // media type; "" means application/octet-stream
	Open func() (io.ReadCloser, error)
}

// WriteTo writes the message as it goes over the wire and into a file: CR LF at the end
// of each line, seven bits, no line over 998 bytes (RFC 5322). The same message gives the
// same bytes.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	l, err := m.compose()
	if err != nil {
		return 0, err
	}
	out := &counter{to: w}
	err = l.write(out)
	return out.n, err
}

// counter counts what goes through it, and keeps the error of the way out apart from
// those of what is written.
type counter struct {
	to  io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

// letter is a message that was checked: nothing in it can fail but the attachments' files.
type letter struct {
	id     string
	from   string   // of the envelope, without <>
	to     []string // of the envelope, without <>
	fields fields
	body   part
}

// size is how many bytes the letter has, which RFC 1870 counts as they are here: before
// dots are doubled.
func (l *letter) size() (int64, error) {
	out := &counter{to: io.Discard}
	err := l.write(out)
	return out.n, err
}

// compose checks the message and lays it out.
func (m *Message) compose() (*letter, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	l := &letter{id: m.ID}
	l.fields.add("Message-ID", "<"+m.ID+">")
	l.fields.add("Date", m.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000"))
	if err := m.address(l); err != nil {
		return nil, err
	}
	l.fields.add("Subject", unstructured(m.Subject)...)
	l.fields.add("MIME-Version", "1.0")
	// RFC 3834 and Microsoft's MS-OXCMAIL: no holiday notice answers a report.
	l.fields.add("Auto-Submitted", "auto-generated")
	l.fields.add("X-Auto-Response-Suppress", "All")
	if err := l.fields.extra(m.Header); err != nil {
		return nil, err
	}
	l.body = m.layout()
	return l, nil
}

// CheckAddresses finds what is wrong with sender and recipients, which may be known long
// before the rest of the message is.
func (m *Message) CheckAddresses() error { return m.address(new(letter)) }

// address writes the fields with addresses and fills in the envelope.
func (m *Message) address(l *letter) error {
	from, err := parseAddress("From", m.From)
	if err != nil {
		return err
	}
	l.from = from.spec
	l.fields.addresses("From", []address{from})
	to, err := parseAddresses("To", m.To)
	if err != nil {
		return err
	}
	cc, err := parseAddresses("Cc", m.CC)
	if err != nil {
		return err
	}
	bcc, err := parseAddresses("Bcc", m.BCC)
	if err != nil {
		return err
	}
	if len(to)+len(cc) == 0 {
		l.fields.add("To", "undisclosed-recipients:;")
	}
	l.fields.addresses("To", to)
	l.fields.addresses("Cc", cc)
	if m.ReplyTo != "" {
		reply, err := parseAddress("Reply-To", m.ReplyTo)
		if err != nil {
			return err
		}
		l.fields.addresses("Reply-To", []address{reply})
	}
	l.to = specs(to, cc, bcc)
	if m.Recipients != nil {
		some, err := parseAddresses("recipient's", m.Recipients)
		if err != nil {
			return err
		}
		l.to = specs(some)
	}
	if len(l.to) == 0 {
		return fault.Errorf(fault.Usage, 0, "the message has no recipient")
	}
	return nil
}

// check looks at everything but addresses and further fields.
func (m *Message) check() error {
	local, domain, _ := strings.Cut(m.ID, "@")
	switch {
	case local == "" || domain == "" || m.ID[0] == '.' || len(m.ID) > 200 || strings.ContainsFunc(m.ID, notInID) || strings.Contains(domain, "@"):
		return fault.Errorf(fault.Usage, 0, "message id %.100q: write text@host, printable ASCII without brackets and spaces", m.ID)
	case m.Date.IsZero():
		return fault.Errorf(fault.Usage, 0, "the message has no date")
	case oneLine(m.Subject) == "":
		return fault.Errorf(fault.Usage, 0, "the message has no subject")
	case m.Text == "":
		return fault.Errorf(fault.Usage, 0, "the message has no text")
	}
	for _, a := range m.Attachments {
		if err := a.check(); err != nil {
			return err
		}
	}
	return nil
}

func notInID(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>()[]\,;:"`, r) }

func (a *Attachment) check() error {
	if a.Name == "" || len(a.Name) > 120 || strings.ContainsFunc(a.Name, notInName) || strings.Trim(a.Name, " .") != a.Name {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "attachment name %.100q is not safe for every mail program", a.Name),
			`use at most 120 of ASCII's letters, digits and signs, without / \ " and a dot or space at either end`)
	}
	if _, _, err := mime.ParseMediaType(a.mediaType()); err != nil || len(a.Type) > 120 || !strings.Contains(a.mediaType(), "/") || !plain(a.Type) {
		return fault.Errorf(fault.Usage, 0, "attachment %s: %.100q is no media type", a.Name, a.Type)
	}
	if a.Open == nil {
		return fault.Errorf(fault.Internal, 0, "attachment %s has no content", a.Name)
	}
	return nil
}

func notInName(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`/\"`, r) }

func (a *Attachment) mediaType() string {
	if a.Type == "" {
		return "application/octet-stream"
	}
	return a.Type
}
