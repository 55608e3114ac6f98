package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const mailed = `version: 1
datasets:
  one: {query: one.sql, rows: true}
sections:
  top: {table: one}
outputs: {json: {}}
email: {to: [noc@example.com, boss@example.org]}
`

func TestDryRunWritesTheMail(t *testing.T) {
	l := startLab(t, nil)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	write(t, filepath.Join(dir, "queries/one.sql"), `SELECT name FROM acme WHERE {{partition "dt"}} LIMIT 3`)
	write(t, filepath.Join(dir, "configs/reports/one.yaml"), mailed)
	args := append(reportArgs(l, out), "--config-dir", dir, "--dry-run")
	for _, tt := range []struct {
		name, smtp string
		code       int
		says       string
	}{
		{"no sender", "{}", 2, "a mail needs a sender"},
		{"a recipient that is not allowed", "{from: qos@example.com, allow: ['@example.com']}", 2, "boss@example.org is no recipient that may get mail"},
		{"a mail that is too large", "{from: qos@example.com, max_size: 100B}", 7, "raise smtp.max_size"},
		{"a good one", "{from: qos@example.com}", 0, ""},
	} {
		write(t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 1\nsmtp: "+tt.smtp+"\n")
		r := call(t.Context(), args...)
		if r.code != tt.code || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%s: exit code %d\n%s%s", tt.name, r.code, r.stdout, r.stderr)
		}
	}
	mail, err := os.ReadFile(filepath.Join(out, "one_2017-09-12.eml"))
	if err != nil || !strings.Contains(string(mail), "To: noc@example.com, boss@example.org") || !strings.Contains(string(mail), "From: qos@example.com") {
		t.Errorf("%v\n%.500s", err, mail)
	}
}
