package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// define reads a definition whose text begins below the line version.
func define(t testing.TB, text string) *definition.Definition {
	t.Helper()
	files := fstest.MapFS{"r/voice.yaml": {Data: []byte("version: 1\ntitle: Voice\n" + text)}, "q/s.sql": {Data: []byte("SELECT 1")}}
	templates, err := query.LoadTemplates(files, "q")
	if err != nil {
		t.Fatal(err)
	}
	d, err := definition.Load(files, "r", "voice", templates)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// in is the window of the days from and to of a zone.
func in(t testing.TB, zone, from, to string) Window {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return Day(date(from), date(to), location)
}

const tuesday = "2017-09-12"

// back is the day so many days before the Tuesday.
func back(days int) string { return date(tuesday).AddDate(0, 0, -days).Format(query.DateLayout) }

// stated is a table of the named dimensions and sums. In a row, dimensions are texts,
// integers or nil, and sums are numbers.
func stated(dimensions, sums string, rows ...[]any) *qos.Table {
	t := &qos.Table{Dimensions: strings.Fields(dimensions), Sums: strings.Fields(sums)}
	for _, row := range rows {
		s := qos.State{}
		for i, v := range row {
			if i < len(t.Dimensions) {
				s.Key = append(s.Key, asMember(v))
				continue
			}
			var n float64
			if _, err := fmt.Sscan(fmt.Sprint(v), &n); err != nil {
				n = math.NaN()
			}
			s.Sums = append(s.Sums, n)
		}
		t.States = append(t.States, s)
	}
	return t
}

func asMember(v any) qos.Member {
	switch v := v.(type) {
	case nil:
		return qos.Null()
	case int:
		return qos.Number(int64(v))
	}
	return qos.Text(v.(string))
}

// page builds, and sees that what was built can be written.
func page(t testing.TB, d *definition.Definition, w Window, states map[string]*qos.Table) *Page {
	t.Helper()
	p, err := Build(Input{Definition: d, Window: w, States: states})
	if err != nil {
		t.Fatal(err)
	}
	if err := JSON(new(bytes.Buffer), p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *Page) named(name string) *Section { return &p.Pick([]string{name})[0] }

// lineUp is a grid's rows as programs read them, with | between the values.
func lineUp(t testing.TB, g *Grid) (lines []string) {
	t.Helper()
	err := g.Each(func(values []Value) error {
		if len(values) != len(g.Columns) {
			t.Errorf("%d values in %d columns", len(values), len(g.Columns))
		}
		var cells []string
		for _, v := range values {
			cells = append(cells, string(appendRecord(nil, v.Cell)))
		}
		lines = append(lines, strings.Join(cells, "|"))
		return nil
	})
	if err != nil || len(lines) != g.Len() {
		t.Errorf("%d rows of %d, %v", len(lines), g.Len(), err)
	}
	return lines
}
