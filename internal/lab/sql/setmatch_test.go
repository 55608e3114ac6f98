package sql

import "testing"

func TestExceptAndIntersect(t *testing.T) {
	run(t, []statementTest{
		{name: "rows of both", sql: "select small from t intersect select 7", types: "SMALLINT", rows: []string{"7"}},
		{name: "rows of the first alone, once", sql: "select small from t except select 3 order by 1", rows: []string{"-4", "7", "NULL"}},
		{name: "minus is except", sql: "select site from t minus select name from qos.site order by 1", rows: []string{"0123", "Praha"}},
		{name: "null is in both", sql: "select site from t intersect distinct select name from qos.site order by site", rows: []string{"Zürich", "NULL"}},
		{name: "one after the other", sql: "values (1), (2), (3) except values (1) except values (3)", rows: []string{"2"}},
		{name: "types that widen", sql: "select 1 intersect select cast(1 as bigint)", types: "BIGINT", rows: []string{"1"}},
		{name: "two columns", sql: "select id, small from t intersect select 4, 7", rows: []string{"4|7"}},
		{name: "counted, where no column is needed", sql: "select count(*) from (select id from t except select 1) a", rows: []string{"4"}},
		{name: "with a condition above", sql: "select id from (select id from t except select 1) a where id < 3", rows: []string{"2"}},
		{name: "with a union in brackets", sql: "select 1 union (select 2 except select 2)", rows: []string{"1"}},
		{name: "with a union without", sql: "select 1 union select 2 except select 2", err: "UNION beside EXCEPT or INTERSECT without brackets is not supported by the demo server"},
		{name: "of all rows", sql: "select 1 except all select 2", err: "is not supported by the demo server"},
		{name: "types that do not fit", sql: "select 1 intersect select 'a'", err: "Incompatible return types 'TINYINT' and 'STRING'"},
		{name: "different numbers of columns", sql: "select 1 except (select 2, 3)", err: "Operands have unequal number of columns:\n'select 1' has 1 column(s)\n'(select 2, 3)' has 2 column(s)"},
		{name: "nothing behind", sql: "select 1 except", err: "ParseException"},
	})
}

func TestPlansOfExceptAndIntersect(t *testing.T) {
	runPlans(t, []planTest{{"rows of two tables", "select site from t intersect select name from qos.site", `
03:HASH JOIN [LEFT SEMI JOIN]
|  hash predicates: site IS NOT DISTINCT FROM site
|
|--02:SCAN HDFS [qos.site]
|     HDFS partitions=1/1 files=1 size=0B
|
01:AGGREGATE [FINALIZE]
|  group by: site
|
00:SCAN HDFS [default.t]
   HDFS partitions=2/2 files=2 size=0B`}})
}

func TestIntersectKeepsToTheRowLimit(t *testing.T) {
	s := session()
	s.RowLimit = 4
	_, _, err := ask(fixture(), s, "select 1 intersect select id from t")
	if err == nil || err.Error() != "Memory limit exceeded: HASH_JOIN_NODE could not allocate a row without exceeding limit of 4 rows." {
		t.Errorf("got %v", err)
	}
	if _, rows, err := ask(fixture(), s, "select id from t where id < 3 intersect select 1"); err != nil || len(rows) != 1 {
		t.Errorf("got %v, %v", rows, err)
	}
}
