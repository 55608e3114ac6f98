package xlsx

import (
	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

// legend says what the colours of a heat map mean.
func (s *sheetWriter) legend(h *report.Head) error {
	words := [len(levels)]string{"best", "", "", "", "worst"}
	if h.Good != nil || h.Acceptable != nil {
		words = [len(levels)]string{"good", "acceptable", "beyond", "further", "furthest"}
	}
	s.row++
	label := h.Label
	if h.Limits != "" {
		label += ": " + h.Limits
	}
	if err := s.sentence("", label, look{colour: quiet}); err != nil {
		return err
	}
	for i, level := range levels {
		if words[i] == "" {
			continue
		}
		if err := s.legendLine(look{fill: level.fill, colour: level.ink}, words[i]); err != nil {
			return err
		}
	}
	if err := s.legendLine(look{fill: shade, colour: quiet}, "too few items"); err != nil {
		return err
	}
	return s.legendLine(look{colour: quiet}, "blank: no row")
}

func (s *sheetWriter) legendLine(l look, words string) error {
	return s.write([]any{excelize.Cell{StyleID: s.book.styles.id(l), Value: words}}, 0)
}
