package xlsx

import (
	"strings"

	"github.com/xuri/excelize/v2"
)

// styles are made once: a workbook with thousands of styles opens slowly.
type styles struct {
	file    *excelize.File
	title   int
	quiet   int
	header  int
	text    int
	integer int
	number  int
	date    int
	time    int
	verdict map[string]int
	figure  map[string]int // by number format
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
	s.title = add(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	s.quiet = add(&excelize.Style{Font: &excelize.Font{Color: "57606A"}})
	s.header = add(&excelize.Style{
		Font:      &excelize.Font{Bold: true},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EAEEF2"}},
		Border:    line,
		Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
	})
	s.text = add(&excelize.Style{NumFmt: 49}) // text, so that nothing is taken for a formula or a date
	s.integer = add(&excelize.Style{NumFmt: 3})
	s.number = add(&excelize.Style{NumFmt: 0})
	s.date = add(&excelize.Style{CustomNumFmt: &iso})
	s.time = add(&excelize.Style{CustomNumFmt: &isoTime})
	for word, colour := range map[string]string{"good": "1A7F37", "watch": "9A6700", "breach": "CF222E"} {
		s.verdict[word] = add(&excelize.Style{Font: &excelize.Font{Bold: true, Color: colour}})
	}
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
