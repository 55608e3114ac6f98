package sql

import (
	"fmt"
	"testing"
)

// TestThreeValues goes through the truth tables of SQL, with constants, which are
// computed once, and with columns.
func TestThreeValues(t *testing.T) {
	const yes, no, unknown = "1", "0", "NULL"
	constants := map[byte]string{'y': "true", 'n': "false", 'u': "null"}
	columns := map[byte]string{'y': "y", 'n': "n", 'u': "u"}
	tests := []struct {
		sides                string
		and, or, equal, same string
	}{
		{"yy", yes, yes, yes, yes},
		{"yn", no, yes, no, no},
		{"yu", unknown, yes, unknown, no},
		{"ny", no, yes, no, no},
		{"nn", no, no, yes, yes},
		{"nu", no, unknown, unknown, no},
		{"uy", unknown, yes, unknown, no},
		{"un", no, unknown, unknown, no},
		{"uu", unknown, unknown, unknown, yes},
	}
	for _, tt := range tests {
		for _, names := range []map[byte]string{constants, columns} {
			a, b := names[tt.sides[0]], names[tt.sides[1]]
			text := fmt.Sprintf("select %[1]s and %[2]s, %[1]s or %[2]s, %[1]s = %[2]s, %[1]s <=> %[2]s, %[1]s is distinct from %[2]s"+
				" from (select ok y, not ok n, cast(null as boolean) u from t where id = 1) a", a, b)
			other := map[string]string{yes: no, no: yes}[tt.same]
			want := tt.and + "|" + tt.or + "|" + tt.equal + "|" + tt.same + "|" + other
			if _, rows, err := ask(fixture(), session(), text); err != nil || len(rows) != 1 || rows[0] != want {
				t.Errorf("%s\ngave %q, %v; want %q", text, rows, err, want)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	runLists(t, []exprTest{
		{name: "not of unknown", list: "not null, not not null, !cast(null as boolean)", types: "BOOLEAN BOOLEAN BOOLEAN", want: "NULL|NULL|NULL"},
		{name: "a list with null in it says yes or nothing", list: "1 in (1, null), 2 in (1, null), null in (1, 2), 1 not in (1, null), 2 not in (1, null)", want: "1|NULL|NULL|0|NULL"},
		{name: "so does a list of expressions", list: "1 in (nullif(1, 2), null), 2 in (if(now() is null, 1, 3), null)", want: "1|NULL"},
		{name: "between is two comparisons", list: "1 between null and 0, 1 between 0 and null, 3 not between null and 2, null between 1 and 2, 2 between 3 and 1", want: "0|NULL|1|NULL|0"},
		{name: "patterns", list: "null like 'a', 'a' like null, 'a' not like null, 'a' like ''", want: "NULL|NULL|NULL|0"},
		{name: "only these tell null from the rest", list: "null is null, 1 is not null, null is true, null is not true, null is unknown, (1 = 2) is false", want: "1|1|0|1|1|1"},
		{name: "arithmetic with null", list: "1 + null, null * 0, 1.5 - null, null div 2, -cast(null as int), null div null", types: "SMALLINT SMALLINT DECIMAL(2,1) TINYINT BIGINT INT",
			want: "NULL|NULL|NULL|NULL|NULL|NULL"},
		{name: "nan is equal to nothing", list: "sqrt(-1) = sqrt(-1), sqrt(-1) <=> sqrt(-1), sqrt(-1) in (sqrt(-1)), sqrt(-1) is distinct from sqrt(-1), sqrt(-1) between 0 and 1", want: "0|0|0|1|0"},
		{name: "zeros are equal", list: "cast(0 as double) = -cast(0 as double), -cast(0 as double) in (cast(0 as double))", want: "1|1"},
	})
	run(t, []statementTest{
		{name: "where takes what is true", sql: "select id from t where small > 3 order by id", rows: []string{"4", "5"}},
		{name: "and so its opposite misses null too", sql: "select id from t where not small > 3 order by id", rows: []string{"1", "2"}},
		{name: "unknown is no row", sql: "select id from t where null", rows: nil},
		{name: "having takes what is true", sql: "select dt, max(small) from t where id in (1, 3) group by dt having max(small) > 0", rows: []string{"2017-09-11|3"}},
		{name: "not in a list with null finds nobody", sql: "select id from t where id not in (1, null)", rows: nil},
	})
}

func TestNullInJoins(t *testing.T) {
	run(t, []statementTest{
		{name: "null meets nothing, not even null", sql: "select t.id, s.rtt from t join qos.site s on t.site = s.name order by 1", rows: []string{"1|30", "3|30"}},
		{name: "but where equality is null-safe", sql: "select t.id, s.rtt from t join qos.site s on t.site <=> s.name order by 1", rows: []string{"1|30", "3|30", "4|0"}},
		{name: "a left join keeps a row with null", sql: "select t.id, s.rtt from t left join qos.site s on t.site = s.name where t.site is null", rows: []string{"4|NULL"}},
		{name: "a full join keeps both", sql: "select t.id, s.rtt from t full join qos.site s on t.site = s.name where t.site is null order by t.id, s.rtt",
			rows: []string{"4|NULL", "NULL|0", "NULL|190"}},
		{name: "a semi join leaves it out and an anti join keeps it", sql: "select 'semi', count(*) from t left semi join qos.site s on t.site = s.name and t.site is null union all select 'anti', count(*) from t left anti join qos.site s on t.site = s.name",
			rows: []string{"semi|0", "anti|3"}},
		{name: "keys of several columns are null if one is", sql: "select count(*) from t a join t b on a.id = b.id and a.site = b.site", rows: []string{"4"}},
		{name: "nan meets nothing", sql: "select a.id from t a join t b on a.x = b.x order by 1", rows: []string{"1", "3", "5"}},
		{name: "zeros meet", sql: "select count(*) from (select cast(0 as double) z) a join (select -cast(0 as double) z) b on a.z = b.z", rows: []string{"1"}},
		{name: "numbers of different types meet", sql: "select a.id, b.id from t a join t b on a.small = b.id order by 1", rows: []string{"1|3"}},
		{name: "a condition in where drops what the join kept", sql: "select t.id from t left join qos.site s on t.site = s.name where s.rtt >= 0 order by 1", rows: []string{"1", "3"}},
		{name: "a condition of the kept side in on drops nothing", sql: "select t.id, s.rtt from t left join qos.site s on t.site = s.name and t.id = 1 order by 1",
			rows: []string{"1|30", "2|NULL", "3|NULL", "4|NULL", "5|NULL"}},
		{name: "a right join is a left join turned round", sql: "select s.name, t.id from t right join qos.site s on t.site = s.name order by s.rtt, t.id", rows: []string{"NULL|NULL", "Zürich|1", "Zürich|3", "Lima|NULL"}},
		{name: "using", sql: "select t.id, s.name from t join qos.site s using (dt) where s.rtt = 30 order by 1", rows: []string{"3|Zürich", "4|Zürich", "5|Zürich"}},
		{name: "a join of three", sql: "select a.id, b.id, s.rtt from t a join t b on a.site = b.site and a.id < b.id join qos.site s on s.name = b.site", rows: []string{"1|3|30"}},
	})
}
