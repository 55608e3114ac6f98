package mail

import (
	"slices"
	"strings"
	"testing"

	"qosreport/internal/query"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name, text string
		width      int
		want       []string
	}{
		{"nothing is one empty line", "", 5, []string{""}},
		{"what fits stays whole", "one two", 7, []string{"one two"}},
		{"it breaks at spaces", "one two three", 8, []string{"one two", "three"}},
		{"a word that is too long breaks anywhere", "a abcdefgh b", 3, []string{"a", "abc", "def", "gh", "b"}},
		{"a long word leaves room for the next", "abcdefg hi", 5, []string{"abcde", "fg hi"}},
		{"blanks in a row count as one", "a   b", 5, []string{"a b"}},
		{"spaces that hold together do", "95\u00a0% 1\u202f000", 5, []string{"95\u00a0%", "1\u202f000"}},
		{"wide letters take two", "東京東京", 5, []string{"東京", "東京"}},
		{"marks stay with their letter", "e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"a letter that is wider than the line stands alone", "東京", 1, []string{"東", "京"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := wrap(tt.text, tt.width); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("Zürich 14:00–16:00", 7)
	f.Add("\xff\xfe \u0301\u0301 東京", 1)
	f.Add("", 3)
	f.Fuzz(func(t *testing.T, text string, width int) {
		width = 2 + (width&0xff)%80
		lines := wrap(text, width)
		for _, line := range lines {
			if query.DisplayWidth(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

func TestFold(t *testing.T) {
	tests := []struct {
		name   string
		heat   bool
		widths []int
		want   [][]int
	}{
		{"one column", false, []int{50}, [][]int{{0}}},
		{"what fits stays together", false, []int{4, 6, 6}, [][]int{{0, 1, 2}}},
		{"the first column comes again", false, []int{4, 6, 6, 3}, [][]int{{0, 1, 2}, {0, 3}}},
		{"a column that never fits stands beside the first", false, []int{4, 90, 3}, [][]int{{0, 1}, {0, 2}}},
		{"a heat map is parted evenly", true, []int{4, 6, 6, 6, 6, 6}, [][]int{{0, 1, 2}, {0, 3, 4}, {0, 5}}},
		{"a heat map of four", true, []int{6, 3, 3, 3, 3}, [][]int{{0, 1, 2}, {0, 3, 4}}},
		{"six hours, four of which would fit", true, []int{4, 3, 3, 3, 3, 3}, [][]int{{0, 1, 2, 3}, {0, 4, 5}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := grid{Heat: tt.heat}
			got := g.fold(tt.widths, 19, 1)
			if !slices.EqualFunc(got, tt.want, slices.Equal[[]int]) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestColumnsGiveWay(t *testing.T) {
	g := &grid{Columns: []column{{Name: "Check"}, {Name: "Round trip (ms)", Numeric: true}, {Name: "Limit"}}}
	g.Rows = [][]cell{{{Text: "rows outside of their day"}, {Text: "1\u202f000.0\u00a0ms"}, {Text: "at most 1.00\u00a0% of all"}}}
	for _, tt := range []struct {
		name string
		line int
		want []int
	}{
		{"there is room", 64, []int{25, 10, 21}},
		{"the widest text is broken first", 59, []int{24, 10, 21}},
		{"then all texts are", 50, []int{18, 10, 18}},
		{"in vain none is, and no number ever", 30, []int{25, 10, 21}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := g.widths(tt.line, 2); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestHeadsTakeThreeLinesAtMost(t *testing.T) {
	for name, want := range map[string]int{"MOS": 3, "Judged legs": 6, "Mean opinion score": 7, "Longest round trip (ms)": 9, "": 0, "a b c d e f": 3} {
		if got := headWidth(name); got != want {
			t.Errorf("%q takes %d, want %d", name, got, want)
		}
	}
}

func TestBars(t *testing.T) {
	for _, tt := range []struct {
		length float64
		want   string
	}{{0, ""}, {0.0001, "▏"}, {0.125, "▌"}, {0.5, "██"}, {0.53, "██▏"}, {1, "████"}} {
		if got := blocks(tt.length, 4); got != tt.want {
			t.Errorf("%v of four is %q, want %q", tt.length, got, tt.want)
		}
	}
	for length, want := range map[float64]int{0: 0, 0.0001: 1, 0.5: 50, 1: 100} {
		if got := percent(length); got != want {
			t.Errorf("%v is %d %%, want %d", length, got, want)
		}
	}
	g := &grid{Columns: []column{{Name: "A"}}, Rows: [][]cell{{{num: 1}}, {{num: -1}}}}
	if g.bars(0); g.Columns[0].Bars {
		t.Error("bars show numbers below zero")
	}
	g.Rows = [][]cell{{{num: 0}}, {{num: 0}}}
	if g.bars(0); g.Columns[0].Bars {
		t.Error("bars show nothing but zeros")
	}
}
