//go:build live

// Package live runs the client's checks on a cluster of the user's own: Impala, with the
// configuration folder that QOSREPORT_TEST_CONFIG names. It reads and writes no table.
package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "qosreport-live-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "qosreport")
	build := exec.Command("go", "build", "-o", binary, "qosreport/cmd/qosreport")
	build.Stderr = os.Stderr
	code := 1
	if build.Run() == nil {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// query runs statements on the cluster.
func query(t *testing.T, timeout time.Duration, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	config := os.Getenv("QOSREPORT_TEST_CONFIG")
	if config == "" {
		t.Fatal("QOSREPORT_TEST_CONFIG names no folder: it must hold configs/qosreport.yaml with a cluster")
	}
	ctx, stop := context.WithTimeout(t.Context(), timeout)
	defer stop()
	cmd := exec.CommandContext(ctx, binary, append([]string{"query", "--config-dir", config, "--format", "tsv"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestEveryType(t *testing.T) {
	out, errs, code := query(t, time.Minute, `SELECT TRUE b, CAST(-128 AS TINYINT) t, CAST(-32768 AS SMALLINT) s, 2147483647 i, CAST(-9223372036854775808 AS BIGINT) l,
		CAST(1.1 AS FLOAT) f, CAST(0.1 AS DOUBLE) d, CAST('NaN' AS DOUBLE) n, CAST(12.30 AS DECIMAL(10,2)) m, 'žluť\n' x, CAST('ab' AS CHAR(4)) c,
		CAST('ab' AS VARCHAR(4)) v, CAST('2017-09-12 14:00:00.25' AS TIMESTAMP) ts, NULL z`)
	want := "true\t-128\t-32768\t2147483647\t-9223372036854775808\t1.1\t0.1\tNaN\t12.30\tžluť\\n\tab\tab\t2017-09-12 14:00:00.250000000\t\\N\n"
	if _, row, _ := strings.Cut(out, "\n"); code != 0 || row != want {
		t.Errorf("exit code %d\ngot  %q\nwant %q\n%s", code, row, want, errs)
	}
}

// powerOfTen is a FROM clause of 10^n rows without a table.
func powerOfTen(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(" CROSS JOIN ")
		}
		fmt.Fprintf(&b, "(SELECT 0 i%s) t%d", strings.Repeat(" UNION ALL SELECT 0", 9), i)
	}
	return b.String()
}

// Many batches, of which none may be lost.
func TestAllRowsArrive(t *testing.T) {
	out, errs, code := query(t, 5*time.Minute, "SELECT row_number() OVER (ORDER BY t0.i) n FROM "+powerOfTen(5))
	if rows := strings.Count(out, "\n") - 1; code != 0 || rows != 100_000 {
		t.Errorf("exit code %d, %d rows\n%s", code, rows, errs)
	}
}

func TestErrorsReadWell(t *testing.T) {
	for statement, want := range map[string]string{"SELECT * FROM qosreport_no_such_table": "Could not resolve table reference", "SELEC 1": "ParseException"} {
		_, errs, code := query(t, time.Minute, statement)
		if code != 5 || !strings.Contains(errs, want) || !strings.Contains(errs, "try:") {
			t.Errorf("%s: exit code %d\n%s", statement, code, errs)
		}
	}
}

func TestAStoppedStatementIsCancelled(t *testing.T) {
	_, errs, code := query(t, 5*time.Second, "SELECT count(*) FROM "+powerOfTen(12))
	if code != 10 || !strings.Contains(errs, "statement cancelled on the coordinator") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}
