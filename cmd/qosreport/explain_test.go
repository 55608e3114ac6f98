package main

import (
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestExplainShowsThePlansOfAReport(t *testing.T) {
	l := startLab(t, nil)
	r := call(t.Context(), append([]string{"explain", "voice-daily", "--date", "2017-09-12", "--zone", "Europe/Bratislava"}, settings(l)...)...)
	if r.code != 0 || strings.Count(r.stdout, "-- voice-daily, dataset") != 5 || !strings.Contains(r.stdout, "partition predicates: dt") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// The exit code is of all statements, though the reader of their plans may have gone, as head.
func TestExplainWithoutAReader(t *testing.T) {
	l := startLab(t, nil)
	w := &world{t: t, args: append([]string{"explain", "one", "--date", "2017-09-12"}, settings(l)...)}
	for _, tt := range []struct {
		sql    string
		output error
		code   int
		says   string
	}{
		{"SELECT name FROM acme WHERE {{partition \"dt\"}} LIMIT 3", syscall.EPIPE, 0, ""},
		{"SELECT name FROM acme LIMIT 3", syscall.EPIPE, 2, "reads all partitions"},
		{"SELECT name FROM acme LIMIT 3", syscall.ENOSPC, 6, "write output: "},
	} {
		w.report(tt.sql, "rows: true")
		err := run(t.Context(), w.args, stdio{strings.NewReader(""), failing{tt.output}, io.Discard})
		if exitCode(err) != tt.code || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s, %v: exit code %d, %v", tt.sql, tt.output, exitCode(err), err)
		}
	}
	sql := []string{"sql", "voice-daily", "--date", "2017-09-12", "--zone", "UTC"}
	if err := run(t.Context(), sql, stdio{strings.NewReader(""), failing{syscall.EPIPE}, io.Discard}); err != nil {
		t.Errorf("sql: %v", err)
	}
	if err := new(page).print(&app{stdio: stdio{out: failing{syscall.EPIPE}}}); err != nil {
		t.Errorf("a page: %v", err)
	}
}

func TestExplainRefusesAScanOfTheWholeTable(t *testing.T) {
	l := startLab(t, nil)
	w := &world{t: t, args: append([]string{"explain", "one", "--date", "2017-09-12"}, settings(l)...)}
	w.report("SELECT name FROM acme LIMIT 3", "rows: true")
	r := call(t.Context(), w.args...)
	if r.code != 2 || !strings.Contains(r.stderr, "dataset one reads all partitions of default.acme (partitions=4/4): it has no predicate on dt") ||
		!strings.Contains(r.stderr, `{{partition "dt"}}`) || !strings.Contains(r.stderr, "full_scan: true") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if !strings.Contains(r.stdout, "partitions=4/4") {
		t.Errorf("the plan is not shown:\n%s", r.stdout)
	}
	w.report("SELECT name FROM acme LIMIT 3", "rows: true, full_scan: true")
	if r := call(t.Context(), w.args...); r.code != 0 {
		t.Errorf("allowed, exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	w.report("SELECT name FROM acme WHERE {{partition \"dt\"}} LIMIT 3", "rows: true")
	if r := call(t.Context(), w.args...); r.code != 0 || !strings.Contains(r.stdout, "partitions=1/4") {
		t.Errorf("pruned, exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	w.report("SELECT nope FROM acme", "rows: true")
	if r := call(t.Context(), w.args...); r.code != 5 || !strings.Contains(r.stderr, "explain dataset one: ") {
		t.Errorf("a wrong column, exit code %d\n%s", r.code, r.stderr)
	}
	w.set("--config-dir", filepath.Join(t.TempDir(), "none"))
	if r := call(t.Context(), w.args...); r.code != 2 {
		t.Errorf("no configuration, exit code %d\n%s", r.code, r.stderr)
	}
}
