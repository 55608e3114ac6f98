package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// measured runs a statement under watch and gives a line for each node of its plan: label,
// rows, number of children.
func measured(t *testing.T, statement string) (*Watch, string) {
	t.Helper()
	st, err := New(fixture()).Prepare(t.Context(), session(), statement)
	if err != nil {
		t.Fatal(err)
	}
	w := st.Watch()
	if err := w.Run(t.Context(), func([]Value) bool { return true }); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range w.Measures() {
		if m.Elapsed < 0 {
			t.Errorf("%s took %s", m.Label(), m.Elapsed)
		}
		lines = append(lines, fmt.Sprintf("%s %d %d", m.Label(), m.Rows, len(m.Children)))
	}
	return w, strings.Join(lines, "; ")
}

func TestWatchedRunsCountRows(t *testing.T) {
	for _, tt := range []struct {
		name, sql, nodes string
		total, done      int64
	}{
		{"groups", "select site, count(*) from t group by site", "01:AGGREGATE 4 1; 00:SCAN HDFS 5 0", 2, 2},
		{"a scan of one partition with a predicate", "select id from t where dt = '2017-09-12' and id > 3", "00:SCAN HDFS 2 0", 1, 1},
		{"a sort for a few rows reads all", "select id from t order by id limit 2", "01:TOP-N 2 1; 00:SCAN HDFS 5 0", 2, 2},
		{"a join, its children in order", "select 1 from t, qos.site b", "02:NESTED LOOP JOIN 15 2; 00:SCAN HDFS 5 0; 01:SCAN HDFS 3 0", 3, 3},
		{"a window", "select row_number() over (order by id) from t", "01:ANALYTIC 5 1; 00:SCAN HDFS 5 0", 2, 2},
		{"a condition above a window", "select n from (select row_number() over (order by id) n from t) a where n < 3", "02:SELECT 2 1; 01:ANALYTIC 5 1; 00:SCAN HDFS 5 0", 2, 2},
		{"a union", "select id from t union all select 7", "01:UNION 6 1; 00:SCAN HDFS 5 0", 2, 2},
		{"two rows without a table", "select 1 from (select 1 x) a, (select 2 y) b", "02:NESTED LOOP JOIN 1 2; 00:UNION 1 0; 01:UNION 1 0", 0, 0},
		{"a sub-query of an expression is no node", "select (select max(id) from t) from qos.site", "00:SCAN HDFS 3 0", 1, 1},
		{"a listing has no plan", "show tables", "", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, nodes := measured(t, tt.sql)
			total, done := w.Ranges()
			if nodes != tt.nodes || total != tt.total || done != tt.done {
				t.Errorf("%s\ngot  %s, %d/%d\nwant %s, %d/%d", tt.sql, nodes, done, total, tt.nodes, tt.done, tt.total)
			}
		})
	}
}

// A table that is read in between is seen half done.
func TestWatchedRunsCanBeLookedAt(t *testing.T) {
	st, err := New(fixture()).Prepare(t.Context(), session(), "select id from t")
	if err != nil {
		t.Fatal(err)
	}
	w := st.Watch()
	var halves []int64
	if err := w.Run(t.Context(), func([]Value) bool {
		_, done := w.Ranges()
		halves = append(halves, done)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(halves); got != "[0 0 1 1 1]" {
		t.Errorf("partitions done at each row: %s", got)
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, rows, err := ask(fixture(), session(), "select sleep(1500), sleep(null) from qos.site where sleep(1000) and name = 'Lima'")
		if took := time.Since(start); err != nil || fmt.Sprint(rows) != "[1|NULL]" || took < 2500*time.Millisecond {
			t.Errorf("%v, %v after %s", rows, err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		st, err := New(fixture()).Prepare(ctx, session(), "select sleep(1000000)")
		if err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		err = st.Run(ctx, func([]Value) bool { return true })
		if took := time.Since(start); err == nil || took != 10*time.Second {
			t.Errorf("%v after %s", err, took)
		}
		if own := (*Error)(nil); !errors.As(err, &own) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is a %T", err)
		}
		if _, _, err := ask(fixture(), session(), "select 1 limit sleep(1000000)"); err == nil || time.Since(start) != 10*time.Second {
			t.Errorf("a sleep while planning: %v", err)
		}
	})
}

func TestSessionFunctions(t *testing.T) {
	s := session()
	s.User, s.Version, s.Database = "report@EXAMPLE.COM", "impalad version 4.5.0", "qos"
	columns, rows, err := ask(fixture(), s, "select user(), effective_user(), session_user(), logged_in_user(), current_database(), version()")
	want := "[report@EXAMPLE.COM|report@EXAMPLE.COM|report@EXAMPLE.COM|report@EXAMPLE.COM|qos|impalad version 4.5.0]"
	if err != nil || fmt.Sprint(rows) != want || columns[5].Name != "version()" {
		t.Errorf("%v, %v", rows, err)
	}
}
