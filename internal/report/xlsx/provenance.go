package xlsx

import (
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

// provenance says what the report was made of.
func (s *sheetWriter) provenance() error {
	p := s.book.page
	of := p.Provenance
	facts := [][2]string{
		{"Report", p.Report},
		{"Window", p.Window.Text() + " " + p.Window.Zone},
		{"From", instant(p.Window.From)},
		{"To, exclusive", instant(p.Window.To)},
	}
	for _, param := range p.Params {
		facts = append(facts, [2]string{"Parameter " + param.Name, strings.Join(param.Values, ", ")})
	}
	facts = append(facts, [][2]string{
		{"Generated", instant(of.Generated)},
		{"Program", of.Program},
		{"Definition, SHA-256", of.Definition},
		{"Run", of.Run},
		{"Instance", of.Instance},
		{"Principal", of.Principal},
	}...)
	for _, option := range of.Options {
		facts = append(facts, [2]string{"Option " + option.Name, strings.Join(option.Values, ", ")})
	}
	if err := s.texts(facts); err != nil {
		return err
	}
	for i := range of.Queries {
		s.row++
		if err := s.query(&of.Queries[i]); err != nil {
			return err
		}
	}
	return nil
}

// query is one statement: where and when it ran, and its text, a line a row, so that it
// can be read in print and copied.
func (s *sheetWriter) query(q *report.Query) error {
	if err := s.sentence("", "Query "+q.Dataset, look{bold: true}); err != nil {
		return err
	}
	facts := [][2]string{{"Days", q.Days}, {"Coordinator", q.Coordinator}, {"Query id", q.QueryID}, {"Started", instant(q.Started)}}
	if err := s.texts(facts); err != nil {
		return err
	}
	seconds := excelize.Cell{StyleID: s.book.styles.id(look{format: "0.000", side: "left"}), Value: q.Seconds}
	if err := s.fact("Seconds", seconds); err != nil {
		return err
	}
	rows := excelize.Cell{StyleID: s.book.styles.id(look{format: "#,##0", side: "left"}), Value: q.Rows}
	if q.Rows > exactInt {
		rows.Value = strconv.FormatInt(q.Rows, 10)
	}
	if err := s.fact("Rows", rows); err != nil {
		return err
	}
	for _, warning := range q.Warnings {
		if err := s.texts([][2]string{{"Warning", warning}}); err != nil {
			return err
		}
	}
	if err := s.texts([][2]string{{"Statement, SHA-256", q.SHA256}}); err != nil {
		return err
	}
	return s.statement(q.Statement)
}

func (s *sheetWriter) statement(statement string) error {
	l := look{format: "@", mono: true, wrap: true, side: "left", top: true}
	style := s.book.styles.id(l)
	label := any(excelize.Cell{StyleID: s.book.styles.id(look{colour: quiet, top: true}), Value: "Statement"})
	for line := range strings.Lines(strings.TrimRight(statement, "\n")) {
		line = strings.TrimRight(line, "\r\n")
		if err := s.merged([]any{label, excelize.Cell{StyleID: style, Value: text(line)}}, 2, line, l); err != nil {
			return err
		}
		label = nil
	}
	return nil
}

// texts writes labels and texts; what is not known has no line.
func (s *sheetWriter) texts(facts [][2]string) error {
	label := s.book.styles.id(look{colour: quiet, top: true})
	l := look{format: "@", wrap: true, side: "left", top: true}
	value := s.book.styles.id(l)
	for _, f := range facts {
		if f[1] == "" {
			continue
		}
		cells := []any{excelize.Cell{StyleID: label, Value: text(f[0])}, excelize.Cell{StyleID: value, Value: text(f[1])}}
		if err := s.merged(cells, 2, f[1], l); err != nil {
			return err
		}
	}
	return nil
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
