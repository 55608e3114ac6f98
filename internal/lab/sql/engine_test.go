package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestPartitionsAreChosenBeforeTheyAreRead(t *testing.T) {
	tests := []struct {
		name, sql string
		want      []int // partitions that are read
	}{
		{"equal", "select id from t where dt = '2017-09-12'", []int{1}},
		{"in a list", "select id from t where dt in ('2017-09-11', 'x')", []int{0}},
		{"between", "select id from t where dt between '2017-09-12' and '2017-09-30' and id > 0", []int{1}},
		{"like", "select id from t where dt like '%-11'", []int{0}},
		{"a function of the key", "select id from t where day(dt) = 12", []int{1}},
		{"a computed constant", "select id from t where dt = to_date(date_sub(now(), 1))", []int{1}},
		{"either of two", "select id from t where dt = '2017-09-11' or dt = '2017-09-12'", []int{0, 1}},
		{"not with another column", "select id from t where dt = '2017-09-11' or id = 4", []int{0, 1}},
		{"none", "select id from t where dt > '2018'", nil},
		{"through a sub-select", "select * from (select id, dt as day from t where id > 0) a where day = '2017-09-12'", []int{1}},
		{"through groups by the key", "select * from (select dt, count(*) n from t group by dt) a where dt = '2017-09-12'", []int{1}},
		{"through a with clause", "with a as (select * from t) select id from a where dt = '2017-09-11'", []int{0}},
		{"through a union", "select id from (select id, dt from t union all select id, dt from t) a where dt = '2017-09-11'", []int{0}},
		{"through a join", "select t.id from t join qos.site s on t.site = s.name where t.dt = '2017-09-12'", []int{1}},
		{"the kept side of a left join", "select t.id from qos.site s right join t on t.site = s.name and t.id > 0 where t.dt = '2017-09-12'", []int{1}},
		{"not below ranks", "select id from (select id, dt, row_number() over (order by id) n from t) a where dt = '2017-09-12'", []int{0, 1}},
		{"not below a limit", "select id from (select id, dt from t order by id limit 4) a where dt = '2017-09-12'", []int{0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := fixture()
			if _, _, err := ask(c, session(), tt.sql); err != nil {
				t.Fatal(err)
			}
			var read []int
			for partition := range c["default.t"].scanned {
				read = append(read, partition)
			}
			slices.Sort(read)
			if !slices.Equal(read, tt.want) {
				t.Errorf("read %v; want %v", read, tt.want)
			}
		})
	}
}

func TestOnlyNeededColumnsAreRead(t *testing.T) {
	tests := map[string]string{
		"select count(*) from t":                                                        "",
		"select id from t":                                                              "id",
		"select n from (select site, id n, x from t) a":                                 "id",
		"select count(*) from (select distinct site from t) a":                          "site",
		"select a.id from t a join t b on a.site = b.site":                              "id site",
		"select id from t where x > 1 order by small":                                   "id small x",
		"select rn from (select id, row_number() over (order by ts) rn from t) a":       "ts",
		"select dt, count(ok) from t group by dt":                                       "ok",
		"select id from (select id, x from t union all select id, price from t) a":      "id",
		"select m from (select max(x) m, dt from t group by dt having count(ok) > 0) a": "ok x",
	}
	for text, want := range tests {
		c := fixture()
		if _, _, err := ask(c, session(), text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var read []string
		for name := range c["default.t"].read {
			read = append(read, name)
		}
		slices.Sort(read)
		if got := strings.Join(read, " "); got != want {
			t.Errorf("%s\nread %q; want %q", text, got, want)
		}
	}
}

// large is a table of one column n, from 0 up.
func large(rows int) memoryCatalog {
	t := &memoryTable{columns: []Column{{"n", Type{Kind: BigInt}}, {"dt", Type{Kind: String}}}, scanned: map[int]int{}, read: map[string]bool{}}
	p := memoryPartition{key: "a"}
	for i := range rows {
		p.rows = append(p.rows, []Value{IntOf(int64(i)), {}})
	}
	t.partitions = []memoryPartition{p}
	return memoryCatalog{"default.large": t}
}

func TestCancelStopsAStatement(t *testing.T) {
	for _, text := range []string{
		"select n from large",
		"select n from large where n < 0",
		"select count(*) from large group by n",
		"select a.n from large a cross join large b where a.n + b.n < 0",
		"select n from large order by n desc",
		"select n, rank() over (order by n) from large",
	} {
		st, err := New(large(20_000)).Prepare(context.Background(), session(), text)
		if err != nil {
			t.Fatal(err)
		}
		ctx := &countdown{Context: context.Background(), left: 3}
		emitted := 0
		err = st.Run(ctx, func([]Value) bool { emitted++; return true })
		if !errors.Is(err, context.Canceled) || emitted >= 20_000 {
			t.Errorf("%s: %v after %d rows", text, err, emitted)
		}
	}
}

// A countdown is a context that ends when it was looked at often enough.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestRowsThatAreKeptAreBounded(t *testing.T) {
	s := session()
	s.RowLimit = 1000
	for _, text := range []string{
		"select n from large order by n", "select distinct n from large", "select n, count(*) from large group by n",
		"select count(distinct n) from large", "select a.n from large a join large b on a.n = b.n", "select row_number() over (order by n) from large",
	} {
		_, _, err := ask(large(1001), s, text)
		if err == nil || !strings.HasPrefix(err.Error(), "Memory limit exceeded: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"select n from large", "select n from large order by n limit 1000", "select count(*) from large"} {
		if _, _, err := ask(large(1001), s, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestEmitCanStopAnyStatement(t *testing.T) {
	for _, text := range []string{
		"select id from t", "select id from t order by id", "select dt, count(*) from t group by dt", "select id from t union all select id from t",
		"select a.id from t a left join t b on a.id = b.id", "select a.id from t a full join qos.site s on a.site = s.name",
		"select row_number() over (order by id) from t", "show tables", "explain select 1", "select distinct id from t limit 3",
	} {
		st, err := New(fixture()).Prepare(context.Background(), session(), text)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		if err := st.Run(context.Background(), func([]Value) bool { rows++; return false }); err != nil || rows != 1 {
			t.Errorf("%s: %d rows, %v", text, rows, err)
		}
	}
}

func TestStatementRunsManyTimesAtOnce(t *testing.T) {
	c := large(3000)
	st, err := New(c).Prepare(context.Background(), session(), "select n % 10 as d, count(*), max(n) from large where n >= 0 group by d order by d")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			sum := int64(0)
			err := st.Run(context.Background(), func(row []Value) bool { sum += row[1].Int(); return true })
			if err != nil || sum != 3000 {
				t.Errorf("%d rows, %v", sum, err)
			}
		})
	}
	wait.Wait()
}

func TestSeedTurnsTheOrderOfGroups(t *testing.T) {
	s := session()
	_, first, _ := ask(large(50), s, "select n from large group by n")
	s.Seed = 7
	_, turned, _ := ask(large(50), s, "select n from large group by n")
	if slices.Equal(first, turned) {
		t.Error("the order is the same")
	}
	slices.Sort(first)
	slices.Sort(turned)
	if !slices.Equal(first, turned) {
		t.Error("the groups differ")
	}
}

func TestErrorOfATableEndsTheStatement(t *testing.T) {
	c := fixture()
	c["default.t"].failure = errors.New("disk on fire")
	for _, text := range []string{"select id from t", "select count(*) from t", "select id from t order by 1", "select 1 from qos.site s join t on t.site = s.name"} {
		if _, _, err := ask(c, session(), text); !errors.Is(err, c["default.t"].failure) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestPrepareHonoursTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New(fixture()).Prepare(ctx, Session{}, "select 1"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestListings(t *testing.T) {
	run(t, []statementTest{
		{name: "databases", sql: "SHOW DATABASES", types: "STRING STRING", rows: []string{
			"_impala_builtins|System database for Impala builtin functions", "default|Default Hive database", "qos|"}},
		{name: "databases of a pattern", sql: "show databases like 'q*|x'", rows: []string{"qos|"}},
		{name: "tables", sql: "show tables", types: "STRING", rows: []string{"t"}},
		{name: "tables of a database", sql: "show tables in qos;", rows: []string{"site"}},
		{name: "tables of none", sql: "show tables in nope", err: "AnalysisException: Database does not exist: nope"},
		{name: "describe", sql: "describe qos.site", types: "STRING STRING STRING", rows: []string{"name|string|", "rtt|int|", "dt|string|"}},
		{name: "describe nothing", sql: "describe nope", err: "Could not resolve path: 'nope'"},
		{name: "partitions", sql: "show partitions qos.site", types: "STRING BIGINT BIGINT STRING STRING STRING STRING STRING STRING STRING",
			rows: []string{"2017-09-12|-1|1|0B|NOT CACHED|NOT CACHED|PARQUET|false|/qos/site/dt=2017-09-12|NONE", "Total|-1|1|0B|0B|||||"}},
		{name: "show and nothing else", sql: "show", err: "ParseException"},
	})
}

func TestExplain(t *testing.T) {
	_, rows, err := ask(fixture(), session(), "explain select dt, count(*) from t where dt = '2017-09-12' and id > 3 group by dt order by 2 limit 5")
	if err != nil {
		t.Fatal(err)
	}
	want := `WARNING: The following tables are missing relevant table and/or column statistics.
default.t

PLAN-ROOT SINK
|
02:TOP-N
|  order by: count(*) ASC
|  limit: 5
|
01:AGGREGATE [FINALIZE]
|  output: count(*)
|  group by: dt
|
00:SCAN HDFS [default.t]
   partition predicates: dt = '2017-09-12'
   HDFS partitions=1/2 files=1 size=0B
   predicates: id > 3`
	if got := strings.Join(rows, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDepthAndSizeAreBounded(t *testing.T) {
	nested := func(n int) string { return "select " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }
	tests := []struct {
		name, sql, err string
	}{
		{"brackets", nested(100_000), "Exceeded the maximum depth of an expression tree"},
		{"sub-selects", strings.Repeat("select * from (", 50_000), "Exceeded the maximum depth"},
		{"signs", "select " + strings.Repeat("+ ", 100_000) + "1", "Exceeded the maximum depth"},
		{"negations", "select " + strings.Repeat("! ", 100_000) + "true", "Exceeded the maximum depth"},
		{"a chain", "select 1" + strings.Repeat(" + 1", 100_000), "Exceeded the maximum depth"},
		{"cases", strings.Repeat("select case when ", 1) + strings.Repeat("case when ", 50_000), "Exceeded the maximum depth"},
		{"length", "select '" + strings.Repeat("x", maxStatementBytes) + "'", "Statement length of"},
		{"names that double", doubling(40), "is not supported by the demo server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := ask(fixture(), session(), tt.sql)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %.200v; want %q", err, tt.err)
			}
		})
	}
	if _, rows, err := ask(fixture(), session(), nested(900)); err != nil || len(rows) != 1 {
		t.Errorf("900 brackets: %v", err)
	}
}

// doubling is a statement in which each WITH name uses the one before it twice.
func doubling(n int) string {
	text := "with a0 as (select 1 x)"
	for i := range n {
		text += fmt.Sprintf(", a%d as (select l.x from a%d l join a%d r on l.x = r.x)", i+1, i, i)
	}
	return text + fmt.Sprintf(" select * from a%d", n)
}
