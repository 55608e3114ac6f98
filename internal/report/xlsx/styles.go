package xlsx

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

// The colours of text and lines.
const (
	ink    = "1B1F24"
	quiet  = "57606A"
	line   = "D0D7DE"
	shade  = "EAEEF2"
	good   = "1A7F37"
	watch  = "9A6700"
	breach = "CF222E"
)

// verdicts are the words that are marked: never by colour alone.
var verdicts = map[string]struct{ symbol, colour string }{
	"good":   {report.Symbol("good") + " ", good},
	"watch":  {report.Symbol("watch") + " ", watch},
	"breach": {report.Symbol("breach") + " ", breach},
}

// levels are the fills of a heat map's cells, from the best to the worst. Their lightness
// falls steadily, so that they can be told apart in grey, too.
var levels = [...]struct{ fill, ink string }{{"DDF1E2", ink}, {"FFF3C4", ink}, {"FDCB8A", ink}, {"F08A62", ink}, {"B3261E", "FFFFFF"}}

const fontSize = 11 // points

// look is how a cell looks.
type look struct {
	format string // of numbers; "" is General, "@" text
	colour string // of the text; "" is ink
	size   float64
	bold   bool
	mono   bool
	fill   string
	side   string // left | center | right; "" as its type has it
	wrap   bool
	indent int
	under  bool // a line below
	top    bool // beside a text of several lines that is read from its first
}

func (l look) level() string {
	if l.top {
		return "top"
	}
	return "center"
}

// styles makes each style once: a workbook with thousands of them opens slowly. The number
// of a style is part of the file's bytes; it follows from the order of first use.
type styles struct {
	file *excelize.File
	made map[look]int
	err  error // the first; checked before a sheet is done

	// Those of long tables, which are used for each cell.
	text, integer, number, date, time int
}

func newStyles(f *excelize.File) *styles {
	s := &styles{file: f, made: make(map[look]int)}
	s.text = s.id(look{format: "@", side: "left", indent: 1}) // text, so that nothing is taken for a formula or a date
	s.integer = s.id(look{format: "0"})                       // General shows long numbers as 1.2E+11
	s.number = s.id(look{})
	s.date = s.id(look{format: "yyyy-mm-dd", side: "left", indent: 1})
	s.time = s.id(look{format: "yyyy-mm-dd hh:mm:ss.000", side: "left", indent: 1})
	return s
}

// id is the number of a style.
func (s *styles) id(l look) int {
	if id, found := s.made[l]; found || s.err != nil {
		return id
	}
	font := excelize.Font{Family: "Calibri", Bold: l.bold, Size: fontSize, Color: ink}
	if l.size > 0 {
		font.Size = l.size
	}
	if l.colour != "" {
		font.Color = l.colour
	}
	if l.mono {
		font.Family, font.Size = "Consolas", 10
	}
	style := &excelize.Style{Font: &font, Alignment: &excelize.Alignment{Horizontal: l.side, Vertical: l.level(), WrapText: l.wrap, Indent: l.indent}}
	if l.format != "" {
		style.CustomNumFmt = &l.format
	}
	if l.fill != "" {
		style.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.fill}}
	}
	if l.under {
		style.Border = []excelize.Border{{Type: "bottom", Color: line, Style: 1}}
	}
	id, err := s.file.NewStyle(style)
	if err != nil {
		s.err = err
		return 0
	}
	s.made[l] = id
	return id
}

// numberFormat shows so many decimals. The symbol of a verdict stands in the format, so
// that the cell remains a number.
func numberFormat(percent bool, decimals int, verdict string) string {
	format := "#,##0"
	if percent {
		format = "0"
	}
	if decimals > 0 {
		format += "." + strings.Repeat("0", decimals)
	}
	if percent {
		format += "%"
	}
	if mark, found := verdicts[verdict]; found {
		format = `"` + mark.symbol + `"` + format
	}
	return format
}
