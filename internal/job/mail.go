package job

import (
	"bytes"
	"context"
	"io"
	stdmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/report"
	"qosreport/internal/report/mail"
	"qosreport/internal/store"
)

// Mail says from whom the report's mail comes, and to whom it may go.
type Mail struct {
	From    string
	To      []string                  // in place of the definition's; nil keeps those
	MaxSize int64                     // bytes of the encoded message; 0 for no limit
	Allowed func(address string) bool // nil allows everybody
	Remarks []string                  // whole sentences about this mail, above its sections
}

var mediaTypes = map[string]string{
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"html": "text/html; charset=utf-8",
	"json": "application/json",
}

// draft is a mail in the making.
type draft struct {
	Options
	formats []string // that are attached, if they are made
	message deliver.Message
	page    *report.Page
	attach  []file
}

// draftMail finds what is wrong with sender and recipients before a cluster works for it.
func draftMail(o Options) (*draft, error) {
	d := &draft{Options: o, formats: []string{"xlsx", "html"}}
	d.message = deliver.Message{From: o.Mail.From, To: o.Mail.To}
	if e := o.Definition.Email; e != nil {
		if o.Mail.To == nil {
			d.message.To, d.message.CC, d.message.BCC = e.To, e.CC, e.BCC
		}
		d.message.ReplyTo = e.ReplyTo
		if e.Attach != nil {
			d.formats = e.Attach
		}
	}
	d.message.ID = d.id()
	return d, d.checkAddresses()
}

// CheckMail finds what is wrong with sender and recipients of a report's mail.
func CheckMail(o Options) error {
	_, err := draftMail(o)
	return err
}

// fill adds what only the page tells, while nothing has been written.
func (d *draft) fill(page *report.Page, files []file) (err error) {
	d.page = page
	d.message.Date = page.Provenance.Generated
	for _, f := range files {
		if slices.Contains(d.formats, f.format) {
			d.attach = append(d.attach, f)
		}
	}
	d.message.Subject, err = d.Definition.MakeSubject(page.Subject())
	return err
}

func (d *draft) checkAddresses() error {
	m := &d.message
	if m.From == "" {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "a mail needs a sender"), `write smtp.from in configs/qosreport.yaml, like "QoS reports <qos@example.com>"`)
	}
	all := slices.Concat(m.To, m.CC, m.BCC)
	if len(all) == 0 {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "a mail needs a recipient"), "write email.to in the report's file")
	}
	for _, address := range all {
		if d.Mail.Allowed != nil && !d.Mail.Allowed(address) {
			return fault.Advise(fault.Errorf(fault.Usage, 0, "%s is no recipient that may get mail", address), "add the address or its domain to smtp.allow, or correct it in the report's file")
		}
	}
	return m.CheckAddresses()
}

// id is the same for the same variant and window, so that mail systems which remove
// duplicates can do so. Each delivery makes its own of it.
func (d *draft) id() string {
	return mailID(d.message.From, d.variant(), d.Window.From.UTC().Format(time.RFC3339Nano), d.Window.To.UTC().Format(time.RFC3339Nano))
}

// mailID is a Message-ID that the same parts give again, in the domain of the sender.
func mailID(sender string, parts ...string) string {
	domain := "qosreport.invalid"
	if from, err := stdmail.ParseAddress(sender); err == nil {
		domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	}
	return hashOf(parts)[:32] + "@" + domain
}

// variant names the report with its parameters, which is what mail is sent of.
func (o Options) variant() string {
	if len(o.Args.Given) == 0 {
		return o.Definition.Name
	}
	return o.Definition.Name + " " + o.Args.Canonical()
}

// storeWindow is the window as the ledger has it.
func (o Options) storeWindow() store.Window {
	return store.Window{From: o.Window.From, To: o.Window.To, Zone: o.Window.Zone}
}

// notSentYet refuses a mail that every recipient has, before a cluster works for it.
func (o Options) notSentYet(ctx context.Context, b Booking) error {
	draft, err := draftMail(o)
	if err != nil {
		return err
	}
	all := recipients(&draft.message)
	sent, err := b.Store.Deliveries(ctx, store.DeliveryFilter{Variant: o.variant(), Window: o.storeWindow(), Revision: 1, Recipients: all, States: []store.DeliveryState{store.Sent}})
	if err != nil || len(sent) < len(all) {
		return err
	}
	return b.Store.AlreadySent(ctx, o.variant(), o.storeWindow(), 1, all)
}

// finish makes the message of the files that were written. When it would be too large,
// the workbook is left out first and then all files, and the mail says where they lie.
func (d *draft) finish() (*deliver.Message, error) {
	kept := d.attach
	for {
		m, err := d.compose(kept)
		if err != nil {
			return nil, err
		}
		size, err := m.WriteTo(io.Discard)
		if err != nil {
			return nil, err
		}
		if d.Mail.MaxSize == 0 || size <= d.Mail.MaxSize {
			return m, nil
		}
		if len(kept) == 0 {
			return nil, fault.Advise(fault.Errorf(fault.Delivery, fault.Refused, "the mail has %d bytes without any file, and %d are allowed", size, d.Mail.MaxSize),
				"raise smtp.max_size, or name fewer sections in email.body")
		}
		if without := slices.DeleteFunc(slices.Clone(kept), func(f file) bool { return f.format == "xlsx" }); len(without) < len(kept) {
			kept = without
		} else {
			kept = nil
		}
	}
}

func (d *draft) compose(kept []file) (*deliver.Message, error) {
	m := d.message
	o := mail.Options{Sections: d.sections(), Remarks: d.Mail.Remarks}
	for _, f := range d.attach {
		if !slices.ContainsFunc(kept, func(k file) bool { return k.name == f.name }) {
			o.Left = append(o.Left, filepath.Join(d.Out, f.name))
			continue
		}
		path := filepath.Join(d.Out, f.name)
		o.Attached = append(o.Attached, f.name)
		m.Attachments = append(m.Attachments, deliver.Attachment{Name: f.name, Type: mediaTypes[f.format],
			Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	var text, page bytes.Buffer
	if err := mail.Text(&text, d.page, o); err != nil {
		return nil, err
	}
	if err := mail.HTML(&page, d.page, o); err != nil {
		return nil, err
	}
	m.Text, m.HTML = text.String(), page.String()
	return &m, nil
}

// sections are those of the body: the definition's, or what a reader wants to see first.
func (d *draft) sections() []string {
	if e := d.Definition.Email; e != nil && len(e.Body) > 0 {
		return e.Body
	}
	var names []string
	for _, s := range d.page.Sections {
		if s.Kind == report.KindKPI || s.Kind == report.KindFindings {
			names = append(names, s.Name)
		}
	}
	return names
}

// WriteMail keeps a message beside the files of its run, as NAME.eml, without sending it.
func WriteMail(ctx context.Context, o Options, m *deliver.Message) (string, error) {
	return deliver.Folder{Dir: o.Out}.Write(ctx, FileName(o, ""), m)
}
