package sql

import (
	"slices"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	run(t, []statementTest{
		{name: "columns in order, types in small letters", sql: "DESCRIBE default.t", types: "STRING STRING STRING",
			rows: []string{"id|bigint|", "site|string|", "small|smallint|", "x|double|", "price|decimal(10,2)|", "ok|boolean|", "ts|timestamp|", "dt|string|"}},
		{name: "desc is describe", sql: "desc `qos`.`site`;", rows: []string{"name|string|", "rtt|int|", "dt|string|"}},
		{name: "one name too many", sql: "describe a.b.c", err: "Could not resolve path: 'a.b.c'"},
		{name: "something behind the name", sql: "describe t x", err: "ParseException"},
		{name: "a database", sql: "describe database default", rows: []string{"default|/default|Default Hive database"}},
		{name: "no database", sql: "describe database nope", err: "AnalysisException: Database does not exist: nope"},
		{name: "no table", sql: "describe formatted nope", err: "AnalysisException: Could not resolve path: 'nope'"},
		{name: "all that is known of a table", sql: "describe formatted qos.site", types: "STRING STRING STRING", rows: []string{
			"# col_name|data_type|comment", "|NULL|NULL", "name|string|NULL", "rtt|int|NULL", "|NULL|NULL",
			"# Partition Information|NULL|NULL", "# col_name|data_type|comment", "|NULL|NULL", "dt|string|NULL", "|NULL|NULL",
			"# Detailed Table Information|NULL|NULL", "Database:|qos|NULL", "OwnerType:|USER|NULL", "Owner:|demo|NULL",
			"LastAccessTime:|UNKNOWN|NULL", "Retention:|0|NULL", "Location:|/qos/site|NULL", "Table Type:|EXTERNAL_TABLE|NULL",
			"Table Parameters:|NULL|NULL", "|EXTERNAL|TRUE", "|NULL|NULL",
			"# Storage Information|NULL|NULL",
			"SerDe Library:|org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe|NULL",
			"InputFormat:|org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat|NULL",
			"OutputFormat:|org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat|NULL",
			"Compressed:|No|NULL", "Num Buckets:|0|NULL", "Bucket Columns:|[]|NULL", "Sort Columns:|[]|NULL"}},
	})
}

func TestShow(t *testing.T) {
	run(t, []statementTest{
		{name: "schemas are databases", sql: "show schemas like '*'", rows: []string{
			"_impala_builtins|System database for Impala builtin functions", "default|Default Hive database", "qos|"}},
		{name: "tables of the functions' database", sql: "show tables from _impala_builtins", rows: nil},
		{name: "there are no views", sql: "show views", types: "STRING", rows: nil},
		{name: "nor functions of users", sql: "show functions in qos", types: "STRING STRING STRING STRING", rows: nil},
		{name: "sizes of columns of fixed width alone are known", sql: "show column stats qos.site",
			types: "STRING STRING BIGINT BIGINT BIGINT DOUBLE BIGINT BIGINT",
			rows:  []string{"name|STRING|-1|-1|-1|-1|-1|-1", "rtt|INT|-1|-1|4|4|-1|-1", "dt|STRING|1|0|-1|-1|-1|-1"}},
		{name: "statistics of a table", sql: "show table stats qos.site", rows: []string{
			"2017-09-12|-1|1|0B|NOT CACHED|NOT CACHED|PARQUET|false|/qos/site/dt=2017-09-12|NONE", "Total|-1|1|0B|0B|||||"}},
		{name: "a statement that makes the table", sql: "show create table qos.site", types: "STRING", rows: []string{
			"CREATE EXTERNAL TABLE qos.site (\n  name STRING,\n  rtt INT\n)\nPARTITIONED BY (\n  dt STRING\n)\nSTORED AS PARQUET\nLOCATION '/qos/site'\n"}},
		{name: "nothing but a table", sql: "show create view v", err: "is not supported by the demo server"},
		{name: "half a statement", sql: "show table t", err: "ParseException"},
		{name: "a pattern without like", sql: "show tables in qos 's*'", rows: []string{"site"}},
		{name: "a pattern that fits nothing", sql: "show tables like 'x*|y'", types: "STRING", rows: nil},
		{name: "a pattern is of the whole name", sql: "show tables in qos like 'sit'", rows: nil},
		{name: "partitions, and their sum", sql: "show partitions t", rows: []string{
			"2017-09-11|-1|1|0B|NOT CACHED|NOT CACHED|PARQUET|false|/default/t/dt=2017-09-11|NONE",
			"2017-09-12|-1|1|0B|NOT CACHED|NOT CACHED|PARQUET|false|/default/t/dt=2017-09-12|NONE",
			"Total|-1|2|0B|0B|||||"}},
		{name: "partitions of no table", sql: "show partitions nope", err: "Table does not exist: default.nope"},
		{name: "a table of no database", sql: "show create table a.b", err: "Database does not exist: a"},
		{name: "something behind", sql: "show tables x", err: "ParseException"},
		{name: "what is not there", sql: "show files in t", err: "SHOW FILES is not supported by the demo server"},
		{name: "what nobody has", sql: "show stats t", err: "Expected: AGGREGATE, ANALYTIC, COLUMN, CREATE, CURRENT, "},
		{name: "functions that aggregate, of users", sql: "show aggregate functions in qos", types: "STRING STRING STRING STRING", rows: nil},
		{name: "aggregate something else", sql: "show aggregate tables", err: "ParseException"},
		{name: "functions of Impala's own", sql: "show functions in _impala_builtins like 'a*'", err: "SHOW FUNCTIONS IN _impala_builtins is not supported by the demo server"},
		{name: "roles", sql: "show current roles", err: "AnalysisException: Authorization is not enabled."},
		{name: "grants", sql: "show grant user me on table t", err: "AnalysisException: Authorization is not enabled."},
	})
}

type planTest struct{ name, sql, want string }

func runPlans(t *testing.T, tests []planTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, rows, err := ask(fixture(), session(), "explain "+tt.sql)
			_, got, found := strings.Cut(strings.Join(rows, "\n"), "PLAN-ROOT SINK\n|")
			if err != nil || !found || got != tt.want {
				t.Errorf("%s\n%v\ngot\n%s\nwant\n%s", tt.sql, err, strings.Join(rows, "\n"), tt.want)
			}
		})
	}
}

func TestPlansOfJoins(t *testing.T) {
	runPlans(t, []planTest{
		{"a join by keys", "select t.id from t left join qos.site s on t.site = s.name and t.id > s.rtt", `
02:HASH JOIN [LEFT OUTER JOIN]
|  hash predicates: t.site = s.name
|  other predicates: t.id > s.rtt
|
|--01:SCAN HDFS [qos.site s]
|     HDFS partitions=1/1 files=1 size=0B
|
00:SCAN HDFS [default.t]
   HDFS partitions=2/2 files=2 size=0B`},
		{"a join of all with all", "select 1 from t a, qos.site", `
02:NESTED LOOP JOIN [CROSS JOIN]
|
|--01:SCAN HDFS [qos.site]
|     HDFS partitions=1/1 files=1 size=0B
|
00:SCAN HDFS [default.t a]
   HDFS partitions=2/2 files=2 size=0B`},
		{"a join by a condition with a join", "select 1 from t join (select a.rtt from qos.site a, qos.site b) s on t.id < s.rtt limit 3", `
04:NESTED LOOP JOIN [INNER JOIN]
|  other predicates: t.id < s.rtt
|  limit: 3
|
|--03:NESTED LOOP JOIN [CROSS JOIN]
|  |
|  |--02:SCAN HDFS [qos.site b]
|  |     HDFS partitions=1/1 files=1 size=0B
|  |
|  01:SCAN HDFS [qos.site a]
|     HDFS partitions=1/1 files=1 size=0B
|
00:SCAN HDFS [default.t]
   HDFS partitions=2/2 files=2 size=0B`},
	})
}

func TestPlans(t *testing.T) {
	runPlans(t, []planTest{
		{"a condition goes through a sub-select to the scan", "select n from (select dt d, id n from t) a where d = '2017-09-12' and n > 3", `
00:SCAN HDFS [default.t]
   partition predicates: dt = '2017-09-12'
   HDFS partitions=1/2 files=1 size=0B
   predicates: id > 3`},
		{"but not through a window", "select n from (select row_number() over (order by id) n, id from t) a where id > 3", `
02:SELECT
|  predicates: id > 3
|
01:ANALYTIC
|  functions: row_number()
|
00:SCAN HDFS [default.t]
   HDFS partitions=2/2 files=2 size=0B`},
		{"a union of a table and constants", "select id from t where dt > '2017-09-11' union all select 1 union all select 2", `
01:UNION
|  constant-operands=2
|
00:SCAN HDFS [default.t]
   partition predicates: dt > '2017-09-11'
   HDFS partitions=1/2 files=1 size=0B`},
		{"constants alone", "select 1", `
00:UNION
   constant-operands=1`},
		{"rows of constants, in brackets", "((values (1), (2)))", `
00:UNION
   constant-operands=2`},
		{"a union of distinct rows is grouped, and no union again", "select 1 union select 2", `
01:AGGREGATE [FINALIZE]
|  group by: 1
|
00:UNION
   constant-operands=2`},
		{"distinct rows are groups", "select distinct site from t limit 2", `
01:AGGREGATE [FINALIZE]
|  group by: site
|  limit: 2
|
00:SCAN HDFS [default.t]
   HDFS partitions=2/2 files=2 size=0B`},
		{"the first rows of an order", "select id from t order by id desc limit 5", `
01:TOP-N
|  order by: id DESC
|  limit: 5
|
00:SCAN HDFS [default.t]
   HDFS partitions=2/2 files=2 size=0B`},
	})
}

// Tables without statistics are named above the plan, each once.
func TestPlansWarnOfMissingStatistics(t *testing.T) {
	for statement, want := range map[string]string{
		"explain select 1": "PLAN-ROOT SINK",
		"explain select 1 from t, qos.site, t b": "WARNING: The following tables are missing relevant table and/or column statistics.\n" +
			"default.t, qos.site\n\nPLAN-ROOT SINK",
	} {
		_, rows, err := ask(fixture(), session(), statement)
		head, _, _ := strings.Cut(strings.Join(rows, "\n"), "\n|")
		if err != nil || head != want {
			t.Errorf("%s: %v\n%s", statement, err, strings.Join(rows, "\n"))
		}
	}
}

// TestPruning compares the plan of a condition with the partitions that it reads.
func TestPruning(t *testing.T) {
	both, first, second := []int{0, 1}, []int{0}, []int{1}
	tests := map[string][]int{
		"dt = '2017-09-12'":                                            second,
		"'2017-09-12' = dt":                                            second,
		"dt <> '2017-09-12'":                                           first,
		"dt in ('2017-09-11', '2016-01-01')":                           first,
		"dt between '2017-09-12' and '2017-09-30'":                     second,
		"dt >= '2017-09-11' and dt < '2017-09-12'":                     first,
		"dt like '%-11'":                                               first,
		"substr(dt, 9) = '12'":                                         second,
		"cast(dt as date) = date_sub(date '2017-09-13', 1)":            second,
		"dt is null":                                                   nil,
		"dt = '2017-09-11' or dt = '2017-09-12'":                       both,
		"dt = '2017-09-11' or id = 4":                                  both,
		"dt = cast(small as string)":                                   both,
		"not dt = '2017-09-11' and id > 0":                             second,
		"dt = to_date(date_sub(now(), 1)) and ts is not null":          second,
		"case when dt = '2017-09-11' then true else false end":         first,
		"dt > '2017-09-11' and dt in ('2017-09-11') and site = 'Oslo'": nil,
	}
	for condition, want := range tests {
		c := fixture()
		if _, _, err := ask(c, session(), "select id from t where "+condition); err != nil {
			t.Errorf("%s: %v", condition, err)
		}
		var got []int
		for partition := range c["default.t"].scanned {
			got = append(got, partition)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s reads partitions %v; want %v", condition, got, want)
		}
		_, rows, err := ask(fixture(), session(), "explain select id from t where "+condition)
		plan := strings.Join(rows, "\n")
		if counted := "partitions=" + string(rune('0'+len(want))) + "/2 "; err != nil || !strings.Contains(plan, counted) {
			t.Errorf("%s\nhas plan\n%s\n%v; want %s", condition, plan, err, counted)
		}
	}
}

func TestExplainLevels(t *testing.T) {
	const statement = "explain select t.id from t join qos.site s on t.site = s.name where t.dt = '2017-09-12' limit 3"
	const warning = "WARNING: The following tables are missing relevant table and/or column statistics.\ndefault.t, qos.site\n\n"
	const statistics = `stored statistics:
     table: rows=unavailable size=unavailable
     partitions: 0/1 rows=unavailable
     columns missing stats: id, site
   extrapolated-rows=disabled max-scan-range-rows=unavailable`
	for level, want := range map[ExplainLevel]string{
		ExplainMinimal: `PLAN-ROOT SINK
02:HASH JOIN [INNER JOIN]
|--01:SCAN HDFS [qos.site s]
00:SCAN HDFS [default.t]`,
		ExplainExtended: `F00:PLAN FRAGMENT [UNPARTITIONED] hosts=1 instances=1
PLAN-ROOT SINK
|
02:HASH JOIN [INNER JOIN]
|  hash predicates: t.site = s.name
|  limit: 3
|
|--01:SCAN HDFS [qos.site s]
|     HDFS partitions=1/1 files=1 size=0B
|     stored statistics:
|       table: rows=unavailable size=unavailable
|       partitions: 0/1 rows=unavailable
|       columns: unavailable
|     extrapolated-rows=disabled max-scan-range-rows=unavailable
|
00:SCAN HDFS [default.t]
   partition predicates: t.dt = '2017-09-12'
   HDFS partitions=1/2 files=1 size=0B
   ` + statistics,
	} {
		s := session()
		s.Explain = level
		_, rows, err := ask(fixture(), s, statement)
		if got := strings.Join(rows, "\n"); err != nil || got != warning+want {
			t.Errorf("level %d: %v\n%s\nwant\n%s", level, err, got, warning+want)
		}
	}
}

// The most verbose level draws each fragment apart, two blanks in; there is one.
func TestVerbosePlan(t *testing.T) {
	s := session()
	s.Explain = ExplainVerbose
	_, rows, err := ask(fixture(), s, "explain select 1 from t")
	want := `WARNING: The following tables are missing relevant table and/or column statistics.
default.t

F00:PLAN FRAGMENT [UNPARTITIONED] hosts=1 instances=1
  PLAN-ROOT SINK
  |
  00:SCAN HDFS [default.t]
     HDFS partitions=2/2 files=2 size=0B
     stored statistics:
       table: rows=unavailable size=unavailable
       partitions: 0/2 rows=unavailable
       columns: all
     extrapolated-rows=disabled max-scan-range-rows=unavailable`
	if got := strings.Join(rows, "\n"); err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}
