package deliver

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

func TestHostileSubjects(t *testing.T) {
	tests := []struct{ name, subject, want string }{
		{"a formula stays what it is", `=HYPERLINK("http://x","y")`, `=HYPERLINK("http://x","y")`},
		{"a header is not injected", "a\r\nBcc: evil@example.com\r\n\r\nbody", "a  Bcc: evil@example.com    body"},
		{"reading is not turned around", "report\u202Excod.exe", "report\uFFFDxcod.exe"},
		{"other line ends", "a\u2028b\u0085c\vd\x00e", "a b\uFFFDc d e"},
		{"emoji with joiners", "👩‍💻 ok 😀", "👩‍💻 ok 😀"},
		{"invalid UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"a subject that looks encoded", "=?utf-8?q?x?=", "=?utf-8?q?x?="},
		{"one long word", strings.Repeat("x", 10_000), strings.Repeat("x", 10_000)},
		{"long and wide", strings.Repeat("žš東", 3_000), strings.Repeat("žš東", 3_000)},
		{"two spaces", "a  b", "a  b"},
		{"many words", strings.TrimSpace(strings.Repeat("word ", 2_000)), strings.TrimSpace(strings.Repeat("word ", 2_000))},
		{"spaces around", " \t a \n", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := sample()
			m.Subject = tt.subject
			m.Header = map[string]string{"X-Same": tt.subject}
			data := encode(t, m)
			wellFormed(t, data)
			parsed, err := mail.ReadMessage(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range []string{"Subject", "X-Same"} {
				if got, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get(field)); err != nil || got != tt.want {
					t.Errorf("%s reads back as %.200q, %v, want %.200q", field, got, err, tt.want)
				}
			}
			if len(parsed.Header["Bcc"]) > 0 || len(parsed.Header) != 12 {
				t.Errorf("the header has %d fields", len(parsed.Header))
			}
		})
	}
}

var long = strings.Repeat("x", 10_000)

// refused has one mistake a row, and what the error says of it.
var refused = []struct {
	name   string
	change func(m *Message)
	want   string
}{
	{"line end in an address", func(m *Message) { m.To = []string{"a@example.com\r\nBcc: b@example.com"} }, `To address "a@example.com\r\nBcc: b@example.com" holds a control character`},
	{"line end in From", func(m *Message) { m.From = "a@example.com>\nRCPT TO:<b@example.com" }, "From address"},
	{"line end inside an encoded name", func(m *Message) { m.CC = []string{"=?utf-8?q?a=0D=0ABcc=3A_x?= <a@example.com>"} }, "Cc address"},
	{"a name that turns reading around", func(m *Message) { m.To = []string{"\"a\u202Eb\" <a@example.com>"} }, "holds a control character"},
	{"invalid UTF-8 in an address", func(m *Message) { m.BCC = []string{"\xff@example.com"} }, "Bcc address"},
	{"no address", func(m *Message) { m.To = []string{"nobody"} }, `To address "nobody"`},
	{"two addresses in one", func(m *Message) { m.ReplyTo = "a@example.com, b@example.com" }, "Reply-To address"},
	{"host beyond ASCII", func(m *Message) { m.To = []string{"a@zürich.example"} }, "SMTPUTF8"},
	{"local part beyond ASCII", func(m *Message) { m.To = []string{"jürgen@example.com"} }, "SMTPUTF8"},
	{"a long address", func(m *Message) { m.To = []string{long + "@example.com"} }, "is too long"},
	{"a bad recipient of the copy", func(m *Message) { m.Recipients = []string{"x"} }, "recipient's address"},
	{"nobody", func(m *Message) { m.To, m.CC, m.BCC = nil, nil, nil }, "no recipient"},
	{"nobody in the envelope", func(m *Message) { m.Recipients = []string{} }, "no recipient"},
	{"no id", func(m *Message) { m.ID = "" }, "message id"},
	{"id with a line end", func(m *Message) { m.ID = "a@b\r\nX: y" }, "message id"},
	{"id with brackets", func(m *Message) { m.ID = "<a@b>" }, "message id"},
	{"id that hides a file", func(m *Message) { m.ID = ".a@b" }, "message id"},
	{"id with two hosts", func(m *Message) { m.ID = "a@b@c" }, "message id"},
	{"no date", func(m *Message) { m.Date = time.Time{} }, "no date"},
	{"no subject", func(m *Message) { m.Subject = " \r\n" }, "no subject"},
	{"no text", func(m *Message) { m.Text = "" }, "no text"},
	{"attachment with another script", func(m *Message) { m.Attachments[0].Name = "výkaz.xlsx" }, "attachment name"},
	{"attachment that leaves its folder", func(m *Message) { m.Attachments[0].Name = "../x" }, "attachment name"},
	{"attachment that ends its quotes", func(m *Message) { m.Attachments[0].Name = `a"; filename="b` }, "attachment name"},
	{"attachment named by a formula", func(m *Message) { m.Attachments[0].Name = `=HYPERLINK("http://x")` }, "attachment name"},
	{"attachment with a line end", func(m *Message) { m.Attachments[0].Name = "a\r\nX: y" }, "attachment name"},
	{"attachment with a long name", func(m *Message) { m.Attachments[0].Name = long }, "attachment name"},
	{"attachment without a name", func(m *Message) { m.Attachments[0].Name = "" }, "attachment name"},
	{"hidden attachment", func(m *Message) { m.Attachments[0].Name = ".profile" }, "attachment name"},
	{"no media type", func(m *Message) { m.Attachments[0].Type = "a/b\r\nX: y" }, "no media type"},
	{"half a media type", func(m *Message) { m.Attachments[0].Type = "text" }, "no media type"},
	{"no content", func(m *Message) { m.Attachments[0].Open = nil }, "no content"},
	{"field name with a colon", func(m *Message) { m.Header = map[string]string{"A: b\r\nC": "d"} }, "header field"},
	{"a field that is ours", func(m *Message) { m.Header = map[string]string{"BCC": "x@example.com"} }, "cannot be given"},
	{"a field about the content", func(m *Message) { m.Header = map[string]string{"Content-Length": "1"} }, "cannot be given"},
	{"the same field twice", func(m *Message) { m.Header = map[string]string{"X-A": "1", "x-a": "2"} }, "there twice"},
}

func TestMessagesThatAreRefused(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			m := sample()
			tt.change(m)
			var out bytes.Buffer
			_, err := m.WriteTo(&out)
			if err == nil || !strings.Contains(err.Error(), tt.want) || out.Len() > 0 {
				t.Fatalf("got %v and %d bytes, want %q", err, out.Len(), tt.want)
			}
			if strings.ContainsAny(err.Error(), "\r\n\u202e") || len(err.Error()) > 600 {
				t.Errorf("the error is not fit to print: %q", err)
			}
			if fault.AreaOf(err) != fault.Usage && tt.name != "no content" {
				t.Errorf("area %d", fault.AreaOf(err))
			}
		})
	}
}
