package sql

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDecimalsAgreeWithRationals computes with fractions of any size and rounds once.
func TestDecimalsAgreeWithRationals(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		a, at := randomDecimal(random)
		b, bt := randomDecimal(random)
		for _, op := range []string{"+", "-", "*", "/"} {
			if op == "/" && b.unscaled().Sign() == 0 {
				continue
			}
			typ := decimalArithmetic(op, at, bt)
			got, ok := decimalOp(op, a, b, typ)
			x, y, exact := rational(a), rational(b), new(big.Rat)
			switch op {
			case "+":
				exact.Add(x, y)
			case "-":
				exact.Sub(x, y)
			case "*":
				exact.Mul(x, y)
			case "/":
				exact.Quo(x, y)
			}
			if want := strings.TrimPrefix(exact.FloatString(typ.Scale), "-"); ok && strings.TrimPrefix(got.Text(), "-") != want {
				t.Fatalf("%s %s %s = %s; want %s", a.Text(), op, b.Text(), got.Text(), want)
			}
			if whole := len(new(big.Int).Abs(new(big.Int).Quo(exact.Num(), exact.Denom())).String()); !ok && whole <= typ.Precision-typ.Scale-1 {
				t.Fatalf("%s %s %s does not fit %s", a.Text(), op, b.Text(), typ)
			}
		}
		if want := rational(a).Cmp(rational(b)); compareDecimal(a, b) != want {
			t.Fatalf("%s against %s: %d; want %d", a.Text(), b.Text(), compareDecimal(a, b), want)
		}
	}
}

func randomDecimal(random *rand.Rand) (Value, Type) {
	precision := 1 + random.IntN(maxPrecision)
	scale := random.IntN(precision + 1)
	unscaled := new(big.Int)
	for range precision {
		unscaled.Add(unscaled.Mul(unscaled, big.NewInt(10)), big.NewInt(random.Int64N(10)))
	}
	if random.IntN(2) == 0 {
		unscaled.Neg(unscaled)
	}
	return decimalFromBig(unscaled, scale), decimalType(precision, scale)
}

func rational(v Value) *big.Rat {
	return new(big.Rat).SetFrac(v.unscaled(), powerOfTen(int(v.scale)))
}

func TestParseDecimal(t *testing.T) {
	tests := []struct {
		text, want string
		typ        Type
		ok         bool
	}{
		{"1.50", "1.50", decimalType(3, 2), true},
		{"-0.5", "-0.5", decimalType(1, 1), true},
		{".05", "0.05", decimalType(2, 2), true},
		{"12e3", "12000", decimalType(5, 0), true},
		{"1.25e1", "12.5", decimalType(3, 1), true},
		{"0", "0", decimalType(1, 0), true},
		{strings.Repeat("9", 38), strings.Repeat("9", 38), decimalType(38, 0), true},
		{strings.Repeat("9", 39), "", Type{}, false},
		{"1e99", "", Type{}, false},
		{"", "", Type{}, false},
		{"1.-5", "", Type{}, false},
		{"abc", "", Type{}, false},
	}
	for _, tt := range tests {
		v, typ, ok := parseDecimal(tt.text)
		if ok != tt.ok || ok && (v.Text() != tt.want || typ != tt.typ) {
			t.Errorf("%q is %q, %s, %v", tt.text, v.Text(), typ, ok)
		}
	}
}

// TestLikeAgreesWithRegexp translates patterns to regular expressions.
func TestLikeAgreesWithRegexp(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	letters := []string{"a", "b", "é", "%", "_", `\%`, `\_`}
	for range 20_000 {
		var text, pattern, translated strings.Builder
		for range random.IntN(8) {
			text.WriteString(letters[random.IntN(5)])
		}
		translated.WriteString(`(?s)\A`)
		for range random.IntN(7) {
			letter := letters[random.IntN(len(letters))]
			pattern.WriteString(letter)
			switch letter {
			case "%":
				translated.WriteString(".*")
			case "_":
				translated.WriteString(".")
			default:
				translated.WriteString(regexp.QuoteMeta(strings.TrimPrefix(letter, `\`)))
			}
		}
		want := regexp.MustCompile(translated.String() + `\z`).MatchString(text.String())
		if got := like(text.String(), pattern.String()); got != want {
			t.Fatalf("%q LIKE %q is %v", text.String(), pattern.String(), got)
		}
	}
}

// TestLimitedSortIsTheStartOfTheWholeSort compares the two ways to sort.
func TestLimitedSortIsTheStartOfTheWholeSort(t *testing.T) {
	c := large(3000)
	for _, keys := range []string{"n % 7, n % 11 desc, n", "n % 7", "if(n % 3 = 0, null, n % 5) desc nulls last, n desc"} {
		_, whole, err := ask(c, session(), "select n from large order by "+keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{1, 10, 2999, 3000, 5000} {
			_, cut, err := ask(c, session(), fmt.Sprintf("select n from large order by %s limit %d", keys, limit))
			if err != nil || !slices.Equal(cut, whole[:min(limit, 3000)]) {
				t.Errorf("%s limit %d: %d rows, %v", keys, limit, len(cut), err)
			}
		}
	}
}

// TestHashJoinsAgreeWithConditions writes each join so that no key can be found.
func TestHashJoinsAgreeWithConditions(t *testing.T) {
	for _, kind := range []string{"join", "left join", "right join", "full join", "left semi join", "left anti join"} {
		text := "select a.id from t a " + kind + " t b on a.small = b.small and a.id <> b.id"
		_, hashed, err := ask(fixture(), session(), text)
		if err != nil {
			t.Fatal(err)
		}
		_, looped, err := ask(fixture(), session(), strings.Replace(text, "a.small = b.small", "not a.small <> b.small", 1))
		slices.Sort(hashed)
		slices.Sort(looped)
		if err != nil || !slices.Equal(hashed, looped) {
			t.Errorf("%s: %v and %v, %v", kind, hashed, looped, err)
		}
	}
}

func TestApproximateCountIsNear(t *testing.T) {
	for _, n := range []int{0, 1, 10, 500, 2000, 20_000, 200_000} {
		var total total
		for i := range n {
			addSketch(nil, &total, IntOf(int64(i)))
			addSketch(nil, &total, IntOf(int64(i))) // a second time, which must not count
		}
		got := float64(total.more().sketch.estimate())
		if math.Abs(got-float64(n)) > .1*float64(n) { // three standard errors
			t.Errorf("%d values: about %.0f", n, got)
		}
	}
}

func TestIntervalsAgreeWithTheCalendar(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		start := time.Unix(random.Int64N(4e9)-1e9, random.Int64N(1e9)).UTC()
		count := random.Int64N(20_000) - 10_000
		v := timestampOfClock(start)
		for name, want := range map[string]time.Time{
			"days": start.AddDate(0, 0, int(count)), "weeks": start.AddDate(0, 0, int(7*count)),
			"hour": start.Add(time.Duration(count) * time.Hour), "milliseconds": start.Add(time.Duration(count) * time.Millisecond),
			"nanosecond": start.Add(time.Duration(count)),
		} {
			u, _ := unitOf(name)
			if got := u.add(v, count); got != timestampOfClock(want) {
				t.Fatalf("%s + %d %s = %s; want %s", v.Text(), count, name, got.Text(), want)
			}
		}
		if got, _ := parseTimestamp(v.Text()); got != v {
			t.Fatalf("%s reads as %s", v.Text(), got.Text())
		}
		if got := v.Text(); got[:19] != start.Format(time.DateTime) {
			t.Fatalf("%s prints as %s", start, got)
		}
	}
}

func TestMonthsKeepTheirDay(t *testing.T) {
	for text, want := range map[string]string{
		"2017-01-31 + 1": "2017-02-28", "2016-01-31 + 1": "2016-02-29", "2017-03-31 + -1": "2017-02-28",
		"2017-12-15 + 1": "2018-01-15", "2017-01-15 + -13": "2015-12-15", "2017-10-31 + 24": "2019-10-31",
	} {
		var start string
		var months int
		if _, err := fmt.Sscanf(text, "%s + %d", &start, &months); err != nil {
			t.Fatal(err)
		}
		days, _ := parseDate(start)
		if got := (unit{months: 1}).add(DateOf(days), int64(months)).Text(); got != want {
			t.Errorf("%s months is %s; want %s", text, got, want)
		}
	}
}

func TestKeysOfEqualValuesAreEqual(t *testing.T) {
	key := func(v Value) string { return string(appendKey(nil, v)) }
	negative := math.Copysign(0, -1)
	if key(DoubleOf(0)) != key(DoubleOf(negative)) || key(DoubleOf(math.NaN())) != key(DoubleOf(-math.NaN())) {
		t.Error("zeros or NaN differ")
	}
	different := []Value{{}, IntOf(0), IntOf(1), DoubleOf(0), BoolOf(false), StringOf(""), StringOf("a"), DateOf(0), TimestampOf(0, 0), TimestampOf(0, 1), DecimalOf(0, 0)}
	seen := map[string]Value{}
	for _, v := range different {
		if other, found := seen[key(v)]; found {
			t.Errorf("%v and %v have one key", v, other)
		}
		seen[key(v)] = v
	}
	if key(StringOf("a"))+key(StringOf("b")) == key(StringOf("ab"))+key(StringOf("")) {
		t.Error("two strings run together")
	}
}

func FuzzTexts(f *testing.F) {
	for _, seed := range []string{"2017-09-12 14:00:00.123", "0001-01-01", "9999-12-31T23:59:59Z", "1e-70", "-.5", "00000.10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := parseTimestamp(text); ok {
			if again, _ := parseTimestamp(v.Text()); again != v {
				t.Errorf("%q is %s, then %s", text, v.Text(), again.Text())
			}
		}
		if v, typ, ok := parseDecimal(text); ok {
			again, _, _ := parseDecimal(v.Text())
			if compareDecimal(v, again) != 0 || typ.Scale > typ.Precision || typ.Precision > maxPrecision {
				t.Errorf("%q is %s, then %s, %s", text, v.Text(), again.Text(), typ)
			}
		}
		if f, ok := parseDouble(text); ok && !math.IsNaN(f) {
			if again, ok := parseDouble(formatDouble(f, 64)); !ok || again != f {
				t.Errorf("%q is %v, then %v", text, f, again)
			}
		}
	})
}
