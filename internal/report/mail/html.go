package mail

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"math"
	"strconv"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// maxBytes is the size that the HTML stays below: Gmail clips what has more than 102 KB
// and hides the end.
const maxBytes = 100_000

//go:embed *.tmpl
var sources embed.FS

var templates = template.Must(template.New("mail").Funcs(template.FuncMap{
	"look":    attributes,
	"sheet":   sheet,
	"symbol":  report.Symbol,
	"said":    report.Sentence,
	"verdict": verdictLook,
	"edge":    edgeLook,
	"outlook": outlook,
	"percent": percent,
	"odd":     func(i int) bool { return i%2 == 1 },
	"member":  memberLook,
	"long":    func(text string) bool { return longest(text) > longWord },
}).ParseFS(sources, "*.tmpl"))

// HTML writes the body for programs that show HTML. It is shorter than 100,000 bytes:
// sections that do not fit are replaced by a sentence, the first to come being the first
// to have room.
func HTML(w io.Writer, p *report.Page, o Options) error {
	b, err := newBody(p, o)
	if err != nil {
		return err
	}
	out, err := assemble(b)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

// assemble measures each section twice, whole and as a sentence, so that what comes
// later keeps room for its sentence.
func assemble(b *body) ([]byte, error) {
	head, err := execute("head", b)
	if err != nil {
		return nil, err
	}
	foot, err := execute("foot", b)
	if err != nil {
		return nil, err
	}
	left := maxBytes - 1 - len(head) - len(foot)
	sentences := make([][]byte, len(b.Sections))
	for i, s := range b.Sections {
		if sentences[i], err = execute("section", section{Title: s.Title, Blocks: []block{{Text: s.TooLong, Quiet: true}}}); err != nil {
			return nil, err
		}
		left -= len(sentences[i])
	}
	out := head
	for i, s := range b.Sections {
		whole, err := execute("section", s)
		if err != nil {
			return nil, err
		}
		if more := len(whole) - len(sentences[i]); more <= left {
			out, left = append(out, whole...), left-more
			continue
		}
		out = append(out, sentences[i]...)
	}
	return append(out, foot...), nil
}

func execute(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// outlook is what only Outlook for Windows reads: it knows no greatest width, so the
// page stands in a table of a fixed one.
func outlook(part string) template.HTML {
	if part == "open" {
		return `<!--[if mso]><table role="presentation" width="680" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
	}
	return `<!--[if mso]></td></tr></table><![endif]-->`
}

// verdictLook and edgeLook are those of a verdict's word and of the edge of its card.
func verdictLook(verdict string) string {
	switch verdict {
	case "good", "watch", "breach":
		return verdict
	}
	return "none"
}

func edgeLook(verdict string) string {
	switch verdict {
	case "good":
		return "edge-g"
	case "watch":
		return "edge-w"
	case "breach":
		return "edge-b"
	}
	return "edge"
}

// memberLook is that of a text that names a row. Dates and short names stay on one line.
func memberLook(text string) string {
	const short = 12
	switch {
	case longest(text) > longWord:
		return "long"
	case query.DisplayWidth(text) <= short:
		return "key"
	}
	return "member"
}

// Look is that of a heat map's cell; "" of one without any item.
func (c cell) Look() string {
	switch {
	case c.Level >= 0:
		return "l" + strconv.Itoa(min(c.Level, report.MaxLevel))
	case c.Text != "":
		return "few"
	}
	return ""
}

// percent is the length of a bar. What is more than nothing shows.
func percent(length float64) int {
	if !(length > 0) {
		return 0
	}
	return max(int(math.Round(length*100)), 1)
}

// pane is a block of a grid's columns.
type pane struct {
	*grid
	columns []int
}

// Panes are the columns that fit side by side, then the further ones. Letters are
// measured in those of the font at 12 pixels, of which about a hundred make a line.
func (g *grid) Panes() []pane {
	const line, gap, barred, heat = 100, 2, 10, 12
	widths := g.widths(line, gap)
	for i, c := range g.Columns {
		if c.Bars {
			widths[i] += barred
		}
	}
	most := line
	if g.Heat { // half a day side by side, on phones too
		most = widths[0] + heat*(gap+widths[1])
	}
	var panes []pane
	for _, columns := range g.fold(widths, most, gap) {
		panes = append(panes, pane{g, columns})
	}
	return panes
}

// Heads are the columns of the pane.
func (p pane) Heads() []column {
	var heads []column
	for _, i := range p.columns {
		heads = append(heads, p.Columns[i])
	}
	return heads
}

// BarWidth is how many parts of a hundred of the line each column of bars takes.
func (p pane) BarWidth() int {
	const all = 60
	bars := 0
	for _, i := range p.columns {
		if p.Columns[i].Bars {
			bars++
		}
	}
	return all / max(bars, 1)
}

// Lines are the rows of the pane.
func (p pane) Lines() [][]placed {
	lines := make([][]placed, len(p.Rows))
	for k, row := range p.Rows {
		for at, i := range p.columns {
			lines[k] = append(lines[k], placed{cell: row[i], column: p.Columns[i], Names: at == 0 && !p.Raw})
		}
	}
	return lines
}

// placed is a cell with its column.
type placed struct {
	cell
	column
	Names bool // it names the row
}

// longWord is how long a word of a table is before it is broken.
const longWord = 18
