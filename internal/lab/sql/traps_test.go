package sql

import (
	"strings"
	"testing"
)

// Each of these is answered differently, and mostly without an error, by databases
// that take the statement too.
func TestDialect(t *testing.T) {
	run(t, []statementTest{
		{name: "a cast to timestamp reads the whole text", sql: "select cast('2017-09-12 14:00:00.25' as timestamp), cast('2017-09-12T01:02:03Z' as timestamp)",
			types: "TIMESTAMP TIMESTAMP", rows: []string{"2017-09-12 14:00:00.250000000|2017-09-12 01:02:03"}},
		{name: "a cast to date", sql: "select cast('2017-09-12' as date), date '2017-02-28', cast(cast('2017-09-12 23:59:59' as timestamp) as date)",
			types: "DATE DATE DATE", rows: []string{"2017-09-12|2017-02-28|2017-09-12"}},
		{name: "a bad timestamp casts to null", sql: "select cast('2017-02-30' as timestamp), cast('noon' as timestamp)", rows: []string{"NULL|NULL"}},
		{name: "a bad date is an error", sql: "select cast('2017-02-30' as date)", err: "String to Date parse failed"},
		{name: "a cast to string is a string", sql: "select cast(7 as string), cast(true as string), cast(1.50 as string)", types: "STRING STRING STRING", rows: []string{"7|1|1.50"}},
		{name: "text that is no number casts to null", sql: "select cast('abc' as int), cast('12x' as int), cast('x' as double), cast(' 12 ' as int), cast('300' as tinyint)",
			types: "INT INT DOUBLE INT TINYINT", rows: []string{"NULL|NULL|NULL|12|NULL"}},
		{name: "decimals keep their scale", sql: "select cast(2.567 as decimal(10,2)), 0.1 + 0.2, cast(-2.565 as decimal(10,2))",
			types: "DECIMAL(10,2) DECIMAL(2,1) DECIMAL(10,2)", rows: []string{"2.57|0.3|-2.57"}},
		{name: "a double that fits no int fails the query", sql: "select cast(cast(3e10 as double) as int)",
			err: "Converting value 30000000000 of type DOUBLE to INT failed, value out of range for destination type."},
		{name: "nan fails a cast to int while rows are fetched", sql: "select cast(x as int) from t where id = 2", err: "NaN value of type DOUBLE cannot be converted to INT."},
		{name: "infinity fails a cast to bigint", sql: "select cast(x as bigint) from t where id = 5", err: "Non-finite value of type DOUBLE cannot be converted to BIGINT."},
		{name: "integers divide to a double", sql: "select 7/2, 7 div 2, -7 div 2, 7 % 4", types: "DOUBLE TINYINT TINYINT TINYINT", rows: []string{"3.5|3|-3|3"}},
		{name: "dividing by zero", sql: "select 1/0, -1/0, 0/0, 1 div 0, 1 % 0", rows: []string{"inf|-inf|nan|NULL|NULL"}},
		{name: "dividing a decimal by zero", sql: "select 1.5/0", err: "Cannot divide decimal by zero"},
		{name: "backslash escapes", sql: `select 'O\'Brien', 'a\nb', "x\"y", '\u0041', '\101'`, rows: []string{"O'Brien|a\nb|x\"y|A|A"}},
		{name: "a doubled quote is two strings", sql: "select 'it''s'", err: "ParseException: Syntax error in line 1:"},
		{name: "a double-quoted column name is its text", sql: `select "site" from t limit 1`, rows: []string{"site"}},
		{name: "a string of digits stays a string", sql: "select site from t where site = '0123'", rows: []string{"0123"}},
		{name: "a timestamp column compares with text", sql: "select id from t where ts >= '2017-09-12 00:00:00' order by id", rows: []string{"3", "5"}},
		{name: "comparisons are boolean", sql: "select 1 = 1, 1 = 2 or null", types: "BOOLEAN BOOLEAN", rows: []string{"1|NULL"}},
		{name: "bars are or between booleans", sql: "select 1=2 || 0=0, 'a' || 'b'", types: "BOOLEAN STRING", rows: []string{"1|ab"}},
		{name: "bars take nothing else", sql: "select (1 || 'a')", err: "|| operator requires operands"},
		{name: "a string is never a number", sql: "select id from t where site = 5", err: "AnalysisException: operands of type STRING and TINYINT are not comparable: site = 5"},
		{name: "not even beside another number in a list", sql: "select id from t where site in ('a', 1)", err: "not comparable"},
		{name: "nor in arithmetic", sql: "select '1' + 1", err: "Arithmetic operation requires numeric operands: '1' + 1"},
		{name: "a bare column beside an aggregate", sql: "select site, count(*) from t",
			err: "select list expression not produced by aggregation output (missing from GROUP BY clause?): site"},
		{name: "a column that is not grouped in having", sql: "select dt from t group by dt having site = 'a'", err: "HAVING clause not produced by aggregation output"},
		{name: "one statement at a time", sql: "select 1; select 2", err: "ParseException"},
		{name: "an empty list", sql: "select id from t where id in ()", err: "ParseException"},
		{name: "like is case-sensitive", sql: "select 'Abc' like 'abc', 'Abc' like 'A_c', 'a%c' like 'a\\%c', 'abc' like 'a\\%c'", rows: []string{"0|1|1|0"}},
		{name: "null-safe equality", sql: "select null <=> null, 1 <=> null, 1 is distinct from null, 1 is not distinct from 1", rows: []string{"1|0|1|1"}},
		{name: "and, or and not as symbols", sql: "select true && !false, not true || true", rows: []string{"1|1"}},
		{name: "regular expressions are searched for", sql: "select 'abc123' rlike '[0-9]+', 'abc' regexp '^b', 'x' not rlike 'y'", rows: []string{"1|0|1"}},
		{name: "intervals", sql: "select cast('2017-01-31' as timestamp) + interval 1 month, date '2017-03-01' - interval 1 day, interval 90 minutes + cast('2017-09-12' as timestamp)",
			types: "TIMESTAMP DATE TIMESTAMP", rows: []string{"2017-02-28 00:00:00|2017-02-28|2017-09-12 01:30:00"}},
		{name: "time beyond the calendar is null", sql: "select cast('9999-12-31' as timestamp) + interval 1 day, date_sub(cast('1400-01-01' as timestamp), 1)", rows: []string{"NULL|NULL"}},
		{name: "extract", sql: "select extract(hour from ts), extract(ts, 'minute'), date_part('second', ts) from t where id = 3", types: "BIGINT BIGINT BIGINT", rows: []string{"14|5|6"}},
		{name: "lengths count bytes", sql: "select length('日本'), substr('日本', 1, 3), upper('zürich')", types: "INT STRING STRING", rows: []string{"6|日|ZüRICH"}},
		{name: "bigint wraps", sql: "select 9223372036854775807 + 1, cast(300 as tinyint)", types: "BIGINT TINYINT", rows: []string{"-9223372036854775808|44"}},
		{name: "nan spreads through aggregates", sql: "select sum(x), min(x), max(x), avg(x) from t", types: "DOUBLE DOUBLE DOUBLE DOUBLE", rows: []string{"nan|nan|nan|nan"}},
		{name: "nan compares with nothing", sql: "select x = x, x < 1, x > 1, x != x, x between 0 and 9, is_nan(x) from t where id = 2", rows: []string{"0|0|0|1|0|1"}},
		{name: "nan is one group", sql: "select count(*) from (select x from (select x from t where id = 2 union all select cast('nan' as double)) a group by x) b", rows: []string{"1"}},
		{name: "logarithms of nothing", sql: "select ln(0), ln(-1)", rows: []string{"-inf|nan"}},
		{name: "least and greatest are null if any is", sql: "select least(1, null), greatest(2, 3), least('b', 'a')", rows: []string{"NULL|3|a"}},
		{name: "sum of decimals has 38 digits", sql: "select sum(price), avg(price), max(price) from t", types: "DECIMAL(38,2) DECIMAL(38,6) DECIMAL(10,2)", rows: []string{"8.24|2.060000|10.50"}},
		{name: "order by in a sub-select counts with a limit", sql: "select sum(id) from (select id from t order by id desc limit 2) a", rows: []string{"9"}},
		{name: "an alias hides no column in where", sql: "select id + 1 as id from t where id = 1", rows: []string{"2"}},
		{name: "a null literal is boolean", sql: "select null", types: "BOOLEAN", rows: []string{"NULL"}},
	})
}

func TestUnsupportedIsSaid(t *testing.T) {
	for _, text := range []string{
		"select count(*) from t a join t b on a.id in (select 1)", "select 1 from t group by (select 1)", "select id from t order by (select 1)",
		"select (select max(id) from t b where b.dt = a.dt) from t a", "select id from t a where id in (select id from t b where b.id > a.id)",
		"select id from t a where exists (select max(id) from t b where b.dt = a.dt)", "select id from t a where id > (select count(*) + 1 from t b where b.dt = a.dt)",
		"select group_concat(site, dt) from t", "select * from t tablesample system(5)",
		"select dt from t group by rollup(dt)", "select cast(ts as string format 'YYYY') from t", "insert into t values (1)",
		"show create view t", "select md5('x')", "select 1 from t for system_time as of now()", "select cast(1 as binary)", "describe database extended qos", "select 1 except all select 2",
	} {
		run(t, []statementTest{{name: text, sql: text, err: "is not supported by the demo server"}})
	}
}

func TestErrorsAreImpalas(t *testing.T) {
	run(t, []statementTest{
		{name: "no table", sql: "select 1 from nope", err: "AnalysisException: Could not resolve table reference: 'nope'"},
		{name: "no table in a database", sql: "select 1 from qos.nope", err: "Could not resolve table reference: 'qos.nope'"},
		{name: "no column", sql: "select nope from t", err: "AnalysisException: Could not resolve column/field reference: 'nope'"},
		{name: "no column of a table", sql: "select x.nope from t x", err: "Could not resolve column/field reference: 'x.nope'"},
		{name: "an ambiguous column", sql: "select dt from t a join t b on a.id = b.id", err: "Column/field reference is ambiguous: 'dt'"},
		{name: "one alias twice", sql: "select 1 from t join t on true", err: "Duplicate table alias: 't'"},
		{name: "an aggregate in where", sql: "select 1 from t where count(*) > 1", err: "aggregate function not allowed in WHERE clause"},
		{name: "where is no condition", sql: "select 1 from t where id", err: "WHERE clause requires return type 'BOOLEAN'. Actual type is 'BIGINT'."},
		{name: "and of a number", sql: "select 1 from t where ok and id", err: "Operand 'id' part of predicate 'ok AND id' should return type 'BOOLEAN' but returns type 'BIGINT'."},
		{name: "branches of two kinds", sql: "select if(ok, 'a', 1) from t", err: "Incompatible return types 'STRING' and 'TINYINT' of exprs ''a'' and '1'."},
		{name: "no signature", sql: "select hour(1)", err: "No matching function with signature: hour(TINYINT)."},
		{name: "an ordinal too large", sql: "select id from t order by 2", err: "ORDER BY: ordinal exceeds the number of items in the SELECT list: 2"},
		{name: "an ordinal too small", sql: "select id from t group by 0", err: "GROUP BY: ordinal must be >= 1: 0"},
		{name: "offset without order", sql: "select id from t limit 5 offset 2", err: "OFFSET requires an ORDER BY clause: LIMIT 5 OFFSET 2"},
		{name: "a negative limit", sql: "select id from t limit -1", err: "LIMIT must be a non-negative integer: -1"},
		{name: "distinct ordered by something else", sql: "select distinct dt from t order by id", err: "For SELECT DISTINCT, ORDER BY expressions must appear in select list"},
		{name: "a star in groups", sql: "select * from t group by dt", err: "cannot combine '*' in select list with grouping or aggregation"},
		{name: "a star of nothing", sql: "select *", err: "'*' expression in select list requires FROM clause."},
		{name: "operands of different width", sql: "select 1 union all select 1, 2", err: "Operands have unequal number of columns"},
		{name: "an invalid cast", sql: "select cast('a' as boolean)", err: "Invalid type cast of 'a' from STRING to BOOLEAN"},
		{name: "no such unit", sql: "select now() + interval 1 fortnight", err: "Invalid time unit 'fortnight'"},
		{name: "a reserved word as a name", sql: "select 1 as order", err: "Encountered: ORDER"},
		{name: "parameter markers", sql: "select ? from t", err: "ParseException"},
	})
}

func TestSyntaxErrorShowsTheLine(t *testing.T) {
	_, _, err := ask(fixture(), session(), "SELECT id\nFROM t WHER id = 1")
	want := "ParseException: Syntax error in line 2:\nFROM t WHER id = 1\n            ^\nEncountered: IDENTIFIER\nExpected: "
	if err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
		t.Errorf("got %v\nwant %s…", err, want)
	}
}

func TestSyntaxErrorOfALongLine(t *testing.T) {
	tests := []struct{ name, sql, shown, caret string }{
		{"the line goes on behind", "SELECT 1 2, " + strings.Repeat("x", 60), "SELECT 1 2, " + strings.Repeat("x", 25) + "...", "         ^"},
		{"the line began long before", "SELECT " + strings.Repeat("é", 60) + " 2 3", "..." + strings.Repeat("é", 25) + " 2 3", strings.Repeat(" ", 29) + "^"},
		{"in the middle", "SELECT '" + strings.Repeat("a", 50) + "' 'b', '" + strings.Repeat("c", 50) + "'",
			"..." + strings.Repeat("a", 24) + "' 'b', '" + strings.Repeat("c", 22) + "...", strings.Repeat(" ", 29) + "^"},
		{"at the end", "SELECT " + strings.Repeat("a", 60) + ",", "..." + strings.Repeat("a", 25) + ",", strings.Repeat(" ", 28) + "^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := ask(fixture(), session(), tt.sql)
			want := "ParseException: Syntax error in line 1:\n" + tt.shown + "\n" + tt.caret + "\nEncountered: "
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got\n%v\nwant\n%s…", err, want)
			}
		})
	}
}

// What could have stood in a place is keywords, a comma or a name.
func TestExpectations(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT id x y":       "\nExpected: EXCEPT, FROM, GROUP, HAVING, INTERSECT, LIMIT, MINUS, OFFSET, ORDER, UNION, WHERE, COMMA\n\n",
		"SELECT 1 FROM":       "\nExpected: IDENTIFIER\n\n",
		"SELECT 1, , 2":       "Encountered: COMMA\nExpected: CASE, CAST, ",
		"SELECT count(1 FROM": "\nExpected: AND, BETWEEN, DIV, ",
		"SELECT ``":           "Encountered: EMPTY IDENTIFIER\n",
		"SELECT 'a":           "ParseException: Unmatched string literal in line 1:\nSELECT 'a\n       ^\n\nCAUSED BY: Exception: Unmatched string literal",
		"SELECT \"a\\":        "Unmatched string literal",
	} {
		if _, _, err := ask(fixture(), session(), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant %q", text, err, want)
		}
	}
}

func TestColumnNames(t *testing.T) {
	tests := map[string]string{
		"SELECT Id FROM t":                             "id",
		"SELECT t.id AS Foo FROM t":                    "foo",
		"SELECT 7/2":                                   "7 / 2",
		"SELECT COUNT( * ) FROM t":                     "count(*)",
		"SELECT Count(DISTINCT site) FROM t":           "count(distinct site)",
		"SELECT hour(t.ts) FROM t":                     "hour(t.ts)",
		"SELECT (1+2)*3":                               "(1 + 2) * 3",
		"SELECT CASE WHEN ok THEN 'A' END FROM t":      "case when ok then 'a' end",
		"SELECT CAST(id AS INT) FROM t":                "cast(id as int)",
		"SELECT id IN (1, 2) FROM t":                   "id in (1, 2)",
		"SELECT site NOT LIKE 'a%' FROM t":             "site not like 'a%'",
		"SELECT id IS NOT NULL FROM t":                 "id is not null",
		"SELECT rank() OVER (ORDER BY id DESC) FROM t": "rank() OVER(...)",
	}
	for text, want := range tests {
		columns, _, err := ask(fixture(), session(), text)
		if err != nil || columns[0].Name != want {
			t.Errorf("%s is named %v, %v; want %q", text, columns, err, want)
		}
	}
}
