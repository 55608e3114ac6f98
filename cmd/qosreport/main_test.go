package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/lab"
	"qosreport/internal/lab/sample"
)

// result is what a command left on the terminal.
type result struct {
	stdout, stderr string
	code           int
}

// call runs the command line as main does.
func call(ctx context.Context, args ...string) result {
	var stdout, stderr bytes.Buffer
	err := run(ctx, args, stdio{strings.NewReader(""), &stdout, &stderr})
	if err == errHelpShown {
		err = nil
	}
	if err != nil {
		tell(&stderr, err)
	}
	return result{stdout.String(), stderr.String(), exitCode(err)}
}

// startLab runs a small cluster until the test ends.
func startLab(t *testing.T, change func(*lab.Options)) *lab.Lab {
	t.Helper()
	o := lab.Options{Dir: t.TempDir(), Sample: sample.Options{Days: 4, LegsPerDay: 500}}
	if change != nil {
		change(&o)
	}
	l, err := lab.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// settings are the flags that lead to the lab.
func settings(l *lab.Lab) []string {
	return []string{"--impala-host", l.Coordinator, "--no-impala-tls", "--kerberos-principal", lab.Principal,
		"--kerberos-keytab", l.Keytab, "--kerberos-krb5-conf", l.KRB5Conf, "--log-level", "warn"}
}

// report are the arguments for the report of one day.
func reportArgs(l *lab.Lab, out string, more ...string) []string {
	args := []string{"--date", "2017-09-12", "--zone", "Europe/Bratislava", "--out", out}
	return append(append(args, settings(l)...), more...)
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeytabToFiles(t *testing.T) {
	l := startLab(t, nil)
	out := t.TempDir()
	r := call(t.Context(), reportArgs(l, out, "--param", "sites=Zürich", "--format", "json,html")...)
	if r.code != 0 || !strings.Contains(r.stdout, "Poor calls at") {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	names := files(t, out)
	if len(names) != 2 || !strings.HasPrefix(names[0], "voice-daily_2017-09-12_") || !strings.Contains(r.stdout, filepath.Join(out, names[1])) {
		t.Errorf("files %v\n%s", names, r.stdout)
	}
	page, err := os.ReadFile(filepath.Join(out, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"report@EXAMPLE.COM", "sites = Zürich", "TRIM(site) IN ("} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %s", want)
		}
	}
}

func TestTheFirstStatementOfAnOldHand(t *testing.T) {
	l := startLab(t, nil)
	r := call(t.Context(), append([]string{"query", `SELECT * FROM acme WHERE dt="2017-09-12" LIMIT 5`}, settings(l)...)...)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if r.code != 0 || len(lines) != 6 || lines[0] != "id\tname\tamount\tratio\tok\tseen_at\tdt" || !strings.HasSuffix(lines[5], "\t2017-09-12") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestSeveralStatementsAreOneSession(t *testing.T) {
	l := startLab(t, nil)
	file := write(t, filepath.Join(t.TempDir(), "q.sql"), "-- two\nUSE qos; SELECT count(*) AS n FROM call_quality WHERE dt = '2017-09-12' AND leg_no = 3;")
	r := call(t.Context(), append([]string{"query", "-f", file, "--format", "csv"}, settings(l)...)...)
	if r.code != 0 || r.stdout != "n\r\n0\r\n" {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// What sql prints is what a run asks: the statements run as they are.
func TestSQLPrintsWhatARunAsks(t *testing.T) {
	l := startLab(t, nil)
	printed := call(t.Context(), "sql", "voice-daily", "--date", "2017-09-12", "--zone", "Europe/Bratislava", "--param", "sites=O'Brien")
	if printed.code != 0 || !strings.Contains(printed.stdout, `TRIM(site) IN ('O\'Brien')`) || strings.Count(printed.stdout, "-- voice-daily, dataset") != 5 {
		t.Fatalf("exit code %d\n%s%s", printed.code, printed.stdout, printed.stderr)
	}
	file := write(t, filepath.Join(t.TempDir(), "printed.sql"), printed.stdout)
	if r := call(t.Context(), append([]string{"query", "-f", file}, settings(l)...)...); r.code != 0 || !strings.HasPrefix(r.stdout, "day\tsite\t") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := call(t.Context(), "sql", "nope"); r.code != 2 || !strings.Contains(r.stderr, "voice-daily") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// Where clocks jump over midnight, an instant a day ago can lie two dates back.
func TestYesterdayIsADate(t *testing.T) {
	c := config.Default()
	c.Zone = "America/Havana"
	now := time.Date(2020, 3, 9, 4, 30, 0, 0, time.UTC) // 00:30 there, after a day without its first hour
	w, err := new(windowFlags).window(c, now)
	if err != nil || w.FromDate != "2020-03-08" {
		t.Errorf("got %s, %v", w.FromDate, err)
	}
}

func TestValidate(t *testing.T) {
	if r := call(t.Context(), "validate"); r.code != 0 || r.stdout != "report voice-daily is valid\n" {
		t.Errorf("the embedded files: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 2\nimpala: {hosts: [x]}\n")
	good := write(t, filepath.Join(dir, "configs/reports/good.yaml"), "version: 1\ndatasets:\n  a: {query: a.sql, rows: true}\nsections:\n  a: {table: a}\noutputs: {html: {}}\n")
	write(t, filepath.Join(dir, "configs/reports/bad.yaml"), "version: 1\ndatasets:\n  a: {query: b.sql, rows: true}\nsections:\n  a: {table: a}\noutputs: {html: {}}\n")
	write(t, filepath.Join(dir, "queries/a.sql"), "SELECT 1")
	write(t, filepath.Join(dir, "queries/b.sql"), "SELECT {{.Params.nope}}")
	r := call(t.Context(), "validate", "--config-dir", dir)
	for _, want := range []string{"version is 2", "impala.hosts[0]", "dataset a: render b.sql", "nope"} {
		if r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit code %d, no %q in\n%s", r.code, want, r.stderr)
		}
	}
	if r.stdout != "report good is valid\n" {
		t.Errorf("got %s", r.stdout)
	}
	if r := call(t.Context(), "validate", "--config-dir", dir, good); r.code != 0 {
		t.Errorf("one file: exit code %d\n%s", r.code, r.stderr)
	}
	if r := call(t.Context(), "validate", "--config-dir", dir, filepath.Join(dir, "queries/a.sql")); r.code != 2 {
		t.Errorf("no YAML: exit code %d\n%s", r.code, r.stderr)
	}
}

func TestDemo(t *testing.T) {
	out, export := t.TempDir(), filepath.Join(t.TempDir(), "export")
	r := call(t.Context(), "demo", "--days", "3", "--legs-per-day", "300", "--out", out, "--export", export)
	if r.code != 0 || len(files(t, out)) != 4 || len(files(t, filepath.Join(out, "mailbox"))) != 2 || len(files(t, export)) != 4 {
		t.Errorf("exit code %d, files %v, %v\n%s%s", r.code, files(t, out), files(t, export), r.stdout, r.stderr)
	}
	for _, name := range files(t, out) {
		if !strings.Contains(r.stdout, filepath.Join(out, name)) {
			t.Errorf("the path of %s is not printed", name)
		}
	}
	for _, bad := range []string{"Zürich", "Zürich@25-26", "Atlantis@10-12"} {
		if r := call(t.Context(), "demo", "--incident", bad, "--out", out); r.code != 2 {
			t.Errorf("--incident %s: exit code %d\n%s", bad, r.code, r.stderr)
		}
	}
}

func TestHelpNamesTheExitCodes(t *testing.T) {
	r := call(t.Context(), "--help")
	for _, want := range []string{"2 usage or configuration", "4 Kerberos or TLS", "10 stopped by a signal", "query", "demo"} {
		if !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), want) {
			t.Errorf("--help does not say %q", want)
		}
	}
	if r.code != 0 || r.stderr != "" {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
}

func TestSettingsComeFromTheEnvironmentToo(t *testing.T) {
	l := startLab(t, nil)
	for name, value := range map[string]string{"QOSREPORT_IMPALA_HOST": l.Coordinator, "QOSREPORT_IMPALA_TLS": "false", "QOSREPORT_KERBEROS_PRINCIPAL": lab.Principal,
		"QOSREPORT_KERBEROS_KEYTAB": l.Keytab, "QOSREPORT_KERBEROS_KRB5_CONF": l.KRB5Conf, "QOSREPORT_LOG_LEVEL": "warn"} {
		t.Setenv(name, value)
	}
	if r := call(t.Context(), "query", "SELECT 1 AS one"); r.code != 0 || r.stdout != "one\n1\n" {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := call(t.Context(), "query", "SELECT 1", "--impala-host", "127.0.0.1:1"); r.code != 5 {
		t.Errorf("a flag does not beat the environment: exit code %d\n%s", r.code, r.stderr)
	}
}

func TestKeepWaitsForASignal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	printed := &notify{Writer: &stdout, text: "kinit -kt", seen: cancel}
	if err := run(ctx, []string{"demo", "--keep", "--days", "2", "--legs-per-day", "50", "--out", out}, stdio{strings.NewReader(""), printed, &stderr}); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if !strings.Contains(stdout.String(), "export QOSREPORT_IMPALA_HOST=localhost:") {
		t.Errorf("got %s", stdout.String())
	}
}

// notify calls seen when the text is written.
type notify struct {
	*bytes.Buffer
	Writer *bytes.Buffer
	text   string
	seen   func()
}

func (n *notify) Write(p []byte) (int, error) {
	n.Writer.Write(p)
	if strings.Contains(n.Writer.String(), n.text) {
		n.seen()
	}
	return len(p), nil
}

// A server repeats what it does not understand, and somebody else may have named a column.
func TestErrorsDoNotActOnATerminal(t *testing.T) {
	var b strings.Builder
	tell(&b, fault.Advise(errors.New("ParseException: line 1\n\tSELECT \x1b]0;gone\x07\x9b2J\r\n\t^"), "ask \x1b[31mnobody"))
	want := "qosreport: ParseException: line 1\n    SELECT \\u001b]0;gone\\u0007\\x9b2J\n    ^\n  try: ask \\u001b[31mnobody\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
