package deliver

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with testdata; a file that is missing fails the test.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// content is an attachment in memory.
func content(name, mediaType string, data []byte) Attachment {
	return Attachment{Name: name, Type: mediaType, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// noise is bytes that are the same in every run.
func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func sample() *Message {
	return &Message{
		ID: "3f2a91c0.r1@reports.example.com", Date: time.Date(2017, 9, 13, 6, 0, 7, 0, time.FixedZone("CEST", 7200)),
		From: "QoS reports <qos@example.com>", To: []string{"noc@example.com", `"Müller, Jürgen" <jm@example.com>`}, CC: []string{"lead@example.com"},
		BCC: []string{"audit@example.com"}, ReplyTo: "qos-admins@example.com",
		Subject: "Voice daily 2017-09-12: watch – poor calls in Zürich 3,01 %, twice the usual of 28 days",
		Text:    "Poor calls in Zürich: 3.01 %.\n.a line that begins with a dot\n\nA long line " + strings.Repeat("goes on ", 20) + "to here.\n",
		HTML:    "<p style=\"color:#a00\">Poor calls in Zürich: <b>3.01&nbsp;%</b></p>\n",
		Header:  map[string]string{"X-QoS-Instance": "prod-1", "List-Id": "<voice-daily.reports.example.com>", "X-QoS-Window": "2017-09-12 in Zürich"},
		Attachments: []Attachment{
			content("voice-daily_2017-09-12.xlsx", xlsx, noise(200)),
			content("voice-daily_2017-09-12.csv", "text/csv; charset=utf-8", []byte("site,calls\nZürich,20000\n")),
		},
	}
}

func encode(t *testing.T, m *Message) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := m.WriteTo(&out)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(out.Len()) {
		t.Errorf("WriteTo counts %d bytes of %d", n, out.Len())
	}
	return out.Bytes()
}

// wellFormed looks at what RFC 5321 and 5322 ask of every line.
func wellFormed(t *testing.T, data []byte) {
	t.Helper()
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		t.Errorf("the last line has no end: %q", data[max(0, len(data)-20):])
	}
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("line of %d bytes: %.80q", len(line), line)
		}
		if i := bytes.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }); i >= 0 {
			t.Errorf("a byte that is no printable ASCII in %.80q", line)
		}
	}
}

func TestGoldenMessage(t *testing.T) {
	data := encode(t, sample())
	wellFormed(t, data)
	golden(t, "message.eml", data)
}

// digest is what the process that TestSameBytesInEveryProcess starts prints.
func digest(t *testing.T) string {
	sum := sha256.Sum256(encode(t, sample()))
	return hex.EncodeToString(sum[:])
}

func TestSameBytesInEveryProcess(t *testing.T) {
	if os.Getenv("DELIVER_PRINT_DIGEST") != "" {
		os.Stdout.WriteString("digest " + digest(t) + "\n")
		return
	}
	want := digest(t)
	for range 20 { // maps are in another order each time
		if got := digest(t); got != want {
			t.Fatalf("the same message has other bytes: %s, %s", got, want)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range [][]string{{"TZ=Asia/Tokyo", "GOMAXPROCS=1"}, {"TZ=America/St_Johns", "GOMAXPROCS=4", "LANG=de_DE.UTF-8"}} {
		cmd := exec.Command(self, "-test.run", "^TestSameBytesInEveryProcess$")
		cmd.Env = append(append(os.Environ(), "DELIVER_PRINT_DIGEST=1"), env...)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "digest "+want+"\n") {
			t.Errorf("%v: %v, got %s, want %s", env, err, out, want)
		}
	}
}

// leaf is one body as a reader finds it.
type leaf struct{ mediaType, name, content string }

// leaves reads a body and the bodies inside it.
func leaves(t *testing.T, header map[string][]string, body io.Reader) []leaf {
	t.Helper()
	get := mail.Header(header).Get
	mediaType, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		list := []leaf{{mediaType: mediaType}}
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return list
			}
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, leaves(t, p.Header, p)...)
		}
	}
	var decoded io.Reader
	switch get("Content-Transfer-Encoding") {
	case "base64":
		decoded = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		decoded = quotedprintable.NewReader(body)
	default:
		t.Fatalf("encoding %q", get("Content-Transfer-Encoding"))
	}
	data, err := io.ReadAll(decoded)
	if err != nil {
		t.Fatal(err)
	}
	_, disposition, _ := mime.ParseMediaType(get("Content-Disposition"))
	return []leaf{{mediaType, disposition["filename"], string(data)}}
}

func TestReadersFindEveryByte(t *testing.T) {
	m := sample()
	sizes := []int{0, 1, 56, 57, 58, lineIn * atOnce, lineIn*atOnce + 1, 300_000}
	m.Attachments = nil
	for _, n := range sizes {
		m.Attachments = append(m.Attachments, content("n.bin", "", noise(n)))
	}
	data := encode(t, m)
	wellFormed(t, data)
	parsed, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	got := leaves(t, parsed.Header, parsed.Body)
	crlf := strings.NewReplacer("\n", "\r\n")
	want := []leaf{{"multipart/mixed", "", ""}, {"multipart/alternative", "", ""},
		{"text/plain", "", crlf.Replace(m.Text)}, {"text/html", "", crlf.Replace(m.HTML)}}
	for _, n := range sizes {
		want = append(want, leaf{"application/octet-stream", "n.bin", string(noise(n))})
	}
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d is %s %q of %d bytes, want %s %q of %d", i, got[i].mediaType, got[i].name, len(got[i].content), want[i].mediaType, want[i].name, len(want[i].content))
		}
	}
	for name, want := range map[string]string{
		"Message-Id": "<3f2a91c0.r1@reports.example.com>", "Date": "Wed, 13 Sep 2017 04:00:07 +0000", "Mime-Version": "1.0",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Bcc": "", "X-Qos-Instance": "prod-1",
		"Reply-To": "qos-admins@example.com", "Cc": "lead@example.com", "List-Id": "<voice-daily.reports.example.com>",
	} {
		if got := parsed.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	to, err := parsed.Header.AddressList("To")
	if err != nil || len(to) != 2 || to[1].Name != "Müller, Jürgen" || to[1].Address != "jm@example.com" {
		t.Errorf("To reads back as %v, %v", to, err)
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil || subject != m.Subject {
		t.Errorf("the subject reads back as %q, %v", subject, err)
	}
	if bytes.Contains(data, []byte("audit@example.com")) {
		t.Error("a blind copy shows")
	}
}

func TestPlainTextAlone(t *testing.T) {
	for text, want := range map[string]string{"one line": "one line\r\n", "two\nlines\n": "two\r\nlines\r\n", "broken \xff\x00": "broken \uFFFD\x00\r\n", "crlf\r\n": "crlf\r\n"} {
		m := sample()
		m.Text, m.HTML, m.Attachments, m.To, m.CC = text, "", nil, nil, nil
		data := encode(t, m)
		wellFormed(t, data)
		parsed, err := mail.ReadMessage(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got := leaves(t, parsed.Header, parsed.Body); len(got) != 1 || got[0].content != want || got[0].mediaType != "text/plain" {
			t.Errorf("%q reads back as %q", text, got)
		}
		if to := parsed.Header.Get("To"); to != "undisclosed-recipients:;" {
			t.Errorf("To is %q", to)
		}
	}
}

func TestAttachmentsThatCannotBeRead(t *testing.T) {
	lost, torn := errors.New("lost"), errors.New("torn")
	for name, open := range map[string]func() (io.ReadCloser, error){
		"lost": func() (io.ReadCloser, error) { return nil, lost },
		"torn": func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(noise(30_000)), failing{torn})), nil
		},
	} {
		m := sample()
		m.Attachments[0].Open = open
		_, err := m.WriteTo(io.Discard)
		if err == nil || err.Error() != "attach voice-daily_2017-09-12.xlsx: "+name || fault.AreaOf(err) != fault.Output {
			t.Errorf("%s: got %v, area %d", name, err, fault.AreaOf(err))
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestEnvelope(t *testing.T) {
	m := sample()
	m.To = []string{"a@Example.com", "A@example.com", `"x y"@example.com`}
	m.CC = []string{"Again <a@example.COM>"}
	l, err := m.compose()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(l.to, " "); got != `a@Example.com A@example.com "x y"@example.com audit@example.com` {
		t.Errorf("recipients %s", got)
	}
	m.Recipients = []string{"only@example.com"}
	if l, err = m.compose(); err != nil || len(l.to) != 1 || l.to[0] != "only@example.com" {
		t.Errorf("recipients %v, %v", l.to, err)
	}
	if size, err := l.size(); err != nil || size != int64(len(encode(t, m))) {
		t.Errorf("size %d, %v", size, err)
	}
}

func TestMailbox(t *testing.T) {
	for text, want := range map[string]string{
		"a@example.com": "a@example.com", "Name <a@example.com>": "a@example.com", `"x y"@example.com`: `"x y"@example.com`, `N <"x\"y"@example.com>`: `"x\"y"@example.com`,
		"ä@example.com": "", "a@example.com\r\n": "", "nobody": "",
	} {
		if got, err := Mailbox(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q gives %q, %v; want %q", text, got, err, want)
		}
		m := Message{From: "qos@example.com", To: []string{text}}
		if err := m.CheckAddresses(); (err == nil) != (want != "") {
			t.Errorf("a message to %q: %v", text, err)
		}
	}
}

// Whatever a subject, a name and a text hold, the message has the fields that it should
// have and no others, and the texts read back.
func FuzzMessage(f *testing.F) {
	f.Add("subject", "Name", "text")
	f.Add("a\r\nBcc: x@example.com", "=?utf-8?q?x?=", ".\r\n.\r\n")
	f.Add("\u202e\xff😀", `"\`, "\x00\xff\r")
	f.Fuzz(func(t *testing.T, subject, name, text string) {
		m := sample()
		m.Subject, m.Text = subject, text
		m.From = (&mail.Address{Name: name, Address: "qos@example.com"}).String()
		var out bytes.Buffer
		if _, err := m.WriteTo(&out); err != nil {
			return
		}
		wellFormed(t, out.Bytes())
		parsed, err := mail.ReadMessage(&out)
		if err != nil || len(parsed.Header) != 14 {
			t.Fatalf("%d fields, %v", len(parsed.Header), err)
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil || got != oneLine(subject) {
			t.Errorf("subject %q reads back as %q, %v", oneLine(subject), got, err)
		}
		from, err := parsed.Header.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Address != "qos@example.com" {
			t.Errorf("From reads back as %v, %v", from, err)
		}
		if got := leaves(t, parsed.Header, parsed.Body); len(got) != 6 || got[5].content != "site,calls\nZürich,20000\n" {
			t.Errorf("parts %q", got)
		}
	})
}
