//go:build peers

package peers

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/fault"
)

// manyRows are computed a thousandth at a time, each when it is fetched.
const (
	manyRows   = "SELECT id FROM range(0, 100000000, 1, 1000)"
	nextPart   = "Starting job: getNextRowSet"
	setStreams = "SET spark.sql.thriftServer.incrementalCollect = true;\n"
	mostWait   = 10 * time.Second
)

// reader is a process whose rows this one reads, so that it stands still when it is not read.
type reader struct {
	*exec.Cmd
	rows   *bufio.Reader
	stderr string // a file
}

func (r *reader) said(t *testing.T) string {
	t.Helper()
	return string(read(t, r.stderr))
}

// startReader starts the program and waits for the line of output.
func startReader(t *testing.T, line string, cmd *exec.Cmd) *reader {
	t.Helper()
	r := &reader{Cmd: cmd, stderr: filepath.Join(t.TempDir(), "stderr")}
	stderr, err := os.Create(r.stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.rows = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	for got := ""; got != line+"\n"; {
		if got, err = r.rows.ReadString('\n'); err != nil {
			cmd.Wait()
			t.Fatalf("no %q: %v\n%s", line, err, r.said(t))
		}
	}
	return r
}

// end reads the rest, and returns how long the program took to end with the code.
func (r *reader) end(t *testing.T, code int) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := io.Copy(io.Discard, r.rows); err != nil {
		t.Error(err)
	}
	r.Wait()
	if got := r.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, r.said(t))
	}
	return time.Since(began)
}

var cancelledID = regexp.MustCompile(`statement cancelled on the coordinator.*"query_id":"([0-9a-f-]+)"`)

// cancelled sees that the server was told to end the statement of which the program says
// so, and returns its id.
func (h *hive) cancelled(t *testing.T, from int, stderr string) (id string) {
	t.Helper()
	found := cancelledID.FindStringSubmatch(stderr)
	if found == nil {
		t.Fatalf("no statement was cancelled:\n%s", stderr)
	}
	h.log(t, from, "Asked to cancel job group "+found[1])
	h.log(t, from, "Close statement with "+found[1])
	return found[1]
}

// A statement that nobody waits for any more is ended on the server, whatever it is doing.
func TestStatementsThatAreGivenUp(t *testing.T) {
	h := plainHive(t)
	file := func(sql string) []string {
		return append([]string{"query", "--format", "tsv", "-f", statementFile(t, sql)}, h.flags()...)
	}
	t.Run("by SIGINT while it has no rows", func(t *testing.T) {
		from := h.logged(t)
		r := startReader(t, "1", command(t, append(file("SELECT 1; SELECT count(*) FROM range(200000000000) WHERE sqrt(id) % 7 = 3"), "--log-level", "debug")...))
		eventually(t, "the statement has an id", func() bool { return strings.Count(r.said(t), `"statement started"`) == 2 })
		h.log(t, from, "Submitting query 'SELECT count(*)")
		from += bytes.LastIndex(read(t, filepath.Join(h.dir, "log"))[from:], []byte("Submitting query"))
		h.log(t, from, "Starting job")
		r.Process.Signal(syscall.SIGINT)
		took := r.end(t, 10)
		h.log(t, from, "cancelled part of cancelled job group "+h.cancelled(t, from, r.said(t)))
		checkTook(t, took)
	})
	t.Run("by SIGINT while its rows come", func(t *testing.T) {
		from := h.logged(t)
		r := startReader(t, "1", command(t, file(setStreams+manyRows)...))
		r.Process.Signal(syscall.SIGINT)
		took := r.end(t, 10)
		h.cancelled(t, from, r.said(t))
		h.parts(t, from)
		checkTook(t, took)
	})
	t.Run("by --max-rows", func(t *testing.T) {
		from := h.logged(t)
		r := startReader(t, "9", command(t, append(file(setStreams+manyRows), "--max-rows", "10")...))
		took := r.end(t, 0)
		h.cancelled(t, from, r.said(t))
		h.parts(t, from)
		checkTook(t, took)
	})
}

func checkTook(t *testing.T, took time.Duration) {
	t.Helper()
	t.Logf("ended after %s", took.Round(time.Millisecond))
	if took > mostWait {
		t.Errorf("ended after %s", took)
	}
}

// parts sees that some, and not all parts of manyRows were computed.
func (h *hive) parts(t *testing.T, from int) {
	t.Helper()
	if n := bytes.Count(read(t, filepath.Join(h.dir, "log"))[from:], []byte(nextPart)); n < 1 || n > 500 {
		t.Errorf("the server computed %d of 1000 parts", n)
	}
}

// signal sends one to the server.
func (h *hive) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(string(read(t, filepath.Join(h.dir, "pid")))))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
	if s == syscall.SIGKILL {
		os.Remove(filepath.Join(h.dir, "pid")) // nothing is left to be stopped
	}
}

// A server falls silent, and then dies, while rows are read from it: what has come is no
// result, nothing is left of a report, and it is told what to do.
func TestTheServerGoesAwayWhileRowsCome(t *testing.T) {
	t.Parallel()
	h := startHive(t, "HS2_STREAM=1")
	query := append([]string{"query", "--format", "tsv", manyRows}, h.flags()...)

	client := connect(t, h.addr)
	rows, err := client.Query(t.Context(), manyRows)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	silent := startReader(t, "1", command(t, append(query, "--config-dir", configWith(t, "impala: {timeouts: {rpc: 2s}}"))...))
	lost := startReader(t, "1", command(t, query...))
	report := startReport(t, h)

	h.signal(t, syscall.SIGSTOP)
	checkTook(t, silent.end(t, 5)-2*time.Second)
	for _, want := range []string{": FetchResults: no answer within 2s\n", "try: see whether the coordinator was restarted", "statement may still run on the coordinator"} {
		if said := silent.said(t); !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}

	h.signal(t, syscall.SIGKILL)
	began := time.Now()
	for err == nil {
		_, err = rows.Next(t.Context())
	}
	if err == io.EOF || fault.ClassOf(err) != fault.Lost || fault.AreaOf(err) != fault.Impala {
		t.Errorf("the rows end with %v", err)
	}
	if _, err := client.Query(t.Context(), "SELECT 1"); fault.ClassOf(err) != fault.Lost {
		t.Errorf("the next statement: %v", err)
	}
	lost.end(t, 5)
	report.check(t)
	checkTook(t, time.Since(began))
	if said := lost.said(t); !gone.MatchString(said) || !strings.Contains(said, "try: see whether the coordinator was restarted or ran out of memory") {
		t.Errorf("it says\n%s", said)
	}
}

// gone is what is said of a server that has died: with an answer in its hands or without.
var gone = regexp.MustCompile(`FetchResults: the (server closed the connection: unexpected EOF|connection broke: .*connection reset by peer)\n`)

// reporting is a run whose only statement has many rows.
type reporting struct {
	*exec.Cmd
	out, temp string
	stderr    bytes.Buffer
	ended     chan error
}

// startReport waits until rows have come.
func startReport(t *testing.T, h *hive) *reporting {
	t.Helper()
	dir := reportOf(t, "SELECT id AS n FROM range(0, 900000, 1, 9000)")
	path := filepath.Join(dir, "configs/reports/one.yaml")
	if err := os.WriteFile(path, bytes.Replace(read(t, path), []byte("rows: true"), []byte("rows: true, limit: 1000000"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &reporting{out: filepath.Join(t.TempDir(), "out"), temp: t.TempDir(), ended: make(chan error, 1)}
	r.Cmd = command(t, append([]string{"--config-dir", dir, "--date", "2017-09-12", "--out", r.out}, h.flags()...)...)
	r.Env = append(r.Env, "TMPDIR="+r.temp)
	r.Stderr = &r.stderr
	from := h.logged(t)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	go func() { r.ended <- r.Wait() }()
	h.log(t, from, nextPart)
	return r
}

// check waits for the end, which must say why and leave nothing.
func (r *reporting) check(t *testing.T) {
	t.Helper()
	<-r.ended
	said := r.stderr.String()
	if code := r.ProcessState.ExitCode(); code != 5 || !gone.MatchString(said) || !strings.Contains(said, "report one: dataset one: query ") {
		t.Errorf("the report ended with %d\n%s", code, said)
	}
	for _, dir := range []string{r.out, r.temp} {
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
