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
	if sharedHive.dir != "" {
		exec.Command("bash", "hs2.sh", "stop", sharedHive.dir).Run()
		os.RemoveAll(filepath.Dir(sharedHive.dir))
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
	peakKB         int64 // most resident memory
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
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), peak(cmd)}
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

// realm is a running MIT KDC.
type realm struct{ dir string }

func startRealm(t testing.TB, principals ...string) *realm {
	t.Helper()
	r := &realm{dir: filepath.Join(folder(t), "realm")}
	script(t, nil, "kdc.sh", "start", r.dir, freePort(t))
	t.Cleanup(func() { script(t, nil, "kdc.sh", "stop", r.dir) })
	script(t, nil, "kdc.sh", append([]string{"add", r.dir}, principals...)...)
	return r
}

func (r *realm) conf() string { return filepath.Join(r.dir, "krb5.conf") }
func (r *realm) keytab(name string) string {
	return filepath.Join(r.dir, strings.ReplaceAll(name, "/", "_")+".keytab")
}

// hive is a running HiveServer2.
type hive struct{ dir, addr string }

func startHive(t *testing.T, settings ...string) *hive {
	t.Helper()
	h := newHive(t, folder(t), settings...)
	t.Cleanup(func() { script(t, nil, "hs2.sh", "stop", h.dir) })
	return h
}

func newHive(t *testing.T, parent string, settings ...string) *hive {
	t.Helper()
	h := &hive{dir: filepath.Join(parent, "hs2")}
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	h.addr = "localhost:" + port
	script(t, settings, "hs2.sh", "start", h.dir, port)
	return h
}

// sharedHive is the server without a login, which the tests share; TestMain ends it.
var sharedHive hive

func plainHive(t *testing.T) *hive {
	t.Helper()
	if sharedHive.dir == "" {
		parent, err := os.MkdirTemp("", "qp")
		if err != nil {
			t.Fatal(err)
		}
		sharedHive = *newHive(t, parent)
	}
	return &sharedHive
}

// kerberized starts a server with one protection level in the realm.
func kerberized(t *testing.T, r *realm, qop string) *hive {
	t.Helper()
	return startHive(t, "HS2_AUTH=KERBEROS", "HS2_QOP="+qop, "HS2_KEYTAB="+r.keytab("hive/localhost"), "KRB5_CONFIG="+r.conf())
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

// load makes the tables of an export on the server.
func (h *hive) load(t *testing.T, export string, flags []string) {
	t.Helper()
	schemas, err := filepath.Glob(filepath.Join(export, "*.schema"))
	if err != nil || len(schemas) == 0 {
		t.Fatalf("no schema in %s: %v", export, err)
	}
	var sql strings.Builder
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
	}
	file := filepath.Join(t.TempDir(), "load.sql")
	if err := os.WriteFile(file, []byte(sql.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, append([]string{"query", "-f", file}, flags...)...)
}
