package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

// threeReaders is a schedule whose report three people get.
var threeReaders = strings.Replace(strings.Replace(halfPast, "[noc@example.com]", "[a@example.com, b@example.com, c@example.com]", 1), "[admins@example.com]", "[owner@example.com]", 1)

// told are the rows that the ledger has of the only slot: its outcome, the attempts and the
// deliveries, one in a line.
func (b *bubble) told() string {
	b.t.Helper()
	w := b.only()
	lines := []string{strings.Join(strings.Fields(fmt.Sprintf("slot %s %s", w.Slot.Outcome, w.Slot.Reason)), " ")}
	for _, a := range attempts(w) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("attempt %s in %s %s", a.Result, a.Phase, a.Class)))
	}
	for _, d := range b.deliveries() {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", d.Recipient[:1], d.State, d.Code, d.Answer)))
	}
	return strings.Join(lines, "\n")
}

func (b *bubble) deliveries() (all []store.Delivery) {
	b.t.Helper()
	b.ledger(func(ledger *store.Store) {
		var err error
		if all, err = ledger.Deliveries(b.t.Context(), store.DeliveryFilter{}); err != nil {
			b.t.Fatal(err)
		}
	})
	return all
}

// wantRows compares the rows line by line; a line is a regular expression.
func (b *bubble) wantRows(lines ...string) {
	b.t.Helper()
	got := strings.Split(b.told(), "\n")
	same := len(got) == len(lines)
	for i := 0; same && i < len(lines); i++ {
		same = regexp.MustCompile("^" + lines[i] + "$").MatchString(got[i])
	}
	if !same {
		b.t.Errorf("the ledger has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

// accepted sees who has mail, each one message, whose id is that of the ledger. The owner
// has so many.
func (b *bubble) accepted(box *mailbox.Server, owner int, readers ...string) {
	b.t.Helper()
	ids := make(map[string]string)
	for _, d := range b.deliveries() {
		ids[d.Recipient[:1]] = d.MessageID
	}
	var got []string
	for _, m := range box.Messages() {
		if m.To[0] == "owner@example.com" {
			owner--
			continue
		}
		content, err := m.Content()
		if err != nil {
			b.t.Fatal(err)
		}
		reader := m.To[0][:1]
		if got = append(got, reader); !strings.Contains(string(content), "Message-ID: <"+ids[reader]+">") {
			b.t.Errorf("the mail to %s has not the id %s", m.To[0], ids[reader])
		}
	}
	if slices.Sort(got); !slices.Equal(got, readers) || owner != 0 {
		b.t.Errorf("mail for %q was accepted, and %d too few for the owner; want %q", got, owner, readers)
	}
}

const kept = `sent 250 2\.0\.0 kept as 000\d\.eml`

// Rows of the ledger for what mail servers do, and the exit code of a run for another
// scheduler.
func TestTheLedgerOfMailFaults(t *testing.T) {
	tests := []struct {
		name    string
		faults  mailbox.Faults
		code    int
		says    string
		rows    []string
		owner   int // notices that arrived
		readers []string
	}{
		{"one is refused", mailbox.Faults{Recipients: map[string]string{"b@example.com": "550 5.1.1 unknown user"}}, 7, "1 of 3 recipients did not get the mail: b@example.com", []string{
			`slot failed refused: 1 of 3 recipients did not get the mail: b@example\.com: .*RCPT b@example\.com: 550 5\.1\.1 unknown user`,
			"attempt failed in mail refused", "a " + kept, `b refused 550 5\.1\.1 unknown user`, "c " + kept}, 1, []string{"a", "c"}},
		{"one is put off once", mailbox.Faults{Greylist: []string{"b@example.com"}}, 0, "sent to b@example.com", []string{
			"slot done", "attempt failed in mail deferred", "attempt done in mail", "a " + kept, "b " + kept, "c " + kept}, 0, []string{"a", "b", "c"}},
		{"one is put off for ever", mailbox.Faults{Recipients: map[string]string{"b@example.com": "450 4.2.1 try later"}}, 7, "450 4.2.1 try later", []string{
			`slot failed deferred: 1 of 3 recipients did not get the mail: b@example\.com: .*450 4\.2\.1 try later`,
			"attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred",
			"a " + kept, `b pending 450 4\.2\.1 try later`, "c " + kept}, 1, []string{"a", "c"}},
		{"one is refused, and one put off once", mailbox.Faults{Recipients: map[string]string{"a@example.com": "550 5.1.1 unknown user"}, Greylist: []string{"b@example.com"}}, 7, "sent to b@example.com", []string{
			`slot failed refused: 1 of 3 recipients did not get the mail: a@example\.com: .*550 5\.1\.1 unknown user`,
			"attempt failed in mail deferred", "attempt failed in mail refused", `a refused 550 5\.1\.1 unknown user`, "b " + kept, "c " + kept}, 1, []string{"b", "c"}},
		{"the connection breaks in the content", mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Content: {Cut: true}}}, 8, "qosreport resolve", []string{
			`slot failed delivery unknown.* nobody knows whether a@example\.com \(delivery 1\), b@example\.com \(delivery 2\), c@example\.com \(delivery 3\) got the mail: .*`,
			"attempt failed in mail delivery unknown", "a unknown 0", "b unknown 0", "c unknown 0"}, 0, nil},
		{"and when the mail was taken", mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Kept: {Cut: true}}}, 8, "qosreport resolve", []string{
			"slot failed delivery unknown.*", "attempt failed in mail delivery unknown", "a unknown 0", "b unknown 0", "c unknown 0"}, 1, []string{"a", "b", "c"}},
		{"and behind its answer", mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Done: {Cut: true}}}, 0, "sent to c@example.com", []string{
			"slot done", "attempt done in mail", "a " + kept, "b " + kept, "c " + kept}, 0, []string{"a", "b", "c"}},
		{"DATA is put off", mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Data: {Reply: "451 4.3.0 no room"}}}, 7, "451 4.3.0 no room", []string{
			"slot failed deferred: 3 of 3 recipients did not get the mail: .*",
			"attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred",
			`a pending 451 4\.3\.0 no room`, `b pending 451 4\.3\.0 no room`, `c pending 451 4\.3\.0 no room`}, 0, nil},
		{"the content is refused", mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Dot: {Reply: "554 5.7.1 spam"}}}, 7, "554 5.7.1 spam", []string{
			"slot failed refused: 3 of 3 recipients did not get the mail: .*", "attempt failed in mail refused",
			`a refused 554 5\.7\.1 spam`, `b refused 554 5\.7\.1 spam`, `c refused 554 5\.7\.1 spam`}, 0, nil},
		{"the server is closing down", mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Greeting: {Reply: "421 4.3.2 closing", Cut: true}}}, 7, "421 4.3.2 closing", []string{
			"slot failed deferred: 3 of 3 recipients did not get the mail: .*",
			"attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred", "attempt failed in mail deferred",
			`a pending 421 4\.3\.2 closing`, `b pending 421 4\.3\.2 closing`, `c pending 421 4\.3\.2 closing`}, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			virtually(t, threeReaders, func(t *testing.T, b *bubble) {
				b.rewrite("smtp: {", "smtp: {tls: none, ")
				time.Sleep(41 * time.Minute)
				b.box.SetFaults(tt.faults)
				b.oneShot(tt.code, tt.says)
				b.wantRows(tt.rows...)
				b.accepted(b.box, tt.owner, tt.readers...)
				// Once more says how it ended, and sends nothing.
				before := b.told()
				b.oneShot(map[int]int{0: 0, 7: 11, 8: 8}[tt.code], "hourly@2017-09-10T05:30Z is")
				if after := b.told(); after != before {
					t.Errorf("then the ledger has\n%s", after)
				}
				b.accepted(b.box, tt.owner, tt.readers...)
			})
		})
	}
}

// A server that takes its time is waited for, ten minutes for an answer to the content and
// one to a command, and no longer than the run has.
func TestTheLedgerOfASlowMailServer(t *testing.T) {
	tests := []struct {
		name    string
		at      mailbox.Step
		release time.Duration // 0 is never
		code    int
		took    time.Duration // 0 is not checked
		rows    []string
		readers []string
	}{
		{"within the time of the content", mailbox.Dot, 9 * time.Minute, 0, 9 * time.Minute, []string{"slot done", "attempt done in mail", "a " + kept, "b " + kept, "c " + kept}, []string{"a", "b", "c"}},
		{"beyond the time of the content", mailbox.Dot, 11 * time.Minute, 8, 11 * time.Minute, []string{
			`slot failed delivery unknown.* nobody knows whether a@example\.com \(delivery 1\) got the mail: .*no answer within 10m0s.*`,
			"attempt failed in mail delivery unknown", "a unknown 0", "b " + kept, "c " + kept}, []string{"a", "b", "c"}}, // a has it after all
		{"beyond the time of the run", mailbox.Dot, 0, 8, 29*time.Minute + 30*time.Second, []string{
			`slot failed delivery unknown.* nobody knows whether .*`, "attempt failed in mail delivery unknown", "a unknown 0", "b unknown 0", "c unknown 0"}, nil},
		{"within the time of a command", mailbox.Rcpt, 50 * time.Second, 0, 50 * time.Second, []string{"slot done", "attempt done in mail", "a " + kept, "b " + kept, "c " + kept}, []string{"a", "b", "c"}},
		{"beyond the time of a command", mailbox.Rcpt, 70 * time.Second, 0, 0, []string{
			"slot done", "attempt failed in mail network", "attempt done in mail", "a " + kept, "b " + kept, "c " + kept}, []string{"a", "b", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			virtually(t, threeReaders, func(t *testing.T, b *bubble) {
				b.rewrite("smtp: {", "smtp: {tls: none, ")
				time.Sleep(41 * time.Minute)
				b.hold(tt.at)
				began := time.Now()
				if tt.release > 0 {
					time.AfterFunc(tt.release, b.box.Release)
				} else { // the notice needs it again
					time.AfterFunc(29*time.Minute+29*time.Second, func() { b.box.SetFaults(mailbox.Faults{}) })
				}
				b.oneShot(tt.code, "")
				if took := time.Since(began).Round(time.Second); tt.took != 0 && took != tt.took {
					t.Errorf("it took %s; want %s", took, tt.took)
				}
				b.wantRows(tt.rows...)
				b.accepted(b.box, map[bool]int{true: 1}[tt.code != 0], tt.readers...)
			})
		})
	}
}

// small puts a mail server in the place of the other that takes no message of this size.
func (b *bubble) small(faults mailbox.Faults) *mailbox.Server {
	b.t.Helper()
	box, err := mailbox.Start(b.t.Context(), mailbox.Options{Dir: filepath.Join(b.dir, "small"), MaxSize: 1500, Faults: faults, Listen: b.network.Listen})
	if err != nil {
		b.t.Fatal(err)
	}
	b.rewrite(b.box.Addr, box.Addr)
	b.rewrite(b.box.CAFile, box.CAFile)
	return box
}

// A mail that is too large for the server is refused once and not tried again. Where the
// server says its limit beforehand nothing is sent, and the mail is still to be had when
// the cause is mended; where it answers for the message, that is the end.
func TestTheLedgerOfAMailThatIsTooLarge(t *testing.T) {
	const refused = `slot failed refused: 3 of 3 recipients did not get the mail: a@example\.com, b@example\.com, c@example\.com: .*`
	for name, tt := range map[string]struct {
		faults mailbox.Faults
		row    string
		says   string
	}{
		"as it announces":    {mailbox.Faults{}, "pending 0", `the message is too large: \d+ bytes, and the limit of .* is 1500`},
		"as it says in time": {mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Mail: {Reply: "552 5.3.4 too big"}}, HideSize: true}, `refused 552 5\.3\.4 too big`, "MAIL: 552"},
		"as it says at last": {mailbox.Faults{HideSize: true}, `refused 552 5\.3\.4 message too big`, "end of content: 552"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, threeReaders, func(t *testing.T, b *bubble) {
				b.rewrite("smtp: {", "smtp: {tls: none, ")
				time.Sleep(41 * time.Minute)
				box := b.small(tt.faults)
				b.oneShot(7, "attach less, or ask the mail team for a higher limit")
				b.wantRows(refused, "attempt failed in mail refused", "a "+tt.row, "b "+tt.row, "c "+tt.row)
				if reason := b.only().Slot.Reason; !regexp.MustCompile(tt.says).MatchString(reason) {
					t.Errorf("the reason is %s; want %s", reason, tt.says)
				}
				if n := box.Accepted(); n != 0 && tt.faults.At == nil && n != 1 { // the notice, if it is small enough
					t.Errorf("%d mails", n)
				}
				if err := box.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
