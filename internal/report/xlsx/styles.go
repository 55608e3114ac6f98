package xlsx

import (
	"strings"

	"github.com/xuri/excelize/v2"
)

// styles are made once: a workbook with thousands of styles opens slowly.
type styles struct {
	file         *excelize.File
	title        int
	quiet        int
	header       int
	numberHeader int
	text         int
	integer      int
	number       int
	date         int
	time         int
	verdict      map[string]int
	figure       map[string]int // by number format
}

func newStyles(f *excelize.File) (styles, error) {
	s := styles{file: f, verdict: make(map[string]int), figure: make(map[string]int)}
	line := []excelize.Border{{Type: "bottom", Color: "D0D7DE", Style: 1}}
	iso, isoTime := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss.000"
	var err error
	add := func(style *excelize.Style) int {
		if err != nil {
			return 0
		}
		var id int
		id, err = f.NewStyle(style)
		return id
	}
	font := func(bold bool, size float64, colour string) *excelize.Font {
		return &excelize.Font{Family: "Calibri", Bold: bold, Size: size, Color: colour}
	}
	s.title = add(&excelize.Style{Font: font(true, 14, "1B1F24")})
	s.quiet = add(&excelize.Style{Font: font(false, 11, "57606A")})
	header := func(side string) *excelize.Style {
		return &excelize.Style{
			Font:      font(true, 11, "1B1F24"),
			Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EAEEF2"}},
			Border:    line,
			Alignment: &excelize.Alignment{Horizontal: side, Vertical: "center", WrapText: true},
		}
	}
	s.header, s.numberHeader = add(header("left")), add(header("right"))
	left := &excelize.Alignment{Horizontal: "left"}
	s.text = add(&excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{Horizontal: "left", Indent: 1}}) // text, so that nothing is taken for a formula or a date
	s.integer = add(&excelize.Style{NumFmt: 3})
	s.number = add(&excelize.Style{NumFmt: 0})
	s.date = add(&excelize.Style{CustomNumFmt: &iso, Alignment: left})
	s.time = add(&excelize.Style{CustomNumFmt: &isoTime, Alignment: left})
	// In a fixed order: the number of a style is part of the file's bytes.
	s.verdict["good"] = add(&excelize.Style{Font: font(true, 11, "1A7F37")})
	s.verdict["watch"] = add(&excelize.Style{Font: font(true, 11, "9A6700")})
	s.verdict["breach"] = add(&excelize.Style{Font: font(true, 11, "CF222E")})
	return s, err
}

// forFigure is the style of a number with so many decimals.
func (s *styles) forFigure(percent bool, decimals int) (int, error) {
	format := "#,##0"
	if decimals > 0 {
		format += "." + strings.Repeat("0", decimals)
	}
	if percent {
		format = strings.TrimPrefix(format, "#,##") + "%"
	}
	if id, found := s.figure[format]; found {
		return id, nil
	}
	id, err := s.file.NewStyle(&excelize.Style{CustomNumFmt: &format})
	s.figure[format] = id
	return id, err
}
