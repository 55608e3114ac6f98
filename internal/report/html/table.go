package html

import (
	"html/template"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// table is rows and columns to be drawn.
type table struct {
	*report.Grid
	Label string
	Raw   bool // rows of a query: no column names the row, and NULL is told
	Last  int  // the row of all other members; -1 without
	d     *drawing
}

// Each gives the rows as elements, one after the other, so that a long table is never
// whole in memory. A template for each cell takes eight times as long.
func (t table) Each() iter.Seq[template.HTML] {
	return func(yield func(template.HTML) bool) {
		var out []byte
		row := 0
		err := t.Grid.Each(func(values []report.Value) error {
			out = append(out[:0], "<tr>"...)
			if row == t.Last {
				out = append(out[:0], `<tr class="other">`...)
			}
			for i, v := range values {
				out = t.appendCell(out, i, v)
			}
			out = append(out, "</tr>\n"...)
			if row++; !yield(template.HTML(out)) {
				return io.EOF
			}
			return nil
		})
		if err != nil && err != io.EOF && t.d.err == nil {
			t.d.err = err
		}
	}
}

func (t table) appendCell(out []byte, column int, v report.Value) []byte {
	tag, attributes := "td", ""
	if column == 0 && !t.Raw && v.Shown != "" {
		tag, attributes = "th", ` scope="row"`
	}
	numeric := t.Columns[column].Numeric
	switch {
	case numeric:
		attributes += ` class="number"`
	case longWord(v.Shown):
		attributes += ` class="long"`
	}
	out = append(out, "<"+tag+attributes+">"...)
	if mark := marked(v, numeric); mark != "" {
		out = append(out, `<span class="mark `+mark+`"><span aria-hidden="true">`+report.Symbol(mark)+`</span>`...)
		if numeric { // the text does not say the verdict itself
			out = append(out, `<span class="aloud">`+mark+`</span>`...)
		}
		out = append(out, "</span> "...)
	}
	shown := template.HTMLEscapeString(query.Printable(v.Shown))
	switch null := v.Kind == query.CellNull; {
	case null && t.Raw:
		out = append(out, `<span class="quiet">NULL</span>`...)
	case null && numeric && shown != "": // the reason why there is no number
		out = append(out, `<span class="quiet">`+shown+`</span>`...)
	default:
		out = append(out, shown...)
	}
	return append(out, "</"+tag+">"...)
}

// longWord reports whether a text holds a word that may be broken where paper is narrow.
// Breaking any word would make columns of short codes narrower than their codes.
func longWord(text string) bool {
	const most = 14
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == '-' }) {
		if utf8.RuneCountInString(word) > most {
			return true
		}
	}
	return false
}

// marked is the verdict that is worth a symbol: in columns of numbers what is good goes
// without saying.
func marked(v report.Value, numeric bool) string {
	switch {
	case v.Verdict == "watch" || v.Verdict == "breach":
		return v.Verdict
	case v.Verdict == "good" && !numeric:
		return v.Verdict
	}
	return ""
}
