package job

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/report"
)

// parts are the media types of a message's leaves, with the names of attachments.
func parts(t *testing.T, m *deliver.Message) (header mail.Header, types []string, text string) {
	t.Helper()
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	parsed, err := mail.ReadMessage(&out)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(kind string, body io.Reader)
	walk = func(kind string, body io.Reader) {
		media, params, err := mime.ParseMediaType(kind)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(media, "multipart/") {
			types = append(types, media)
			if data, _ := io.ReadAll(body); media == "text/plain" {
				text = string(data)
			}
			return
		}
		for reader := multipart.NewReader(body, params["boundary"]); ; {
			part, err := reader.NextPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			walk(part.Header.Get("Content-Type"), part)
		}
	}
	walk(parsed.Header.Get("Content-Type"), parsed.Body)
	return parsed.Header, types, text
}

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func TestARunMakesItsMail(t *testing.T) {
	o, _ := options(t, &engine{})
	o.Mail = &Mail{From: "QoS <qos@example.com>"}
	o.Definition.Email = &definition.Email{To: []string{"noc@example.com"}, BCC: []string{"boss@example.com"}, Subject: "[{{.Verdict}}] {{.Measures.pcr}}"}
	outcome, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	header, types, _ := parts(t, outcome.Message)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != "[watch] 3.0 %" || header.Get("Bcc") != "" {
		t.Errorf("header %v, %v", header, err)
	}
	if want := []string{"text/plain", "text/html", workbookType, "text/html"}; !slices.Equal(types, want) {
		t.Errorf("parts %v", types)
	}
	path, err := WriteMail(t.Context(), o, outcome.Message)
	if err != nil || !strings.HasSuffix(path, "voice_2017-09-12.eml") {
		t.Errorf("got %s, %v", path, err)
	}
	again, err := Run(t.Context(), o)
	if err != nil || again.Message.ID != outcome.Message.ID {
		t.Errorf("another id for the same mail: %v", err)
	}
	for name, change := range map[string]func(){
		"another window":    func() { o.Window = report.Span(o.Window.From, o.Window.To.Add(-time.Hour), time.UTC) },
		"another parameter": func() { o.Args.Given = map[string][]string{"sites": {"Kraków"}} },
	} {
		change()
		if other, err := Run(t.Context(), o); err != nil || other.Message.ID == outcome.Message.ID {
			t.Errorf("the same id for %s: %v", name, err)
		}
	}
}

// A mail that is too large leaves out the workbook, then the page, and says where they lie.
func TestALargeMailLeavesFilesOut(t *testing.T) {
	o, _ := options(t, &engine{})
	o.Definition.Email = &definition.Email{To: []string{"noc@example.com"}}
	size := func(limit int64) (int64, []string, string) {
		o.Mail = &Mail{From: "qos@example.com", MaxSize: limit}
		outcome, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		n, err := outcome.Message.WriteTo(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		_, types, text := parts(t, outcome.Message)
		return n, types, text
	}
	whole, _, _ := size(0)
	smaller, types, text := size(whole - 2000)
	if slices.Contains(types, workbookType) || len(types) != 3 || !strings.Contains(text, "voice_2017-09-12.xlsx") {
		t.Errorf("parts %v\n%s", types, text)
	}
	smallest, types, text := size(smaller - 2000)
	if len(types) != 2 || !strings.Contains(text, "voice_2017-09-12.html") {
		t.Errorf("parts %v\n%s", types, text)
	}
	o.Mail = &Mail{From: "qos@example.com", MaxSize: smallest - 500}
	if _, err := Run(t.Context(), o); fault.ClassOf(err) != fault.Refused || !strings.Contains(fault.Remedy(err), "smtp.max_size") {
		t.Errorf("got %v", err)
	}
}

// What is wrong with a mail's addresses is told before a statement runs.
func TestMailMistakesComeBeforeTheQueries(t *testing.T) {
	for name, tt := range map[string]struct {
		mail  Mail
		email *definition.Email
		want  string
	}{
		"no sender":    {Mail{}, &definition.Email{To: []string{"a@example.com"}}, "needs a sender"},
		"no recipient": {Mail{From: "qos@example.com"}, nil, "needs a recipient"},
		"not allowed": {Mail{From: "qos@example.com", Allowed: func(address string) bool { return address != "b@example.com" }},
			&definition.Email{To: []string{"a@example.com"}, CC: []string{"b@example.com"}}, "b@example.com is no recipient that may get mail"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &engine{}
			o, _ := options(t, e)
			o.Mail, o.Definition.Email = &tt.mail, tt.email
			_, err := Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.AreaOf(err) != fault.Usage || fault.Remedy(err) == "" || len(e.statements) != 0 {
				t.Errorf("got %v after %d statements", err, len(e.statements))
			}
			if entries, _ := os.ReadDir(o.Out); len(entries) != 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}
