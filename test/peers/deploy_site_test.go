//go:build peers

package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"qosreport/internal/lab/mailbox"
)

// site is what the shipped configuration names: a cluster, a realm, a server for mail.
type site struct {
	kdc, coordinator string // host:port
	mail             *mailbox.Server
	secrets          map[string][]byte // by name, as deployments mount them
}

func startSite(t *testing.T) *site {
	t.Helper()
	l := startLab(t)
	conf, err := os.ReadFile(l.get("KRB5_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	kdc := regexp.MustCompile(`(?m)^\s*kdc = (\S+)$`).FindSubmatch(conf)
	if kdc == nil {
		t.Fatalf("no KDC in\n%s", conf)
	}
	box, err := mailbox.Start(t.Context(), mailbox.Options{Dir: t.TempDir(), Users: map[string]string{"qosreport": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	s := &site{kdc: string(kdc[1]), coordinator: l.get("QOSREPORT_IMPALA_HOST"), mail: box, secrets: map[string][]byte{"smtp-password": []byte("secret\n")}}
	for name, path := range map[string]string{"report.keytab": l.get("QOSREPORT_KERBEROS_KEYTAB"), "mail-ca.pem": box.CAFile} {
		if s.secrets[name], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// configuration is the shipped one, led to this site. Its schedule was due a short while
// ago, and reports on the week of the days that the cluster has.
func (s *site) configuration(t *testing.T, page string) string {
	t.Helper()
	due := time.Now().In(shippedConfig(t).Schedules["voice-daily"].Times.Zone()).Add(-10 * time.Minute)
	monday := time.Date(due.Year(), due.Month(), due.Day()-(int(due.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	const week = 7 * 24 * time.Hour
	offset := 1 - int(monday.Sub(time.Date(2017, 9, 11, 0, 0, 0, 0, time.UTC))/week) // 0 is the week before
	text, err := os.ReadFile(filepath.Join(deployFolder, "qosreport.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return replaced(t, string(text),
		"hosts: [impalad-1.example.com:21050, impalad-2.example.com:21050]", fmt.Sprintf("hosts: [%q]\n  tls: {enabled: false}", s.coordinator),
		"kdcs: [kdc1.example.com, kdc2.example.com]", fmt.Sprintf("kdcs: [%q]", s.kdc),
		"host: mail.example.com:587", fmt.Sprintf("host: %q\n  ca_file: /run/secrets/mail-ca.pem", s.mail.Addr),
		`"0.0.0.0:8080"`, fmt.Sprintf("%q", page),
		`cron: "0 6 * * *"`, fmt.Sprintf("cron: \"%d %d * * *\"\n    window: previous_week\n    offset: %d", due.Minute(), due.Hour(), offset),
	)
}

// replaced is a text in which each second word stands for the first, wherever that is: it
// must be somewhere.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in\n%s", pairs[i], text)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// mails fails the test unless the server for mail has so many, the last one of the week
// that the cluster has.
func (s *site) mails(t *testing.T, want int) {
	t.Helper()
	all := s.mail.Messages()
	if len(all) != want {
		t.Fatalf("%d mails, want %d", len(all), want)
	}
	content, err := all[want-1].Content()
	if err != nil {
		t.Fatal(err)
	}
	if last := all[want-1]; strings.Join(last.To, " ") != "noc@example.com" || !strings.Contains(string(content), "2017-09-11") {
		t.Errorf("a mail to %v\n%.2000s", last.To, content)
	}
}
