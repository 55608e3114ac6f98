package sql

import "testing"

// values is a table v of one column x: four numbers, of which two are equal, and two NULLs.
const values = "(select 2 x union all select null union all select 1 union all select 3 union all select 2 union all select null) v"

func TestOrder(t *testing.T) {
	run(t, []statementTest{
		{name: "ascending puts null last", sql: "select x from " + values + " order by x", rows: []string{"1", "2", "2", "3", "NULL", "NULL"}},
		{name: "descending puts null first", sql: "select x from " + values + " order by x desc", rows: []string{"NULL", "NULL", "3", "2", "2", "1"}},
		{name: "unless told", sql: "select x from " + values + " order by x nulls first", rows: []string{"NULL", "NULL", "1", "2", "2", "3"}},
		{name: "in both directions", sql: "select x from " + values + " order by x desc nulls last", rows: []string{"3", "2", "2", "1", "NULL", "NULL"}},
		{name: "each key for itself", sql: "select small, id from t order by small desc nulls last, id desc", rows: []string{"7|5", "7|4", "3|1", "-4|2", "NULL|3"}},
		{name: "by what is not selected", sql: "select id from t where site is not null order by length(site), site desc", rows: []string{"5", "2", "1", "3"}},
		{name: "an alias goes before a column", sql: "select -id as small from t order by small limit 2", rows: []string{"-5", "-4"}},
		{name: "a number is a column's place", sql: "select dt, id from t order by 2 desc limit 1", rows: []string{"2017-09-12|5"}},
		{name: "texts by their bytes", sql: "select s from (select 'b' s union all select 'Z' union all select 'a' union all select 'ab' union all select 'ä' union all select '') v order by s",
			rows: []string{"", "Z", "a", "ab", "b", "ä"}},
		{name: "false before true, early before late", sql: "select id from t order by ok, ts, id", rows: []string{"2", "5", "1", "4", "3"}},
		{name: "decimals by value", sql: "select price from t order by price", rows: []string{"-3.25", "0.00", "0.99", "10.50", "NULL"}},
	})
}

func TestLimit(t *testing.T) {
	run(t, []statementTest{
		{name: "none", sql: "select id from t limit 0", rows: nil},
		{name: "more than there are", sql: "select id from t order by id limit 100", rows: []string{"1", "2", "3", "4", "5"}},
		{name: "a constant expression", sql: "select id from t order by id limit 1 + 1", rows: []string{"1", "2"}},
		{name: "offset skips", sql: "select id from t order by id limit 2 offset 3", rows: []string{"4", "5"}},
		{name: "offset alone", sql: "select id from t order by id offset 4", rows: []string{"5"}},
		{name: "offset beyond the end", sql: "select id from t order by id limit 1 offset 5", rows: nil},
		{name: "of a union", sql: "select 1 x union all select 2 union all select 3 order by x desc limit 2", rows: []string{"3", "2"}},
		{name: "of one part of a union", sql: "(select id from t order by id desc limit 1) union all (select id from t order by id limit 1)", rows: []string{"5", "1"}},
		{name: "below an aggregate", sql: "select count(*), sum(id) from (select id from t order by id desc limit 3) a", rows: []string{"3|12"}},
		{name: "above an aggregate", sql: "select dt, count(*) n from t group by dt order by n desc limit 1", rows: []string{"2017-09-12|3"}},
		{name: "a condition stays above it", sql: "select id from (select id from t order by id limit 2) a where id > 1", rows: []string{"2"}},
		{name: "limit null", sql: "select id from t limit null", err: "LIMIT must be a non-negative integer: NULL"},
		{name: "limit of a column", sql: "select id from t limit id", err: "LIMIT expression must be a constant expression: id"},
	})
}

func TestWindows(t *testing.T) {
	const over = " over (order by x), "
	run(t, []statementTest{
		{name: "ties share a rank", sql: "select x, row_number()" + over + "rank()" + over + "dense_rank() over (order by x) from " + values + " order by 1, 2", types: "TINYINT BIGINT BIGINT BIGINT",
			rows: []string{"1|1|1|1", "2|2|2|2", "2|3|2|2", "3|4|4|3", "NULL|5|5|4", "NULL|6|5|4"}},
		{name: "descending, with null first", sql: "select x, rank() over (order by x desc), dense_rank() over (order by x desc) from " + values + " order by 2, 1",
			rows: []string{"NULL|1|1", "NULL|1|1", "3|3|2", "2|4|3", "2|4|3", "1|6|4"}},
		{name: "null is a partition of its own", sql: "select small, row_number() over (partition by small order by id) from t order by small, 2", rows: []string{"-4|1", "3|1", "7|1", "7|2", "NULL|1"}},
		{name: "ranks begin anew in each partition", sql: "select dt, id, rank() over (partition by dt order by ok desc nulls last) from t order by dt, id",
			rows: []string{"2017-09-11|1|1", "2017-09-11|2|2", "2017-09-12|3|3", "2017-09-12|4|1", "2017-09-12|5|2"}},
		{name: "a number for each row needs no order", sql: "select count(distinct n), max(n) from (select row_number() over (partition by dt) n from t) a", rows: []string{"3|3"}},
		{name: "two windows", sql: "select id, row_number() over (order by id desc), row_number() over (order by small, id) from t order by id", rows: []string{"1|5|2", "2|4|1", "3|3|5", "4|2|3", "5|1|4"}},
		{name: "over groups", sql: "select dt, sum(id), rank() over (order by sum(id) desc) from t group by dt order by dt", rows: []string{"2017-09-11|3|2", "2017-09-12|12|1"}},
		{name: "the latest of each", sql: "select dt, id from (select dt, id, row_number() over (partition by dt order by id desc) n from t) a where n = 1 order by dt", rows: []string{"2017-09-11|2", "2017-09-12|5"}},
		{name: "rows are counted before the condition above", sql: "select id, n from (select id, row_number() over (order by id) n from t) a where id > 3 order by id", rows: []string{"4|4", "5|5"}},
		{name: "in an expression", sql: "select id from t order by row_number() over (order by id desc) limit 1", rows: []string{"5"}},
		{name: "rank needs an order", sql: "select rank() over (partition by dt) from t", err: "'rank() OVER (PARTITION BY dt)' requires an ORDER BY clause"},
		{name: "no window in where", sql: "select 1 from t where row_number() over (order by id) = 1", err: "WHERE clause must not contain analytic expressions: row_number() OVER (ORDER BY id ASC)"},
		{name: "no window in groups", sql: "select count(*) from t group by row_number() over (order by id)", err: "GROUP BY expression must not contain analytic expressions"},
		{name: "no window in a window", sql: "select rank() over (order by row_number() over (order by id)) from t", err: "Nesting of analytic expressions is not allowed"},
	})
}

func TestGroups(t *testing.T) {
	run(t, []statementTest{
		{name: "null is a group", sql: "select x, count(*), count(x), sum(x), avg(x) from " + values + " group by x order by x", types: "TINYINT BIGINT BIGINT BIGINT DOUBLE",
			rows: []string{"1|1|1|1|1", "2|2|2|4|2", "3|1|1|3|3", "NULL|2|0|NULL|NULL"}},
		{name: "nan is a group", sql: "select is_nan(x), count(*) from (select x from t union all select sqrt(-1) union all select -sqrt(-1)) a where is_nan(x) group by x", rows: []string{"1|3"}},
		{name: "zeros are a group", sql: "select count(*) from (select z from (select cast(0 as double) z union all select -cast(0 as double)) a group by z) b", rows: []string{"1"}},
		{name: "and distinct in the same way", sql: "select count(*), count(z) from (select distinct z from (select cast(0 as double) z union all select -cast(0 as double) union all select sqrt(-1) union all select -sqrt(-1) union all select null union all select null) a) b",
			rows: []string{"3|2"}},
		{name: "distinct aggregates skip null", sql: "select count(distinct x), sum(distinct x), avg(distinct x), count(distinct x, x + 1) from " + values, rows: []string{"3|6|2|3"}},
		{name: "min and max of every type", sql: "select min(site), max(site), min(ok), max(ts), min(price), max(small) from t", rows: []string{"0123|Zürich|0|2017-09-12 14:05:06|-3.25|7"}},
		{name: "by an expression of the list", sql: "select substr(dt, 9), count(*) from t group by substr(dt, 9) order by 1", rows: []string{"11|2", "12|3"}},
		{name: "an expression on a grouped expression", sql: "select concat(substr(dt, 9), '!') from t group by substr(dt, 9) order by 1", rows: []string{"11!", "12!"}},
		{name: "having without groups", sql: "select count(*) from t having count(*) > 100", rows: nil},
		{name: "having by an alias", sql: "select dt, count(*) = 2 as n from t group by dt having n", rows: []string{"2017-09-11|1"}},
		{name: "an alias within an expression is no column", sql: "select dt, count(*) as n from t group by dt having n = 2", err: "Could not resolve column/field reference: 'n'"},
		{name: "having by what is not selected", sql: "select dt from t group by dt having max(id) = 5", rows: []string{"2017-09-12"}},
		{name: "order by what is not selected", sql: "select dt from t group by dt order by max(id) desc", rows: []string{"2017-09-12", "2017-09-11"}},
		{name: "groups of a constant", sql: "select 'all', count(*) from t group by 1", rows: []string{"all|5"}},
		{name: "only null", sql: "select count(null), sum(cast(null as int)), min(cast(null as string)), avg(cast(null as double)) from t", rows: []string{"0|NULL|NULL|NULL"}},
		{name: "sums of integers wrap", sql: "select sum(n) from (select 9223372036854775807 n union all select 1) a", types: "BIGINT", rows: []string{"-9223372036854775808"}},
		{name: "counting conditions", sql: "select sum(if(small > 3, 1, 0)), count(case when small > 3 then 1 end), sum(cast(ok as int)) from t", rows: []string{"2|2|2"}},
		{name: "an aggregate of an aggregate", sql: "select sum(count(*)) from t", err: "aggregate function must not contain aggregate parameters: sum(count(*))"},
		{name: "an aggregate in groups", sql: "select 1 from t group by count(*)", err: "GROUP BY expression must not contain aggregate functions"},
		{name: "an aggregate in on", sql: "select 1 from t a join t b on count(*) = 1", err: "aggregate function not allowed in ON clause"},
		{name: "a column beside a group", sql: "select dt, site from t group by dt", err: "select list expression not produced by aggregation output (missing from GROUP BY clause?): site"},
		{name: "a column beside a group in order", sql: "select dt from t group by dt order by site", err: "ORDER BY expression not produced by aggregation output"},
	})
}

func TestUnions(t *testing.T) {
	run(t, []statementTest{
		{name: "integers take the wider type", sql: "select cast(1 as tinyint) x union all select cast(1 as bigint) union all select cast(1 as smallint)", types: "BIGINT", rows: []string{"1", "1", "1"}},
		{name: "integers and doubles are doubles", sql: "select 1 union all select cast(0.5 as double)", types: "DOUBLE", rows: []string{"1", "0.5"}},
		{name: "null takes any type", sql: "select null union all select 'a'", types: "STRING", rows: []string{"NULL", "a"}},
		{name: "null alone is boolean", sql: "select null union all select null", types: "BOOLEAN", rows: []string{"NULL", "NULL"}},
		{name: "texts of two lengths are strings", sql: "select cast('a' as varchar(3)) union all select cast('b' as char(2))", types: "STRING", rows: []string{"a", "b "}},
		{name: "a date beside a timestamp is one", sql: "select date '2017-09-12' union all select cast('2017-09-12 01:00:00' as timestamp)", types: "TIMESTAMP", rows: []string{"2017-09-12 00:00:00", "2017-09-12 01:00:00"}},
		{name: "a text beside a number is refused", sql: "select 'a' union all select 1", err: "Incompatible return types 'STRING' and 'TINYINT' of exprs ''a'' and '1'."},
		{name: "a boolean beside a text is refused", sql: "select true union all select 'a'", err: "Incompatible return types 'BOOLEAN' and 'STRING'"},
		{name: "names come from the first", sql: "select n from (select 1 n union all select 2 m) a order by n", rows: []string{"1", "2"}},
		{name: "equal rows stay", sql: "select count(*) from (select id from t union all select id from t) a", rows: []string{"10"}},
		{name: "conditions reach every part", sql: "select a.id from (select id, dt from t union all select id + 10, dt from t) a where dt = '2017-09-11' order by 1", rows: []string{"1", "2", "11", "12"}},
		{name: "and are those of the common type", sql: "select x from (select cast(300 as smallint) x union all select cast(44 as tinyint)) a where x > 127", rows: []string{"300"}},
	})
}

func TestCommonTableExpressions(t *testing.T) {
	run(t, []statementTest{
		{name: "each sees those before it", sql: "with a as (select 1 x), b as (select x + 1 x from a), c as (select a.x + b.x x from a cross join b) select x from c", rows: []string{"3"}},
		{name: "one is used twice", sql: "with a as (select id from t where id < 3) select l.id, r.id from a l cross join a r order by 1, 2", rows: []string{"1|1", "1|2", "2|1", "2|2"}},
		{name: "a name hides a table", sql: "with t as (select 7 n) select * from t", rows: []string{"7"}},
		{name: "but not that of a database", sql: "with t as (select 7 n) select count(*) from default.t", rows: []string{"5"}},
		{name: "an inner name hides an outer one", sql: "with a as (select 1 x) select * from (with a as (select 2 x) select x from a) b", rows: []string{"2"}},
		{name: "in every part of a union", sql: "with a as (select 1 x) select x from a union all select x + 1 from a", rows: []string{"1", "2"}},
		{name: "none sees itself", sql: "with a as (select x from a) select * from a", err: "Could not resolve table reference: 'a'"},
		{name: "nor those after it", sql: "with a as (select x from b), b as (select 1 x) select * from a", err: "Could not resolve table reference: 'b'"},
		{name: "its columns are those it names", sql: "with a as (select id i from t) select id from a", err: "Could not resolve column/field reference: 'id'"},
	})
}
