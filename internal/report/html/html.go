// Package html draws a report as one file for a browser: no script, no image, nothing
// loaded from elsewhere. It reads on a phone, in the dark and on paper.
package html

import (
	"bufio"
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var style string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) },
	"symbol": symbol,
	"class":  class,
	"count":  func(n float64) string { return report.FormatNumber(n, 0) },
	"utc":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
}).Parse(pageSource))

// Render writes the sections that are named, or all when none is.
func Render(w io.Writer, p *report.Page, sections []string) error {
	out := bufio.NewWriterSize(w, 64<<10)
	d := &drawing{Page: p, Shown: p.Pick(sections)}
	if err := page.Execute(out, d); err != nil {
		return err
	}
	if d.err != nil {
		return d.err
	}
	return out.Flush()
}

// drawing is what the template is given.
type drawing struct {
	*report.Page
	Shown []report.Section
	err   error // the first of reading rows, which ends a table early
}

// symbol stands beside a verdict's word, so that colour is never alone.
func symbol(verdict string) string {
	switch verdict {
	case "good":
		return "✔"
	case "watch":
		return "▲"
	case "breach":
		return "✖"
	}
	return "–"
}

func class(verdict string) string {
	switch verdict {
	case "good", "watch", "breach":
		return verdict
	}
	return "none"
}

// cell is a value as the page shows it.
type cell struct {
	Text    string
	Null    bool
	Numeric bool
}

// Each gives the rows one after the other, so that a long table is never whole in memory.
func (d *drawing) Each(t *report.Table) func(yield func([]cell) bool) {
	return func(yield func([]cell) bool) {
		cells := make([]cell, len(t.Columns))
		err := t.Rows.Each(func(row []query.Cell) error {
			for i, c := range row {
				cells[i] = show(c)
			}
			if !yield(cells) {
				return io.EOF
			}
			return nil
		})
		if err != nil && err != io.EOF && d.err == nil {
			d.err = err
		}
	}
}

func show(c query.Cell) cell {
	switch c.Kind {
	case query.CellNull:
		return cell{Null: true}
	case query.CellInt:
		return cell{Text: strconv.FormatInt(c.Int, 10), Numeric: true}
	case query.CellBool:
		return cell{Text: strconv.FormatBool(c.Int != 0)}
	case query.CellNumber:
		return cell{Text: strconv.FormatFloat(c.Num, 'g', -1, 64), Numeric: true}
	case query.CellDecimal:
		return cell{Text: c.Text, Numeric: true}
	case query.CellTime: // 15:14:58.594000000 reads better as 15:14:58.594
		if whole, fraction, found := strings.Cut(c.Text, "."); found {
			return cell{Text: strings.TrimRight(whole+"."+strings.TrimRight(fraction, "0"), ".")}
		}
		return cell{Text: c.Text}
	}
	return cell{Text: query.Printable(strings.ToValidUTF8(c.Text, "\uFFFD"))}
}
