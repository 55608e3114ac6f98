package sql

import (
	"context"
	"strings"
	"testing"
)

// TestTypes has a line for each rule by which types follow from types.
func TestTypes(t *testing.T) {
	tests := map[string]string{
		"1, 128, 40000, 3000000000, 99999999999999999999":                   "TINYINT SMALLINT INT BIGINT DECIMAL(20,0)",
		"0.5, 1.10, -12.5, 1e3, 1.7976931348623157e308":                     "DECIMAL(1,1) DECIMAL(3,2) DECIMAL(3,1) DECIMAL(4,0) DOUBLE",
		"1 + 1, small + small, cast(1 as int) * 2, id + 1":                  "SMALLINT INT BIGINT BIGINT",
		"small % 2, cast(1 as int) div small, id / 2":                       "SMALLINT INT DOUBLE",
		"x + 1, x * 0.5, price + 1, price * price, price / 3, price - 0.05": "DOUBLE DOUBLE DECIMAL(11,2) DECIMAL(21,4) DECIMAL(14,6) DECIMAL(11,2)",
		"case when ok then 1 when id = 1 then 300 end":                      "SMALLINT",
		"if(ok, 1, 0.5), if(ok, null, 'a'), coalesce(small, id), nvl(x, 1)": "DECIMAL(4,1) STRING BIGINT DOUBLE",
		"nullif(id, 1), zeroifnull(x), nullifzero(small), least(id, x)":     "BIGINT DOUBLE SMALLINT DOUBLE",
		"if(ok, ts, '2017-09-12'), greatest(cast(ts as date), ts)":          "TIMESTAMP TIMESTAMP",
		"hour(ts), day(ts), year('2017-09-12'), dayofweek(ts)":              "INT INT INT INT",
		"extract(hour from ts), date_part('year', ts)":                      "BIGINT BIGINT",
		"ceil(x), floor(x), round(x), round(x, 2), truncate(x)":             "DOUBLE DOUBLE DOUBLE DOUBLE DOUBLE",
		"ceil(price), round(price), round(price, 1), truncate(price, 1)":    "DECIMAL(9,0) DECIMAL(9,0) DECIMAL(10,1) DECIMAL(9,1)",
		"ln(x), log10(2), pow(2, 3), sqrt(id), exp(1), sign(x)":             "DOUBLE DOUBLE DOUBLE DOUBLE DOUBLE FLOAT",
		"abs(small), abs(id), abs(x), abs(price)":                           "INT BIGINT DOUBLE DECIMAL(10,2)",
		"to_date(ts), from_unixtime(0), unix_timestamp(ts)":                 "STRING STRING BIGINT",
		"datediff(ts, ts), date_add(ts, 1), date_sub(cast(ts as date), 1)":  "INT TIMESTAMP DATE",
		"date_trunc('hour', ts), trunc(ts, 'MM'), last_day(ts)":             "TIMESTAMP TIMESTAMP TIMESTAMP",
		"from_utc_timestamp(ts, 'UTC'), add_months(ts, 1), now()":           "TIMESTAMP TIMESTAMP TIMESTAMP",
		"length(site), instr(site, 'a'), locate('a', site), ascii(site)":    "INT INT INT INT",
		"substr(site, 2), left(site, 1), lpad(site, 9, ' '), concat(site)":  "STRING STRING STRING STRING",
		"pmod(id, 2), pmod(x, 2), fnv_hash(site), is_nan(x), is_inf(x)":     "BIGINT DOUBLE BIGINT BOOLEAN BOOLEAN",
		"cast(id as varchar(3)), cast('a' as char(3)), cast(x as float)":    "VARCHAR(3) CHAR(3) FLOAT",
		"-small, -price, -x, - -1":                                          "INT DECIMAL(14,2) DOUBLE TINYINT",
		"ok and true, not ok, id is null, id in (1), id between 1 and 2":    "BOOLEAN BOOLEAN BOOLEAN BOOLEAN BOOLEAN",
		"interval 1 day + ts, cast(ts as date) + interval 2 weeks":          "TIMESTAMP DATE",
		"cast(1 as decimal), cast(1 as decimal(5)), cast(1 as integer)":     "DECIMAL(9,0) DECIMAL(5,0) INT",
		"count(*), count(id), count(distinct site), ndv(site)":              "BIGINT BIGINT BIGINT BIGINT",
		"sum(id), sum(small), sum(x), sum(price)":                           "BIGINT BIGINT DOUBLE DECIMAL(38,2)",
		"avg(id), avg(x), avg(price)":                                       "DOUBLE DOUBLE DECIMAL(38,6)",
		"min(site), max(ts), min(small), max(price)":                        "STRING TIMESTAMP SMALLINT DECIMAL(10,2)",
		"row_number() over (order by id), rank() over (order by id)":        "BIGINT BIGINT",
	}
	for list, want := range tests {
		st, err := New(fixture()).Prepare(context.Background(), session(), "select "+list+" from t")
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		if got := typesOf(st.Columns()); got != want {
			t.Errorf("%s\nhas types %s\nwant      %s", list, got, want)
		}
	}
}

// TestCommonTypes checks that the order of two types does not matter.
func TestCommonTypes(t *testing.T) {
	all := []Type{{}, decimalType(5, 2), decimalType(38, 0), {Kind: Char, Length: 3}, {Kind: Varchar, Length: 3}}
	for k := Boolean; k <= Date; k++ {
		if k != Decimal && k != Char && k != Varchar {
			all = append(all, Type{Kind: k})
		}
	}
	for _, a := range all {
		for _, b := range all {
			ab, ok := common(a, b)
			ba, also := common(b, a)
			if ab != ba || ok != also {
				t.Errorf("%s with %s: %s, %v; the other way %s, %v", a, b, ab, ok, ba, also)
			}
			if ok && a.Kind.text() && b.Kind.numeric() {
				t.Errorf("%s with %s is %s", a, b, ab)
			}
		}
	}
}

func TestFunctions(t *testing.T) {
	tests := map[string]string{
		"ceil(1.2), floor(-1.2), round(2.5), round(-2.5), round(2.567, 2)":                                "2|-2|3|-3|2.57",
		"ceil(cast(1.2 as double)), round(cast(2.5 as double)), round(cast(1234.5 as double), -2)":        "2|3|1200",
		"abs(-3), sign(-2), pow(2, 10), sqrt(9), exp(0), log10(1000), ln(e())":                            "3|-1|1024|3|1|3|1",
		"pmod(-7, 3), pmod(7, -3), hex(255), hex('az'), pmod(1, 0)":                                       "2|-2|FF|617A|NULL",
		"hour('2017-09-12 14:05:06'), minute('2017-09-12 14:05:06'), dayofweek('2017-09-12')":             "14|5|3",
		"to_date('2017-09-12 14:05:06'), datediff('2017-09-12', '2017-09-01 23:00:00')":                   "2017-09-12|11",
		"from_utc_timestamp('2017-09-12 12:00:00', 'Europe/Bratislava')":                                  "2017-09-12 14:00:00",
		"to_utc_timestamp('2017-01-12 12:00:00', 'Europe/Bratislava')":                                    "2017-01-12 11:00:00",
		"unix_timestamp('1970-01-02'), from_unixtime(86399), from_unixtime(0, 'dd.MM.yy HH:mm')":          "86400|1970-01-01 23:59:59|01.01.70 00:00",
		"unix_timestamp('02.01.1970', 'dd.MM.yyyy'), to_timestamp('2017-1', 'yyyy-M')":                    "86400|2017-01-01 00:00:00",
		"date_add('2017-02-28', 1), date_sub('2017-03-01', 28), add_months('2017-01-31',1)":               "2017-03-01 00:00:00|2017-02-01 00:00:00|2017-02-28 00:00:00",
		"date_trunc('week', '2017-09-14 10:00:00'), trunc('2017-09-14', 'Q'), trunc(2.9)":                 "2017-09-11 00:00:00|2017-07-01 00:00:00|2",
		"now(), current_date(), unix_timestamp()":                                                         "2017-09-13 06:00:00.500000000|2017-09-13|1505275200",
		"concat('a', 'b', 'c'), concat('a', null), concat_ws('-', 'a', null, 'c')":                        "abc|NULL|a-c",
		"substr('hello', 2, 3), substr('hello', -3), substr('hello', 0), left('abc', 2), right('abc', 2)": "ell|llo||ab|bc",
		"upper('aB'), lower('aB'), trim('  a '), ltrim('  a'), rtrim('a  '), btrim('xax', 'x')":           "AB|ab|a|a|a|a",
		"replace('abcb', 'b', 'x'), instr('abc', 'c'), locate('b', 'abcb', 3), instr('abc', 'z')":         "axcx|3|4|0",
		"lpad('7', 3, '0'), rpad('abc', 2, ' '), split_part('a,b,c', ',', 2), split_part('a,b', ',', -1)": "007|ab|b|b",
		`regexp_replace('a1b2', '[0-9]', '#'), regexp_extract('k=v', '(\\w)=(\\w)', 2)`:                   "a#b#|v",
		`regexp_replace('ab', '(a)(b)', '\\2\\1'), regexp_extract('x', '(y)', 1), regexp_like('ab', 'b')`: "ba||1",
		"fnv_hash(cast(0 as int)), fnv_hash(cast(1234567890 as int))":                                     "-2611523532599129963|3614724209955230832",
		"isnull(null, 1), nvl2(null, 1, 2), nullif(1, 1), nullif(2, 1), zeroifnull(null)":                 "1|2|NULL|2|0",
		"null is true, true is not false, null is unknown, false is true":                                 "0|1|1|0",
		"cast(0.1 as double) + cast(0.2 as double), cast(1e20 as double), cast(1e-7 as double)":           "0.30000000000000004|1e+20|1e-07",
		"cast(cast(1.1 as float) as string), cast('inf' as double), cast(' -1.5e2 ' as double)":           "1.1|inf|-150",
		"cast('1.005' as decimal(5,2)), cast(12345678901234567890.5 as decimal(38,2)) * 10":               "1.01|123456789012345678905.00",
		"cast(cast('2017-09-12' as date) as timestamp), cast(1.9 as int), cast(-1.9 as bigint)":           "2017-09-12 00:00:00|2|-2",
		"cast('abcdef' as varchar(3)), cast('a' as char(3)), cast(12 as char(1))":                         "abc|a  |1",
		"1 + 2 * 3 - 4, -2 * -3, 10 - 3 - 2, 2 * 3 % 4, 7 div 2 * 2":                                      "3|6|5|2|6",
		"1.5 * 1.5, 1.0 / 3, 10.25 % 3, 5 - 0.5":                                                          "2.25|0.333333|1.25|4.5",
	}
	for list, want := range tests {
		_, rows, err := ask(fixture(), session(), "select "+list)
		if err != nil || len(rows) != 1 || rows[0] != want {
			t.Errorf("%s\ngave %q, %v\nwant %q", list, strings.Join(rows, " / "), err, want)
		}
	}
}

func TestFailuresWhileRowsAreMade(t *testing.T) {
	run(t, []statementTest{
		{name: "a decimal that overflows", sql: "select cast(99999999999999999999999999999999999999 as decimal(38,0)) * 10", err: "Decimal expression overflowed"},
		{name: "a decimal that does not fit", sql: "select cast(1234 as decimal(3,0))", err: "Decimal expression overflowed"},
		{name: "text that is no decimal", sql: "select cast(site as decimal(9,2)) from t", err: "String to Decimal parse failed"},
		{name: "a field counted from zero", sql: "select split_part('a', ',', 0)", err: "Invalid field position: 0"},
		{name: "a double too large for a float", sql: "select cast(cast(1e300 as double) as float)", err: "of type DOUBLE to FLOAT failed"},
		{name: "a failure in where", sql: "select 1 from t where cast(x as int) > 1", err: "NaN value"},
		{name: "a failure under an aggregate", sql: "select sum(cast(x as int)) from t", err: "NaN value"},
		{name: "a failure under a sort", sql: "select id from t order by cast(x as int)", err: "NaN value"},
		{name: "a failure under a join", sql: "select 1 from t a join t b on cast(a.x as int) = b.id", err: "NaN value"},
		{name: "a text that grows too long", sql: "select repeat('ab', 100000000)", err: "Memory limit exceeded"},
		{name: "a pattern that does not compile", sql: "select site rlike concat('(', '') from t", err: "invalid regular expression"},
	})
}
