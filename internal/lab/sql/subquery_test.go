package sql

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestSubqueries(t *testing.T) {
	run(t, []statementTest{
		{name: "in", sql: "select id from t where site in (select name from qos.site) order by id", rows: []string{"1", "3"}},
		{name: "not in knows nothing beside null", sql: "select id from t where site not in (select name from qos.site)", rows: nil},
		{name: "not in without null", sql: "select id from t where site not in (select name from qos.site where name is not null) order by id", rows: []string{"2", "5"}},
		{name: "not in of nothing is true, even of null", sql: "select id from t where site not in (select name from qos.site where false) order by id", rows: []string{"1", "2", "3", "4", "5"}},
		{name: "in of nothing is false", sql: "select count(*) from t where not (site in (select name from qos.site where false))", rows: []string{"5"}},
		{name: "in of another type", sql: "select id from t where small in (select cast(3 as bigint) union_of from t) order by id", rows: []string{"1"}},
		{name: "nan is in nothing", sql: "select id from t where x in (select x from t) order by id", rows: []string{"1", "3", "5"}},
		{name: "in, correlated", sql: "select id from t a where small in (select b.small from t b where b.dt = a.dt and b.id <> 5) order by id", rows: []string{"1", "2", "4", "5"}},
		{name: "exists", sql: "select count(*) from t where exists (select 1 from qos.site where rtt > 100)", rows: []string{"5"}},
		{name: "not exists", sql: "select count(*) from t where not exists (select 1 from qos.site where rtt > 1000) and id > 1", rows: []string{"4"}},
		{name: "exists, correlated", sql: "select id from t where exists (select 1 from qos.site s where s.name = t.site and rtt < 100) order by id", rows: []string{"1", "3"}},
		{name: "not exists, correlated, has rows of null", sql: "select id from t where not exists (select * from qos.site s where t.site = s.name limit 1) order by id", rows: []string{"2", "4", "5"}},
		{name: "exists by an expression", sql: "select id from t where exists (select 1 from qos.site s where length(s.name) = length(t.site) + 1 and s.dt = t.dt)", rows: nil},
		{name: "a scalar", sql: "select id from t where id > (select avg(id) from t) order by id", rows: []string{"4", "5"}},
		{name: "a scalar of nothing is null", sql: "select count(*) from t where id > (select id from t where false)", rows: []string{"0"}},
		{name: "a scalar in the list", sql: "select id, (select max(rtt) from qos.site) as m from t where id = 1", types: "BIGINT INT", rows: []string{"1|190"}},
		{name: "a scalar, correlated", sql: "select id from t a where id = (select max(id) from t b where b.dt = a.dt) order by id", rows: []string{"2", "5"}},
		{name: "a count of nothing is 0", sql: "select id from t a where 0 = (select count(*) from qos.site s where s.name = a.site) order by id", rows: []string{"2", "4", "5"}},
		{name: "a sum of nothing is null", sql: "select id from t a where (select sum(rtt) from qos.site s where s.name = a.site) is null order by id", rows: []string{"2", "4", "5"}},
		{name: "in a sub-query", sql: "select id from t where id in (select id from t where id in (select id + 1 from t where id < 3)) order by id", rows: []string{"2", "3"}},
		{name: "in having", sql: "select dt, count(*) from t group by dt having count(*) > (select count(*) from qos.site) - 1 order by dt", rows: []string{"2017-09-12|3"}},
		{name: "with names", sql: "with s as (select name from qos.site) select id from t where site in (select name from s) order by id", rows: []string{"1", "3"}},
		{name: "below an aggregate and a case", sql: "select sum(case when site in (select name from qos.site where name is not null) then 1 else 0 end) from t", rows: []string{"2"}},
		{name: "an alias inside hides one outside", sql: "select id from t where id in (select t.id from t where t.id = 2)", rows: []string{"2"}},
		{name: "or of in", sql: "select id from t where id = 5 or site in (select name from qos.site) order by id", rows: []string{"1", "3", "5"}},
	})
}

func TestErrorsOfSubqueries(t *testing.T) {
	run(t, []statementTest{
		{name: "two rows for one value", sql: "select id from t where id = (select id from t)", err: "Subquery must not return more than one row: select id from t"},
		{name: "two columns", sql: "select id from t where id in (select id, dt from t)", err: "AnalysisException: Subquery must return a single column: (select id, dt from t)"},
		{name: "a union", sql: "select id from t where id in (select 1 union all select 2)", err: "A subquery must contain a single select block: (select 1 union all select 2)"},
		{name: "two types", sql: "select id from t where id in (select ts from t)", err: "Incompatible return types 'BIGINT' and 'TIMESTAMP' of exprs 'id' and 'ts'."},
		{name: "exists in or", sql: "select id from t where id = 1 or exists (select 1)", err: "EXISTS/NOT EXISTS subqueries in OR predicates are not supported: id = 1 OR EXISTS (select 1)"},
		{name: "not in in or", sql: "select id from t where id = 1 or id not in (select 1)", err: "NOT IN subqueries in OR predicates are not supported: id = 1 OR id NOT IN (select 1)"},
		{name: "groups that are correlated", sql: "select id from t a where id in (select max(id) from t b where b.dt = a.dt)", err: "Unsupported correlated subquery with grouping and/or aggregation: select max(id)"},
		{name: "any value that is correlated", sql: "select id from t a where id = (select id from t b where b.dt = a.dt)", err: "Unsupported correlated subquery with runtime scalar check: select id from t b"},
		{name: "a limit that is correlated", sql: "select id from t a where id in (select id from t b where b.dt = a.dt limit 1)", err: "Unsupported correlated subquery with a LIMIT clause: select id from t b"},
		{name: "a column of nobody", sql: "select id from t where id in (select nope from t)", err: "Could not resolve column/field reference: 'nope'"},
		{name: "a condition of nobody", sql: "select id from t where id in (select id from t b where b.nope = t.id)", err: "Could not resolve column/field reference: 'b.nope'"},
		{name: "keys of two types", sql: "select id from t where exists (select 1 from qos.site s where s.rtt = t.site)", err: "operands of type INT and STRING are not comparable"},
		{name: "an unfinished query", sql: "select id from t where id in (select 1", err: "ParseException"},
	})
}

func TestSubqueriesRunOnceAndLate(t *testing.T) {
	c := fixture()
	st, err := New(c).Prepare(context.Background(), session(), "select id from t where dt in (select dt from qos.site) and id in (select id from t)")
	if err != nil {
		t.Fatal(err)
	}
	if len(c["qos.site"].scanned)+len(c["default.t"].scanned) > 0 {
		t.Errorf("rows were read before Run: %v", c["qos.site"].scanned)
	}
	for range 2 {
		rows := 0
		if err := st.Run(context.Background(), func([]Value) bool { rows++; return true }); err != nil || rows != 3 {
			t.Errorf("%d rows, %v", rows, err)
		}
	}
	if c["qos.site"].scanned[0] != 2 {
		t.Errorf("two runs scanned %d times", c["qos.site"].scanned[0])
	}
	c["qos.site"].failure = errors.New("disk on fire")
	if err := st.Run(context.Background(), func([]Value) bool { return true }); !errors.Is(err, c["qos.site"].failure) {
		t.Errorf("a failure below: %v", err)
	}
}

func TestSubqueryIsBounded(t *testing.T) {
	s := session()
	s.RowLimit = 1000
	_, _, err := ask(large(1001), s, "select count(*) from large where n in (select n from large)")
	if err == nil || !slices.Contains([]string{"Memory limit exceeded: HASH_JOIN_NODE could not allocate a row without exceeding limit of 1000 rows."}, err.Error()) {
		t.Error(err)
	}
}
