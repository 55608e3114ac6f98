package sql

import "testing"

func TestFieldsOfTimes(t *testing.T) {
	runLists(t, []exprTest{
		{name: "clock and calendar", list: "year('2011-12-22 09:10:11.5'), quarter('2011-12-22'), month('2011-12-22'), day('2011-12-22'), hour('2011-12-22 09:10:11'), minute('2011-12-22 09:10:11'), second('2011-12-22 09:10:11'), millisecond('2011-12-22 09:10:11.5')",
			types: "INT INT INT INT INT INT INT INT", want: "2011|4|12|22|9|10|11|500"},
		{name: "days of the week begin with Sunday", list: "dayofweek('2011-12-18'), dayofweek('2011-12-22'), dayofweek('2011-12-24')", want: "1|5|7"},
		{name: "days of the year and weeks of ISO 8601", list: "dayofyear('2011-12-22'), weekofyear('2011-12-22'), weekofyear('2016-01-03'), weekofyear('2018-12-31')", want: "356|51|53|1"},
		{name: "before 1970 too", list: "hour('1969-12-31 23:59:59'), second('1969-12-31 23:59:59.5'), dayofweek('1969-12-31'), to_date('1969-12-31 23:59:59')", want: "23|59|4|1969-12-31"},
		{name: "a day that does not exist has none", list: "day('2016-02-29'), day('2015-02-29'), day('2016-02-028'), year(null)", want: "29|NULL|NULL|NULL"},
		{name: "extract and date_part", list: "extract(year from cast('2016-05-20' as timestamp)), extract(cast('2016-05-20 11:12:13' as timestamp), 'hour'), date_part('epoch', '1970-01-02')",
			types: "BIGINT BIGINT BIGINT", want: "2016|11|86400"},
		{name: "no such field", list: "extract(fortnight from now())", err: "invalid extract field: fortnight"},
		{name: "datediff counts midnights", list: "datediff('2017-01-01 23:59:00', '2017-01-02 00:01:00'), datediff('2012-12-22', '2011-12-22 09:10:11'), datediff('2017-01-01 23:00:00', '2017-01-01')",
			types: "INT INT INT", want: "-1|366|0"},
	})
}

func TestMovingTimes(t *testing.T) {
	runLists(t, []exprTest{
		{name: "a month later is at most the last day", list: "date_add(cast('2016-01-31' as timestamp), interval 3 months), date_sub(cast('2016-05-31' as timestamp), interval 1 months)",
			want: "2016-04-30 00:00:00|2016-04-30 00:00:00"},
		{name: "functions on months keep the last day of the month", list: "add_months('2016-02-29', 1), months_add('2017-02-28 10:00:00', 12), months_sub('2017-04-30', 1), months_add('2017-02-27', 1)",
			want: "2016-03-31 00:00:00|2018-02-28 10:00:00|2017-03-31 00:00:00|2017-03-27 00:00:00"},
		{name: "intervals of months keep the day", list: "cast('2016-02-29' as timestamp) + interval 1 month, date '2017-04-30' - interval 1 month, date '2016-02-29' + interval 1 year",
			types: "TIMESTAMP DATE DATE", want: "2016-03-29 00:00:00|2017-03-30|2017-02-28"},
		{name: "a date stays a date", list: "date_add(date '2017-12-31', 1), weeks_sub(date '2017-01-01', 1), add_months(date '2017-01-31', 1), years_add(date '2016-02-29', 1)",
			types: "DATE DATE DATE DATE", want: "2018-01-01|2016-12-25|2017-02-28|2017-02-28"},
		{name: "but not where hours are added", list: "hours_add(date '2017-01-01', 25), seconds_sub(date '2017-01-01', 1)", types: "TIMESTAMP TIMESTAMP",
			want: "2017-01-02 01:00:00|2016-12-31 23:59:59"},
		{name: "nor can an interval of hours be added to it", list: "date '2017-01-01' + interval 1 hour", err: "'HOUR' intervals are not allowed in date arithmetic expressions"},
		{name: "small units carry over", list: "milliseconds_add('2016-12-31 23:59:59.999', 1), microseconds_sub('2017-01-01', 1), nanoseconds_add('2016-12-31 23:59:59.999999999', 1)",
			want: "2017-01-01 00:00:00|2016-12-31 23:59:59.999999000|2017-01-01 00:00:00"},
		{name: "null moves nowhere", list: "date_add(cast(null as timestamp), 1), date_add('2017-01-01', null), now() + interval null days, hours_add('noon', 1)", want: "NULL|NULL|NULL|NULL"},
		{name: "beyond the calendar is null", list: "years_add('9000-01-01', 1000), days_sub('1400-01-01', 1), date '9999-12-31' + interval 1 day, years_add('2017-01-01', 9223372036854775807)",
			want: "NULL|NULL|NULL|NULL"},
		{name: "an interval moves no text", list: "'2017-01-01' + interval 1 day", err: "Operand ''2017-01-01'' of timestamp/date arithmetic expression ''2017-01-01' + INTERVAL 1 day' returns type 'STRING'. Expected type 'TIMESTAMP' or 'DATE'."},
		{name: "nor does date_add with one", list: "date_add('2017-01-01', interval 1 day)", err: "expression 'DATE_ADD('2017-01-01', INTERVAL 1 day)' returns type 'STRING'"},
		{name: "an interval of a fraction", list: "now() + interval 5.2 years", err: "Operand '5.2' of timestamp/date arithmetic expression 'now() + INTERVAL 5.2 years' returns type 'DECIMAL(2,1)'. Expected an integer type."},
		{name: "an interval in quarters", list: "now() + interval 1 quarter", err: "Invalid time unit 'quarter'"},
		{name: "an interval alone", list: "interval 1 day", err: "An interval can only be added to"},
		{name: "an interval of an interval", list: "interval 1 day + interval 1 day", err: "An interval can only be added to"},
		{name: "an interval less a time", list: "interval 1 day - now()", err: "Left operand of '-' must not be an interval"},
		{name: "an interval times two", list: "2 * interval 1 day", err: "An interval can only be added to"},
	})
}

func TestTruncatingTimes(t *testing.T) {
	runLists(t, []exprTest{
		{name: "trunc to years, quarters and months", list: "trunc('2014-05-22 01:34:55', 'SYYYY'), trunc('2014-05-22 01:34:55', 'Q'), trunc('2014-05-22 01:34:55', 'mm')",
			want: "2014-01-01 00:00:00|2014-04-01 00:00:00|2014-05-01 00:00:00"},
		{name: "trunc to weeks, days, hours and minutes", list: "trunc('2014-05-22 01:34:55', 'DAY'), trunc('2014-05-22 01:34:55', 'DD'), trunc('2014-05-22 01:34:55', 'HH24'), trunc('2014-05-22 01:34:55', 'MI')",
			want: "2014-05-19 00:00:00|2014-05-22 00:00:00|2014-05-22 01:00:00|2014-05-22 01:34:00"},
		{name: "date_trunc", list: "date_trunc('year', '2017-09-14 10:11:12.345'), date_trunc('WEEK', '2017-09-17'), date_trunc('second', '2017-09-14 10:11:12.345'), date_trunc('milliseconds', '2017-09-14 10:11:12.345678')",
			want: "2017-01-01 00:00:00|2017-09-11 00:00:00|2017-09-14 10:11:12|2017-09-14 10:11:12.345000000"},
		{name: "a date stays a date", list: "trunc(date '2017-09-14', 'MM'), date_trunc('year', date '2017-09-14')", types: "DATE DATE", want: "2017-09-01|2017-01-01"},
		{name: "text with a zone is no timestamp", list: "trunc('2014-07-22 01:34:55 +0100', 'year')", types: "TIMESTAMP", want: "NULL"},
		{name: "no such unit", list: "date_trunc('fortnight', now())", err: "Invalid Date Trunc Unit: fortnight"},
		{name: "last_day has no time", list: "last_day('2016-02-05 10:00:00'), last_day('2017-12-31')", want: "2016-02-29 00:00:00|2017-12-31 00:00:00"},
	})
}

func TestSecondsAndLayouts(t *testing.T) {
	runLists(t, []exprTest{
		{name: "seconds need more than 31 bits", list: "unix_timestamp('2038-01-19 03:14:08'), unix_timestamp(cast('2038-01-19 03:14:08.9' as timestamp)), from_unixtime(2147483648)",
			types: "BIGINT BIGINT STRING", want: "2147483648|2147483648|2038-01-19 03:14:08"},
		{name: "layouts with other separators", list: "unix_timestamp('2038/01/19 03:14:08', 'yyyy/MM/dd HH:mm:ss'), unix_timestamp('1970|01|01 00|00|00', 'yyyy|MM|dd HH|mm|ss'), from_unixtime(0, 'yyyy|MM|dd HH|mm|ss')",
			want: "2147483648|0|1970|01|01 00|00|00"},
		{name: "names of months", list: "unix_timestamp('01,Jan,1970,00,00,00', 'dd,MMM,yyyy,HH,mm,ss'), from_unixtime(0, 'dd,MMM,yyyy,HH,mm,ss'), to_timestamp('12-SEP-2017', 'dd-MMM-yyyy'), to_timestamp('12-Foo-2017', 'dd-MMM-yyyy')",
			want: "0|01,Jan,1970,00,00,00|2017-09-12 00:00:00|NULL"},
		{name: "T and Z stand for themselves", list: "unix_timestamp('1983-08-05T05:00:00.000Z', 'yyyy-MM-ddTHH:mm:ss.SSSZ'), from_timestamp(cast('1983-08-05 05:00:00' as timestamp), 'yyyy-MM-ddTHH:mm:ssZ')",
			want: "428907600|1983-08-05T05:00:00Z"},
		{name: "text that does not fit is null", list: "unix_timestamp('1970-01-01', 'yyyy-MM-dd HH:mm:ss'), unix_timestamp('1970', 'yyyy-MM-dd'), unix_timestamp('', 'yyyy-MM-dd'), unix_timestamp('1970-20-01', 'yyyy-MM-dd'), to_timestamp('2017-02-30', 'yyyy-MM-dd')",
			want: "NULL|NULL|NULL|NULL|NULL"},
		{name: "a layout of Java's hours", list: "unix_timestamp('1970-01-01 00:00:00', 'yyyy-MM-dd hh:mm:ss')", err: "Bad date/time conversion format: yyyy-MM-dd hh:mm:ss"},
		{name: "a layout of blanks", list: "from_unixtime(0, ' ')", err: "Bad date/time conversion format"},
		{name: "an empty layout", list: "from_unixtime(0, '')", err: "Bad date/time conversion format"},
		{name: "a layout of signs", list: "unix_timestamp('1970-01-01 00:00:00', ' -===-')", err: "Bad date/time conversion format"},
	})
}

// Clocks in Bratislava went forward at 2017-03-26 01:00 UTC and back at 2017-10-29 01:00 UTC.
func TestZones(t *testing.T) {
	runLists(t, []exprTest{
		{name: "clocks that go forward leave an hour out", list: "from_utc_timestamp('2017-03-26 00:59:59', 'Europe/Bratislava'), from_utc_timestamp('2017-03-26 01:00:00', 'Europe/Bratislava')",
			types: "TIMESTAMP TIMESTAMP", want: "2017-03-26 01:59:59|2017-03-26 03:00:00"},
		{name: "clocks that go back show an hour twice", list: "from_utc_timestamp('2017-10-29 00:30:00', 'Europe/Bratislava'), from_utc_timestamp('2017-10-29 01:30:00', 'Europe/Bratislava')",
			want: "2017-10-29 02:30:00|2017-10-29 02:30:00"},
		{name: "a time that was left out, or shown twice, is null", list: "to_utc_timestamp('2017-03-26 02:30:00', 'Europe/Bratislava'), to_utc_timestamp('2017-10-29 02:30:00', 'Europe/Bratislava')",
			want: "NULL|NULL"},
		{name: "the times before and after are not", list: "to_utc_timestamp('2017-03-26 01:59:59.5', 'Europe/Bratislava'), to_utc_timestamp('2017-03-26 03:00:00', 'Europe/Bratislava'), to_utc_timestamp('2017-10-29 01:59:59', 'Europe/Bratislava'), to_utc_timestamp('2017-10-29 03:00:00', 'Europe/Bratislava')",
			want: "2017-03-26 00:59:59.500000000|2017-03-26 01:00:00|2017-10-28 23:59:59|2017-10-29 02:00:00"},
		{name: "and far from a change there and back is nothing", list: "to_utc_timestamp(from_utc_timestamp('2017-07-01 12:00:00.25', 'Asia/Kolkata'), 'Asia/Kolkata')", want: "2017-07-01 12:00:00.250000000"},
		{name: "null in gives null out", list: "from_utc_timestamp(null, 'UTC'), to_utc_timestamp(cast(null as timestamp), 'UTC')", want: "NULL|NULL"},
		{name: "an unknown zone is refused", list: "from_utc_timestamp(now(), 'FOOBAR')", err: "timezone 'FOOBAR' is not supported by the demo server"},
		{name: "now is the session's", list: "now() = current_timestamp(), utc_timestamp(), cast(now() as date) = current_date()", want: "1|2017-09-13 04:00:00.500000000|1"},
	})
}
