package sql

import "testing"

func TestStringFunctions(t *testing.T) {
	runLists(t, []exprTest{
		{name: "substr counts from one", list: "substr('hello', 1), substr('hello', 2, 3), substring('hello', 5, 9)", types: "STRING STRING STRING", want: "hello|ell|o"},
		{name: "substr counts back from the end", list: "substr('hello', -2), substr('hello', -5, 2), substr('hello', -6)", want: "lo|he|"},
		{name: "substr of nothing is empty", list: "substr('hello', 0), substr('hello', 2, 0), substr('hello', 2, -1), substr('hello', 6)", want: "|||"},
		{name: "left and right take what there is", list: "left('abc', 2), left('abc', 5), strleft('abc', -1), right('abc', 2), right('abc', 5), strright('abc', -1)",
			want: "ab|abc||bc|abc|"},
		{name: "padding repeats, and shortens", list: "lpad('a', 4, 'xy'), rpad('a', 4, 'xy'), lpad('abc', 2, 'x'), rpad('abc', 0, 'x'), lpad('a', -1, 'x')",
			want: "xyxa|axyx|ab||NULL"},
		{name: "locate searches from a position", list: "locate('abc', 'xyzabcdef', 3), locate('abc', 'xyzabcdef', 4), locate('abc', 'abcabcabc', 5)",
			types: "INT INT INT", want: "4|4|7"},
		{name: "locate finds nothing outside the text", list: "locate('abc', 'abcdef', 0), locate('abcde', 'abcde', -1), locate('abcde', 'abcde', 10)", want: "0|0|0"},
		{name: "an empty text is found nowhere", list: "locate('', 'abc'), locate('', ''), instr('abc', ''), instr('', ''), instr('', 'a')", want: "0|0|0|0|0"},
		{name: "instr searches from a position", list: "instr('foo bar bletch', 'b'), instr('foo bar bletch', 'b', 6), instr('abc', 'c', 4), instr('abc', 'a', 0)", want: "5|9|0|0"},
		{name: "instr searches back from the end", list: "instr('abcabcabc', 'abc', -1), instr('abcabcabc', 'abc', -4), instr('abc', 'abcd', -1), instr('abc', 'a', -4)",
			want: "7|4|0|0"},
		{name: "instr counts occurrences", list: "instr('abcabcabc', 'abc', 1, 2), instr('abcabcabc', 'abc', 1, 4), instr('abcabcabc', 'abc', -1, 3), instr('aaa', 'aa', 1, 2), instr('aaa', 'aa', -1, 2)",
			want: "4|0|1|2|1"},
		{name: "there is no occurrence zero", list: "instr('abc', 'a', 1, 0)", err: "Invalid occurrence parameter to instr function: 0"},
		{name: "concat is null if any part is", list: "concat('a', '', 'b'), concat('a', null), 'a' || null", want: "ab|NULL|NULL"},
		{name: "concat_ws leaves null out and keeps empty texts", list: "concat_ws('|', 'a', '', 'b'), concat_ws(',', null, 'b'), concat_ws(null, 'a')", want: "a||b|b|NULL"},
		{name: "replace takes each place once", list: "replace('aaa', 'aa', 'b'), replace('abc', '', 'x'), replace('abc', 'b', ''), replace('abc', 'z', 'x')", want: "ba|abc|ac|abc"},
		{name: "trim takes blanks alone", list: "concat('[', trim('  a b  '), ']'), length(trim('\\t')), ltrim('xxabx', 'x'), rtrim('xxabx', 'x'), btrim('xyaby', 'yx')",
			want: "[a b]|1|abx|xxab|ab"},
		{name: "split_part counts fields from both ends", list: "split_part('a::b::c', '::', 1), split_part('a::b::c', '::', -1), split_part('a', ',', 2)", want: "a|c|"},
		{name: "bytes, not characters", list: "length('Zürich'), char_length('ü'), ascii('A'), ascii(''), reverse('abc')", types: "INT INT INT INT STRING", want: "7|2|65|0|cba"},
		{name: "repeat of nothing is empty", list: "repeat('ab', 3), repeat('ab', 0), repeat('', 5), repeat('a', -1)", want: "ababab|||"},
		{name: "hex of numbers and texts", list: "hex(255), hex(-1), hex('Zü')", want: "FF|FFFFFFFFFFFFFFFF|5AC3BC"},
		{name: "null in gives null out", list: "substr(null, 1), instr('a', null), lpad('a', null, 'x'), upper(null), split_part('a', null, 1), repeat('a', null)",
			want: "NULL|NULL|NULL|NULL|NULL|NULL"},
	})
}

func TestRegularExpressions(t *testing.T) {
	runLists(t, []exprTest{
		{name: "the longest of the leftmost matches wins", list: `regexp_extract('foobar', 'foo|foobar', 0), regexp_replace('foobar', 'foo|foobar', '#')`, want: "foobar|#"},
		{name: "even where the pattern is not greedy", list: `regexp_extract('abcdef123ghi456jkl', '.*?(\\d+)', 0), regexp_extract('abcdef123ghi456jkl', '.*?(\\d+)', 1)`,
			want: "abcdef123ghi456|456"},
		{name: "a group that is not there is empty", list: `regexp_extract('abc', '(b)', 2), regexp_extract('abc', '(z)', 1), regexp_extract('abc', 'b', -1)`, want: "||"},
		{name: "every match is replaced", list: `regexp_replace('aaabbbaaa', 'b+', 'x'), regexp_replace('abc', '(b|c)', '<\\1>'), regexp_replace('abc', 'z', 'x')`,
			want: "aaaxaaa|a<b><c>|abc"},
		{name: "a dollar is a dollar", list: `regexp_replace('ab', 'b', '$1')`, want: "a$1"},
		{name: "character classes", list: `regexp_like('Ab1', '^[[:upper:]][[:lower:]]\\d$'), 'a1' rlike '^\\w+$', '' rlike '^$'`, types: "BOOLEAN BOOLEAN BOOLEAN", want: "1|1|1"},
		{name: "null in gives null out", list: `regexp_extract(null, 'a', 0), 'a' rlike null, regexp_replace('a', 'a', null)`, want: "NULL|NULL|NULL"},
	})
}

func TestMathFunctions(t *testing.T) {
	runLists(t, []exprTest{
		{name: "rounding of decimals", list: "ceil(27.45), floor(27.45), round(-6.789, 1), truncate(3.45), truncate(-3.45), truncate(3.456, 1)", want: "28|27|-6.8|3|-3|3.4"},
		{name: "half goes away from zero", list: "round(2.5), round(-2.5), round(cast(2.5 as double)), round(cast(-2.5 as double)), round(cast(0.125 as double), 2)", want: "3|-3|3|-3|0.13"},
		{name: "digits before the point", list: "round(1234.5, -2), round(cast(1250 as double), -2), truncate(1299.9, -2)", want: "1200|1300|1200"},
		{name: "a carry needs a digit more", list: "round(9.99, 1), ceil(9.1), round(99.5)", types: "DECIMAL(3,1) DECIMAL(2,0) DECIMAL(3,0)", want: "10.0|10|100"},
		{name: "pmod has the sign of the divisor", list: "pmod(5, 3), pmod(5, -3), pmod(-5, 3), pmod(-5, -3), pmod(5, 0)", want: "2|-1|1|-2|NULL"},
		{name: "mod is the percent sign", list: "mod(10, 3), mod(-10, 3), mod(10, 0), mod(5.5, 2)", types: "TINYINT TINYINT TINYINT DECIMAL(2,1)", want: "1|-1|NULL|1.5"},
		{name: "a remainder by zero is null, but of decimals an error", list: "cast(5 as double) % 0, fmod(5, 0), fmod(5.5, 2), 5 % 0", want: "NULL|NULL|1.5|NULL"},
		{name: "a decimal's remainder by zero", list: "5.5 % 0", err: "Cannot divide decimal by zero"},
		{name: "a remainder of floats is a float", list: "cast(5.5 as float) % cast(2 as float), cast(5.5 as double) % cast(2 as float)", types: "FLOAT DOUBLE", want: "1.5|1.5"},
		{name: "abs is one type wider", list: "abs(cast(-128 as tinyint)), abs(cast(-32768 as smallint)), abs(-2147483648)", types: "SMALLINT INT BIGINT", want: "128|32768|2147483648"},
		{name: "the smallest bigint has no opposite", list: "abs(-9223372036854775808)", types: "BIGINT", want: "NULL"},
		{name: "signs", list: "sign(-3), sign(0), sign(0.5), sign(cast('nan' as double))", types: "FLOAT FLOAT FLOAT FLOAT", want: "-1|0|1|0"},
		{name: "outside the domain", list: "ln(0), ln(-1), sqrt(-1), log10(0), pow(0, -1), log(1, 10)", want: "-inf|nan|nan|-inf|inf|inf"},
		{name: "logarithms and powers", list: "log(2, 8), log2(8), log10(0.001), power(2, -1), dexp(0)", want: "3|3|-3|0.5|1"},
		{name: "is_nan and is_inf", list: "is_nan(sqrt(-1)), is_inf(ln(0)), is_nan(ln(0)), is_inf(1), is_nan(null)", types: "BOOLEAN BOOLEAN BOOLEAN BOOLEAN BOOLEAN", want: "1|1|0|0|NULL"},
		{name: "least and greatest of mixed numbers", list: "least(3, 2.5), greatest(1, cast(2.5 as double)), greatest(5), least(null, 1)",
			types: "DECIMAL(4,1) DOUBLE TINYINT TINYINT", want: "2.5|2.5|5|NULL"},
	})
}

func TestConditionals(t *testing.T) {
	runLists(t, []exprTest{
		{name: "an unknown condition is no yes", list: "if(null, 'a', 'b'), if(1 = null, 1, 2), case when null then 1 else 2 end, case when null then 1 end", want: "b|2|2|NULL"},
		{name: "case never matches null", list: "case null when null then 1 else 2 end, case 1 when null then 1 when 1 then 3 end", want: "2|3"},
		{name: "the first branch that holds", list: "case when 1 > 2 then 'a' when 2 > 1 then 'b' when true then 'c' end, case 2 when 1 then 'a' when 2 then 'b' else 'c' end", want: "b|b"},
		{name: "the first that is not null", list: "coalesce(null, 2, 3), coalesce(null, null), nvl(null, 'x'), ifnull(1, 2), isnull(null, 3)", want: "2|NULL|x|1|3"},
		{name: "nullif compares", list: "nullif(1, 1), nullif(1, 2), nullif(null, 1), nullif(1, null), nullif('a', 'a')", want: "NULL|1|NULL|1|NULL"},
		{name: "zeros and nulls", list: "zeroifnull(null), zeroifnull(5), nullifzero(0), nullifzero(0.00), nullifzero(3)", want: "0|5|NULL|NULL|3"},
		{name: "nvl2 asks whether there is a value", list: "nvl2(0, 'yes', 'no'), nvl2(null, 'yes', 'no')", want: "yes|no"},
		{name: "a branch not taken does not fail", list: "if(true, 1, cast(cast('nan' as double) as int)), case when false then 1.5 / 0 else 2 end", want: "1|2.000000"},
	})
}
