package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab"
)

// watchedLab is a lab that remembers its calls.
func watchedLab(t *testing.T, c *calls) *lab.Lab {
	t.Helper()
	return startLab(t, func(o *lab.Options) { o.Observe = c.observe })
}

func TestQueryFillsInVariablesAndParameters(t *testing.T) {
	l := startLab(t, nil)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"a variable in quotes", []string{"SELECT '${var:DAY}' AS d", "--var", "day=2017-09-12, noon"}, "d\n2017-09-12, noon\n"},
		{"a parameter", []string{"SELECT {{.Params.site}} AS s", "--param", `site=string:O'Brien; \ a:b=c`}, "s\nO'Brien; \\\\ a:b=c\n"},
		{"a parameter that looks like a variable", []string{"SELECT {{.Params.site}} AS s, ${var:x} AS x", "--param", `site=string:${var:x}`, "--var", "x=1"}, "s\tx\n${var:x}\t1\n"},
		{"a list", []string{"SELECT count(*) AS n FROM acme WHERE dt IN ({{.Params.days}}) AND id < {{.Params.most}}", "--param", "days=strings:2017-09-12", "--param", "days=strings:2017-09-11",
			"--param", "most=int:-1"}, "n\n0\n"},
		{"braces without parameters are text", []string{"SELECT '{{x}}' AS x"}, "x\n{{x}}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := call(t.Context(), append(append([]string{"query"}, tt.args...), settings(l)...)...); r.code != 0 || r.stdout != tt.want {
				t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
}

// Mistakes of the command line are found before anybody is asked.
func TestQueryMistakesOfScripts(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string { return write(t, filepath.Join(dir, name), text) }
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"bytes that are not UTF-8", []string{"-f", file("latin1.sql", "SELECT 1;\nSELECT 'Z\xfcrich'")}, "latin1.sql: line 2, column 10: byte 0xfc is not UTF-8"},
		{"UTF-16", []string{"-f", file("utf16.sql", "\xff\xfeS\x00")}, "save it as UTF-8"},
		{"a quote that is not closed", []string{"-f", file("quote.sql", "SELECT 1;\n SELECT 'a")}, "quote.sql: line 2, column 9: the quote ' is not closed"},
		{"a comment that is not closed", []string{"SELECT 1 /* a"}, "the statement: line 1, column 10: the comment /* is not closed"},
		{"an empty file", []string{"-f", file("empty.sql", "")}, "only blanks and comments"},
		{"a folder", []string{"-f", dir}, "is a directory"},
		{"two files", []string{"-f", "a.sql", "-f", "b.sql"}, "-f a.sql -f b.sql: one file is read"},
		{"a file without a name", []string{"-f", ""}, "a statement or -f FILE is needed"},
		{"a variable without a value", []string{"SELECT '${var:day}'", "--var", "dya=1"}, "line 1, column 9: variable day has no value"},
		{"a variable without a name", []string{"SELECT 1", "--var", "=1"}, "write NAME=VALUE"},
		{"a variable twice", []string{"SELECT 1", "--var", "a=1", "--var", "A=2"}, "--var A comes twice"},
		{"a parameter without a type", []string{"SELECT 1", "--param", "a=1"}, "--param a: \"1\" has no type"},
		{"a parameter of an unknown type", []string{"SELECT 1", "--param", "a=text:1"}, `--param a: type "text" is not known`},
		{"a parameter of two types", []string{"SELECT 1", "--param", "a=ints:1", "--param", "a=strings:1"}, "is of type ints and of type strings"},
		{"a list of a type for one", []string{"SELECT 1", "--param", "a=int:1", "--param", "a=int:2"}, "--param a: has 2 values: a list is of type ints"},
		{"a value that is not of its type", []string{"SELECT 1", "--param", "a=date:2017-02-30"}, `--param a: "2017-02-30" is no date`},
		{"a parameter that is not given", []string{"SELECT {{.Params.b}}", "--param", "a=int:1"}, `no entry for key "b"`},
		{"fewer than no rows", []string{"SELECT 1", "--max-rows=-1"}, "--max-rows -1: write 0 or more"},
		{"rows that are no number", []string{"SELECT 1", "--max-rows=many"}, "--max-rows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t.Context(), append([]string{"query", "--impala-host", "127.0.0.1:1"}, tt.args...)...)
			if r.code != 2 || !strings.Contains(r.stderr, tt.says) || r.stdout != "" {
				t.Errorf("exit code %d, want 2 and %q\n%s%s", r.code, tt.says, r.stdout, r.stderr)
			}
		})
	}
}

func TestQueryReadsStandardInputWithAByteOrderMark(t *testing.T) {
	l := startLab(t, nil)
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"query", "-f", "-"}, settings(l)...), stdio{strings.NewReader("\uFEFFSELECT 1 AS one;\n"), &stdout, &stderr})
	if err != nil || stdout.String() != "one\n1\n" {
		t.Errorf("%v\n%s%s", err, &stdout, &stderr)
	}
}

func TestQueryDoesNotWaitForInputAfterASignal(t *testing.T) {
	silent, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal"))
	pipe := filepath.Join(t.TempDir(), "pipe") // which nobody opens for writing
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"-", pipe} {
		if err := run(ctx, []string{"query", "-f", file}, stdio{silent, io.Discard, io.Discard}); exitCode(err) != 10 {
			t.Errorf("-f %s: exit code %d: %v", file, exitCode(err), err)
		}
	}
	if f, err := os.OpenFile(pipe, os.O_WRONLY, 0); err != nil || f.Close() != nil { // ends what still waits
		t.Error(err)
	}
}

func TestQueryStopsAtMaxRows(t *testing.T) {
	var c calls
	l := watchedLab(t, &c)
	args := append([]string{"query", "SELECT id FROM acme; SELECT 1 AS one", "--max-rows", "3"}, settings(l)...)
	r := call(t.Context(), append(args, "--log-level", "info")...)
	if r.code != 0 || strings.Count(r.stdout, "\n") != 6 || !strings.HasSuffix(r.stdout, "\none\n1\n") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if c.count("CancelOperation") != 1 || !strings.Contains(r.stderr, "stopped as --max-rows says") {
		t.Errorf("calls %q\n%s", c.made, r.stderr)
	}
	if r := call(t.Context(), append([]string{"query", "SELECT id FROM acme", "--max-rows", "0"}, settings(l)...)...); r.code != 0 || r.stdout != "id\n" {
		t.Errorf("no rows: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestQueryTellsOfAStatementWithoutAResult(t *testing.T) {
	l := startLab(t, nil)
	r := call(t.Context(), append([]string{"query", "USE qos"}, append(settings(l), "--log-level", "info")...)...)
	if r.code != 0 || r.stdout != "" || !strings.Contains(r.stderr, "the statement has no result") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestQueryNamesTheStatementThatFailed(t *testing.T) {
	l := startLab(t, nil)
	r := call(t.Context(), append([]string{"query", "SELECT 1 AS one;\n\nSELECT nope FROM acme; SELECT 3"}, settings(l)...)...)
	if r.code != 5 || r.stdout != "one\n1\n" || !strings.Contains(r.stderr, "statement 2 of 3, line 3: ") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestQueryShowsSummaries(t *testing.T) {
	l := startLab(t, nil)
	r := call(t.Context(), append([]string{"query", "SELECT count(*) AS n FROM acme; USE qos", "--summary"}, settings(l)...)...)
	if r.code != 0 || !strings.Contains(r.stderr, "Operator ") || !strings.Contains(r.stderr, ":SCAN HDFS ") || strings.Contains(r.stdout, "SCAN") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if !strings.Contains(r.stderr, "the server has no summary") {
		t.Errorf("USE has a summary:\n%s", r.stderr)
	}
}

func TestQueryWritesProfiles(t *testing.T) {
	l := startLab(t, nil)
	path := filepath.Join(t.TempDir(), "profile.txt")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want int
	}{
		{"of each statement", []string{"SELECT 1 AS a; SELECT 2 AS b"}, 0, 2},
		{"of one that is cut short", []string{"SELECT id FROM acme", "--max-rows", "1"}, 0, 1},
		{"of one that fails", []string{"SELECT cast(cast(amount AS DOUBLE) / 0 AS INT) AS n FROM acme"}, 5, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			os.Remove(path)
			r := call(t.Context(), append(append([]string{"query", "--profile", path}, tt.args...), settings(l)...)...)
			profile, err := os.ReadFile(path)
			if err != nil || r.code != tt.code || strings.Count("\n"+string(profile), "\nQuery (id=") != tt.want {
				t.Errorf("exit code %d, %v\n%s%s%s", r.code, err, r.stdout, r.stderr, profile)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "none", "profile.txt")
	if r := call(t.Context(), append([]string{"query", "SELECT 1", "--profile", missing}, settings(l)...)...); r.code != 6 || !strings.Contains(r.stderr, missing) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// As root, --profile /dev/stdout would take the device from everybody.
func TestQueryReplacesNothingButFilesByProfiles(t *testing.T) {
	dir := t.TempDir()
	file, folder, link, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "folder"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	write(t, file, "rows\n")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Symlink(file, link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, link, pipe} {
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		r := call(t.Context(), "query", "SELECT 1", "--profile", path, "--impala-host", "localhost:1", "--impala-auth", "none", "--impala-transport", "plain-socket")
		after, err := os.Lstat(path)
		if err != nil || before.Mode() != after.Mode() || r.code != 2 || !strings.Contains(r.stderr, path+" is no regular file") {
			t.Errorf("%s: exit code %d, %v, %v before\n%s", path, r.code, err, before.Mode(), r.stderr)
		}
	}
}

// failing is an output that is full or closed.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: f.err}
}

func TestQueryWhoseOutputFails(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		says string
	}{
		{syscall.EPIPE, 0, ""},
		{syscall.ENOSPC, 6, "write output: "},
		{syscall.EBADF, 6, "write output: "},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			var c calls
			l := watchedLab(t, &c)
			var stderr bytes.Buffer
			err := run(t.Context(), append([]string{"query", "SELECT * FROM acme"}, settings(l)...), stdio{strings.NewReader(""), failing{tt.err}, &stderr})
			if err != nil {
				tell(&stderr, err)
			}
			if exitCode(err) != tt.code || !strings.Contains(stderr.String(), tt.says) || tt.code == 0 && strings.Contains(stderr.String(), "pipe") {
				t.Errorf("exit code %d\n%s", exitCode(err), &stderr)
			}
			if c.count("CancelOperation") != 1 {
				t.Errorf("the rest was not cancelled: %q", c.made)
			}
		})
	}
}

// closing is an output that takes one write, and is closed at the next when told to.
type closing struct {
	at    chan struct{}
	wrote bool
}

func (c *closing) Write(text []byte) (int, error) {
	if !c.wrote {
		c.wrote = true
		return len(text), nil
	}
	<-c.at
	return failing{syscall.EPIPE}.Write(nil)
}

// Nobody waits for the next rows when those before cannot be written.
func TestQueryWhoseReaderLeavesDuringAFetch(t *testing.T) {
	reached, held := make(chan struct{}), make(chan struct{})
	c := &calls{at: "FetchResults", nth: 1, do: func() {
		close(reached)
		<-held
	}}
	l := watchedLab(t, c)
	out := &closing{at: reached} // its first write is the header
	err := run(t.Context(), append([]string{"query", "SELECT * FROM acme", "--format", "csv"}, settings(l)...), stdio{strings.NewReader(""), out, io.Discard})
	close(held)
	if err != nil || c.count("FetchResults") != 2 || c.count("CancelOperation") != 1 {
		t.Errorf("%v, calls %q", err, c.made)
	}
}

// paused is an output whose reader reads no more after the first line, until the end.
type paused struct {
	wrote, stuck bool
	reached, end chan struct{}
}

func (p *paused) Write(text []byte) (int, error) {
	switch {
	case !p.wrote:
		p.wrote = true
	case !p.stuck:
		p.stuck = true
		close(p.reached)
		<-p.end
	}
	return len(text), nil
}

// A stop does not wait for a reader that does not read.
func TestQueryIsStoppedWhileItsReaderPauses(t *testing.T) {
	for _, most := range []string{"1000000", "5"} {
		t.Run("of "+most+" rows", func(t *testing.T) {
			c := &calls{}
			l := watchedLab(t, c)
			out := &paused{reached: make(chan struct{}), end: make(chan struct{})}
			defer close(out.end)
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-out.reached
				cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test"))
			}()
			err := run(ctx, append([]string{"query", "SELECT * FROM acme", "--format", "csv", "--max-rows", most}, settings(l)...), stdio{strings.NewReader(""), out, io.Discard})
			if exitCode(err) != 10 || !strings.Contains(err.Error(), "query ") || c.count("CancelOperation") != 1 {
				t.Errorf("%v, calls %q", err, c.made)
			}
		})
	}
}

// torn is a connection that breaks when so many messages were written.
type torn struct {
	net.Conn
	left int
}

func (c *torn) Write(data []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}
	}
	return c.Conn.Write(data)
}

// A pipe that breaks on the way to the coordinator is no reader that has seen enough: the
// rows would be cut short without a word.
func TestQueryWhoseConnectionBreaks(t *testing.T) {
	l := startLab(t, func(o *lab.Options) { o.Clients = true })
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &torn{conn, 4}, err // OpenSession, ExecuteStatement, GetResultSetMetadata, FetchResults
	}
	var stdout, stderr bytes.Buffer
	a := &app{now: time.Now, dial: dial, stdio: stdio{strings.NewReader(""), &stdout, &stderr}}
	err := a.run(t.Context(), []string{"query", "SELECT * FROM acme", "--impala-host", l.Ports.Open, "--impala-transport", "plain-socket", "--impala-auth", "none", "--no-impala-tls"})
	named := regexp.MustCompile(`^query [0-9a-f]{16}:[0-9a-f]{16} on ` + l.Ports.Open + `: FetchResults: the connection broke: .*broken pipe$`)
	if exitCode(err) != 5 || !named.MatchString(err.Error()) || stdout.Len() == 0 {
		t.Errorf("exit code %d, %v after %d bytes\n%s", exitCode(err), err, stdout.Len(), &stderr)
	}
}

// stoppable is a query that a test stops in the middle of its fetch.
func stoppable(t *testing.T, at string) (l *lab.Lab, c *calls, reached chan struct{}, release func()) {
	t.Helper()
	reached, held := make(chan struct{}), make(chan struct{})
	c = &calls{at: at, do: func() {
		close(reached)
		<-held
	}}
	return watchedLab(t, c), c, reached, func() { close(held) }
}

func TestQueryIsCancelledByASignal(t *testing.T) {
	l, c, reached, release := stoppable(t, "FetchResults")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-reached
		cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", "interrupt"))
	}()
	r := call(ctx, append([]string{"query", "SELECT * FROM acme"}, settings(l)...)...)
	release()
	if r.code != 10 || !strings.Contains(r.stderr, "stopped by signal") || c.count("CancelOperation") != 1 {
		t.Errorf("exit code %d, calls %q\n%s", r.code, c.made, r.stderr)
	}
}

// A terminal that goes away must not leave a statement behind; nohup keeps the statement.
func TestQueryIsCancelledWhenItsTerminalGoes(t *testing.T) {
	l, c, reached, release := stoppable(t, "FetchResults")
	hangUps, released := make(chan os.Signal, 1), false
	go func() {
		<-reached
		hangUps <- syscall.SIGHUP
	}()
	a := &app{now: time.Now, stdio: stdio{strings.NewReader(""), io.Discard, io.Discard},
		hangUps: func() (<-chan os.Signal, func()) { return hangUps, func() { released = true } }}
	err := a.run(t.Context(), append([]string{"query", "SELECT * FROM acme"}, settings(l)...))
	release()
	if exitCode(err) != 10 || !strings.Contains(err.Error(), `stopped by signal "hangup"`) || c.count("CancelOperation") != 1 || !released {
		t.Errorf("exit code %d, calls %q: %v", exitCode(err), c.made, err)
	}
	a.nohup, a.hangUps = true, func() (<-chan os.Signal, func()) {
		t.Error("under nohup the signal is asked for")
		return nil, func() {}
	}
	if err := a.run(t.Context(), append([]string{"query", "SELECT 1"}, settings(l)...)); err != nil {
		t.Error(err)
	}
}

// After the second signal nobody waits for a coordinator that does not answer.
func TestQueryLeavesAtASecondSignal(t *testing.T) {
	reached, held := make(chan string, 10), make(chan struct{})
	defer close(held)
	l := startLab(t, func(o *lab.Options) {
		o.Observe = func(method string) {
			if method == "FetchResults" || method == "CancelOperation" {
				reached <- method
				<-held
			}
		}
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	over := make(chan struct{})
	go func() {
		<-reached
		cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", "interrupt"))
		<-reached
		close(over)
	}()
	a := &app{now: time.Now, over: over, stdio: stdio{strings.NewReader(""), io.Discard, io.Discard}}
	err := a.run(ctx, append([]string{"query", "SELECT * FROM acme"}, settings(l)...))
	if exitCode(err) != 10 || !strings.Contains(err.Error(), "may still run on the coordinator") {
		t.Errorf("exit code %d: %v", exitCode(err), err)
	}
}

func TestTellIsASentenceOnATerminalAndARecordElsewhere(t *testing.T) {
	var terminal, log bytes.Buffer
	p := &progress{out: &terminal, log: slog.New(slog.DiscardHandler)}
	p.Tell("Fetched 5 rows", "")
	p = &progress{log: slog.New(slog.NewJSONHandler(&log, nil))}
	p.Tell("Fetched 5 rows", "")
	p.Tell("Stopped after 5 rows", "stopped", "rows", 5)
	if terminal.String() != "\r\x1b[KFetched 5 rows\n" || strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), `"msg":"stopped","rows":5`) {
		t.Errorf("got %q and %s", terminal.String(), log.String())
	}
}
