//go:build peers

package peers

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestEveryTypeOfHiveServer2(t *testing.T) {
	h := plainHive(t)
	o := ok(t, append([]string{"query", "--format", "tsv", `SELECT true b, cast(-128 AS TINYINT) t, cast(-32768 AS SMALLINT) s, 2147483647 i, -9223372036854775808 l,
		cast(1.1 AS FLOAT) f, 0.1D d, cast('NaN' AS DOUBLE) n, cast(12.30 AS DECIMAL(10,2)) m, 'žluť\n' x, cast('ab' AS CHAR(4)) c, cast('ab' AS VARCHAR(4)) v,
		TIMESTAMP '2017-09-12 14:00:00.25' ts, DATE '2017-09-12' dt, array(1,2) a, map('k', 1) p, cast('abc' AS BINARY) y, NULL z`}, h.flags()...)...)
	want := "b\tt\ts\ti\tl\tf\td\tn\tm\tx\tc\tv\tts\tdt\ta\tp\ty\tz\n" +
		"true\t-128\t-32768\t2147483647\t-9223372036854775808\t1.1\t0.1\tNaN\t12.30\tžluť\\n\tab\tab\t2017-09-12 14:00:00.25\t2017-09-12\t[1,2]\t{\"k\":1}\tabc\t\\N\n"
	if o.stdout != want {
		t.Errorf("got  %q\nwant %q", o.stdout, want)
	}
}

func TestErrorsOfHiveServer2(t *testing.T) {
	h := plainHive(t)
	for statement, want := range map[string]string{
		"SELECT * FROM nope":        "[TABLE_OR_VIEW_NOT_FOUND]",
		"SELECT nope FROM range(1)": "[UNRESOLVED_COLUMN",
		"SELEC 1":                   "[PARSE_SYNTAX_ERROR]",
		"SELECT id, assert_true(id < 50000) FROM range(100000)": "is not true",
	} {
		o := qosreport(t, append([]string{"query", statement}, h.flags()...)...)
		if o.code != 5 || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "\tat ") {
			t.Errorf("%s: exit code %d\n%s", statement, o.code, o.stderr)
		}
	}
}

// SIGTERM during a long statement: it is cancelled on the server, the exit code is 10,
// and it does not take long.
func TestSIGTERMCancelsOnTheServer(t *testing.T) {
	h := plainHive(t)
	out := filepath.Join(t.TempDir(), "out")
	config := reportOf(t, "SELECT count(*) AS n FROM range(200000000000) WHERE sqrt(id) % 7 = 3")
	cmd := command(t, append([]string{"--config-dir", config, "--date", "2017-09-12", "--out", out}, h.flags()...)...)
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	cmd.Stderr = stderr
	from := h.logged(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.log(t, from, "Starting job") // the statement runs
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code, took := cmd.ProcessState.ExitCode(), time.Since(began); code != 10 || took > 10*time.Second {
		t.Errorf("exit code %d after %s", code, took)
	}
	h.log(t, from, "cancelled")
	if entries, _ := os.ReadDir(out); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// reportOf makes a configuration folder with a report of one statement.
func reportOf(t *testing.T, statement string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"configs/qosreport.yaml":   "version: 1\n",
		"configs/reports/one.yaml": "version: 1\ndatasets:\n  one: {query: one.sql, rows: true}\nsections:\n  one: {table: one}\noutputs: {json: {}, xlsx: {}, html: {}}\n",
		"queries/one.sql":          statement,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTLSAndPlainLogin(t *testing.T) {
	h := startHive(t, "HS2_AUTH=NONE", "HS2_TLS=1")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("any\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := []string{"query", "SELECT 1 AS one", "--impala-auth", "ldap", "--impala-user", "report", "--impala-password-file", password}
	ca := filepath.Join(h.dir, "ca.pem")
	if o := ok(t, append(login, "--impala-host", h.addr, "--impala-tls-ca", ca)...); o.stdout != "one\n1\n" {
		t.Errorf("got %q", o.stdout)
	}
	_, port, _ := strings.Cut(h.addr, ":")
	for _, tt := range []struct {
		name string
		args []string
		want string
		code int
	}{
		{"unknown authority", []string{"--impala-host", h.addr}, "set impala.tls.ca_file", 4},
		{"another name", []string{"--impala-host", "127.0.0.1:" + port, "--impala-tls-ca", ca}, "impala.tls.server_name", 4},
		{"no TLS", []string{"--impala-host", h.addr, "--no-impala-tls"}, "", 4},
	} {
		o := qosreport(t, append(login, tt.args...)...)
		if o.code != tt.code || !strings.Contains(o.stderr, tt.want) || !strings.Contains(o.stderr, "try:") {
			t.Errorf("%s: exit code %d\n%s", tt.name, o.code, o.stderr)
		}
	}
}

// What an export says reads back as it was on another engine: every column's checksum is
// that of the stand-in. Timestamps are left out, whose texts differ in trailing zeros, and
// so are texts that are not UTF-8, which this server cannot hold.
func TestExportReadsBackElsewhere(t *testing.T) {
	l := startLab(t)
	export := filepath.Join(t.TempDir(), "export")
	ok(t, "demo", "--days", "4", "--out", t.TempDir(), "--export", export)
	h := plainHive(t)
	h.load(t, export, h.flags())
	const columns = `SELECT call_id, leg_no, site, endpoint_id, endpoint_model, user_name, carrier, trunk, country, codec, ptime_ms, final_code, pdd_ms, duration_s,
		packets_rx, packets_lost, loss_pct, jitter_ms, rtt_ms, mos_cq, mos_scale, dt FROM qos.call_quality WHERE dt >= '2017-09-10'`
	const clean = ` AND coalesce(hex(user_name), '') NOT LIKE '%[1]s' AND coalesce(hex(endpoint_model), '') NOT LIKE '%[1]s'`
	cmd := command(t, "query", "--format", "null", columns+fmt.Sprintf(clean, "%FF%"))
	cmd.Env = append(cmd.Env, l.env...)
	want := checksums(t, finish(t, cmd))
	got := checksums(t, ok(t, append([]string{"query", "--format", "null", columns + fmt.Sprintf(clean, "%EFBFBD%")}, h.flags()...)...))
	if len(want) != 23 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// checksums are the lines of the format null that do not depend on time.
func checksums(t *testing.T, o outcome) []string {
	t.Helper()
	lines := resultLines(o.stdout)
	if o.code != 0 || len(lines) == 0 {
		t.Fatalf("exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	return lines
}

func resultLines(stdout string) (lines []string) {
	for line := range strings.Lines(stdout) {
		if strings.HasPrefix(line, "rows ") || strings.HasPrefix(line, "checksum ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// figures are all numbers of a report's sections, by where they stand.
func figures(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("JSON files %v, %v", paths, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Sections any }
	if err := json.Unmarshal(data, &page); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	gather(all, "", page.Sections)
	return all
}

func gather(into map[string]float64, path string, v any) {
	switch v := v.(type) {
	case float64:
		into[path] = v
	case []any:
		for i, item := range v {
			gather(into, fmt.Sprintf("%s[%d]", path, i), item)
		}
	case map[string]any:
		for key, item := range v {
			gather(into, path+"."+key, item)
		}
	}
}

// The report of the demo, and of a server that others wrote behind MIT's KDC with each
// protection level: the same figures.
func TestKeytabToReport(t *testing.T) {
	demo := t.TempDir()
	export := filepath.Join(demo, "export")
	ok(t, "demo", "--days", "4", "--out", filepath.Join(demo, "out"), "--export", export)
	want := figures(t, filepath.Join(demo, "out"))
	if len(want) < 2000 {
		t.Fatalf("the demo's report has %d figures", len(want))
	}
	types := []string{"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"}
	for _, qop := range []string{"auth", "auth-int", "auth-conf"} {
		t.Run(qop, func(t *testing.T) {
			h, r := shared.kerberos(t, qop, types...)
			r.account(t, nil, "report")
			login := h.login(r, qop)
			h.load(t, export, login)
			out := t.TempDir()
			ok(t, append([]string{"--date", "2017-09-12", "--zone", "Europe/Bratislava", "--report", "voice-daily", "--out", out}, login...)...)
			got := figures(t, out)
			if len(got) != len(want) {
				t.Errorf("%d figures, the demo has %d", len(got), len(want))
			}
			for name, w := range want {
				if g, found := got[name]; !found || math.Abs(g-w) > 1e-9*math.Max(math.Abs(w), 1) {
					t.Errorf("%s: got %v, the demo %v", name, g, w)
				}
			}
		})
	}
	t.Run("a level that the server lacks", func(t *testing.T) {
		h, r := shared.kerberos(t, "auth", types...)
		r.account(t, nil, "report")
		o := qosreport(t, append([]string{"query", "SELECT 1"}, h.login(r, "auth-conf")...)...)
		if o.code != 4 || !strings.Contains(o.stderr, "auth-conf") || !strings.Contains(o.stderr, "try:") {
			t.Errorf("exit code %d\n%s", o.code, o.stderr)
		}
		o = qosreport(t, append(append([]string{"query", "SELECT 1"}, h.login(r, "auth")...), "--impala-service", "impala")...)
		if o.code != 4 || !strings.Contains(o.stderr, "impala/localhost") {
			t.Errorf("unknown service: exit code %d\n%s", o.code, o.stderr)
		}
		script(t, nil, "kdc.sh", "rekey", r.dir, "report")
		o = qosreport(t, append([]string{"query", "SELECT 1"}, h.login(r, "auth")...)...)
		if o.code != 4 || !strings.Contains(o.stderr, "does not accept the key") {
			t.Errorf("stale keytab: exit code %d\n%s", o.code, o.stderr)
		}
	})
}
