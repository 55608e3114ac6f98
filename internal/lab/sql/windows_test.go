package sql

import "testing"

// series is a table w of keys k and values x: five rows of a, one of them NULL, and one of b.
const series = `(select 'a' k, 1 n, 10 x union all select 'a', 2, 20 union all select 'a', 3, null union all select 'a', 4, 40 union all select 'a', 4, 50 union all select 'b', 1, 7) w`

func TestWindowAggregates(t *testing.T) {
	const rows = "select n, x, "
	run(t, []statementTest{
		{name: "a window without order is the partition", sql: "select k, n, sum(x) over (partition by k), count(x) over (partition by k), count(*) over () from " + series + " order by 1, 2, x", types: "STRING TINYINT BIGINT BIGINT BIGINT",
			rows: []string{"a|1|120|4|6", "a|2|120|4|6", "a|3|120|4|6", "a|4|120|4|6", "a|4|120|4|6", "b|1|7|1|6"}},
		{name: "with an order it grows, peers at once", sql: rows + "sum(x) over (order by n), count(*) over (order by n) from " + series + " where k = 'a' order by 1, 2",
			rows: []string{"1|10|10|1", "2|20|30|2", "3|NULL|30|3", "4|40|120|5", "4|50|120|5"}},
		{name: "rows count one by one", sql: rows + "sum(x) over (order by n, x rows unbounded preceding), avg(x) over (order by n, x rows between unbounded preceding and current row) from " + series + " where k = 'a' order by 1, 2",
			types: "TINYINT TINYINT BIGINT DOUBLE", rows: []string{"1|10|10|10", "2|20|30|15", "3|NULL|30|15", "4|40|70|23.333333333333332", "4|50|120|30"}},
		{name: "a sliding frame", sql: rows + "sum(x) over (order by n, x rows between 1 preceding and 1 following), count(*) over (order by n, x rows 1 preceding) from " + series + " where k = 'a' order by 1, 2",
			rows: []string{"1|10|30|1", "2|20|30|2", "3|NULL|60|2", "4|40|90|2", "4|50|90|2"}},
		{name: "a frame up to the end", sql: rows + "max(x) over (order by n, x rows between current row and unbounded following), min(x) over (order by n, x rows between 1 following and unbounded following), sum(x) over (order by n range between current row and unbounded following) from " + series + " where k = 'a' order by 1, 2",
			rows: []string{"1|10|50|20|120", "2|20|50|40|110", "3|NULL|50|40|90", "4|40|50|50|90", "4|50|50|NULL|90"}},
		{name: "a frame that is empty", sql: rows + "sum(x) over (order by n, x rows between 3 preceding and 2 preceding), count(*) over (order by n, x rows between 2 following and 3 following) from " + series + " where k = 'a' order by 1, 2",
			rows: []string{"1|10|NULL|2", "2|20|NULL|2", "3|NULL|10|1", "4|40|30|0", "4|50|20|0"}},
		{name: "over sums of groups", sql: "select k, sum(x), sum(sum(x)) over (order by k desc), count(*) over () from " + series + " group by k order by 1", rows: []string{"a|120|127|2", "b|7|7|2"}},
		{name: "decimals, doubles and texts", sql: "select sum(price) over (), max(site) over (order by id rows unbounded preceding) from t order by id limit 2", types: "DECIMAL(38,2) STRING", rows: []string{"8.24|Zürich", "8.24|Zürich"}},
	})
}

func TestNeighbours(t *testing.T) {
	const over = " over (partition by k order by n, x) "
	run(t, []statementTest{
		{name: "the row before and the row after", sql: "select k, x, lag(x)" + over + ", lead(x)" + over + " from " + series + " order by k, n, x", types: "STRING TINYINT TINYINT TINYINT",
			rows: []string{"a|10|NULL|20", "a|20|10|NULL", "a|NULL|20|40", "a|40|NULL|50", "a|50|40|NULL", "b|7|NULL|NULL"}},
		{name: "further away, with something else", sql: "select x, lag(x, 2, -1)" + over + ", lead(x, 1 + 1, 1000)" + over + " from " + series + " order by k, n, x", types: "TINYINT TINYINT SMALLINT",
			rows: []string{"10|-1|NULL", "20|-1|40", "NULL|10|50", "40|20|1000", "50|NULL|1000", "7|-1|1000"}},
		{name: "the edges of a frame", sql: "select x, first_value(x)" + over + ", last_value(x)" + over + ", last_value(x) over (partition by k order by n, x rows between current row and unbounded following) from " + series + " where k = 'a' order by n, x",
			rows: []string{"10|10|10|50", "20|10|20|50", "NULL|10|NULL|50", "40|10|40|50", "50|10|50|50"}},
		{name: "edges without null", sql: "select x, last_value(x ignore nulls)" + over + ", first_value(x ignore nulls) over (partition by k order by n, x rows between current row and 1 following) from " + series + " where k = 'a' order by n, x",
			rows: []string{"10|10|10", "20|20|20", "NULL|20|40", "40|40|40", "50|50|50"}},
		{name: "a value needs no order", sql: "select distinct first_value(k) over (partition by k) from " + series + " order by 1", rows: []string{"a", "b"}},
		{name: "peers are not one with last_value", sql: "select x, last_value(x) over (order by n) from " + series + " where k = 'a' and n < 4 order by n", rows: []string{"10|10", "20|20", "NULL|NULL"}},
		{name: "tiles by Impala's arithmetic", sql: "select x, ntile(4) over (order by x) from (select small x from t where false union all select id from t union all select id + 5 from t) v order by x",
			rows: []string{"1|1", "2|1", "3|1", "4|2", "5|2", "6|3", "7|3", "8|3", "9|4", "10|4"}},
		{name: "more tiles than rows", sql: "select n, ntile(9) over (partition by k order by n, x) from " + series + " order by k, n, x", types: "TINYINT BIGINT", rows: []string{"1|1", "2|2", "3|3", "4|4", "4|5", "1|1"}},
		{name: "ranks between 0 and 1", sql: "select x, percent_rank() over (order by n), cume_dist() over (order by n) from " + series + " where k = 'a' order by n, x", types: "TINYINT DOUBLE DOUBLE",
			rows: []string{"10|0|0.2", "20|0.25|0.4", "NULL|0.5|0.6", "40|0.75|1", "50|0.75|1"}},
		{name: "a rank of one row", sql: "select percent_rank() over (partition by k order by n) from " + series + " where k = 'b'", rows: []string{"0"}},
	})
}

func TestErrorsOfWindows(t *testing.T) {
	run(t, []statementTest{
		{name: "distinct", sql: "select count(distinct x) over () from " + series, err: "AnalysisException: DISTINCT not allowed in analytic function: count(DISTINCT x)"},
		{name: "no aggregate", sql: "select upper(k) over () from " + series, err: "OVER clause requires aggregate or analytic function: upper(k)"},
		{name: "an aggregate that has no window", sql: "select stddev(x) over () from " + series, err: "Aggregate function 'stddev(x)' not supported with OVER clause."},
		{name: "ranks without order", sql: "select lag(x) over () from " + series, err: "'lag(x) OVER ()' requires an ORDER BY clause"},
		{name: "a frame of ranks", sql: "select row_number() over (order by n rows 1 preceding) from " + series, err: "Windowing clause not allowed with 'row_number()'"},
		{name: "a frame without order", sql: "select sum(x) over (rows 1 preceding) from " + series, err: "Windowing clause requires ORDER BY clause: sum(x) OVER (ROWS 1 PRECEDING)"},
		{name: "a frame backwards", sql: "select sum(x) over (order by n rows between 1 preceding and 2 preceding) from " + series, err: "Offset boundaries are in the wrong order: ROWS BETWEEN 1 PRECEDING AND 2 PRECEDING"},
		{name: "a frame that begins behind its end", sql: "select sum(x) over (order by n rows between 1 following and current row) from " + series, err: "A lower window bound of FOLLOWING requires that the upper bound also be FOLLOWING"},
		{name: "a frame that ends before its start", sql: "select sum(x) over (order by n rows between current row and 1 preceding) from " + series, err: "An upper window bound of PRECEDING requires that the lower bound also be PRECEDING"},
		{name: "a bound that is no lower one", sql: "select sum(x) over (order by n rows unbounded following) from " + series, err: "UNBOUNDED FOLLOWING is only allowed for upper bound of BETWEEN"},
		{name: "a bound that is no upper one", sql: "select sum(x) over (order by n rows between 1 preceding and unbounded preceding) from " + series, err: "UNBOUNDED PRECEDING is only allowed for lower bound of BETWEEN"},
		{name: "a following bound alone", sql: "select sum(x) over (order by n rows 1 following) from " + series, err: "FOLLOWING requires a BETWEEN clause"},
		{name: "a distance of nothing", sql: "select sum(x) over (order by n rows 0 preceding) from " + series, err: "For ROWS window, the value of a PRECEDING/FOLLOWING offset must be a constant positive integer: 0 PRECEDING"},
		{name: "a distance that varies", sql: "select sum(x) over (order by n rows n preceding) from " + series, err: "offset must be a constant positive integer: n PRECEDING"},
		{name: "a range of distances", sql: "select sum(x) over (order by n range 1 preceding) from " + series, err: "RANGE is only supported with both the lower and upper bounds UNBOUNDED or one UNBOUNDED and the other CURRENT ROW."},
		{name: "a sliding minimum", sql: "select min(x) over (order by n rows 1 preceding) from " + series, err: "'min(x)' is only supported with an UNBOUNDED PRECEDING start bound."},
		{name: "a lag backwards", sql: "select lag(x, -1) over (order by n) from " + series, err: "The offset parameter of LEAD/LAG must be a constant positive integer: lag(x, -1)"},
		{name: "a default that varies", sql: "select lag(x, 1, n) over (order by n) from " + series, err: "The default parameter (parameter 3) of LEAD/LAG must be a constant: lag(x, 1, n)"},
		{name: "no tiles", sql: "select ntile(0) over (order by n) from " + series, err: "NTILE() requires a positive argument: 0"},
		{name: "tiles of a column", sql: "select ntile(n) over (order by n) from " + series, err: "NTILE() requires a constant argument"},
		{name: "nulls that are not ignored", sql: "select lag(x ignore nulls) over (order by n) from " + series, err: "Function LAG does not accept the keyword IGNORE NULLS."},
		{name: "a window in an aggregate", sql: "select sum(rank() over (order by n)) from " + series, err: "aggregate function must not contain analytic parameters: sum(rank() OVER (ORDER BY n ASC))"},
		{name: "no arguments", sql: "select lag() over (order by n) from " + series, err: "No matching function with signature: lag()."},
	})
}

func TestUnionKeepsOneOfEqualRows(t *testing.T) {
	run(t, []statementTest{
		{name: "of all blocks", sql: "select 1 x, 'a' y union select 1, 'a' union distinct select 2, 'a' order by 1", types: "TINYINT STRING", rows: []string{"1|a", "2|a"}},
		{name: "within a block too", sql: "select dt from t union select dt from t order by dt", rows: []string{"2017-09-11", "2017-09-12"}},
		{name: "null is equal to null", sql: "select null x union select null", rows: []string{"NULL"}},
		{name: "after the common type", sql: "select 1 x union select cast(1 as bigint)", types: "BIGINT", rows: []string{"1"}},
		{name: "what follows with all is not touched", sql: "select 1 x union select 1 union all select 1 union all select 1 order by 1", rows: []string{"1", "1", "1"}},
		{name: "what comes before is", sql: "select 1 x union all select 1 union select 1", rows: []string{"1"}},
		{name: "in a sub-select, with a condition from above", sql: "select count(*) from (select id from t union select id + 1 from t) a where id > 4", rows: []string{"2"}},
	})
}
