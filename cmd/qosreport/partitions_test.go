package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/lab/impalad"
	"qosreport/internal/lab/sample"
	"qosreport/internal/lab/sql"
)

// scans is a catalog that writes down which partitions each statement reads, as the server
// sees it.
type scans struct {
	sql.Catalog
	mu         sync.Mutex
	statements [][]string
}

// observe begins a statement.
func (s *scans) observe(method string) {
	if method != "ExecuteStatement" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements = append(s.statements, nil)
}

// Table is one whose partitions are written down when they are opened.
func (s *scans) Table(database, name string) (sql.Table, bool) {
	table, found := s.Catalog.Table(database, name)
	return scanned{table, s}, found
}

type scanned struct {
	sql.Table
	scans *scans
}

func (t scanned) Scan(ctx context.Context, partition int, columns []int) (sql.Rows, error) {
	t.scans.mu.Lock()
	last := len(t.scans.statements) - 1
	t.scans.statements[last] = append(t.scans.statements[last], t.Partitions()[partition][0].Text())
	t.scans.mu.Unlock()
	return t.Table.Scan(ctx, partition, columns)
}

// take are the statements since the last call, each with its partitions from the first to
// the last day, of which none is missing.
func (s *scans) take(t *testing.T) (all []string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, read := range s.statements {
		days := slices.Compact(slices.Sorted(slices.Values(read)))
		if len(days) == 0 {
			all = append(all, "nothing")
			continue
		}
		first, last := days[0], days[len(days)-1]
		if from, to := parseDay(t, first), parseDay(t, last); int(to.Sub(from)/(24*time.Hour)) != len(days)-1 {
			t.Errorf("a statement read %q", days)
		}
		all = append(all, first[5:]+" to "+last[5:])
	}
	s.statements = nil
	return all
}

func parseDay(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// keptReport is the shipped report in a bubble, on a cluster that tells what it reads.
// Statements come one after the other, in the order of the datasets.
type keptReport struct {
	*bubble
	scans *scans
}

func keeping(t *testing.T, test func(t *testing.T, k *keptReport)) {
	virtually(t, "", func(t *testing.T, b *bubble) {
		catalog, err := sample.New(sample.Options{Days: 10, Last: time.Date(2017, 9, 16, 0, 0, 0, 0, time.UTC), LegsPerDay: 200})
		if err != nil {
			t.Fatal(err)
		}
		k := &keptReport{b, &scans{Catalog: catalog}}
		l, err := b.network.Listen(t.Context(), "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- impalad.New(impalad.Options{Catalog: k.scans, Observe: k.scans.observe}).Serve(ctx, l)
		}()
		copyEmbedded(t, b.dir)
		write(t, filepath.Join(b.dir, "configs/qosreport.yaml"), fmt.Sprintf(`version: 1
zone: Europe/Bratislava
out: '%[1]s/out'
impala: {hosts: ['%[2]s'], transport: plain-socket, auth: none, tls: {enabled: false}, max_sessions: 1}
store: {path: '%[1]s/ledger.db'}
`, b.dir, l.Addr()))
		test(t, k)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// on waits for the morning of a day.
func (k *keptReport) on(day int) {
	k.t.Helper()
	time.Sleep(time.Until(time.Date(2017, 9, day, 5, 0, 0, 0, time.UTC)))
}

// run makes the report of a day, and sees which partitions its statements read.
func (k *keptReport) run(name string, day int, want []string, more ...string) (page map[string]any) {
	k.t.Helper()
	date := fmt.Sprintf("2017-09-%02d", day)
	r := k.call(k.t.Context(), append([]string{"run", "--report", "voice-daily", "--date", date, "--format", "json"}, more...)...)
	if r.code != 0 {
		k.t.Fatalf("%s: exit code %d\n%s%s", name, r.code, r.stdout, r.stderr)
	}
	if got := k.scans.take(k.t); !slices.Equal(got, want) {
		k.t.Errorf("%s: the cluster read %q; want %q", name, got, want)
	}
	data, err := os.ReadFile(filepath.Join(k.dir, "out", "voice-daily_"+date+".json"))
	if err != nil {
		k.t.Fatal(err)
	}
	if err := json.Unmarshal(data, &page); err != nil {
		k.t.Fatal(err)
	}
	return page
}

// bare is a page without what tells where its numbers come from.
func bare(page map[string]any) map[string]any {
	delete(page, "provenance")
	for _, s := range page["sections"].([]any) {
		if section := s.(map[string]any); section["kind"] == "provenance" {
			delete(section, "notes")
		}
	}
	return page
}

// edit changes a file of the configuration.
func (k *keptReport) edit(name, old, new string) {
	k.t.Helper()
	path := filepath.Join(k.dir, name)
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), old) {
		k.t.Fatalf("%q is not in %s: %v", old, name, err)
	}
	write(k.t, path, strings.Replace(string(text), old, new, 1))
}

// each is the partitions of the datasets, in their order: three whose sections look back, the
// histogram that is shown of the day alone, and the rows, which are never kept.
func each(back, day string) []string { return []string{back, back, day, back, day} }

// The sample begins on the 7th, whose first hours lie in the partition of that day. A day
// in Bratislava lies in the partitions of two days in UTC. It is final when it was read
// three days after its end.
func TestTheClusterReadsWhatIsMissing(t *testing.T) {
	keeping(t, func(t *testing.T, k *keptReport) {
		k.on(13)
		k.run("the first day reads all", 12, each("09-07 to 09-12", "09-11 to 09-12"))
		k.on(14)
		second := k.run("the second reads the new day, and those that may still change", 13, each("09-09 to 09-13", "09-12 to 09-13"))
		whole := k.run("without the store it reads all", 13, each("09-07 to 09-13", "09-12 to 09-13"), "--no-cache")
		if !reflect.DeepEqual(bare(second), bare(whole)) {
			t.Error("the report of kept days is another than that of all days")
		}
		k.on(20)
		k.run("when all days have ended long ago it reads them once more", 13, each("09-10 to 09-13", "09-12 to 09-13"))
		late := k.run("and then none", 13, []string{"09-12 to 09-13"})
		if !reflect.DeepEqual(bare(late), bare(whole)) {
			t.Error("the report of kept days alone is another than that of all days")
		}
		k.edit("configs/reports/voice-daily.yaml", "title: Voice quality", "title: Voice")
		k.edit("configs/reports/voice-daily.yaml", "good: 2%", "good: 1%")
		k.run("with another subject and limit it reads none", 13, []string{"09-12 to 09-13"})
		k.edit("queries/voice/quality.sql", "SELECT", "SELECT /* again */")
		k.run("with another template it reads that dataset", 13, []string{"09-07 to 09-13", "09-12 to 09-13"})
		k.edit("queries/voice/_facts.sql", "SELECT", "SELECT /* again */")
		k.run("with another part of the templates it reads all that use it", 13, each("09-07 to 09-13", "09-12 to 09-13"))
	})
}
