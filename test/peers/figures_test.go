//go:build peers

package peers

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cluster "qosreport/internal/lab"
	"qosreport/internal/lab/sample"
)

// layout is what a report holds beside its figures: how many decimals are shown, how dark
// a cell is, how the report was made.
var layout = []string{"decimals", "level", "provenance", "schema"}

// The report of the demo holds the figures that DuckDB finds in the same rows.
func TestFiguresOfTheDemo(t *testing.T) {
	dir := t.TempDir()
	export := filepath.Join(dir, "export")
	ok(t, "demo", "--out", dir, "--export", export)
	path := filepath.Join(dir, "voice-daily_2017-09-12.json")
	checkFigures(t, readPage(t, path), computed(t, export, path))
}

// The same holds for other days, those on which the clocks change among them, and for a
// server that others wrote.
func TestFiguresOfOtherDays(t *testing.T) {
	date := func(month time.Month, day int) time.Time { return time.Date(2017, month, day, 0, 0, 0, 0, time.UTC) }
	h := plainHive(t)
	for _, tt := range []struct {
		name, day string
		options   sample.Options
	}{
		{"an ordinary day", "2017-09-07", sample.Options{}},
		{"an incident that is compared with working days", "2017-09-08", sample.Options{Incident: &sample.Incident{Site: "Košice-1", Date: date(9, 8), FromHour: 9, ToHour: 11}}},
		{"a day of 23 hours", "2017-03-26", sample.Options{Last: date(3, 27)}},
		{"a day of 25 hours", "2017-10-29", sample.Options{Last: date(10, 30)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.LegsPerDay = 3000
			l := startCluster(t, tt.options)
			export := t.TempDir()
			if _, err := cluster.Export(t.Context(), l.Catalog, export); err != nil {
				t.Fatal(err)
			}
			ours := reportOn(t, tt.day, "--impala-host", l.Coordinator, "--impala-service", cluster.Service, "--no-impala-tls",
				"--kerberos-keytab", l.Keytab, "--kerberos-principal", cluster.Principal, "--kerberos-krb5-conf", l.KRB5Conf)
			want := computed(t, export, ours)
			checkFigures(t, readPage(t, ours), want)

			h.load(t, export, h.flags())
			theirs := reportOn(t, tt.day, h.flags()...)
			t.Run("on Spark", func(t *testing.T) {
				checkFigures(t, readPage(t, theirs), want)
				checkFigures(t, readPage(t, theirs), readPage(t, ours))
			})
		})
	}
}

// startCluster brings up a demo cluster in this process.
func startCluster(t *testing.T, o sample.Options) *cluster.Lab {
	t.Helper()
	l, err := cluster.Start(t.Context(), cluster.Options{Dir: t.TempDir(), Sample: o})
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

// reportOn makes the voice report of a day and returns the path of its JSON form.
func reportOn(t *testing.T, day string, flags ...string) string {
	t.Helper()
	out := t.TempDir()
	ok(t, append([]string{"--date", day, "--zone", "Europe/Bratislava", "--report", "voice-daily", "--format", "json", "--out", out}, flags...)...)
	return filepath.Join(out, "voice-daily_"+day+".json")
}

// computed is what figures.py says of the report's day.
func computed(t *testing.T, export, report string) map[string]any {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(cache, "qosreport-peers", "venv", "bin", "python"), "-B", "figures.py", export, report)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("figures.py: %v\n%s", err, stderr.String())
	}
	return decode(t, out)
}

func readPage(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, data)
}

// decode reads a report's JSON, its sections by name.
func decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var page map[string]any
	if err := json.Unmarshal(data, &page); err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]any)
	for _, s := range page["sections"].([]any) {
		section := s.(map[string]any)
		sections[section["name"].(string)] = section
	}
	page["sections"] = sections
	return page
}

// checkFigures compares whatever a report holds with what was computed.
func checkFigures(t *testing.T, got, want map[string]any) {
	t.Helper()
	c := &comparison{}
	c.compare("", got, want)
	if c.numbers < 1000 {
		t.Errorf("only %d numbers were compared", c.numbers)
	}
	if len(c.differences) > 0 {
		t.Errorf("%d of %d numbers and texts differ:\n%s", len(c.differences), c.numbers, strings.Join(c.differences[:min(40, len(c.differences))], "\n"))
	}
}

// comparison walks a report beside what was computed. A number, or a mark like "few",
// without a counterpart is a difference; a text without one is the report's own.
type comparison struct {
	numbers     int
	differences []string
}

func (c *comparison) differ(path, format string, args ...any) {
	c.differences = append(c.differences, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) compare(path string, got, want any) {
	same := got == nil && want == nil
	switch want := want.(type) {
	case map[string]any:
		if want["any"] == true {
			return
		}
		if g, isMap := got.(map[string]any); isMap {
			c.object(path, g, want)
			return
		}
	case []any:
		if g, isList := got.([]any); isList && len(g) == len(want) {
			for i := range want {
				c.compare(fmt.Sprintf("%s[%d]", path, i), g[i], want[i])
			}
			return
		}
	case float64:
		if g, isNumber := got.(float64); isNumber {
			c.numbers++
			// What is left of a subtraction that should give zero is no difference.
			gap := math.Abs(g - want)
			same = gap <= 1e-9*math.Abs(want) || gap <= 1e-12
		}
	case string:
		g, isText := got.(string)
		same = isText && (g == want || sameTime(g, want))
	case bool:
		same = got == any(want)
	}
	if !same {
		c.differ(path, "got %s, want %s", brief(got), brief(want))
	}
}

// brief is the beginning of a value's text.
func brief(v any) string { return fmt.Sprintf("%.300s", fmt.Sprint(v)) }

// sameTime reports whether two texts are one instant: servers differ in trailing zeros.
func sameTime(a, b string) bool {
	x, errX := time.Parse(time.DateTime, a) // any fraction of a second is taken, too
	y, errY := time.Parse(time.DateTime, b)
	return errX == nil && errY == nil && x.Equal(y)
}

func (c *comparison) object(path string, got, want map[string]any) {
	for key, w := range want {
		if key == "exact" || key == "within" || slices.Contains(layout, key) {
			continue
		}
		g, found := got[key]
		if !found {
			c.differ(path+"."+key, "missing, want %s", brief(w))
			continue
		}
		c.compare(path+"."+key, g, w)
	}
	for key, g := range got {
		if _, found := want[key]; !found && !slices.Contains(layout, key) {
			c.alone(path+"."+key, g)
		}
	}
	if exact, estimated := want["exact"].(float64); estimated {
		value, isNumber := got["value"].(float64)
		if !isNumber || math.Abs(value-exact) > want["within"].(float64) {
			c.differ(path, "%v is further from %v than %v", got["value"], exact, want["within"])
		}
	}
}

// alone is what nobody computed: no number may be in it.
func (c *comparison) alone(path string, got any) {
	switch got := got.(type) {
	case map[string]any:
		for key, g := range got {
			if !slices.Contains(layout, key) {
				c.alone(path+"."+key, g)
			}
		}
	case []any:
		for i, g := range got {
			c.alone(fmt.Sprintf("%s[%d]", path, i), g)
		}
	case float64, bool:
		c.differ(path, "%v has no counterpart", got)
	}
}

func TestComparison(t *testing.T) {
	want := map[string]any{"value": 0.5, "text": "50 %", "rows": []any{1.0, nil}, "exact": 0.501, "within": 0.01}
	for _, tt := range []struct{ name, got, difference string }{
		{"equal", `{"value": 0.5, "text": "50 %", "rows": [1, null]}`, ""},
		{"texts and layout of its own", `{"value": 0.5, "text": "50 %", "rows": [1, null], "label": "Half", "decimals": 2}`, ""},
		{"a number that is off", `{"value": 0.500001, "text": "50 %", "rows": [1, null]}`, ".value: got 0.500001, want 0.5"},
		{"an estimate that is off", `{"value": 0.6, "text": "50 %", "rows": [1, null]}`, "0.6 is further from 0.501 than 0.01"},
		{"another text", `{"value": 0.5, "text": "51 %", "rows": [1, null]}`, ".text: got 51 %, want 50 %"},
		{"a number that nobody computed", `{"value": 0.5, "text": "50 %", "rows": [1, null], "own": [{"n": 7}]}`, ".own[0].n: 7 has no counterpart"},
		{"a mark that nobody computed", `{"value": 0.5, "text": "50 %", "rows": [1, null], "few": true}`, ".few: true has no counterpart"},
		{"a number where there is none", `{"value": 0.5, "text": "50 %", "rows": [1, 0]}`, ".rows[1]: got 0, want <nil>"},
		{"a row too few", `{"value": 0.5, "text": "50 %", "rows": [1]}`, ".rows: got [1], want [1 <nil>]"},
		{"nothing", `{"text": "50 %", "rows": [1, null]}`, ".value: missing, want 0.5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got any
			if err := json.Unmarshal([]byte(tt.got), &got); err != nil {
				t.Fatal(err)
			}
			c := &comparison{}
			c.compare("", got, want)
			if said := strings.Join(c.differences, "\n"); !strings.Contains(said, tt.difference) || (tt.difference == "") != (said == "") {
				t.Errorf("got %q, want %q", said, tt.difference)
			}
		})
	}
}
