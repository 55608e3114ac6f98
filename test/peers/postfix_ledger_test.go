//go:build peers

package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/store"
)

// mailing is the configuration that leads to the server for mail, with a schedule that was
// due today and sends to these people.
func (m *mta) mailing(t *testing.T, p *plant, host string, to string) {
	t.Helper()
	p.write(t, "password", "secret\n")
	p.configure(t, fmt.Sprintf(`smtp: {host: %q, ca_file: %s, user: report@test, password_file: %s, from: "QoS reports <qos@example.org>"}
schedules:
  daily: {report: %s, cron: "0 0 * * *", start_deadline: 24h, run_timeout: 1m, to: [%s], owner: [ok@example.org]}
`, host, filepath.Join(m.dir, "etc", "cert.pem"), filepath.Join(p.dir, "password"), p.report, to))
}

// boxed counts the messages of an id in a mailbox.
func (m *mta) boxed(t *testing.T, box, id string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "mail", box))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(data), "Message-ID: <"+id+">")
}

const taken = `250 2\.0\.0 Ok: queued as \w+`

// What Postfix answers for each reader is in the ledger, word by word, and decides how the
// slot ends and what the command exits with.
func TestPostfixAndTheLedger(t *testing.T) {
	server := startPostfix(t)
	t.Run("readers who are refused", server.refusedReaders)
	t.Run("a reader who is put off for ever", server.putOffForEver)
	t.Run("a reader who is put off once", server.putOffOnce)
	t.Run("a mail that is too large", server.tooLargeForAll)
}

func (m *mta) refusedReaders(t *testing.T) {
	p := newPlant(t, "refused", "{to: [nobody@example.org], attach: []}")
	m.mailing(t, p, m.submission, "no@example.org, ok@example.org, nobody@example.org")
	p.run(t, 7, "2 of 3 recipients did not get the mail: no@example.org, nobody@example.org", "run", "--schedule", "daily", "--slot", "last")
	p.wantMail(t,
		`no@example\.org refused 554 5\.7\.1 <no@example\.org>: Recipient address rejected: Access denied`,
		`ok@example\.org sent `+taken,
		`nobody@example\.org refused 550 5\.1\.1 <nobody@example\.org>: Recipient address rejected: User unknown in virtual mailbox table`)
	p.wantAttempts(t, store.Failed, `refused: 2 of 3 .* 554 5\.7\.1 .* 550 5\.1\.1 .*`, "failed mail refused")
	id, _, _ := strings.Cut(p.deliveries(t)[1].MessageID, "@")
	m.delivered(t, id)
	p.run(t, 11, "qosreport why daily@", "run", "--schedule", "daily", "--slot", "last")
	if n := m.boxed(t, "ok", p.deliveries(t)[1].MessageID); n != 1 {
		t.Errorf("%d mails", n)
	}
	if !strings.Contains(m.delivered(t, m.notice(t, "refused")), "nobody@example.org, delivery 3: refused (550 5.1.1") {
		t.Error("the owner's notice does not name who was refused")
	}
}

// notice is the id of the only notice of a class in the owner's mailbox.
func (m *mta) notice(t *testing.T, class string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "mail", "ok"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for message := range strings.SplitSeq("\n"+string(data), "\n\nFrom ") {
		_, rest, found := strings.Cut(message, "Message-ID: <")
		id, _, _ := strings.Cut(rest, "@")
		if found && strings.Contains(message, " failed: "+class+"\n") {
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("notices of %s: %q in\n%.5000s", class, ids, data)
	}
	return ids[0]
}

// The schedule has a minute, which ends the attempts before there were five, or after.
func (m *mta) putOffForEver(t *testing.T) {
	p := newPlant(t, "later", "{to: [later@example.org], attach: []}")
	m.mailing(t, p, m.submission, "later@example.org, ok@example.org")
	p.run(t, 7, "450 4.2.1 <later@example.org>: Recipient address rejected: try later", "run", "--schedule", "daily", "--slot", "last")
	p.wantMail(t, `later@example\.org pending 450 4\.2\.1 <later@example\.org>: Recipient address rejected: try later`, `ok@example\.org sent `+taken)
	tries := len(p.slots(t)[0].Runs[0].Attempts)
	p.wantAttempts(t, store.Failed, `deferred: .*1 of 2 recipients did not get the mail: later@example\.org: .*`, slices.Repeat([]string{"failed mail deferred"}, tries)...)
	if logged := strings.Count(m.log(t), "<later@example.org>: Recipient address rejected: try later"); tries > 5 || logged != tries {
		t.Errorf("%d attempts, and the server knows of %d", tries, logged)
	}
	id := p.deliveries(t)[1].MessageID
	short, _, _ := strings.Cut(id, "@")
	m.delivered(t, short)
	if n := m.boxed(t, "ok", id); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// One who is put off gets the mail from the next command, under the id of the first try,
// and nobody gets it twice.
func (m *mta) putOffOnce(t *testing.T) {
	p := newPlant(t, "again", "{to: [again@example.org], cc: [ok@example.org], attach: []}")
	m.mailing(t, p, m.submission, "ok@example.org")
	send := []string{"run", "--report", p.report, "--date", "2017-09-12", "--send"}
	p.run(t, 7, "1 of 2 recipients did not get the mail: again@example.org", send...)
	p.wantMail(t, `again@example\.org pending 450 4\.2\.1 <again@example\.org>: Recipient address rejected: come again`, `ok@example\.org sent `+taken)
	first := p.deliveries(t)
	script(t, nil, "postfix.sh", "accept", m.dir)
	p.run(t, 0, "sent to again@example.org", send...)
	p.wantMail(t, `again@example\.org sent `+taken, `ok@example\.org sent `+taken)
	p.run(t, 2, "already sent to again@example.org", send...)
	for i, d := range p.deliveries(t) {
		box, _, _ := strings.Cut(d.Recipient, "@")
		if d.MessageID != first[i].MessageID {
			t.Errorf("the mail to %s had the id %s and has %s", d.Recipient, first[i].MessageID, d.MessageID)
		}
		m.arrives(t, box, d.MessageID)
		if n := m.boxed(t, box, d.MessageID); n != 1 {
			t.Errorf("%d mails to %s", n, d.Recipient)
		}
	}
}

// A mail that is larger than Postfix takes is refused once: before it is sent where the
// limit is announced, and for good where it shows at the end. The attachments are what
// makes it large.
func (m *mta) tooLargeForAll(t *testing.T) {
	for _, tt := range []struct{ name, host, row, says string }{
		{"announced", m.submission, `ok@example\.org pending 0`, "the message is too large: "},
		{"silent", m.silent, `ok@example\.org refused 552 5\.3\.4 Error: message file too big`, "end of content: 552 5.3.4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlant(t, "large-"+tt.name, "{to: [ok@example.org], attach: [html, xlsx]}")
			m.mailing(t, p, tt.host, "ok@example.org")
			o := p.run(t, 7, tt.says, "run", "--schedule", "daily", "--slot", "last")
			if !strings.Contains(o.stderr, "smtp.max_size is where the workbook is left out") {
				t.Errorf("no remedy in\n%s", o.stderr)
			}
			p.wantMail(t, tt.row)
			p.wantAttempts(t, store.Failed, "refused: 1 of 1 recipients did not get the mail: .*", "failed mail refused")
			if n := m.boxed(t, "ok", p.deliveries(t)[0].MessageID); n != 0 {
				t.Errorf("%d mails", n)
			}
			if tt.name == "announced" {
				m.withoutFiles(t, p)
			}
		})
	}
}

// withoutFiles does what the remedy says, and has the slot run once more.
func (m *mta) withoutFiles(t *testing.T, p *plant) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "configs/qosreport.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "configs/qosreport.yaml", replaced(t, string(text), "smtp: {", "smtp: {max_size: 100KB, "))
	p.run(t, 0, "sent to ok@example.org", "run", "--schedule", "daily", "--slot", p.slots(t)[0].Slot.Key)
	p.wantMail(t, `ok@example\.org sent `+taken)
	id := p.deliveries(t)[0].MessageID
	m.arrives(t, "ok", id)
	short, _, _ := strings.Cut(id, "@")
	if mail := m.delivered(t, short); strings.Contains(mail, "spreadsheetml") || !strings.Contains(mail, ".xlsx") {
		t.Errorf("the mail has the workbook, or does not say where it lies:\n%.3000s", mail)
	}
}

// arrives waits until a mailbox has the message of an id.
func (m *mta) arrives(t *testing.T, box, id string) {
	t.Helper()
	eventually(t, "the mail is in the box of "+box, func() bool { return m.boxed(t, box, id) > 0 })
}
