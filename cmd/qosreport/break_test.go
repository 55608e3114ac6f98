package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What one file spoils does not hide the mistakes of the others.
func TestValidateTellsAllFiles(t *testing.T) {
	tests := []struct {
		name    string
		queries map[string]string // none for no folder
		files   []string          // below the folder, that are named
		want    []string          // in standard error, in this order
	}{
		{"there is no folder of queries", nil, nil, []string{
			"load queries: ", "/queries: no such file or directory", "version is 2", "try: the folder of --config-dir must hold configs/ and queries/"}},
		{"two queries are no templates", map[string]string{"a.sql": "{{", "b.sql": "{{nope}}", "c.sql": "SELECT 1"}, nil, []string{
			"a.sql:1: unclosed action", "b.sql:1: function", "version is 2"}},
		{"a report that is not there", map[string]string{"a.sql": "SELECT 1"}, []string{"none.yaml", "configs/qosreport.yaml"}, []string{
			"none.yaml: no such file or directory", "version is 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 2\n")
			write(t, filepath.Join(dir, "configs/reports/one.yaml"), "version: 3\n")
			for name, text := range tt.queries {
				write(t, filepath.Join(dir, "queries", name), text)
			}
			args := []string{"validate", "--config-dir", dir}
			for _, name := range tt.files {
				args = append(args, filepath.Join(dir, name))
			}
			r := call(t.Context(), args...)
			rest := r.stderr
			for _, want := range tt.want {
				_, after, found := strings.Cut(rest, want)
				if r.code != 2 || !found {
					t.Fatalf("exit code %d, no %q in\n%s", r.code, want, rest)
				}
				rest = after
			}
			if strings.Contains(r.stderr, "the reports are: \n") {
				t.Errorf("a list of nothing in\n%s", r.stderr)
			}
		})
	}
}

// The parser would make another text of it, and the report would be of that.
func TestArgumentsAreUTF8(t *testing.T) {
	for _, args := range [][]string{{"sql", "voice-daily", "--param", "sites=Z\xfcrich"}, {"--out", "\xff"}, {"query", "SELECT '\xfc'"}} {
		if r := call(t.Context(), args...); r.code != 2 || !strings.Contains(r.stderr, "is not valid UTF-8") || !strings.Contains(r.stderr, "try:") || r.stdout != "" {
			t.Errorf("%q: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
}

func TestDemoMistakesNameTheirCure(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no folder for the lab's keytab", nil, 6, "set TMPDIR to a folder with room"},
		{"a sample that ends before the incident", []string{"--days", "1"}, 2, "must be 2 or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t.Context(), append([]string{"demo", "--out", "/proc/none"}, tt.args...)...)
			if r.code != tt.code || !strings.Contains(r.stderr, tt.want) {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
		})
	}
}

// A night's reports stand by themselves, unless the cluster or the disk is what failed.
func TestOneReportThatFailsLeavesTheOthers(t *testing.T) {
	l := startLab(t, nil)
	closed := closedPort(t)
	const good, wrong, lacking = "SELECT dt AS day, count(*) AS n FROM acme WHERE dt = {{.LastDay}} GROUP BY dt", "SELECT nope FROM acme", "SELECT dt AS day FROM acme"
	tests := []struct {
		name    string
		queries []string // of the reports r0, r1, …
		flag    string   // of the connection that gets another value
		value   string
		code    int
		made    []string
		says    []string
	}{
		{"all are made", []string{good, good}, "", "", 0, []string{"r0_2017-09-12.json", "r1_2017-09-12.json"}, nil},
		{"a statement that is wrong", []string{wrong, good}, "", "", 5, []string{"r1_2017-09-12.json"}, []string{"report r0: ", "nope"}},
		{"a column that is missing", []string{good, lacking, good}, "", "", 5, []string{"r0_2017-09-12.json", "r2_2017-09-12.json"}, []string{"report r1: ", "column n is missing"}},
		{"two that fail are both told", []string{wrong, good, lacking}, "", "", 5, []string{"r1_2017-09-12.json"}, []string{"report r0: ", "report r2: "}},
		{"no cluster is tried once", []string{good, good}, "--impala-host", closed, 5, nil, []string{"report r0: "}},
		{"no keytab is tried once", []string{good, good}, "--kerberos-keytab", "none", 4, nil, []string{"report r0: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
			write(t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 1\n")
			for i, query := range tt.queries {
				name := "r" + strconv.Itoa(i)
				write(t, filepath.Join(dir, "queries", name+".sql"), query)
				write(t, filepath.Join(dir, "configs/reports", name+".yaml"), "version: 1\ndatasets: {one: {query: "+name+".sql, "+states+"}}\n"+
					"measures: {n: {sum: one.n}}\nsections: {top: {kpi: [n]}}\noutputs: {json: {}}\n")
			}
			w := world{t: t, args: reportArgs(l, out)}
			w.set("--config-dir", dir)
			if tt.flag != "" {
				w.set(tt.flag, tt.value)
			}
			r := call(t.Context(), w.args...)
			if made := files(t, out); r.code != tt.code || !slices.Equal(made, tt.made) {
				t.Errorf("exit code %d, files %v\n%s", r.code, made, r.stderr)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("no %q in\n%s", want, r.stderr)
				}
			}
			if tt.made == nil && strings.Contains(r.stderr, "report r1: ") {
				t.Errorf("tried again:\n%s", r.stderr)
			}
		})
	}
}
