package mail

import (
	"io"
	"math"
	"strings"
	"unicode"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// lineWidth is what a line of text has at most, where nothing in it is longer.
const lineWidth = 76

// Text writes the body for readers of plain text. Lines end with LF.
func Text(w io.Writer, p *report.Page, o Options) error {
	b, err := newBody(p, o)
	if err != nil {
		return err
	}
	var t text
	t.head(b)
	for _, s := range b.Sections {
		t.section(s)
	}
	t.line(strings.Repeat("-", lineWidth))
	t.facts(b.Facts)
	_, err = io.WriteString(w, t.out.String())
	return err
}

// text is a body in the making.
type text struct{ out strings.Builder }

// line writes a line without blanks at its end.
func (t *text) line(line string) {
	t.out.WriteString(strings.TrimRightFunc(line, unicode.IsSpace) + "\n")
}

// paragraph writes a text behind a mark; its further lines begin below the text.
func (t *text) paragraph(mark, paragraph string) {
	indent := query.DisplayWidth(mark)
	for _, line := range wrap(paragraph, max(lineWidth-indent, 20)) {
		t.line(mark + line)
		mark = strings.Repeat(" ", indent)
	}
}

func (t *text) heading(title string, rule string) {
	width := 0
	for _, line := range wrap(title, lineWidth) {
		t.line(line)
		width = max(width, query.DisplayWidth(line))
	}
	t.line(strings.Repeat(rule, width))
}

func (t *text) head(b *body) {
	t.heading(b.Title+", "+b.Window, "=")
	t.paragraph("", "Days of "+b.Zone+".")
	if b.Params != "" {
		t.paragraph("", b.Params)
	}
	t.line("")
	if b.Word != "" {
		t.paragraph(report.Symbol(b.Word)+" ", strings.ToUpper(b.Word)+". "+b.Sentence)
	}
	if len(b.Incomplete) > 0 {
		t.paragraph(report.Symbol(report.IncompleteWord)+" ", strings.ToUpper(report.IncompleteWord))
		for _, reason := range b.Incomplete {
			t.paragraph("  - ", reason)
		}
	}
	for _, remark := range b.Remarks {
		t.paragraph("! ", remark)
	}
	if b.Word != "" || len(b.Incomplete) > 0 || len(b.Remarks) > 0 {
		t.line("")
	}
}

func (t *text) section(s section) {
	t.line("")
	t.heading(s.Title, "-")
	for i, b := range s.Blocks {
		switch {
		case b.Text != "" && b.Warning:
			t.paragraph(report.Symbol("watch")+" ", b.Text)
		case b.Text != "":
			t.paragraph("", b.Text)
		case b.Tiles != nil:
			t.tiles(b.Tiles)
		case b.Findings != nil:
			t.findings(b.Findings)
		case b.Grid != nil:
			t.grid(b.Grid)
		case b.Facts != nil:
			t.facts(b.Facts)
		}
		sentences := b.Text != "" && i+1 < len(s.Blocks) && s.Blocks[i+1].Text != ""
		if !sentences {
			t.line("")
		}
	}
}

func (t *text) findings(items []finding) {
	for i, f := range items {
		if i > 0 {
			t.line("")
		}
		t.paragraph(report.Symbol(f.Verdict)+" ", f.Verdict+": "+f.Title)
		t.paragraph("  ", join(f.Day+".", f.Text))
		if f.Cause != "" {
			t.paragraph("  ", f.Cause)
		}
	}
}

// tiles aligns the values of all measures and of their comparisons.
func (t *text) tiles(tiles []tile) {
	const widest = 32
	label, value := 0, 0
	for _, one := range tiles {
		label, value = max(label, query.DisplayWidth(one.Label)), max(value, query.DisplayWidth(one.Value))
		for _, c := range one.Compare {
			label, value = max(label, 2+query.DisplayWidth(c.Label)), max(value, query.DisplayWidth(c.Value))
		}
	}
	label, value = min(label, widest), min(value, widest)
	for i, one := range tiles {
		if i > 0 {
			t.line("")
		}
		verdict := ""
		if one.Verdict != "" {
			verdict = report.Symbol(one.Verdict) + " " + one.Verdict
		}
		t.figure([2]int{label, value}, one.Label, one.Value, verdict)
		if basis := strings.Join(one.Basis, "; "); basis != "" {
			t.paragraph("  ", basis)
		}
		for _, c := range one.Compare {
			t.figure([2]int{label, value}, "  "+c.Label, c.Value, c.Change)
		}
	}
}

// figure is a line of a measure. A label that is longer than its place stands above it.
func (t *text) figure(widths [2]int, label, value, remark string) {
	if query.DisplayWidth(label) > widths[0] {
		t.paragraph("", label)
		label = ""
	}
	t.line(padded(label, widths[0]) + "  " + padLeft(value, widths[1]) + "  " + remark)
}

// facts are names and texts, side by side.
func (t *text) facts(facts []fact) {
	const widest = 24
	name := 0
	for _, f := range facts {
		name = max(name, min(query.DisplayWidth(f.Name), widest))
	}
	for _, f := range facts {
		if query.DisplayWidth(f.Name) > name {
			t.paragraph("", f.Name)
			f.Name = ""
		}
		if !strings.Contains(f.Text, " ") { // a path or an id, which is to be copied
			t.line(padded(f.Name, name) + "  " + f.Text)
			continue
		}
		t.paragraph(padded(f.Name, name)+"  ", f.Text)
	}
}

// grid draws the columns that fit side by side, then the further ones.
func (t *text) grid(g *grid) {
	gap := 2
	if g.Heat {
		gap = 1
	}
	widths := g.widths(lineWidth, gap)
	bar := g.barWidth(widths, gap)
	for i, c := range g.Columns {
		if c.Bars {
			widths[i] += 1 + bar
		}
	}
	for i, columns := range g.fold(widths, lineWidth, gap) {
		if i > 0 {
			t.line("")
		}
		d := table{grid: g, columns: columns, widths: widths, gap: gap, bar: bar}
		d.draw(t)
	}
}

// barWidth is how long bars may be, so that the columns still stand side by side.
func (g *grid) barWidth(widths []int, gap int) int {
	const least, most = 5, 40
	bars, room := 0, lineWidth-(len(widths)-1)*gap
	for i, c := range g.Columns {
		room -= widths[i]
		if c.Bars {
			bars++
		}
	}
	if bars == 0 {
		return 0
	}
	return min(max(room/bars-1, least), most)
}

// table is a block of a grid's columns.
type table struct {
	*grid
	columns []int
	widths  []int
	gap     int
	bar     int
}

func (d table) draw(t *text) {
	heads := make([][]string, len(d.columns))
	height := 0
	for i, c := range d.columns {
		heads[i] = wrap(d.Columns[c].Name, d.widths[c])
		height = max(height, len(heads[i]))
	}
	for i := range heads { // heads stand upon their columns
		heads[i] = append(make([]string, height-len(heads[i])), heads[i]...)
	}
	d.lines(t, heads)
	rules := make([]string, len(d.columns))
	for i, c := range d.columns {
		rules[i] = strings.Repeat("-", d.widths[c])
	}
	t.line(strings.Join(rules, strings.Repeat(" ", d.gap)))
	for _, row := range d.Rows {
		cells := make([][]string, len(d.columns))
		for i, c := range d.columns {
			if d.Columns[c].Bars {
				number := d.widths[c] - 1 - d.bar
				cells[i] = []string{padded(padLeft(row[c].marked(), number)+" "+blocks(row[c].Bar, d.bar), d.widths[c])}
				continue
			}
			cells[i] = wrap(row[c].marked(), d.widths[c])
		}
		d.lines(t, cells)
	}
}

// lines writes cells of one row, each of which may have several lines.
func (d table) lines(t *text, cells [][]string) {
	height := 0
	for _, c := range cells {
		height = max(height, len(c))
	}
	for line := range height {
		var b strings.Builder
		for i, c := range cells {
			if i > 0 {
				b.WriteString(strings.Repeat(" ", d.gap))
			}
			part := ""
			if line < len(c) {
				part = c[line]
			}
			if d.Columns[d.columns[i]].Numeric && !d.Columns[d.columns[i]].Bars {
				b.WriteString(padLeft(part, d.widths[d.columns[i]]))
			} else {
				b.WriteString(padded(part, d.widths[d.columns[i]]))
			}
		}
		t.line(b.String())
	}
}

// blocks is a bar of block characters, in steps of an eighth. What is more than nothing
// shows.
func blocks(length float64, width int) string {
	eighths := int(math.Round(length * float64(width) * 8))
	if length > 0 {
		eighths = max(eighths, 1)
	}
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return bar
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-query.DisplayWidth(s)))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-query.DisplayWidth(s))) + s
}
