//go:build peers

package peers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	cluster "qosreport/internal/lab"
	"qosreport/internal/lab/sample"
	"qosreport/internal/store"
)

// plant is an installation of the program, with a cluster in this process.
type plant struct {
	dir    string // of the configuration
	out    string // of the files
	store  string // path of the ledger
	report string // its name
	lab    *cluster.Lab
}

// newPlant starts a cluster and lays out a configuration with a report: a thousand rows, of
// which page and workbook show all.
func newPlant(t *testing.T, report, email string) *plant {
	t.Helper()
	dir := t.TempDir()
	p := &plant{dir: dir, out: filepath.Join(dir, "out"), store: filepath.Join(dir, "ledger.db"), report: report}
	var err error
	p.lab, err = cluster.Start(context.Background(), cluster.Options{Dir: dir, Sample: sample.Options{Days: 3, LegsPerDay: 100}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.lab.Close(); err != nil {
			t.Error(err)
		}
	})
	p.write(t, "queries/names.sql", "SELECT name, id, amount, seen_at FROM acme WHERE dt = '2017-09-12'\n")
	p.write(t, "configs/reports/"+report+".yaml", `version: 1
datasets:
  names: {query: names.sql, rows: true, limit: 5000}
sections:
  names: {table: names}
outputs: {html: {}, xlsx: {}}
email: `+email+"\n")
	return p
}

// write writes a file of the configuration.
func (p *plant) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// configure writes the configuration: the cluster, the ledger and the files as they are,
// and what is given of mail, schedules and the page.
func (p *plant) configure(t *testing.T, more string) {
	t.Helper()
	p.write(t, "configs/qosreport.yaml", fmt.Sprintf(`version: 1
zone: UTC
out: %s
impala: {hosts: [%q], tls: {enabled: false}}
kerberos: {principal: %s, keytab: %s, krb5_conf: %s}
store: {path: %s}
`, p.out, p.lab.Coordinator, cluster.Principal, p.lab.Keytab, p.lab.KRB5Conf, p.store)+more)
}

// run runs the program, and fails the test unless it ends with the code and says the words.
func (p *plant) run(t *testing.T, code int, says string, args ...string) outcome {
	t.Helper()
	o := qosreport(t, append(args, "--config-dir", p.dir)...)
	if o.code != code || !strings.Contains(o.stdout+o.stderr, says) {
		t.Fatalf("qosreport %s ended with %d, want %d and %q\n%s%s", strings.Join(args, " "), o.code, code, says, o.stdout, o.stderr)
	}
	return o
}

// facts opens the ledger beside whoever writes it.
func (p *plant) facts(t *testing.T, read func(ledger *store.Store)) {
	t.Helper()
	ledger, err := store.Open(t.Context(), p.store, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	read(ledger)
}

// slots are the facts about all slots, the oldest first.
func (p *plant) slots(t *testing.T) (all []store.Why) {
	t.Helper()
	p.facts(t, func(ledger *store.Store) {
		slots, err := ledger.Slots(t.Context(), store.SlotFilter{})
		for _, slot := range slots {
			var w store.Why
			if w, err = ledger.Why(t.Context(), slot.Key); err != nil {
				break
			}
			all = append(all, w)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return all
}

// deliveries are those of all mails.
func (p *plant) deliveries(t *testing.T) (all []store.Delivery) {
	t.Helper()
	p.facts(t, func(ledger *store.Store) {
		var err error
		if all, err = ledger.Deliveries(t.Context(), store.DeliveryFilter{}); err != nil {
			t.Fatal(err)
		}
	})
	return all
}

// wantMail compares the deliveries, each with a regular expression.
func (p *plant) wantMail(t *testing.T, lines ...string) {
	t.Helper()
	var got []string
	for _, d := range p.deliveries(t) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", d.Recipient, d.State, d.Code, d.Answer)))
	}
	same := len(got) == len(lines)
	for i := 0; same && i < len(lines); i++ {
		same = regexp.MustCompile("^" + lines[i] + "$").MatchString(got[i])
	}
	if !same {
		t.Errorf("the ledger has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

// wantAttempts sees how the only slot ended, and each of its attempts.
func (p *plant) wantAttempts(t *testing.T, outcome store.Outcome, reason string, attempts ...string) {
	t.Helper()
	all := p.slots(t)
	if len(all) != 1 {
		t.Fatalf("%d slots", len(all))
	}
	var got []string
	for _, run := range all[0].Runs {
		for _, a := range run.Attempts {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Result, a.Phase, a.Class)))
		}
	}
	if slot := all[0].Slot; slot.Outcome != outcome || !regexp.MustCompile("^(?s)"+reason+"$").MatchString(slot.Reason) || strings.Join(got, ", ") != strings.Join(attempts, ", ") {
		t.Errorf("the slot is %s: %s\nafter %q; want %s: %s\nafter %q", slot.Outcome, slot.Reason, got, outcome, reason, attempts)
	}
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
