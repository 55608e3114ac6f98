package job

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"qosreport/internal/definition"
)

// Texts that some program takes for more than text end as text in every file, in the mail,
// its subject and the names of files.
func TestHostileTextStaysText(t *testing.T) {
	page, d := shipped(t, 1)
	page.Title = "Voice\r\nBcc: a@example.invalid</title><script>"
	o := Options{Definition: d, Window: page.Window, Out: t.TempDir(), Formats: Formats, Mail: &Mail{From: "qos@example.com", To: []string{"noc@example.com"}},
		Args: definition.Args{Given: map[string][]string{"sites": {"../../etc/passwd\r\n", "=1+1"}}}}
	d.Email.Subject = "{{.Title}} {{.Measures.pcr}}"
	files, err := drawn(o, page)
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	for _, f := range files {
		if !name.MatchString(f.name) {
			t.Errorf("a file is called %q", f.name)
		}
		var out bytes.Buffer
		if err := f.draw(&out); err != nil {
			t.Fatal(err)
		}
		checkInert(t, f, out.Bytes())
	}
	mail, err := draftMail(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := mail.fill(page, files); err != nil {
		t.Fatal(err)
	}
	if _, err := write(t.Context(), o, files); err != nil {
		t.Fatal(err)
	}
	message, err := mail.finish()
	if err != nil {
		t.Fatal(err)
	}
	header, _, text := parts(t, message)
	if header.Get("Bcc") != "" || len(header["Subject"]) != 1 || strings.ContainsAny(message.Subject, "\r\n") {
		t.Errorf("header %v", header)
	}
	checkMarkup(t, "mail", message.HTML)
	if strings.Contains(text, "\u202e") || strings.Contains(text, "\x01") {
		t.Error("the text of the mail holds control characters")
	}
}

func checkInert(t *testing.T, f file, data []byte) {
	t.Helper()
	switch f.format {
	case "html":
		checkMarkup(t, f.name, string(data))
	case "json":
		if !json.Valid(data) {
			t.Error("the JSON is none")
		}
	case "csv":
		records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		number := regexp.MustCompile(`^-?[0-9.]+$`)
		for _, record := range records {
			for _, cell := range record {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && !number.MatchString(cell) {
					t.Errorf("%s: a cell begins with %q", f.name, cell[:1])
				}
			}
		}
	case "xlsx":
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range archive.File {
			in, err := part.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(part.Name, "xl/worksheets/") && (bytes.Contains(text, []byte("<f>")) || bytes.Contains(text, []byte("<hyperlink"))) {
				t.Errorf("%s holds a formula or a link", part.Name)
			}
		}
	}
}

func checkMarkup(t *testing.T, name, text string) {
	t.Helper()
	for _, bad := range []string{"<script", "\u202e", "\x01", "\xff", `href="javascript`} {
		if strings.Contains(text, bad) {
			t.Errorf("%s holds %q", name, bad)
		}
	}
}
