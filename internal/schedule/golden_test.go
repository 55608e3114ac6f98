package schedule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// year is a year of slots, which testdata/slots.py lists too.
type year struct {
	zone        string
	number      int
	expressions []string
}

// goldenYears are those in testdata/slots.txt.
var goldenYears = []year{
	{"Europe/Berlin", 2026, []string{"30 2 * * *", "0,30 2,3 25-31 3,10 *", "15 * 24-31 3,10,12 *", "0 0 1 * 1"}},
	{"Pacific/Apia", 2010, []string{"0 0 * * *", "*/30 0,3 * 9 6,0"}},
	{"Pacific/Apia", 2011, []string{"0 6 * * *", "0 0,12 28-31 12 *", "15 * 24-31 3,9,12 *", "0 0 30 * 5"}},
}

// list writes the slots of a year in the form of the script.
func (y year) list(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, expression := range y.expressions {
		s := parse(t, expression, y.zone)
		// The slot of the year's first moment is wanted, and those before and after are not.
		from := resolve(time.Date(y.number, 1, 1, 0, 0, 0, 0, time.UTC), s.Zone()).Add(-1)
		to := resolve(time.Date(y.number+1, 1, 1, 0, 0, 0, 0, time.UTC), s.Zone()).Add(-1)
		slots, truncated := s.Between(from, to, 600_000)
		if truncated {
			t.Fatalf("%s has more slots than the test can take", expression)
		}
		text.WriteString("# " + y.zone + " " + time.Date(y.number, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006") + " " + expression + "\n")
		for _, slot := range slots {
			text.WriteString(strings.TrimPrefix(slot.Key, "s@") + " " + slot.Fire.UTC().Format("2006-01-02T15:04:05Z") + "\n")
		}
	}
	return text.String()
}

// sameLines compares two lists and shows the first line that differs.
func sameLines(t *testing.T, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("line %d is %q, want %q", i+1, g[i], w[i])
		}
	}
	t.Fatalf("%d lines, want %d", len(g), len(w))
}

// The list was made apart, by testdata/slots.py; the peers' test makes it anew.
func TestYearsOfSlotsAgreeWithAListMadeApart(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "slots.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, y := range goldenYears {
		got.WriteString(y.list(t))
	}
	sameLines(t, got.String(), string(want))
}
