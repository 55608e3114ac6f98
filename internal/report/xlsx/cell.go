package xlsx

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// exactInt and exactDigits are where Excel's numbers end: it shows and keeps 15 digits.
const (
	exactInt    = 999_999_999_999_999
	exactDigits = 15
)

// cell gives a value its type. What Excel would change (long integers and decimals, NaN,
// dates before 1900) is text; so is every text, whatever it begins with.
func (s *sheetWriter) cell(v *report.Value, d drawing) excelize.Cell {
	st := s.book.styles
	switch v.Kind {
	case query.CellNull:
		return s.missing(v, d)
	case query.CellInt:
		if v.Int > exactInt || v.Int < -exactInt {
			return excelize.Cell{StyleID: st.text, Value: strconv.FormatInt(v.Int, 10)}
		}
		return excelize.Cell{StyleID: s.numberStyle(v, d, st.integer), Value: v.Int}
	case query.CellNumber:
		if math.IsNaN(v.Num) || math.IsInf(v.Num, 0) {
			return excelize.Cell{StyleID: st.text, Value: strconv.FormatFloat(v.Num, 'g', -1, 64)}
		}
		return excelize.Cell{StyleID: s.numberStyle(v, d, st.number), Value: v.Num}
	case query.CellBool:
		return excelize.Cell{StyleID: st.number, Value: v.Int != 0}
	case query.CellTime:
		return s.time(v.Text)
	case query.CellDecimal:
		return s.decimal(v.Text)
	}
	switch {
	case v.Verdict != "":
		return s.word(v.Verdict, v.Text, 1)
	case d.rows:
		return excelize.Cell{StyleID: st.text, Value: text(v.Text)}
	case v.Text == "":
		return excelize.Cell{}
	}
	return excelize.Cell{StyleID: st.id(look{format: "@", side: "left", wrap: true, indent: 1}), Value: text(v.Text)}
}

// numberStyle is the style of a number: by its decimals, its verdict and its heat. Numbers
// of a query's rows have the plain one.
func (s *sheetWriter) numberStyle(v *report.Value, d drawing, plain int) int {
	if d.rows {
		return plain
	}
	verdict := v.Verdict
	if !d.marks || d.heat || verdict == "good" {
		verdict = "" // good is not worth a mark
	}
	decimals := v.Decimals
	if decimals == report.Plain {
		decimals = decimalsOf(v.Num)
	}
	l := look{colour: verdicts[verdict].colour, format: numberFormat(v.Percent, decimals, verdict)}
	if d.heat && v.Level >= 0 {
		level := levels[min(v.Level, len(levels)-1)]
		l.fill, l.colour, l.side = level.fill, level.ink, "center"
	}
	return s.book.styles.id(l)
}

// plainDigits is how many digits are shown of a number for which nobody says so. The cell
// holds them all.
const plainDigits = 4

// decimalsOf is how many decimals a number has in so many digits, without closing zeros.
func decimalsOf(v float64) int {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', plainDigits, 64), 64)
	if err != nil {
		return 0
	}
	_, fraction, _ := strings.Cut(strconv.FormatFloat(rounded, 'f', -1, 64), ".")
	return min(len(fraction), 30) // as many as Excel takes
}

// missing is the reason why there is no number, or nothing.
func (s *sheetWriter) missing(v *report.Value, d drawing) excelize.Cell {
	if d.gaps || v.Shown == "" {
		return excelize.Cell{}
	}
	l := look{colour: quiet, side: "right"}
	if d.heat {
		l.fill, l.side = shade, "center"
	}
	return excelize.Cell{StyleID: s.book.styles.id(l), Value: text(v.Shown)}
}

// time is a date of Excel where Excel has one: from 1900 on.
func (s *sheetWriter) time(value string) excelize.Cell {
	layout, style := "2006-01-02 15:04:05.999999999", s.book.styles.time
	if len(value) == len(query.DateLayout) {
		layout, style = query.DateLayout, s.book.styles.date
	}
	t, err := time.Parse(layout, value)
	if err != nil || t.Year() < 1900 {
		return excelize.Cell{StyleID: s.book.styles.text, Value: text(value)}
	}
	return excelize.Cell{StyleID: style, Value: t}
}

// decimal is a number with all its decimals, or a text when it has more digits than a
// number of Excel.
func (s *sheetWriter) decimal(value string) excelize.Cell {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(value, "-"), ".")
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || len(strings.TrimLeft(whole, "0"))+len(fraction) > exactDigits || strings.Trim(value, "-.0123456789") != "" {
		return excelize.Cell{StyleID: s.book.styles.text, Value: text(value)}
	}
	format := "0"
	if fraction != "" {
		format += "." + strings.Repeat("0", len(fraction))
	}
	return excelize.Cell{StyleID: s.book.styles.id(look{format: format}), Value: n}
}

// maxText is how many UTF-16 units a cell can hold; excelize would cut without a word.
const (
	maxText = 32_767
	cutMark = "… [cut]"
)

// text makes a text fit for a cell: valid UTF-8, no character that XML forbids, and a mark
// where it had to be cut. excelize escapes what Excel would take for an escape.
func text(value string) string {
	value = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(value, "\uFFFD"))
	if len(value) <= maxText {
		return value
	}
	units := utf16.Encode([]rune(value))
	if len(units) <= maxText {
		return value
	}
	return strings.TrimSuffix(string(utf16.Decode(units[:maxText-len(cutMark)])), "\uFFFD") + cutMark
}
