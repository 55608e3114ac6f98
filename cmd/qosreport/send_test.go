package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/lab"
	"qosreport/internal/lab/mailbox"
)

// post is a report that is mailed to three people, and the mailbox that takes it.
type post struct {
	t    *testing.T
	lab  *lab.Lab
	box  *mailbox.Server
	args []string
	dir  string
}

func newPost(t *testing.T) *post {
	t.Helper()
	l := startLab(t, nil)
	box, err := mailbox.Start(context.Background(), mailbox.Options{Dir: filepath.Join(t.TempDir(), "box"), Users: map[string]string{"report": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	write(t, filepath.Join(dir, "queries/one.sql"), `SELECT name FROM acme WHERE {{partition "dt"}} LIMIT 3`)
	write(t, filepath.Join(dir, "configs/reports/one.yaml"), strings.Replace(mailed, "[noc@example.com, boss@example.org]", "[a@example.com], cc: [b@example.com], bcc: [c@example.com]", 1))
	password := write(t, filepath.Join(dir, "password"), "secret\n")
	write(t, filepath.Join(dir, "configs/qosreport.yaml"), fmt.Sprintf("version: 1\nstore: {path: '%s'}\nsmtp: {host: '%s', ca_file: '%s', user: report, password_file: '%s', from: qos@example.com}\n",
		filepath.Join(dir, "ledger.db"), box.Addr, box.CAFile, password))
	return &post{t: t, lab: l, box: box, dir: dir, args: append(reportArgs(l, filepath.Join(dir, "out")), "--config-dir", dir)}
}

func (p *post) send(code int, says ...string) result {
	p.t.Helper()
	r := call(p.t.Context(), append(p.args, "--send")...)
	for _, want := range says {
		if !strings.Contains(r.stdout+r.stderr, want) {
			p.t.Errorf("nothing says %q", want)
		}
	}
	if r.code != code || p.t.Failed() {
		p.t.Fatalf("exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	return r
}

func (p *post) accepted(want int) {
	p.t.Helper()
	if got := p.box.Accepted(); got != want {
		p.t.Fatalf("%d mails were accepted, want %d", got, want)
	}
}

func TestAMailIsSentOnceToEach(t *testing.T) {
	p := newPost(t)
	p.send(0, "sent to a@example.com", "sent to b@example.com", "sent to c@example.com")
	p.accepted(3)
	for _, m := range p.box.Messages() {
		content, err := m.Content()
		if err != nil || len(m.To) != 1 || !strings.Contains(string(content), "To: "+m.To[0]) {
			t.Errorf("%v: %v\n%.300s", m.To, err, content)
		}
	}
	p.send(2, "already sent to a@example.com", "try:")
	p.accepted(3)
}

// One refused and one deferred recipient stop nobody else; the deferred one gets the mail
// from the next run, the others get no second one.
func TestRecipientsAreOnTheirOwn(t *testing.T) {
	p := newPost(t)
	p.box.SetFaults(mailbox.Faults{Recipients: map[string]string{"b@example.com": "550 5.1.1 unknown user"}, Greylist: []string{"c@example.com"}})
	p.send(7, "sent to a@example.com", "2 of 3 recipients did not get the mail: b@example.com, c@example.com", "550 5.1.1 unknown user")
	p.accepted(1)
	p.send(7, "sent to a@example.com", "sent to c@example.com", "1 of 3 recipients did not get the mail: b@example.com")
	p.accepted(2)
}

// A connection that breaks after DATA leaves a delivery that nobody knows the end of. It
// is sent again only when a person has said that it did not arrive.
func TestAnUnknownDeliveryIsNotRepeated(t *testing.T) {
	p := newPost(t)
	p.box.SetFaults(mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Kept: {Cut: true}}})
	r := p.send(8, "nobody knows whether a@example.com (delivery 1)", "qosreport resolve")
	p.accepted(3)
	p.box.SetFaults(mailbox.Faults{})
	p.send(8, "nobody knows")
	p.accepted(3)
	resolve := append(append([]string{"resolve"}, settings(p.lab)...), "--config-dir", p.dir, "--out", filepath.Join(p.dir, "out"))
	numbers := regexp.MustCompile(`unknown \(delivery (\d+)\)`).FindAllStringSubmatch(r.stdout, -1)
	for i, m := range slices.Backward(numbers) {
		how, says := "--sent", "delivery "+m[1]
		if i == 0 {
			how, says = "--not-sent", "sent to a@example.com"
		}
		if r := call(t.Context(), append(resolve, m[1], how)...); r.code != 0 || len(numbers) != 3 || !strings.Contains(r.stdout, says) {
			t.Fatalf("resolve %s: exit code %d\n%s%s", m[1], r.code, r.stdout, r.stderr)
		}
	}
	p.accepted(4)
	p.send(2, "already sent to a@example.com")
}

func TestSendingMistakes(t *testing.T) {
	p := newPost(t)
	for name, tt := range map[string]struct{ config, says string }{
		"no ledger":      {"smtp: {host: 'localhost:25', from: qos@example.com}", "--send needs a ledger"},
		"no mail server": {"store: {path: '" + filepath.Join(p.dir, "l.db") + "'}\nsmtp: {from: qos@example.com}", "--send needs a mail server"},
		"no TLS":         {"smtp: {host: 'mail.example.com:25', tls: none}", "would cross the network to mail.example.com:25 in clear"},
		"no password":    {"smtp: {host: 'mail.example.com:25', user: x}", "smtp.password_file"},
		"no port":        {"smtp: {host: mail.example.com}", "write host:port"},
	} {
		write(t, filepath.Join(p.dir, "configs/qosreport.yaml"), "version: 1\n"+tt.config+"\n")
		if r := call(t.Context(), append(p.args, "--send")...); r.code != 2 || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%s: exit code %d\n%s%s", name, r.code, r.stdout, r.stderr)
		}
	}
	if r := call(t.Context(), append(p.args, "--send", "--dry-run")...); r.code != 2 {
		t.Errorf("both: exit code %d\n%s", r.code, r.stderr)
	}
	if r := call(t.Context(), "resolve", "1", "--sent", "--config-dir", p.dir); r.code != 2 {
		t.Errorf("resolve without a ledger: exit code %d\n%s", r.code, r.stderr)
	}
	p.accepted(0)
}
