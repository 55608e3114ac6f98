package sql

import "testing"

func TestWordFunctions(t *testing.T) {
	runLists(t, []exprTest{
		{name: "initial capitals", list: "initcap('jET-propelled uniCYCLE'), initcap(' a\\tb'), initcap('')", types: "STRING STRING STRING", want: "Jet-propelled Unicycle| A\tB|"},
		{name: "translate drops what has no partner", list: "translate('hello world', 'lo', 'L'), translate('abc', '', 'x'), translate('aa', 'a', 'bc')", want: "heLL wrLd|abc|bb"},
		{name: "spaces and characters", list: "concat('[', space(3), ']'), length(space(-1)), chr(65), chr(256), chr(-1)", want: "[   ]|0|A||"},
		{name: "distance of words", list: "levenshtein('kitten', 'sitting'), levenshtein('', 'abc'), le_dst('a', 'a')", types: "INT INT INT", want: "3|3|0"},
		{name: "distance of long words", list: "levenshtein(repeat('a', 256), 'a')", err: "levenshtein argument exceeds maximum length of 255 characters"},
		{name: "places in a list", list: "find_in_set('b', 'a,b,c'), find_in_set('d', 'a,b'), find_in_set('a,b', 'a,b'), find_in_set('', 'a,')", types: "INT INT INT INT", want: "2|0|0|2"},
		{name: "hexadecimal and base 64", list: "unhex('5AC3BC'), unhex('x'), base64encode('Zü'), bin(5), bin(-1)", want: "Zü||WsO8|101|1111111111111111111111111111111111111111111111111111111111111111"},
		{name: "capital letters do not count", list: "'Opus' ilike 'oPu_', 'Opus' not ilike 'x%', 'Opus' iregexp '^op', null ilike 'a', 'ÄB' iregexp 'äb'", types: "BOOLEAN BOOLEAN BOOLEAN BOOLEAN BOOLEAN", want: "1|1|1|NULL|1"},
		{name: "decode knows null", list: "decode(null, null, 'none', 'some'), decode(2, 1, 'a', 2, 'b', 'c'), decode(3, 1, 'a'), decode(3, 1, 'a', 'c')", types: "STRING STRING STRING STRING", want: "none|b|NULL|c"},
		{name: "types by name", list: "typeof(1), typeof(1.5), typeof(null), typeof(now()), typeof('a')", want: "TINYINT|DECIMAL(2,1)|BOOLEAN|TIMESTAMP|STRING"},
	})
}

func TestBitsAndBuckets(t *testing.T) {
	runLists(t, []exprTest{
		{name: "bits by operators", list: "6 & 3, 6 | 3, 6 ^ 3, ~5, 1 + 2 & 3", types: "TINYINT TINYINT TINYINT TINYINT SMALLINT", want: "2|7|5|-6|3"},
		{name: "bits by functions", list: "bitand(255, 256), bitor(1, null), bitxor(1, 1), bitnot(0)", types: "SMALLINT TINYINT TINYINT TINYINT", want: "0|NULL|0|-1"},
		{name: "shifts keep the type", list: "shiftleft(cast(64 as tinyint), 1), shiftright(cast(-1 as tinyint), 4), shiftleft(1, -1), shiftright(8, 70)", types: "TINYINT TINYINT TINYINT TINYINT", want: "-128|15|0|0"},
		{name: "one bits", list: "countset(7), countset(cast(-1 as smallint))", types: "INT INT", want: "3|16"},
		{name: "bits of a fraction", list: "1.5 & 1", err: "Invalid non-integer argument to operation '&': 1.5 & 1"},
		{name: "bitand of a text", list: "bitand('a', 1)", err: "No matching function with signature: bitand(STRING, TINYINT)."},
		{name: "buckets", list: "width_bucket(14, 4, 24, 4), width_bucket(3.9, 4, 24, 4), width_bucket(24, 4, 24, 4), width_bucket(4, 4, 24, 4), width_bucket(-1.5, -2, 0, 4), width_bucket(null, 1, 2, 3)",
			types: "BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT", want: "3|0|5|1|2|NULL"},
		{name: "no buckets", list: "width_bucket(1, 0, 2, 0)", err: "Number of buckets should be greater than zero:0"},
		{name: "buckets of nothing", list: "width_bucket(1, 2, 2, 1)", err: "Lower bound cannot be greater than or equal to the upper bound"},
		{name: "whole numbers", list: "factorial(5), factorial(0), quotient(7, 2), quotient(-7.9, 2), quotient(1, 0)", types: "BIGINT BIGINT BIGINT BIGINT BIGINT", want: "120|1|3|-3|NULL"},
		{name: "a factorial too large", list: "factorial(21)", err: "largest representable number"},
	})
}

func TestCalendar(t *testing.T) {
	runLists(t, []exprTest{
		{name: "the last day of a month", list: "last_day('2016-02-01 10:00:00'), last_day(date '2017-02-01'), last_day(cast('2017-12-31' as timestamp))", types: "TIMESTAMP DATE TIMESTAMP", want: "2016-02-29 00:00:00|2017-02-28|2017-12-31 00:00:00"},
		{name: "the next day of the week", list: "next_day(date '2017-09-12', 'Tuesday'), next_day(date '2017-09-12', 'wed'), next_day(cast('2017-09-12 10:00:00' as timestamp), 'MONDAY')", types: "DATE DATE TIMESTAMP",
			want: "2017-09-19|2017-09-13|2017-09-18 10:00:00"},
		{name: "no day of the week", list: "next_day(date '2017-09-12', 'someday')", err: "Invalid Day"},
		{name: "names", list: "dayname(date '2017-09-12'), monthname('2017-09-12 01:00:00')", types: "STRING STRING", want: "Tuesday|September"},
		{name: "months between", list: "months_between(date '2017-02-28', date '2017-01-31'), months_between('2017-03-15', '2017-01-31'), int_months_between(date '2017-03-15', date '2017-01-31')", types: "DOUBLE DOUBLE INT",
			want: "1|1.4838709677419355|1"},
		{name: "days between", list: "datediff(date '2017-09-13', '2017-09-12 23:59:59'), datediff('2017-09-12', date '2017-09-13')", types: "INT INT", want: "1|-1"},
	})
}

func TestStatistics(t *testing.T) {
	run(t, []statementTest{
		{name: "spread of a sample and of all", sql: "select variance(x), variance_pop(x), round(stddev(x), 6), round(stddev_pop(x), 6), var_samp(x) = variance_samp(x), var_pop(x) from (select 2 x union all select 4 union all select null union all select 9) v",
			types: "DOUBLE DOUBLE DOUBLE DOUBLE BOOLEAN DOUBLE", rows: []string{"13|8.6666666666666661|3.605551|2.94392|1|8.6666666666666661"}},
		{name: "spread of one value and of none", sql: "select stddev(id), variance_pop(id), stddev(small) from t where id = 3", rows: []string{"0|0|NULL"}},
		{name: "spread of texts", sql: "select stddev(site) from t", err: "No matching function with signature: stddev(STRING)."},
		{name: "the middle of all", sql: "select appx_median(id), appx_median(site), appx_median(price), appx_median(null) from t", types: "BIGINT STRING DECIMAL(10,2) BOOLEAN", rows: []string{"3|Zürich|0.99|NULL"}},
		{name: "texts in a list", sql: "select group_concat(site), group_concat(distinct dt, '/'), group_concat(site, null) from t where id < 4", types: "STRING STRING STRING", rows: []string{"Zürich, Praha, Zürich|2017-09-11/2017-09-12|Zürich, Praha, Zürich"}},
		{name: "a list of nothing", sql: "select group_concat(site) from t where id = 4", rows: []string{"NULL"}},
		{name: "a list of numbers", sql: "select group_concat(id) from t", err: "No matching function with signature: group_concat(BIGINT)."},
		{name: "groups of lists", sql: "select dt, group_concat(cast(id as string), '') from t group by dt order by dt", rows: []string{"2017-09-11|12", "2017-09-12|345"}},
	})
}
