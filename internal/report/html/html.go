// Package html draws a report as one file for a browser: no script, no image, nothing
// loaded from elsewhere. It reads on a phone, in the dark, on paper and aloud.
//
// Every text of the model passes through the function text or lines of the templates,
// which show control characters and marks of direction instead of obeying them;
// html/template makes what is left harmless.
package html

import (
	"bufio"
	"embed"
	"html/template"
	"io"
	"time"

	"qosreport/internal/query"
	"qosreport/internal/report"
	"qosreport/internal/report/chart"
)

//go:embed *.tmpl page.css
var sources embed.FS

//go:embed page.css
var style string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) },
	"text":   query.Printable,
	"lines":  query.PrintableLines,
	"symbol": report.Symbol,
	"class":  class,
	"count":  func(n float64) string { return report.FormatNumber(n, 0) },
	"utc":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"wide":   func(c chart.Chart) template.HTML { return drawn(c, chart.Size{Width: 560, Height: 240}) },
	"narrow": func(c chart.Chart) template.HTML { return drawn(c, chart.Size{Width: 350, Height: 230}) },
}).ParseFS(sources, "*.tmpl"))

// Render writes the sections that are named, or all when none is.
func Render(w io.Writer, p *report.Page, sections []string) error {
	out := bufio.NewWriterSize(w, 64<<10)
	d := &drawing{Page: p}
	for i, s := range p.Pick(sections) {
		d.Shown = append(d.Shown, newSection(d, i, s))
	}
	if err := page.ExecuteTemplate(out, "page", d); err != nil {
		return err
	}
	if d.err != nil {
		return d.err
	}
	return out.Flush()
}

// drawing is what the templates are given.
type drawing struct {
	*report.Page
	Shown []section
	err   error // the first of reading rows, which ends a table early
}

func class(verdict string) string {
	switch verdict {
	case "good", "watch", "breach":
		return verdict
	}
	return "none"
}

// drawn is a chart as an element. The drawing has escaped its texts.
func drawn(c chart.Chart, size chart.Size) template.HTML {
	return template.HTML(query.Printable(c.SVG(size)))
}
