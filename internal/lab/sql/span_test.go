package sql

import (
	"math"
	"testing"
)

// The same condition as a span and, with a sum or a quotient around the column, as the
// comparisons that were written.
func TestSpansAreTheComparisons(t *testing.T) {
	doubles := []Value{{}, DoubleOf(math.NaN()), DoubleOf(math.Inf(-1)), DoubleOf(-math.MaxFloat64), DoubleOf(-1), DoubleOf(math.Copysign(0, -1)), DoubleOf(0),
		DoubleOf(5e-324), DoubleOf(1), DoubleOf(math.Nextafter(1, 2)), DoubleOf(100), DoubleOf(math.MaxFloat64), DoubleOf(math.Inf(1))}
	integers := []Value{{}, IntOf(math.MinInt64), IntOf(-1), IntOf(0), IntOf(1), IntOf(2), IntOf(math.MaxInt64)}
	conditions := []string{
		"x >= 0 and x <= 100", "x > 0 and x < 1", "x between 0 and 1", "not (x between 0 and 1)", "x = 1", "x > 1 and x > 0", "x < 0 and x > 0", "x is null", "x is not null",
		"x >= -1.7976931348623157e308 and x <= 1.7976931348623157e308", "x >= -1.7976931348623157e308 and x <= 1.7976931348623157e308 and x < 0",
		"x is not null and not (x >= -1.7976931348623157e308 and x <= 1.7976931348623157e308)", "x > 1.7976931348623157e308", "x < 0 or x > 100", "x != 1", "x <=> 1",
	}
	for _, list := range [][]Value{doubles, integers} {
		kind, same := Double, "(x * 1)" // a column that is computed is no span
		if list[1].kind == BigInt {
			kind, same = BigInt, "coalesce(x, x)"
		}
		p := memoryPartition{key: "a"}
		for _, v := range list {
			p.rows = append(p.rows, []Value{v, {}})
		}
		catalog := memoryCatalog{"default.s": {columns: []Column{{"x", Type{Kind: kind}}, {"dt", Type{Kind: String}}}, partitions: []memoryPartition{p}, scanned: map[int]int{}, read: map[string]bool{}}}
		for _, condition := range conditions {
			text := "select x, " + condition + " from s"
			_, got, err := ask(catalog, session(), text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			_, want, err := ask(catalog, session(), "select x, "+replaceColumn(condition, same)+" from s")
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s of a %s: %s; want %s", condition, kind, got[i], want[i])
				}
			}
			_, kept, err := ask(catalog, session(), "select count(*), sum(case when "+condition+" then 1 else 0 end), sum(if("+condition+", 1, null)) from s")
			if err != nil || len(kept) != 1 {
				t.Fatal(err)
			}
			_, counted, err := ask(catalog, session(), "select 0 + count(*), count(case when "+condition+" then 'yes' end), nullif(count(case when "+condition+" then 2 end), 0) from s")
			if err != nil || kept[0] != counted[0] {
				t.Errorf("%s of a %s: sums %s, counts %s, %v", condition, kind, kept, counted, err)
			}
		}
	}
}

// replaceColumn writes something else for x, which is in no other word of a condition.
func replaceColumn(condition, with string) string {
	text := ""
	for _, c := range condition {
		if c == 'x' {
			text += with
		} else {
			text += string(c)
		}
	}
	return text
}
