//go:build peers

// Package peers runs the product against servers and programs that others wrote: MIT's
// KDC and clients, Spark's HiveServer2, impyla, LibreOffice, Chromium. Nothing is skipped:
// a peer that is missing fails.
package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "qosreport-peers-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "qosreport")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "qosreport/cmd/qosreport")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.end(); err != nil {
		fmt.Fprintln(os.Stderr, "end the shared servers:", err)
		code = max(code, 1)
	}
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// outcome is one run of the program.
type outcome struct {
	stdout, stderr string
	code           int
}

// command prepares a run of the program with a clean environment.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir()}
	return cmd
}

func qosreport(t *testing.T, args ...string) outcome {
	t.Helper()
	return finish(t, command(t, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// ok runs the program and fails the test unless it ends with 0.
func ok(t *testing.T, args ...string) outcome {
	t.Helper()
	o := qosreport(t, args...)
	if o.code != 0 {
		t.Fatalf("qosreport %s ended with %d\n%s%s", strings.Join(args, " "), o.code, o.stdout, o.stderr)
	}
	return o
}

// script runs one of the scripts beside this file.
func script(t testing.TB, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command("bash", append([]string{name}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	// To a file, not a pipe: the servers that it starts keep the descriptors open.
	log, err := os.CreateTemp(t.TempDir(), "script")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
}

// tool runs a program that others wrote and returns what it printed.
func tool(t testing.TB, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// folder is a short path: some peers keep sockets there.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// flags are how the program reaches a server without a login.
func (h *hive) flags() []string {
	return []string{"--impala-host", h.addr, "--impala-transport", "plain-socket", "--impala-auth", "none", "--no-impala-tls"}
}

// login are the flags for a server with Kerberos.
func (h *hive) login(r *realm, qop string) []string {
	return []string{"--impala-host", h.addr, "--impala-service", "hive", "--impala-sasl-qop", qop, "--no-impala-tls",
		"--kerberos-keytab", r.keytab("report"), "--kerberos-principal", "report@EXAMPLE.COM", "--kerberos-krb5-conf", r.conf()}
}

// logged is how long the server's log is.
func (h *hive) logged(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(h.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}

// log waits until the server's log holds the text behind the position.
func (h *hive) log(t *testing.T, from int, text string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		data, err := os.ReadFile(filepath.Join(h.dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data[from:], []byte(text)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server's log does not say %q", text)
		}
		time.Sleep(20 * time.Millisecond) // waiting for another process
	}
}

// load makes the tables of an export on the server, until the test ends.
func (h *hive) load(t *testing.T, export string, flags []string) {
	t.Helper()
	schemas, err := filepath.Glob(filepath.Join(export, "*.schema"))
	if err != nil || len(schemas) == 0 {
		t.Fatalf("no schema in %s: %v", export, err)
	}
	var sql, drop strings.Builder
	for _, path := range schemas {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		table := strings.TrimSuffix(filepath.Base(path), ".schema")
		database, _, _ := strings.Cut(table, ".")
		columns := strings.Split(strings.TrimSpace(string(data)), "\n")
		for i, c := range columns {
			name, kind, _ := strings.Cut(c, " ")
			columns[i] = "`" + name + "` " + kind
		}
		fmt.Fprintf(&sql, "CREATE DATABASE IF NOT EXISTS %s;\nCREATE TABLE %s (%s) USING csv OPTIONS (path '%s', header 'true', multiLine 'true', quote '\"', escape '\"',\n"+
			" nullValue '\\\\N', emptyValue '', nanValue 'NaN', positiveInf 'Infinity', negativeInf '-Infinity', maxCharsPerColumn '-1', mode 'FAILFAST',\n"+
			" timestampFormat 'yyyy-MM-dd HH:mm:ss[.SSSSSSSSS]');\n", database, table, strings.Join(columns, ", "), strings.TrimSuffix(path, ".schema")+".csv")
		fmt.Fprintf(&drop, "DROP TABLE %s;\n", table)
	}
	t.Cleanup(func() { h.statements(t, drop.String(), flags) })
	h.statements(t, sql.String(), flags)
}

// statements runs a file of them, and each must succeed.
func (h *hive) statements(t *testing.T, sql string, flags []string) {
	t.Helper()
	ok(t, append([]string{"query", "-f", statementFile(t, sql)}, flags...)...)
}

func statementFile(t *testing.T, sql string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "statements.sql")
	if err := os.WriteFile(path, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
