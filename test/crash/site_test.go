//go:build peers

package crash

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qosreport/internal/lab"
	"qosreport/internal/lab/mailbox"
	"qosreport/internal/lab/sample"
	"qosreport/internal/store"
)

const (
	schedule = "minute"
	reader   = "noc@example.com"
)

// site is one installation with a cluster and mail servers of its own.
type site struct {
	dir, out, temp string
	zone           *time.Location
	ledger         *store.Store // read only, beside the services

	cluster *relay      // to the coordinator
	hold    atomic.Bool // the next rows that the coordinator gives do not arrive
	mail    *relay      // to the newest of the boxes
	boxes   []*mailbox.Server

	serving []*process
	started int // processes so far
}

// newSite starts everything but the service.
func newSite(t *testing.T) *site {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatalf("%v: bash test/peers/install", err)
	}
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &site{dir: dir, out: filepath.Join(dir, "out"), temp: filepath.Join(dir, "tmp"), zone: daytime(t)}
	if err := os.Mkdir(s.temp, 0o700); err != nil {
		t.Fatal(err)
	}
	s.cluster, s.mail = newRelay(t), newRelay(t)
	l, err := lab.Start(context.Background(), lab.Options{Dir: dir, Sample: sample.Options{Days: 3, LegsPerDay: 100}, Observe: s.observe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cluster.close() // a client that waits would keep the coordinator
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	s.cluster.lead(l.Coordinator)
	s.open(t, nil)
	s.configure(t, l)
	return s
}

// observe stalls the cluster when rows are asked for, before an answer is made.
func (s *site) observe(method string) {
	if method == "FetchResults" && s.hold.CompareAndSwap(true, false) {
		s.cluster.stall()
	}
}

// open makes new connections for mail go to a new server.
func (s *site) open(t *testing.T, at map[mailbox.Step]mailbox.Act) *mailbox.Server {
	t.Helper()
	dir := filepath.Join(s.dir, fmt.Sprintf("box-%d", len(s.boxes)))
	box, err := mailbox.Start(context.Background(), mailbox.Options{Dir: dir, Faults: mailbox.Faults{At: at}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	s.boxes = append(s.boxes, box)
	s.mail.lead(box.Addr)
	return box
}

// mails counts the mails that were accepted for the reader, by their Message-ID.
func (s *site) mails(t *testing.T) map[string]int {
	t.Helper()
	count := make(map[string]int)
	for _, box := range s.boxes {
		for _, m := range box.Messages() {
			content, err := m.Content()
			if err != nil {
				t.Fatal(err)
			}
			_, rest, found := strings.Cut(string(content), "Message-ID: <")
			id, _, ended := strings.Cut(rest, ">")
			if !found || !ended {
				t.Fatalf("a mail without Message-ID:\n%.500s", content)
			}
			if len(m.To) == 1 && m.To[0] == reader {
				count[id]++
			}
		}
	}
	return count
}

const report = `version: 1
title: Names
datasets:
  names: {query: names.sql, rows: true}
sections:
  names: {table: names}
outputs:
  html: {sections: [names]}
  xlsx: {sheets: [{name: Names, sections: [names]}]}
email: {attach: [xlsx, html]}
`

// names asks for the same day always: the sample does not go on to today.
const names = `SELECT name, count(*) AS n FROM acme WHERE dt = '2017-09-12' GROUP BY name ORDER BY name LIMIT 5`

func (s *site) configure(t *testing.T, l *lab.Lab) {
	t.Helper()
	times := `cron: "* * * * *"`
	if testing.Short() {
		times = `cron: "*/10 * * * * *", allow_seconds: true`
	}
	_, port, err := net.SplitHostPort(s.cluster.addr)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`version: 1
instance: crash
zone: %s
out: %s
impala: {hosts: ["localhost:%s"], tls: {enabled: false}}
kerberos: {principal: %s, keytab: %s, krb5_conf: %s}
store: {path: %s}
smtp: {host: "%s", tls: none, from: qos@example.com}
web: {listen: ""}
schedules:
  %s: {report: names, %s, window: today_so_far, start_deadline: 30m, overlap: allow, to: [%s], owner: [owner@example.com]}
`, s.zone, s.out, port, lab.Principal, l.Keytab, l.KRB5Conf, s.path(), s.mail.addr, schedule, times, reader)
	for name, text := range map[string]string{"configs/qosreport.yaml": text, "configs/reports/names.yaml": report, "queries/names.sql": names} {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// path is that of the ledger.
func (s *site) path() string { return filepath.Join(s.dir, "ledger.db") }

// file is the path of a file of a slot, whose window is a part of a day.
func (s *site) file(slot store.Slot, ending string) string {
	const instant = "20060102T150405Z"
	w := slot.Window
	return filepath.Join(s.out, fmt.Sprintf("%s_%s_%s-%s%s", schedule, w.From.In(s.zone).Format(time.DateOnly), w.From.UTC().Format(instant), w.To.UTC().Format(instant), ending))
}

// files are the paths of all files of a slot.
func (s *site) files(slot store.Slot) []string {
	return []string{s.file(slot, ".xlsx"), s.file(slot, ".html")}
}

// daytime is a zone where no day ends during the test.
func daytime(t *testing.T) *time.Location {
	t.Helper()
	for _, name := range []string{"UTC", "Asia/Tokyo"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		if hour := time.Now().In(zone).Hour(); hour > 0 && hour < 23 {
			return zone
		}
	}
	t.Fatal("it is midnight everywhere")
	return nil
}
