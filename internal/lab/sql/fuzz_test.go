package sql

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzLex(f *testing.F) {
	for _, seed := range []string{"select 'a\\'b' -- c\n/* d */ `e f` 1.5e-3 <=> ||", "'\\", "`", "/*", "1e", ".5", "\x00\xff", `'\u00e9\101\Z'`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for {
			tok := lex(text, at)
			if tok.start < at || tok.end < tok.start || tok.end > len(text) {
				t.Fatalf("token %+v after %d in a text of %d", tok, at, len(text))
			}
			if tok.kind == endToken {
				return
			}
			if tok.end == tok.start {
				t.Fatalf("token %+v is empty", tok)
			}
			at = tok.end
		}
	})
}

func FuzzPrepare(f *testing.F) {
	for _, seed := range []string{
		"select id, count(*) n from t where dt = '2017-09-12' and x between 1 and 2 group by 1 having count(*) > 1 order by n desc nulls last limit 3 offset 1",
		"with a as (select * from t) select a.id, rank() over (partition by dt order by id) from a left join qos.site s on a.site = s.name",
		"select case x when 1 then 'a' else cast(id as string) end, extract(hour from ts), interval 1 day + ts from t union all select null, 1, now()",
		"explain select distinct site from t where site not like '%a\\_' and not (ok || id in (1, 2.5, null))",
		"show partitions t", "describe t", "select 1.5e300 * - -2 % 0, 'a' rlike '(', -9223372036854775808", "select cast('x' as decimal(38,38))",
		"select round(1.5, -40), repeat('a', 99999999), date_add('9999-12-31', 9223372036854775807), lpad('a', 9223372036854775807, 'b')",
		"select sum(x) over (partition by dt order by id rows between 1 preceding and 2 following), lag(id, 2, 0) over (order by id), ntile(3) over (order by x desc) from t",
		"select first_value(site ignore nulls) over (order by ts range between current row and unbounded following), min(x) over (order by id rows unbounded preceding) from t",
		"select id from t a where site in (select name from qos.site s where s.dt = a.dt) and not exists (select 1 from t b where b.id = a.id + 4) and x < (select max(x) from t)",
		"select 1 x union select 2 union all select group_concat(site, '-') is null, stddev(x), appx_median(id) from t", "select 5 & ~3 | 1 ^ 2, shiftleft(1, -70), width_bucket(1.5, 0, 2, 3)",
		"with v(a) as (values (1), (null)) select a from v intersect select small from t", "select site from t except select name from qos.site minus values ('x')", "show aggregate functions",
		"select decode(id, null, 1, 2), initcap(site), next_day(ts, 'mon'), levenshtein(site, dt), site ilike 'z%', site iregexp '^p' from t",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := session()
		s.RowLimit = 10_000
		st, err := New(fixture()).Prepare(context.Background(), s, text)
		if err != nil {
			if own := err.(*Error); own.Class == "" {
				t.Fatalf("%q: %v has no class", text, err)
			}
			return
		}
		for _, c := range st.Columns() {
			if c.Type.Kind == Null || c.Type.Kind == Decimal && (c.Type.Precision < 1 || c.Type.Precision > 38 || c.Type.Scale > c.Type.Precision) {
				t.Fatalf("%q has type %s", text, c.Type)
			}
		}
		rows := 0
		err = st.Run(context.Background(), func(row []Value) bool {
			for i, v := range row {
				checkCell(t, text, st.Columns()[i], v)
			}
			rows++
			return rows < 1000
		})
		if err != nil && !strings.HasPrefix(err.Error(), "UDF ERROR") && !strings.HasPrefix(err.Error(), "Memory limit") {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// checkCell fails if a value is not of its column's type.
func checkCell(t *testing.T, text string, c Column, v Value) {
	form := map[Kind]Kind{Boolean: Boolean, TinyInt: BigInt, SmallInt: BigInt, Int: BigInt, BigInt: BigInt, Float: Double, Double: Double,
		Decimal: Decimal, String: String, Varchar: String, Char: String, Timestamp: Timestamp, Date: Date}[c.Type.Kind]
	if v.IsNull() {
		return
	}
	if v.kind != form || form == Decimal && int(v.scale) != c.Type.Scale || form == BigInt && v.n != wrap(v.n, c.Type.Kind) {
		t.Fatalf("%q: column %s %s has a %s: %q", text, c.Name, c.Type, v.kind, v.Text())
	}
	if form != String && !utf8.ValidString(v.Text()) {
		t.Fatalf("%q: %q", text, v.Text())
	}
}
