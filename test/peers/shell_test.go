//go:build peers

package peers

// impala-shell and impyla against "qosreport demo --keep". What they have to print lies in
// shell/NAME.txt; shell_expected.py computes the same from the exported rows.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kept is "qosreport demo --keep" with what it prints for other clients.
type kept struct {
	env    []string // of the settings that it printed, with a ticket
	shells []string // impala-shell with its arguments, a line each
	impyla []string // calls of impala.dbapi.connect
	ours   []string // queries over TLS of our own
	out    string   // folder of the report and its mailbox
	export string   // folder of the CSV files
}

// keepDemo starts the demo and a login with its keytab.
func keepDemo(t *testing.T) *kept {
	t.Helper()
	k := &kept{export: t.TempDir(), out: t.TempDir()}
	cmd := command(t, "demo", "--keep", "--days", "4", "--legs-per-day", "500", "--out", k.out, "--export", k.export)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the lab ended with %v\n%s", err, &stderr)
		}
	})
	k.env = []string{"HOME=" + t.TempDir(), "KRB5CCNAME=FILE:" + filepath.Join(t.TempDir(), "cc"), "LANG=C.UTF-8"}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if m := exported.FindStringSubmatch(line); m != nil {
			k.env = append(k.env, m[1]+"="+m[2])
		}
		if strings.HasPrefix(line, "impala-shell ") {
			k.shells = append(k.shells, line)
		}
		if strings.HasPrefix(line, "qosreport query --impala-") {
			k.ours = append(k.ours, line)
		}
		if strings.HasPrefix(line, "impala.dbapi.connect(") {
			k.impyla = append(k.impyla, line)
		}
		if len(k.impyla) == ways+waysTLS {
			break
		}
	}
	if len(k.shells) != ways+waysTLS || len(k.impyla) != ways+waysTLS || len(k.ours) != waysTLS {
		t.Fatalf("the lab printed no lines for clients: %q %q %q: %v", k.shells, k.impyla, k.ours, lines.Err())
	}
	if out, err := tool(t, k.env, "kinit", "-kt", (&lab{k.env}).get("KRB5_CLIENT_KTNAME"), "report@EXAMPLE.COM"); err != nil {
		t.Fatalf("kinit: %v\n%s", err, out)
	}
	return k
}

// What the demo prints a line for: Kerberos, password and no login, each over binary and
// HTTP; behind these a login of each transport over TLS.
const (
	ways    = 3 * 2
	waysTLS = 2
)

// venv is a folder of programs that test/peers/install made.
func venv(t *testing.T, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "qosreport-peers", name, "bin")
}

// said is what a client printed.
type said struct {
	stdout, stderr string
	code           int
}

// shell runs a line that the demo printed, with more arguments, as a person's shell does.
func (k *kept) shell(t *testing.T, line, stdin string, args ...string) said {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := k.prepare(ctx, t, line, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func (k *kept) prepare(ctx context.Context, t *testing.T, line string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", "exec " + line + ` "$@"`, "bash"}, args...)...)
	cmd.Env = append(os.Environ(), k.env...)
	cmd.Env = append(cmd.Env, "PATH="+venv(t, "shell")+":"+os.Getenv("PATH"))
	return cmd
}

func expected(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("shell", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Each line that the demo prints for impala-shell and impyla works, with the same rows
// whatever the login and transport.
func TestClientsOfOtherMakes(t *testing.T) {
	k := keepDemo(t)
	python := filepath.Join(venv(t, "venv"), "python")
	if out, err := tool(t, nil, python, "-B", "shell_expected.py", k.export, "shell"); err != nil {
		t.Fatalf("the expected texts are not those of the export: %v\n%s", err, out)
	}
	for _, line := range k.shells {
		t.Run(line, func(t *testing.T) {
			o := k.shell(t, line, "", "--quiet", "-B", "--output_delimiter=,", "-f", "shell/rows.sql")
			if want := expected(t, "rows"); o.code != 0 || o.stdout != want {
				t.Errorf("exit code %d\n%s\nwant\n%s\n%s", o.code, o.stdout, want, o.stderr)
			}
		})
	}
	for _, name := range []string{"groups", "sites", "join", "types", "explain"} {
		for i, line := range []string{k.shells[0], k.shells[ways-1], k.shells[ways], k.shells[ways+1]} {
			o := k.shell(t, line, "", "--quiet", "-B", "--output_delimiter=,", "-f", "shell/"+name+".sql")
			if want := expected(t, name); o.code != 0 || o.stdout != want {
				t.Errorf("%s, line %d: exit code %d\n%s\nwant\n%s\n%s", name, i, o.code, o.stdout, want, o.stderr)
			}
		}
	}
	o := k.shell(t, k.shells[1], "", "--quiet", "-f", "shell/catalog.sql")
	if want := expected(t, "catalog"); o.code != 0 || o.stdout != want {
		t.Errorf("exit code %d\n%s\nwant\n%s\n%s", o.code, o.stdout, want, o.stderr)
	}
	k.talks(t)
	k.reports(t)
	k.cancels(t)
	for _, line := range k.impyla {
		out, err := tool(t, k.env, python, "-B", "-W", "ignore", "shell_impyla.py", line)
		if want := expected(t, "impyla"); err != nil || out != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", line, err, out, want)
		}
	}
	k.secures(t, python)
	k.refuses(t)
}

var trusted = regexp.MustCompile(`ca_cert="?=?"?([^ "]+)"?`)

// secures checks that the lines for TLS work because of the authority that they name: with
// that of the mailbox nobody comes in. Our own client, another process, is let in, too.
func (k *kept) secures(t *testing.T, python string) {
	other := filepath.Join(k.out, "mailbox", "ca.pem")
	swap := func(line string) string {
		m := trusted.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%s: names no authority", line)
		}
		return strings.Replace(line, m[1], other, 1)
	}
	for _, line := range k.shells[ways:] {
		if o := k.shell(t, swap(line), "", "-q", "select 1"); o.code == 0 || !strings.Contains(o.stdout+o.stderr, "certificate verify failed") {
			t.Errorf("%s: another authority: exit code %d\n%s\n%s", line, o.code, o.stdout, o.stderr)
		}
	}
	for _, line := range k.impyla[ways:] {
		out, err := tool(t, k.env, python, "-B", "-W", "ignore", "shell_impyla.py", swap(line))
		// The socket of Thrift keeps its reason to itself.
		if err == nil || !strings.Contains(out, "certificate verify failed") && !strings.Contains(out, "TTransportException: Could not connect to any of") {
			t.Errorf("%s: another authority: %v\n%s", line, err, out)
		}
	}
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range k.ours {
		o := k.shell(t, strings.Replace(line, "qosreport", program, 1), "")
		if o.code != 0 || !strings.HasPrefix(o.stdout, "user()\nreport") {
			t.Errorf("%s: exit code %d\n%s\n%s", line, o.code, o.stdout, o.stderr)
		}
	}
}

// talks checks a session at the prompt: options and the database last from one statement
// to the next.
func (k *kept) talks(t *testing.T) {
	for _, line := range k.shells[1:3] {
		o := k.shell(t, line, "set mem_limit=2g;\nset;\nuse qos;\nselect current_database(), user();\nset all;\nversion;\n"+
			"set explain_level=verbose;\nexplain select site from call_quality;\nset num_rows_produced_limit=2;\nvalues ('two', 2), ('rows', 1);\nquit;\n", "-B")
		for _, want := range []string{"\tMEM_LIMIT: 2g\n", "\tREQUEST_POOL: []\n", "\nAdvanced Query Options:\n", "\nDevelopment Query Options:\n", "> qos\t",
			"F00:PLAN FRAGMENT [UNPARTITIONED] hosts=1 instances=1\n  PLAN-ROOT SINK\n", "       columns: unavailable\n", "two\t2\nrows\t1\n"} {
			if !strings.Contains(o.stdout, want) {
				t.Errorf("%s: says nothing of %q\n%s\n%s", line, want, o.stdout, o.stderr)
			}
		}
		if strings.Contains(o.stderr, "Exception") || !strings.Contains(o.stdout+o.stderr, "impalad version 4.5.0-demo") || !strings.Contains(o.stderr, "Fetched 1 row(s) in ") {
			t.Errorf("%s: exit code %d\n%s\n%s", line, o.code, o.stdout, o.stderr)
		}
	}
}

var (
	summaryRow  = regexp.MustCompile(`(?m)^\| +(01:AGGREGATE|00:SCAN HDFS) +\| 1 +\| 1 +\| [0-9.]+[nmu]?s +\| [0-9.]+[nmu]?s +\| (\S+) +\| -1 +\|.*\| (FINALIZE|default\.acme) +\|$`)
	profileHead = regexp.MustCompile(`(?m)^Query Runtime Profile:\nQuery \(id=[0-9a-f]{16}:[0-9a-f]{16}\):\n  Summary:\n    Session ID: [0-9a-f]{16}:[0-9a-f]{16}\n    Session Type: HIVESERVER2\n`)
)

// reports checks the summary and the profile of a statement, both asked for after its end.
func (k *kept) reports(t *testing.T) {
	for _, line := range k.shells[:2] {
		o := k.shell(t, line, "", "-p", "-q", "select count(*) from acme where dt = '2017-09-12'; summary; profile;")
		rows := make(map[string]string)
		for _, m := range summaryRow.FindAllStringSubmatch(strings.ReplaceAll(o.stdout, "| 0", "|  0"), -1) {
			rows[m[1]] = m[2]
		}
		if rows["00:SCAN HDFS"] != "1.00K" || rows["01:AGGREGATE"] != "1" {
			t.Errorf("%s: the summary has rows %v\n%s%s", line, rows, o.stdout, o.stderr)
		}
		if n := len(profileHead.FindAllString(o.stdout, -1)); o.code != 0 || n != 2 {
			t.Errorf("%s: exit code %d, %d profiles\n%s\n%s", line, o.code, n, o.stdout, o.stderr)
		}
		for _, want := range []string{"    Query Type: QUERY\n", "    Query State: FINISHED\n", "    Start Time: ", "   HDFS partitions=1/4 files=1 size=0B\n", "    Query Timeline: ",
			"    Sql Statement: select count(*) from acme where dt = '2017-09-12'\n", "    Default Db: default\n"} {
			if !strings.Contains(o.stdout, want) {
				t.Errorf("%s: the profile has no %q\n%s", line, want, o.stdout)
			}
		}
	}
}

// refuses checks errors, which are Impala's.
func (k *kept) refuses(t *testing.T) {
	for statement, want := range map[string]string{
		"select * from nope":                 "AnalysisException: Could not resolve table reference: 'nope'",
		"selekt 1":                           "ParseException: Syntax error in line 1:\nselekt 1\n^\n",
		"use nowhere":                        "AnalysisException: Database does not exist: nowhere",
		"select cast(1 as decimal(3,1)) / 0": "Cannot divide decimal by zero",
		"insert into acme values (1)":        "is not supported by the demo server",
		"set nope=1; select 1":               "Unknown query option: nope",
		"set num_rows_produced_limit=3; select id from acme": " terminated due to rows produced limit of 3. Unset or increase NUM_ROWS_PRODUCED_LIMIT query option to produce more rows.",
		"set explain_level=4; explain select 1":              "Invalid explain level: '4'. Valid values are MINIMAL(0), STANDARD(1), EXTENDED(2), VERBOSE(3).",
		"grant select on table acme to user me":              "AnalysisException: Authorization is not enabled.",
		"select nofunc(id) from acme":                        "AnalysisException: default.nofunc() unknown for database default. Currently this db has 0 functions.",
		"refresh nope":                                       "AnalysisException: Table does not exist: default.nope",
		"show partitions qos.nope":                           "AnalysisException: Table does not exist: qos.nope",
		"select count(*) from acme group by 7":               "AnalysisException: ",
	} {
		for _, line := range []string{k.shells[0], k.shells[ways-1]} {
			o := k.shell(t, line, "", "-q", statement)
			if o.code != 1 || !strings.Contains(o.stdout+o.stderr, want) {
				t.Errorf("%s: %s: exit code %d\n%s\n%s", line, statement, o.code, o.stdout, o.stderr)
			}
		}
	}
	// With a ticket at hand impala-shell logs in with that when the password is refused.
	k.env = append(k.env, "KRB5CCNAME=FILE:"+filepath.Join(t.TempDir(), "none"))
	for _, line := range k.shells {
		if !strings.Contains(line, " -l ") {
			continue
		}
		wrong := strings.Replace(line, "printf demo", "printf guess", 1)
		if o := k.shell(t, wrong, "", "-q", "select 1"); o.code == 0 || wrong == line || strings.Contains(o.stdout, "1") {
			t.Errorf("%s: a wrong password: exit code %d\n%s\n%s", wrong, o.code, o.stdout, o.stderr)
		}
	}
}

// cancels presses Ctrl-C while a statement of hours runs: the shell asks over a second
// connection, and the statement has ended then.
func (k *kept) cancels(t *testing.T) {
	for _, line := range k.shells {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		cmd := k.prepare(ctx, t, line, "-q", "select count(*) from acme a cross join acme b cross join acme c")
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
			// It is printed once the statement was submitted, before the first poll.
			if strings.Contains(lines.Text(), "Query state can be monitored at") {
				cmd.Process.Signal(syscall.SIGINT)
			}
		}
		err = cmd.Wait()
		if ctx.Err() != nil || !strings.Contains(text.String(), "Cancelling Query") || strings.Contains(text.String(), "Failed to reconnect") {
			t.Errorf("%s: %v, %v\n%s", line, err, ctx.Err(), &text)
		}
		stop()
	}
}
