package sql

import (
	"strings"
	"testing"
)

func TestCasts(t *testing.T) {
	runLists(t, []exprTest{
		{name: "text of an integer", list: "cast('-128' as tinyint), cast('+5' as int), cast(' 7 ' as int), cast('9223372036854775807' as bigint)", want: "-128|5|7|9223372036854775807"},
		{name: "text that is none is null", list: "cast('' as int), cast('1.5' as int), cast('1e3' as int), cast('-' as int), cast('0x10' as int), cast('1 2' as int), cast('1_0' as int)",
			want: "NULL|NULL|NULL|NULL|NULL|NULL|NULL"},
		{name: "text beyond the type is null", list: "cast('128' as tinyint), cast('32768' as smallint), cast('2147483648' as int), cast('9223372036854775808' as bigint)", want: "NULL|NULL|NULL|NULL"},
		{name: "text of a double", list: "cast('.5' as double), cast('1e-3' as double), cast(' -1.5 ' as double), cast('inf' as double), cast('-Infinity' as double), cast('NaN' as double)",
			want: "0.5|0.001|-1.5|inf|-inf|nan"},
		{name: "text that is no double is null", list: "cast('' as double), cast('1.2.3' as double), cast('0x1p3' as double), cast('1e' as double), cast('1,5' as double)", want: "NULL|NULL|NULL|NULL|NULL"},
		{name: "integers wrap", list: "cast(300 as tinyint), cast(40000 as smallint), cast(3000000000 as int), cast(-129 as tinyint)", want: "44|-25536|-1294967296|127"},
		{name: "doubles lose their fraction", list: "cast(cast(3.7 as double) as int), cast(cast(-3.7 as double) as bigint), cast(cast(127.9 as double) as tinyint)", want: "3|-3|127"},
		{name: "decimals round", list: "cast(3.7 as int), cast(-2.5 as int), cast(0.5 as tinyint), cast(0.49 as bigint)", want: "4|-3|1|0"},
		{name: "a double beyond the type fails", list: "cast(cast(128 as double) as tinyint)", err: "Converting value 128 of type DOUBLE to TINYINT failed, value out of range for destination type."},
		{name: "2^63 is beyond bigint", list: "cast(cast(9223372036854775808 as double) as bigint)", err: "to BIGINT failed"},
		{name: "nan is no integer", list: "cast(sqrt(-1) as int)", err: "NaN value of type DOUBLE cannot be converted to INT."},
		{name: "infinity is no integer", list: "cast(ln(0) as bigint)", err: "Non-finite value of type DOUBLE cannot be converted to BIGINT."},
		{name: "a decimal beyond the type fails", list: "cast(127.5 as tinyint)", err: "Decimal expression overflowed"},
		{name: "to boolean", list: "cast(0 as boolean), cast(-3 as boolean), cast(0.0 as boolean), cast(0.1 as boolean), cast(cast('nan' as double) as boolean)", want: "0|1|0|1|1"},
		{name: "from boolean", list: "cast(true as int), cast(false as double), cast(true as decimal(5,2)), cast(true as string)", types: "INT DOUBLE DECIMAL(5,2) STRING", want: "1|0|1.00|1"},
		{name: "to string", list: "cast(-7 as string), cast(1.50 as string), cast(cast(0.1 as double) as string), cast(cast('inf' as double) as string), cast(date '2017-09-12' as string)",
			want: "-7|1.50|0.1|inf|2017-09-12"},
		{name: "floats show nine digits", list: "cast(cast(1293872461 as float) as string), cast(cast(0.1 as float) as double)", want: "1.29387251e+09|0.10000000149011612"},
		{name: "a varchar is cut and a char is filled", list: "cast('abcdef' as varchar(3)), cast('ab' as char(4)), cast(12345 as varchar(2)), cast('a' as varchar)",
			types: "VARCHAR(3) CHAR(4) VARCHAR(2) STRING", want: "abc|ab  |12|a"},
		{name: "null of any type", list: "cast(null as int), cast(null as decimal(5,2)), cast(null as timestamp), cast(null as boolean), cast(null as string), cast(null as date)",
			types: "INT DECIMAL(5,2) TIMESTAMP BOOLEAN STRING DATE", want: "NULL|NULL|NULL|NULL|NULL|NULL"},
		{name: "text is no boolean", list: "cast('true' as boolean)", err: "AnalysisException: Invalid type cast of 'true' from STRING to BOOLEAN"},
		{name: "a date is no number", list: "cast(date '2017-09-12' as int)", err: "Invalid type cast of DATE '2017-09-12' from DATE to INT"},
		{name: "a number is no date", list: "cast(5 as date)", err: "from TINYINT to DATE"},
	})
}

func TestCastsOfTimes(t *testing.T) {
	runLists(t, []exprTest{
		{name: "a timestamp is its seconds", list: "cast(cast('2011-01-01 09:01:01' as timestamp) as bigint), cast(cast('2011-01-01 09:01:01' as timestamp) as int), cast(cast('2011-01-01 09:01:01' as timestamp) as smallint), cast(cast('2011-01-01 09:01:01' as timestamp) as tinyint)",
			want: "1293872461|1293872461|-4787|77"},
		{name: "with their fraction as a double", list: "cast(cast('2011-01-01 09:01:01.1' as timestamp) as double)", want: "1293872461.1"},
		{name: "whole seconds before 1970", list: "cast(cast('1969-12-31 23:59:59.5' as timestamp) as bigint), cast(-1 as timestamp)", want: "-1|1969-12-31 23:59:59"},
		{name: "a double shows what it cannot hold", list: "cast(cast(1.3041352164485E9 as double) as timestamp), cast(cast(-0.5 as double) as timestamp)",
			want: "2011-04-30 03:46:56.448499917|1969-12-31 23:59:59.500000000"},
		{name: "a decimal holds it", list: "cast(1304135216.4485 as timestamp), cast(-0.5 as timestamp), cast(253402300800.0 as timestamp), cast(cast(1e37 as decimal(38,0)) as timestamp)",
			want: "2011-04-30 03:46:56.448500000|1969-12-31 23:59:59.500000000|NULL|NULL"},
		{name: "numbers beyond the calendar are null", list: "cast(253402300800 as timestamp), cast(cast('inf' as double) as timestamp), cast(cast('nan' as double) as timestamp)", want: "NULL|NULL|NULL"},
		{name: "times that do not exist are null", list: "cast('2000-12-31 24:59:59' as timestamp), cast('10000-12-31' as timestamp), cast('2017-13-01' as timestamp), cast('1399-12-31' as timestamp), cast('2017-01-01 1:2' as timestamp)",
			want: "NULL|NULL|NULL|NULL|NULL"},
		{name: "digits of the fraction", list: "cast('2017-01-01 00:00:00.1' as timestamp), cast('2017-01-01 00:00:00.123456789' as timestamp), cast('2017-01-01T00:00:00' as timestamp)",
			want: "2017-01-01 00:00:00.100000000|2017-01-01 00:00:00.123456789|2017-01-01 00:00:00"},
		{name: "dates reach back to the year 1", list: "cast('0001-01-01' as date), cast(cast('0001-01-01' as date) as timestamp), cast('9999-12-31' as date)", want: "0001-01-01|NULL|9999-12-31"},
		{name: "a day that does not exist is no date", list: "cast('2017-02-29' as date)", err: "String to Date parse failed. Invalid string val: '2017-02-29'"},
		{name: "nor a literal", list: "date '2017-02-29'", err: "Invalid date literal: '2017-02-29'"},
		{name: "text beside a time is a time", list: "cast('2017-09-12' as timestamp) = '2017-09-12 00:00:00', date '2017-09-12' < '2017-09-13', date '2017-09-12' = cast('2017-09-12' as timestamp)",
			want: "1|1|1"},
	})
}

// Types and values are those of DECIMAL_V2, which is the default.
func TestDecimalTypes(t *testing.T) {
	runLists(t, []exprTest{
		{name: "literals", list: "1.1, 01.1, 0.23, 1.10, 1e2, 9223372036854775808", types: "DECIMAL(2,1) DECIMAL(2,1) DECIMAL(2,2) DECIMAL(3,2) DECIMAL(3,0) DECIMAL(19,0)",
			want: "1.1|1.1|0.23|1.10|100|9223372036854775808"},
		{name: "sums", list: "1 + 1.1, 0.23 + 1.1, cast(5 as decimal(9,0)) + 1.1, cast(5 as decimal(9,0)) - 2", types: "DECIMAL(5,1) DECIMAL(4,2) DECIMAL(11,1) DECIMAL(10,0)", want: "2.1|1.33|6.1|3"},
		{name: "products", list: "cast(5 as decimal(9,0)) * 1.1, cast(5 as decimal(9,0)) * 2, cast(3 as int) * 1.1", types: "DECIMAL(12,1) DECIMAL(13,0) DECIMAL(13,1)", want: "5.5|10|3.3"},
		{name: "quotients", list: "cast(5 as decimal(9,0)) / 1.1, cast(5 as decimal(9,0)) / 2, cast(5 as int) / 1.1", types: "DECIMAL(16,6) DECIMAL(15,6) DECIMAL(17,6)", want: "4.545455|2.500000|4.545455"},
		{name: "remainders", list: "cast(5 as decimal(9,0)) % 1.1, cast(5 as decimal(9,0)) % 2, cast(5 as int) % 1.1", types: "DECIMAL(2,1) DECIMAL(3,0) DECIMAL(2,1)", want: "0.6|1|0.6"},
		{name: "six digits after the point are kept", list: "cast(2 as decimal(38,20)) * cast(3 as decimal(38,20)), cast(1 as decimal(38,10)) / cast(3 as decimal(38,10))",
			types: "DECIMAL(38,6) DECIMAL(38,6)", want: "6.000000|0.333333"},
		{name: "a float beside a decimal is one too", list: "cast(1 as float) + 1.1, cast(1 as float) - 1.1, cast(1 as float) / 1.1, cast(1 as float) % 1.1", types: "DECIMAL(38,8) DECIMAL(38,8) DECIMAL(38,8) DECIMAL(10,9)",
			want: "2.10000000|-0.10000000|0.90909091|1.000000000"},
		{name: "and so is a double", list: "round(1.2345, 2) + pow(10, 2), cast(0.1 as double) + 0.2, 1.0 + cast(1 as float) + 1.1", types: "DECIMAL(38,16) DECIMAL(38,16) DECIMAL(38,7)",
			want: "101.2300000000000000|0.3000000000000000|3.1000000"},
		{name: "but for a product", list: "cast(2 as double) * 1.5, 1.5 * cast(2 as float), cast(2 as double) * cast(3 as decimal(38,0))", types: "DOUBLE DOUBLE DOUBLE", want: "3|3|6"},
		{name: "and beside an integer or a double it stays a double", list: "cast(1 as double) + 1, cast(1 as double) - cast(1.1 as double)", types: "DOUBLE DOUBLE", want: "2|-0.10000000000000009"},
		{name: "beside null it is itself", list: "cast(1 as decimal(10,2)) + null, null * 1.5, null / cast(1 as decimal(10,2))", types: "DECIMAL(10,2) DECIMAL(2,1) DECIMAL(10,2)", want: "NULL|NULL|NULL"},
		{name: "the opposite is a product", list: "-cast(1 as decimal(10,2)), -cast(5 as smallint), -cast(5 as bigint), -cast(0 as double), - -5", types: "DECIMAL(14,2) INT BIGINT DOUBLE TINYINT", want: "-1.00|-5|-5|-0|5"},
		{name: "branches have room for both", list: "if(true, cast(1 as decimal(20,2)), cast(1 as decimal(8,6))), coalesce(cast(1 as int), cast(1 as decimal(9,4)))", types: "DECIMAL(24,6) DECIMAL(14,4)",
			want: "1.000000|1.0000"},
		{name: "branches without room are refused", list: "greatest(cast(1 as decimal(38,0)), cast(2 as decimal(38,37)))", err: "Incompatible return types 'DECIMAL(38,0)' and 'DECIMAL(38,37)'"},
	})
}

func TestDecimalValues(t *testing.T) {
	nines := strings.Repeat("9", 38)
	runLists(t, []exprTest{
		{name: "a cast rounds", list: "cast(1.239 as decimal(3,2)), cast('98.678912' as decimal(15,1)), cast(cast(2.5 as double) as decimal(9,0)), cast(-0.005 as decimal(3,2))", want: "1.24|98.7|3|-0.01"},
		{name: "text with an exponent", list: "cast('1.0e6' as decimal(32,0)), cast(' 1.5 ' as decimal(3,1)), cast('999999999999999999999999999999' as decimal(38,5))", want: "1000000|1.5|999999999999999999999999999999.00000"},
		{name: "a float shows its digits", list: "cast(cast(cast(1e37 as decimal(38,0)) as float) as decimal(38,0)), cast(cast(0.1 as double) as decimal(38,17))",
			want: "9999999933815812510711506376257961984|0.10000000000000000"},
		{name: "digits before the point do not fit", list: "cast(123456 as decimal(3,0))", err: "Decimal expression overflowed"},
		{name: "nor do those of a text", list: "cast('123.45' as decimal(2,2))", err: "overflowed"},
		{name: "text that is none", list: "cast('ABC' as decimal(9,2))", err: "String to Decimal parse failed"},
		{name: "a sum that overflows", list: "cast(" + nines + " as decimal(38,0)) + 1", err: "Decimal expression overflowed"},
		{name: "nan beside a decimal fails", list: "sqrt(-1) + 0.5", err: "Decimal expression overflowed"},
		{name: "infinity too", list: "ln(0) / 2.0", err: "Decimal expression overflowed"},
		{name: "in a product it does not", list: "sqrt(-1) * 0.5", types: "DOUBLE", want: "nan"},
		{name: "order needs no common type", list: "cast(1 as decimal(38,0)) > cast(0.5 as decimal(38,37)), cast(2 as decimal(38,0)) = cast(2 as decimal(38,37)), 9223372036854775807 > cast(0.5 as decimal(38,37))", want: "1|1|1"},
		{name: "beside a double it is a double", list: "0.1 = cast(0.1 as double), cast(0.3 as double) = cast(0.1 as double) + cast(0.2 as double), 0.3 = 0.1 + 0.2", want: "1|0|1"},
	})
	run(t, []statementTest{
		{name: "sums and means", sql: "select sum(v), avg(v), min(v) from (select cast(1.5 as decimal(3,1)) v union all select 2.0 union all select null) a",
			types: "DECIMAL(38,1) DECIMAL(38,6) DECIMAL(3,1)", rows: []string{"3.5|1.750000|1.5"}},
		{name: "a mean keeps more than six digits where there are", sql: "select avg(cast(price as decimal(12,8))) from t where id < 3", types: "DECIMAL(38,8)", rows: []string{"3.62500000"}},
		{name: "a union has room for both", sql: "select cast(1 as int) union all select cast(2.5 as decimal(9,4))", types: "DECIMAL(14,4)", rows: []string{"1.0000", "2.5000"}},
		{name: "a union without room is refused", sql: "select cast(1 as decimal(20,0)) union all select cast(0 as decimal(20,20))",
			err: "Incompatible return types 'DECIMAL(20,0)' and 'DECIMAL(20,20)'"},
		{name: "a join needs no common type", sql: "select count(*) from (select cast(2 as decimal(38,0)) v) a join (select cast(2 as decimal(38,37)) v) b on a.v = b.v", rows: []string{"1"}},
	})
}
