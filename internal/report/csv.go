package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"qosreport/internal/query"
)

// Records is the section as rows for programs: what [Section.Grid] gives, but a heat map
// has one row a cell, and a ratio, whose value is 0 to 1, is not called a percentage. It
// is nil where the section has no rows to compute with.
func (s *Section) Records() *Grid {
	switch s.Kind {
	case KindKPI:
		return tileGrid(s.Tiles, func(h Head) string { return h.Unit })
	case KindHeatmap:
		return s.Heatmap.records()
	case KindDefinitions, KindProvenance:
		return nil
	}
	return s.Grid()
}

func (h *Heatmap) records() *Grid {
	columns := []GridColumn{textColumn("", h.RowDim), textColumn("", h.ColDim), headColumn(h.Head), numberColumn("", "n"), textColumn("", "verdict")}
	var rows [][]Value
	for _, r := range h.Rows {
		for i, c := range r.Cells {
			if c.Empty {
				continue
			}
			n := textValue("")
			if h.Head.counted() {
				n = countValue(c.N)
			}
			rows = append(rows, []Value{textValue(r.Member), textValue(h.Columns[i]), figureValue(c.Figure), n, textValue(c.Verdict)})
		}
	}
	return lines(columns, "", rows)
}

// CSV writes a grid as RFC 4180 has it: numbers with all their digits and without units,
// percentages from 0 to 1, nothing where nothing is known. A text that a spreadsheet would
// take for a formula begins with an apostrophe.
func CSV(w io.Writer, g *Grid) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	for i, key := range uniqueKeys(g.Columns) {
		if i > 0 {
			line = append(line, ',')
		}
		line = query.AppendCSV(line, []byte(inert(key)))
	}
	if _, err := out.Write(append(line, '\r', '\n')); err != nil {
		return err
	}
	err := g.Each(func(values []Value) error {
		line = line[:0]
		for i, v := range values {
			if i > 0 {
				line = append(line, ',')
			}
			line = appendRecord(line, v.Cell)
		}
		_, err := out.Write(append(line, '\r', '\n'))
		return err
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// uniqueKeys are the keys of the columns. A measure may be called n, too: the later column
// of a name is n_2 then, for a program that reads columns by name.
func uniqueKeys(columns []GridColumn) []string {
	keys, seen := make([]string, len(columns)), make(map[string]bool)
	for i, c := range columns {
		keys[i] = c.Key
		for again := 2; seen[keys[i]]; again++ {
			keys[i] = fmt.Sprintf("%s_%d", c.Key, again)
		}
		seen[keys[i]] = true
	}
	return keys
}

func appendRecord(line []byte, c query.Cell) []byte {
	switch c.Kind {
	case query.CellNull:
		return line
	case query.CellInt:
		return strconv.AppendInt(line, c.Int, 10)
	case query.CellBool:
		return strconv.AppendBool(line, c.Int != 0)
	case query.CellNumber:
		if math.IsInf(c.Num, 0) || math.IsNaN(c.Num) {
			return query.AppendCSV(line, []byte(jsonValue(c).(string)))
		}
		return strconv.AppendFloat(line, c.Num, 'f', -1, 64)
	case query.CellDecimal, query.CellTime: // a negative number is no formula
		return query.AppendCSV(line, []byte(c.Text))
	}
	return query.AppendCSV(line, []byte(inert(strings.ToValidUTF8(c.Text, "\uFFFD"))))
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
