package sql

import (
	"strings"
	"testing"
)

// TestErrorsAreImpalas has those of clauses.
func TestErrorsOfNamesAndTypes(t *testing.T) {
	run(t, []statementTest{
		{name: "no database", sql: "select 1 from nope.t", err: "AnalysisException: Could not resolve table reference: 'nope.t'"},
		{name: "a table of another database", sql: "select 1 from site", err: "Could not resolve table reference: 'site'"},
		{name: "a column of another table", sql: "select rtt from t", err: "Could not resolve column/field reference: 'rtt'"},
		{name: "a column behind an alias that hides its table", sql: "select t.id from t a", err: "Could not resolve column/field reference: 't.id'"},
		{name: "a column of the hidden side of a semi join", sql: "select s.rtt from t left semi join qos.site s on t.site = s.name", err: "Could not resolve column/field reference: 's.rtt'"},
		{name: "a column in where that only the list knows", sql: "select id + 1 as n from t where n > 1", err: "Could not resolve column/field reference: 'n'"},
		{name: "an ambiguous column in where", sql: "select 1 from t a join t b on a.id = b.id where site = 'x'", err: "Column/field reference is ambiguous: 'site'"},
		{name: "an ambiguous alias", sql: "select id a, small a from t order by a", err: "Column 'a' in ORDER BY clause is ambiguous"},
		{name: "a star of no table", sql: "select x.* from t", err: "Could not resolve star expression: 'x.*'"},
		{name: "too few arguments", sql: "select substr('abc')", err: "No matching function with signature: substr(STRING)."},
		{name: "too many arguments", sql: "select upper('a', 'b')", err: "No matching function with signature: upper(STRING, STRING)."},
		{name: "an argument of another type", sql: "select length(5), upper(now())", err: "No matching function with signature: length(TINYINT)."},
		{name: "a number that is a text", sql: "select sqrt('4')", err: "No matching function with signature: sqrt(STRING)."},
		{name: "a sum of texts", sql: "select sum(site) from t", err: "No matching function with signature: sum(STRING)."},
		{name: "a star in another aggregate", sql: "select sum(*) from t", err: "'*' can only be used in conjunction with COUNT: sum(*)"},
		{name: "distinct in a function", sql: "select upper(distinct site) from t", err: "'*' and DISTINCT can only be used in conjunction with an aggregate function"},
		{name: "a text beside a double", sql: "select 1 from t where x > '5'", err: "operands of type DOUBLE and STRING are not comparable: x > '5'"},
		{name: "a boolean beside a timestamp", sql: "select ok = ts from t", err: "operands of type BOOLEAN and TIMESTAMP are not comparable: ok = ts"},
		{name: "a number between texts", sql: "select 1 from t where id between 'a' and 'b'", err: "operands of type BIGINT and STRING are not comparable"},
		{name: "a pattern of numbers", sql: "select 5 like '5'", err: "left operand of LIKE must be of type STRING: 5 LIKE '5'"},
		{name: "branches of a case", sql: "select case when ok then 1 else 'a' end from t", err: "Incompatible return types 'TINYINT' and 'STRING' of exprs '1' and ''a''."},
		{name: "a case of numbers and texts", sql: "select case id when 'a' then 1 end from t", err: "operands of type BIGINT and STRING are not comparable"},
		{name: "a number as a condition", sql: "select case when 1 then 2 end", err: "When expr '1' is not of type boolean and not castable to type boolean."},
		{name: "a text in arithmetic", sql: "select -'a'", err: "Arithmetic operation requires numeric operands: -1 * 'a'"},
		{name: "a timestamp less a timestamp", sql: "select ts - ts from t", err: "Arithmetic operation requires numeric operands: ts - ts"},
		{name: "div of a fraction", sql: "select 1.5 div 1", err: "Invalid non-integer argument to operation 'DIV': 1.5 DIV 1"},
		{name: "on is no condition", sql: "select 1 from t a join t b on a.id", err: "ON clause 'a.id' requires return type 'BOOLEAN'. Actual type is 'BIGINT'."},
		{name: "a part of on is no condition", sql: "select 1 from t a join t b on a.id = b.id and b.site", err: "Operand 'b.site' part of predicate 'a.id = b.id AND b.site' should return type 'BOOLEAN' but returns type 'STRING'."},
		{name: "having is no condition", sql: "select count(*) from t having count(*)", err: "HAVING clause 'count(*)' requires return type 'BOOLEAN'. Actual type is 'BIGINT'."},
		{name: "a decimal of 39 digits", sql: "select cast(1 as decimal(39,0))", err: "Decimal precision must be > 0 and <= 38: 39"},
		{name: "a scale beyond the precision", sql: "select cast(1 as decimal(2,3))", err: "Decimal scale (3) must be <= precision (2)"},
		{name: "round to a column", sql: "select round(price, small) from t", err: "round() must be called with a constant second argument."},
	})
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct{ name, sql, encountered string }{
		{"nothing", "", "EOF"},
		{"a comment alone", "-- select 1", "EOF"},
		{"an unfinished list", "select 1,", "EOF"},
		{"an unfinished bracket", "select (1", "EOF"},
		{"a bracket too many", "select 1)", ")"},
		{"no table", "select 1 from where 1 = 1", "WHERE"},
		{"a keyword as a column", "select order from t", "ORDER"},
		{"clauses out of order", "select 1 from t limit 1 where true", "WHERE"},
		{"a double equals sign", "select 1 == 1", "="},
		{"a comma too many", "select 1,, 2", "COMMA"},
		{"a hash as a comment", "select 1 # one", "Unexpected character"},
		{"an unfinished case", "select case when true then 1", "EOF"},
		{"a case without when", "select case 1 end", "END"},
		{"between without and", "select 1 between 2", "EOF"},
		{"a cast to nothing", "select cast(1 as)", ")"},
		{"a cast to no type", "select cast(1 as foo)", "IDENTIFIER"},
		{"is and something else", "select 1 is 2", "INTEGER LITERAL"},
		{"not and something else", "select 1 not 2", "INTEGER LITERAL"},
		{"a number behind a name", "select a 5", "INTEGER LITERAL"},
		{"two texts in a row", "select 'a' 'b'", "STRING LITERAL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, rows, err := ask(fixture(), session(), tt.sql)
			if err == nil || !strings.HasPrefix(err.Error(), "ParseException: Syntax error in line 1:\n") || !strings.Contains(err.Error(), "\nEncountered: "+tt.encountered+"\n") {
				t.Errorf("%s\ngave %v, %v; want what is encountered to be %s", tt.sql, rows, err, tt.encountered)
			}
		})
	}
}
