package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"qosreport/internal/lab"
)

// The second run of a day asks only for rows that are never kept, and shows the same.
func TestTheStoreRemembersDays(t *testing.T) {
	var statements atomic.Int64
	l := startLab(t, func(o *lab.Options) {
		o.Observe = func(call string) {
			if strings.Contains(call, "ExecuteStatement") {
				statements.Add(1)
			}
		}
	})
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	copyEmbedded(t, dir)
	write(t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 1\nstore: {path: '"+filepath.Join(dir, "ledger.db")+"'}\n")
	run := func(more ...string) (int64, string) {
		statements.Store(0)
		r := call(t.Context(), append(append(reportArgs(l, out), "--config-dir", dir, "--format", "json"), more...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		data, err := os.ReadFile(filepath.Join(out, "voice-daily_2017-09-12.json"))
		if err != nil {
			t.Fatal(err)
		}
		page, _, _ := strings.Cut(string(data), `"provenance": {`)
		return statements.Load(), regexp.MustCompile(`(?s)"notes": \[[^\]]*came from the store[^\]]*\]`).ReplaceAllString(page, "")
	}
	first, want := run()
	second, kept := run()
	third, fresh := run("--no-cache")
	if first != 5 || second != 1 || third != 5 {
		t.Errorf("%d statements, then %d, and %d without the store", first, second, third)
	}
	clean := func(s string) string {
		return regexp.MustCompile(`\s+`).ReplaceAllString(strings.ReplaceAll(s, ",", ""), "")
	}
	if clean(kept) != clean(want) || clean(fresh) != clean(want) {
		t.Error("the report of kept days is another one")
	}
}

func TestAStoreThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	copyEmbedded(t, dir)
	write(t, filepath.Join(dir, "ledger.db"), "this is no database, and it is long enough to be read as one: "+strings.Repeat("x", 200))
	for path, want := range map[string]string{filepath.Join(dir, "ledger.db"): "store.path", filepath.Join(dir, "none", "ledger.db"): "store.path"} {
		write(t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 1\nimpala: {hosts: ['localhost:1'], tls: {enabled: false}}\nstore: {path: '"+path+"'}\n")
		r := call(t.Context(), "--date", "2017-09-12", "--config-dir", dir, "--out", filepath.Join(dir, "out"))
		if r.code != 6 || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "try:") {
			t.Errorf("%s: exit code %d\n%s", path, r.code, r.stderr)
		}
	}
}

// copyEmbedded makes a configuration folder of the embedded reports and queries.
func copyEmbedded(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"configs/reports", "queries"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("..", "..", name))); err != nil {
			t.Fatal(err)
		}
	}
}
