package main

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab"
)

// world is what a row of the table may spoil.
type world struct {
	t    *testing.T
	lab  *lab.Lab
	out  string
	args []string
}

// set replaces the value of a flag.
func (w *world) set(flag, value string) {
	for i, arg := range w.args {
		if arg == flag {
			w.args[i+1] = value
			return
		}
	}
	w.args = append(w.args, flag, value)
}

// report makes a configuration folder whose only report runs the statement.
func (w *world) report(statement, dataset string) {
	dir := w.t.TempDir()
	write(w.t, filepath.Join(dir, "configs/qosreport.yaml"), "version: 1\n")
	write(w.t, filepath.Join(dir, "queries/one.sql"), statement)
	write(w.t, filepath.Join(dir, "configs/reports/one.yaml"), "version: 1\ndatasets:\n  one: {query: one.sql, "+dataset+"}\n"+
		"measures:\n"+map[bool]string{true: "  n: {sum: one.n}\nsections:\n  top: {kpi: [n]}\n", false: "\nsections:\n  top: {table: one}\n"}[strings.Contains(dataset, "sums")]+
		"outputs: {json: {}}\n")
	w.set("--config-dir", dir)
}

const states = "dimensions: [day], sums: [n]"

// Every bad input: one clear error with its cause and its cure, the exit code, no file.
func TestBadInput(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(w *world)
		code  int
		says  []string
	}{
		{"wrong principal", func(w *world) { w.set("--kerberos-principal", "somebody@EXAMPLE.COM") }, 4, []string{"somebody@EXAMPLE.COM", "report@EXAMPLE.COM", "try:"}},
		{"unknown to the KDC", func(w *world) {
			keytab := filepath.Join(w.t.TempDir(), "other.keytab")
			other := startLab(w.t, nil)
			if err := other.Realm.Add("ghost"); err != nil {
				w.t.Fatal(err)
			}
			if err := other.Realm.WriteKeytab(keytab, "ghost"); err != nil {
				w.t.Fatal(err)
			}
			w.set("--kerberos-principal", "ghost@EXAMPLE.COM")
			w.set("--kerberos-keytab", keytab)
		}, 4, []string{"ghost@EXAMPLE.COM", "try:"}},
		{"wrong key", func(w *world) {
			if err := w.lab.Realm.Add("report"); err != nil { // a new key; the keytab keeps the old one
				w.t.Fatal(err)
			}
		}, 4, []string{"does not accept the key", "try:"}},
		{"keytab missing", func(w *world) { w.set("--kerberos-keytab", filepath.Join(w.t.TempDir(), "none")) }, 4, []string{"there is no keytab", "try:"}},
		{"no keytab at all", func(w *world) {
			w.t.Setenv("KRB5_CLIENT_KTNAME", "")
			w.t.Setenv("KRB5_KTNAME", "")
			w.set("--kerberos-keytab", "")
		}, 4, []string{"no keytab is configured", "--kerberos-keytab"}},
		{"keytab is a folder", func(w *world) { w.set("--kerberos-keytab", w.t.TempDir()) }, 4, []string{"keytab", "try:"}},
		{"keytab empty", func(w *world) { w.set("--kerberos-keytab", write(w.t, filepath.Join(w.t.TempDir(), "empty"), "")) }, 4, []string{"empty", "try:"}},
		{"not a keytab", func(w *world) {
			w.set("--kerberos-keytab", write(w.t, filepath.Join(w.t.TempDir(), "text"), "geheim geheim"))
		}, 4, []string{"keytab", "try:"}},
		{"no KDC answers", func(w *world) { w.set("--kerberos-realm", "EXAMPLE.COM"); w.set("--kerberos-kdc", closedPort(w.t)) }, 4, []string{"KDC", "refused", "try:"}},
		{"krb5.conf missing", func(w *world) { w.set("--kerberos-krb5-conf", filepath.Join(w.t.TempDir(), "none")) }, 4, []string{"none", "try:"}},
		{"service principal unknown", func(w *world) { w.set("--impala-service", "hdfs") }, 4, []string{"hdfs/localhost@EXAMPLE.COM", "try:"}},
		{"a ticket for another service", func(w *world) {
			if err := w.lab.Realm.Add("other/localhost"); err != nil {
				w.t.Fatal(err)
			}
			w.set("--impala-service", "other")
		}, 4, []string{"closed the connection during the login", "service principal", "try:"}},
		{"the server's clock is off", func(w *world) {
			l := startLab(w.t, func(o *lab.Options) { o.KDCClock = 10 * time.Minute })
			w.args = reportArgs(l, w.out)
		}, 4, []string{"clock", "try:"}},
		{"no common layer", func(w *world) { w.set("--impala-sasl-qop", "auth-conf") }, 4, []string{"auth-conf", "try:"}},
		{"the server closes in the handshake", func(w *world) { w.set("--impala-host", peer(w.t, func(c net.Conn) { c.Close() })) }, 5, []string{"closed the connection during the login, as it closes every connection", "try:"}},
		{"the server speaks TLS", func(w *world) {
			w.set("--impala-host", peer(w.t, func(c net.Conn) { io.ReadFull(c, make([]byte, 5)); c.Write([]byte("\x15\x03\x01\x00\x02\x02\x46")) }))
		}, 4, []string{"TLS", "--impala-tls", "try:"}},
		{"connection refused", func(w *world) { w.set("--impala-host", closedPort(w.t)) }, 5, []string{"refused", "nothing listens there", "try:"}},
		{"host unknown", func(w *world) { w.set("--impala-host", "coordinator.invalid:21050") }, 5, []string{"coordinator.invalid", "does not resolve", "try:"}},
		{"table missing", func(w *world) { w.set("--param", "table=qos.nope") }, 5, []string{"dataset ", "Could not resolve table reference", "try:"}},
		{"column missing in the table", func(w *world) { w.report("SELECT nope FROM acme", "rows: true") }, 5, []string{"dataset one", "Could not resolve column/field reference", "try:"}},
		{"column missing in the contract", func(w *world) { w.report("SELECT dt AS day, count(*) AS m FROM acme GROUP BY dt", states) }, 5, []string{"column n is missing", "column m is not in the contract", "try:"}},
		{"column of another type", func(w *world) { w.report("SELECT dt AS day, max(name) AS n FROM acme GROUP BY dt", states) }, 5, []string{"column n has type STRING where a number is due", "try:"}},
		{"the query fails in the middle of the fetch", func(w *world) {
			w.report("SELECT cast(cast(jitter_ms AS DOUBLE) / 0 AS INT) AS n FROM qos.call_quality", "rows: true, limit: 100000")
		}, 5, []string{"dataset one"}},
		{"a statement that the demo lacks", func(w *world) { w.report("SELECT name, count(*) FROM acme GROUP BY ROLLUP(name)", "rows: true") }, 5, []string{"not supported by the demo server", "try:"}},
		{"more rows than the limit", func(w *world) { w.report("SELECT * FROM acme", "rows: true, limit: 10") }, 5, []string{"more than 10 rows", "LIMIT"}},
		{"a date that does not exist", func(w *world) { w.set("--date", "2017-02-30") }, 2, []string{`"2017-02-30" is no date`}},
		{"a date in the future", func(w *world) { w.set("--date", "2999-01-01") }, 2, []string{"lies in the future", "try:"}},
		{"unknown report", func(w *world) { w.set("--report", "vioce") }, 2, []string{`no report "vioce"`, "voice-daily"}},
		{"unknown parameter", func(w *world) { w.set("--param", "site=Zürich") }, 2, []string{`no parameter "site"`, "sites, table"}},
		{"unknown format", func(w *world) { w.set("--format", "pdf") }, 2, []string{"xlsx, html, json"}},
		{"unknown zone", func(w *world) { w.set("--zone", "Europe/Nowhere") }, 2, []string{"IANA name"}},
		{"unknown flag", func(w *world) { w.args = append(w.args, "--impla-host", "x") }, 2, []string{"unknown flag"}},
		{"unknown key in a file", func(w *world) {
			w.report("SELECT 1", "rows: true, limts: 5")
		}, 2, []string{`one.yaml:3:`, `unknown key "limts"`}},
		{"mistake in a template", func(w *world) { w.report("SELECT {{.Params.nope}}", "rows: true") }, 2, []string{"nope"}},
		{"the output folder is a file", func(w *world) { w.set("--out", write(w.t, filepath.Join(w.t.TempDir(), "file"), "")) }, 6, []string{"file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := startLab(t, nil)
			w := &world{t: t, lab: l, out: filepath.Join(t.TempDir(), "out")}
			w.args = reportArgs(l, w.out)
			tt.spoil(w)
			r := call(t.Context(), w.args...)
			if r.code != tt.code {
				t.Errorf("exit code %d, want %d", r.code, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("the error does not say %q", want)
				}
			}
			if names := files(t, w.out); len(names) > 0 {
				t.Errorf("left behind: %v", names)
			}
			if strings.Contains(r.stderr, "geheim") || strings.Count(r.stderr, "qosreport: ") > 1 {
				t.Error("the error shows a secret, or comes twice")
			}
			if t.Failed() {
				t.Log(r.stderr)
			}
		})
	}
}

// A clock of this host that is off does no harm, but draws a warning.
func TestOwnClockOff(t *testing.T) {
	l := startLab(t, func(o *lab.Options) { o.Clock = 10 * time.Minute })
	r := call(t.Context(), append([]string{"query", "SELECT 1 AS one"}, settings(l)...)...)
	if r.code != 0 || r.stdout != "one\n1\n" || !strings.Contains(r.stderr, `"WARN"`) || !strings.Contains(r.stderr, "clock") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestServerLostInTheMiddleOfTheFetch(t *testing.T) {
	var l *lab.Lab
	var through *proxy
	l = startLab(t, func(o *lab.Options) {
		fetches := 0
		o.Observe = func(method string) {
			if method == "FetchResults" {
				if fetches++; fetches == 3 {
					through.cut()
				}
			}
		}
	})
	through = startProxy(t, l.Coordinator)
	out := filepath.Join(t.TempDir(), "out")
	w := &world{t: t, lab: l, out: out, args: reportArgs(l, out)}
	w.report("SELECT * FROM acme", "rows: true, limit: 100000")
	w.set("--impala-host", through.addr)
	r := call(t.Context(), w.args...)
	if r.code != 5 || !strings.Contains(r.stderr, "closed the connection") || !strings.Contains(r.stderr, "try:") || len(files(t, out)) != 0 {
		t.Errorf("exit code %d, files %v\n%s", r.code, files(t, out), r.stderr)
	}
}

func TestQueryMistakes(t *testing.T) {
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"query"}, "a statement or -f FILE"},
		{[]string{"query", "SELECT 1", "-f", "x"}, "a statement or -f FILE"},
		{[]string{"query", "-- nothing"}, "unknown flag"},
		{[]string{"query", "--", "-- nothing"}, "only blanks and comments"},
		{[]string{"query", "-f", "/nonexistent.sql"}, "no such file"},
		{[]string{"query", "SELECT 1", "--format", "xml"}, "table, csv, tsv, json, null"},
		{[]string{"query", "SELECT 1"}, "embedded configs/qosreport.yaml:10:10: impala.hosts is missing"},
		{[]string{"query", "SELECT 1", "--impala-host", "x"}, `--impala-host: impala.hosts[0] is "x": write host:port`},
		{[]string{"nonsense"}, "unexpected argument"},
		{[]string{"--from", "2017-09-12"}, "impala.hosts is missing"},
	} {
		if r := call(t.Context(), tt.args...); r.code != 2 || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%v: exit code %d\n%s", tt.args, r.code, r.stderr)
		}
	}
}

// A stopped run ends with 10, cancels on the server and leaves nothing.
func TestAStoppedRun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancelled := make(chan struct{}, 1)
	l := startLab(t, func(o *lab.Options) {
		o.Observe = func(method string) {
			switch method {
			case "FetchResults":
				cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test"))
			case "CancelOperation":
				select {
				case cancelled <- struct{}{}:
				default:
				}
			}
		}
	})
	out := filepath.Join(t.TempDir(), "out")
	r := call(ctx, reportArgs(l, out)...)
	if r.code != 10 || len(files(t, out)) != 0 {
		t.Errorf("exit code %d, files %v\n%s", r.code, files(t, out), r.stderr)
	}
	select {
	case <-cancelled:
	default:
		t.Error("the statement was not cancelled on the server")
	}
}

// A run can be stopped wherever it waits: for a KDC, for a login, for TLS.
func TestAStopEndsEveryWait(t *testing.T) {
	l := startLab(t, nil)
	for name, spoil := range map[string]func(w *world, silent string){
		"for a KDC": func(w *world, silent string) {
			w.set("--kerberos-realm", "EXAMPLE.COM")
			w.set("--kerberos-kdc", silent)
		},
		"for a login": func(w *world, silent string) { w.set("--impala-host", silent) },
		"for TLS":     func(w *world, silent string) { w.set("--impala-host", silent); w.args = append(w.args, "--impala-tls") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			silent := peer(t, func(c net.Conn) {
				c.Read(make([]byte, 1))
				cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test"))
				io.Copy(io.Discard, c)
			})
			w := &world{t: t, lab: l, out: filepath.Join(t.TempDir(), "out")}
			w.args = reportArgs(l, w.out)
			for i, arg := range w.args {
				if arg == "--no-impala-tls" && name == "for TLS" {
					w.args = append(w.args[:i], w.args[i+1:]...)
					break
				}
			}
			spoil(w, silent)
			if r := call(ctx, w.args...); r.code != 10 || !strings.Contains(r.stderr, "stopped by a test") || len(files(t, w.out)) != 0 {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// peer is a server that does one thing with each connection. It answers to the name of
// the lab's service principal.
func peer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

// proxy hands bytes on until it is cut.
type proxy struct {
	addr string

	mu    sync.Mutex
	conns []net.Conn
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{}
	p.addr = peer(t, func(client net.Conn) {
		server, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.Copy(server, client)
			server.Close()
		}()
		io.Copy(client, server)
		client.Close()
		<-done
	})
	return p
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}
