package mail

import (
	"slices"
	"strings"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// fold parts columns that are together wider than a line into blocks, each of which
// begins with the first column. The columns of a heat map are equals and are parted
// evenly; others fill one block after the other.
func (g *grid) fold(widths []int, line, gap int) [][]int {
	if len(widths) == 1 {
		return [][]int{{0}}
	}
	var folded [][]int
	block, used := []int{0}, widths[0]
	for i := 1; i < len(widths); i++ {
		if used+gap+widths[i] > line && len(block) > 1 {
			folded = append(folded, block)
			block, used = []int{0}, widths[0]
		}
		block, used = append(block, i), used+gap+widths[i]
	}
	folded = append(folded, block)
	if !g.Heat || len(folded) == 1 {
		return folded
	}
	even := (len(widths) - 1 + len(folded) - 1) / len(folded)
	for at, from := 0, 1; at < len(folded); at, from = at+1, from+even {
		folded[at] = []int{0}
		for i := from; i < min(from+even, len(widths)); i++ {
			folded[at] = append(folded[at], i)
		}
	}
	return folded
}

// widths are what each column takes: that of its longest text and of its head, and less
// where the columns would not stand side by side on a line.
func (g *grid) widths(line, gap int) []int {
	const (
		head   = 10 // a head is not broken below this while there is room
		widest = 32
		floor  = 12 // of a column of text
	)
	widths, least := make([]int, len(g.Columns)), make([]int, len(g.Columns))
	for i, c := range g.Columns {
		least[i] = headWidth(c.Name)
		widths[i] = max(least[i], min(query.DisplayWidth(c.Name), head))
		for _, row := range g.Rows {
			least[i] = max(least[i], longest(row[i].marked()))
			widths[i] = max(widths[i], query.DisplayWidth(row[i].marked()))
		}
		if !c.Numeric {
			least[i] = max(least[i], floor)
		}
		least[i], widths[i] = min(least[i], widest), min(widths[i], widest)
	}
	if g.Heat { // equals
		most := slices.Max(widths[1:])
		for i := range widths[1:] {
			widths[i+1] = most
		}
		return widths
	}
	return narrowed(widths, least, line-(len(widths)-1)*gap)
}

// headWidth is the least at which a head takes few lines and no word of it is broken.
func headWidth(name string) int {
	const lines = 3
	width := longest(name)
	for len(wrap(name, width)) > lines {
		width++
	}
	return width
}

// narrowed takes from the widest column again and again, until all have room or none
// can become less.
func narrowed(widths, least []int, room int) []int {
	fitting, used := slices.Clone(widths), 0
	for _, w := range widths {
		used += w
	}
	for ; used > room; used-- {
		widest := -1
		for i, w := range fitting {
			if w > least[i] && (widest < 0 || w > fitting[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return widths
		}
		fitting[widest]--
	}
	return fitting
}

// longest is the width of the longest word.
func longest(text string) int {
	most := 0
	for word := range strings.SplitSeq(text, " ") {
		most = max(most, query.DisplayWidth(word))
	}
	return most
}

// marked is the text behind the symbol of its verdict.
func (c cell) marked() string {
	if c.Mark == "" {
		return c.Text
	}
	return report.Symbol(c.Mark) + " " + c.Text
}

// wrap breaks a text at spaces into lines of a width, and words that are longer anywhere.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.SplitSeq(text, " ") {
		w := query.DisplayWidth(word)
		if word != "" && line != "" && used+1+w <= width {
			line, used = line+" "+word, used+1+w
			continue
		}
		if line != "" && word != "" {
			lines = append(lines, line)
			line = ""
		}
		for w > width {
			head := first(word, width)
			lines = append(lines, head)
			word = word[len(head):]
			w = query.DisplayWidth(word)
		}
		if word != "" {
			line, used = word, w
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// first is as much of a word as fits, and at least a letter with its marks.
func first(word string, width int) string {
	used := 0
	for i, r := range word {
		w := query.DisplayWidth(string(r))
		if used+w > width && i > 0 {
			return word[:i]
		}
		used += w
	}
	return word
}
