package sql

import "testing"

func TestOtherStatements(t *testing.T) {
	run(t, []statementTest{
		{name: "rows cannot be changed", sql: "insert into t values (1)", err: "AnalysisException: INSERT is not supported by the demo server"},
		{name: "nor explained", sql: "explain delete from t", err: "AnalysisException: EXPLAIN DELETE is not supported by the demo server"},
		{name: "statements of newer releases", sql: "kill query '1:2'", err: "AnalysisException: KILL is not supported by the demo server"},
		{name: "comments on tables", sql: "comment on table t is 'x'", err: "AnalysisException: COMMENT is not supported by the demo server"},
		{name: "nobody can be granted anything", sql: "grant select on table t to user me", err: "AnalysisException: Authorization is not enabled."},
		{name: "there are no roles", sql: "create role r", err: "AnalysisException: Authorization is not enabled."},
		{name: "but there could be tables", sql: "create table r (i int)", err: "AnalysisException: CREATE is not supported by the demo server"},
		{name: "an option without a value", sql: "set mem_limit", err: "Encountered: EOF\nExpected: =\n"},
		{name: "an option without an equals sign", sql: "set mem_limit 1", err: "Encountered: INTEGER LITERAL\nExpected: =\n"},
		{name: "an option that is a number", sql: "set 1 = 1", err: "Expected: IDENTIFIER\n"},
		{name: "unset nothing", sql: "unset", err: "Encountered: EOF\nExpected: IDENTIFIER\n"},
		{name: "unset two", sql: "unset a b", err: "ParseException: Syntax error in line 1:\nunset a b\n        ^\n"},
		{name: "no statement at all", sql: "begin", err: "Expected: ALTER, COMMENT, COMPUTE, COPY, CREATE, DELETE, DESC, DESCRIBE, DROP, EXPLAIN, GRANT, INSERT, INVALIDATE, KILL, " +
			"LOAD, MERGE, OPTIMIZE, REFRESH, REVOKE, SELECT, SET, SHOW, TRUNCATE, UNSET, UPDATE, UPSERT, USE, VALUES, WITH\n"},
	})
}

func TestValues(t *testing.T) {
	run(t, []statementTest{
		{name: "rows of constants", sql: "values (1, 'a'), (300, null), (3, upper('c'))", types: "SMALLINT STRING", rows: []string{"1|a", "300|NULL", "3|C"}},
		{name: "in an order", sql: "values (2), (3), (1) order by 1 desc limit 2", rows: []string{"3", "2"}},
		{name: "as a table, named by the first row", sql: "select y, x + 1 from (values (1 as x, 'a' as y), (2, 'b')) t where x > 1", types: "STRING SMALLINT", rows: []string{"b|3"}},
		{name: "in a union", sql: "select 1 union all values (2), (3)", rows: []string{"1", "2", "3"}},
		{name: "in a list", sql: "select id from t where id in (values (1), (3))", err: "A subquery must contain a single select block: (values (1), (3))"},
		{name: "rows of different lengths", sql: "values (1), (2, 3)", err: "AnalysisException: Operands have unequal number of columns:\n'(1)' has 1 column(s)\n'(2, 3)' has 2 column(s)"},
		{name: "of types that do not fit", sql: "values (1), ('a')", err: "Incompatible return types 'TINYINT' and 'STRING' of exprs '1' and ''a''."},
		{name: "no row", sql: "values", err: "ParseException"},
		{name: "an empty row", sql: "values ()", err: "ParseException"},
		{name: "a column", sql: "values (id)", err: "Could not resolve column/field reference: 'id'"},
		{name: "a star", sql: "values (*)", err: "'*' expression in select list requires FROM clause."},
	})
}

func TestColumnsOfInlineViewsDiffer(t *testing.T) {
	run(t, []statementTest{
		{name: "two of a name", sql: "select 1 from (select id a, small a from t) v", err: "AnalysisException: duplicated inline view column alias: 'a' in inline view 'v'"},
		{name: "two stars of a join", sql: "select 1 from (select * from t a join t b on a.id = b.id) v", err: "duplicated inline view column alias: 'id' in inline view 'v'"},
		{name: "in a with clause", sql: "with v as (select 1 a, 2 a) select 1 from v w", err: "duplicated inline view column alias: 'a' in inline view 'w'"},
		{name: "the whole statement may have two", sql: "select 1 a, 2 a", rows: []string{"1|2"}},
	})
}

func TestUnknownFunctions(t *testing.T) {
	const unknown = "AnalysisException: default.nofunc() unknown for database default. Currently this db has 0 functions."
	run(t, []statementTest{
		{name: "in the list", sql: "select nofunc(id) from t", err: unknown},
		{name: "beside a grouping", sql: "select site, nofunc(id) from t group by site", err: unknown},
		{name: "within another", sql: "select upper(nofunc(site)) from t", err: unknown},
		{name: "in where", sql: "select 1 from t where nofunc(id)", err: unknown},
		{name: "in on", sql: "select 1 from t join qos.site on nofunc(id)", err: unknown},
		{name: "in order", sql: "select id from t order by nofunc(id)", err: unknown},
		{name: "over a window", sql: "select nofunc(id) over () from t", err: unknown},
		{name: "an aggregate that is missing", sql: "select site, corr(id, x) from t group by site", err: "AnalysisException: corr() is not supported by the demo server"},
		{name: "a family that is missing", sql: "select ds_hll_sketch(id) from t", err: "AnalysisException: ds_hll_sketch() is not supported by the demo server"},
		{name: "a keyword that is one", sql: "select uuid()", err: "AnalysisException: uuid() is not supported by the demo server"},
		{name: "an analytic one without a window", sql: "select row_number() from t", err: "AnalysisException: Analytic function requires an OVER clause: row_number()"},
	})
}

func TestLabelsOfCommonTables(t *testing.T) {
	run(t, []statementTest{
		{name: "names for all columns", sql: "with v(a, b) as (select 1, 2) select b, a from v", rows: []string{"2|1"}},
		{name: "names for some", sql: "with v(a) as (select 1, 2 b) select * from v w where w.a < w.b", rows: []string{"1|2"}},
		{name: "names that keep columns apart", sql: "with v(a, b) as (select id, id from t) select max(a + b) from v", rows: []string{"10"}},
		{name: "the old name is gone", sql: "with v(a) as (select 1 b) select b from v", err: "Could not resolve column/field reference: 'b'"},
		{name: "too many names", sql: "with v(a, b) as (select 1) select a from v", err: "AnalysisException: WITH-clause view 'v' returns 1 columns, but 2 labels were specified. " +
			"The number of column labels must be smaller or equal to the number of returned columns."},
		{name: "no name", sql: "with v() as (select 1) select 1 from v", err: "ParseException"},
		{name: "two tables of a name", sql: "with v as (select 1), v as (select 2) select 1 from v", err: "AnalysisException: Duplicate table alias: 'v'"},
	})
}

func TestNumbersOutOfRange(t *testing.T) {
	run(t, []statementTest{
		{name: "too large", sql: "select 1.5E+400", err: "AnalysisException: Numeric literal '1.5E+400' exceeds maximum range of doubles."},
		{name: "too small", sql: "select 1e-400", err: "AnalysisException: Numeric literal '1e-400' underflows minimum resolution of doubles."},
		{name: "a nought stays one", sql: "select 0e-400 = 0", rows: []string{"1"}},
		{name: "the largest", sql: "select 1.7976931348623157e308", types: "DOUBLE", rows: []string{"1.7976931348623157e+308"}},
	})
}
