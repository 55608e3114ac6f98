package xlsx

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

// The colours of lines can be told apart by those who see no red or green.
var lineColours = [...]string{"0072B2", "D55E00", "009E73", "CC79A7", "E69F00", "56B4E9"}

const (
	barColour   = "8C96A0"
	chartWidth  = 760 // pixels
	chartRows   = 15
	chartHeight = chartRows * 18 // the library takes a row of 15 points for 18 pixels
	volumeShare = 3              // the bars of a volume take this part of the height, below the lines
)

// freely leaves it to the program how it turns the labels of an axis, so that they do not
// run together: the library takes an angle that there is not for that.
var freely = excelize.Alignment{TextRotation: 255}

// trendCharts draws the lines beside the days, one chart for each group of measures that
// can share an axis.
func (s *sheetWriter) trendCharts(section *report.Section, top int) error {
	t := section.Trend
	if len(t.Days) == 0 {
		return nil
	}
	groups := panels(t.Series)
	column := len(t.Series) + 3
	if t.Volume != nil {
		column++
	}
	for i, group := range groups {
		chart, combined, err := s.trendChart(section, group, top)
		if err != nil {
			return err
		}
		if len(groups) > 1 {
			chart.Title = chartTitle(labels(t.Series, group), 12)
		}
		if err := s.addChart(column, top+1+i*(chartRows+1), chart, combined...); err != nil {
			return err
		}
	}
	return s.pad(top + len(groups)*(chartRows+1))
}

func labels(all []report.Series, group panel) string {
	names := make([]string, len(group.series))
	for i, at := range group.series {
		names[i] = all[at].Label
	}
	return strings.Join(names, ", ")
}

// trendChart is the lines of one group over the volume. Days without data are gaps.
func (s *sheetWriter) trendChart(section *report.Section, group panel, top int) (*excelize.Chart, []*excelize.Chart, error) {
	t := section.Trend
	head := t.Series[group.series[0]].Head
	title := head.Unit
	switch {
	case len(group.series) == 1:
		title = unitLabel(head.Label, head.Unit)
	case head.Percent:
		title = "Share"
	}
	chart := baseChart(excelize.Line, section.Title)
	chart.Format.AltText = alternative(t, group)
	chart.XAxis = excelize.ChartAxis{Font: chartFont(9), Alignment: freely, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "mm-dd"}, Title: chartTitle("Day", 10), TickLabelSkip: labelSkip(len(t.Days))}
	chart.YAxis = group.axis.options(title, numberFormat(head.Percent, group.axis.decimals(head.Percent), ""))
	chart.YAxis.MajorGridLines = true
	for _, at := range group.series {
		series, err := s.series(at+2, top, len(t.Days))
		if err != nil {
			return nil, nil, err
		}
		fill := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{lineColours[at%len(lineColours)]}}
		series.Fill, series.Line = fill, excelize.LineOptions{Type: excelize.LineSolid, Width: 2}
		series.Marker = excelize.ChartMarker{Symbol: "circle", Size: 5, Fill: fill}
		chart.Series = append(chart.Series, series)
	}
	if t.Volume == nil {
		return chart, nil, nil
	}
	_, high, found := bounds(t.Volume.Points)
	if !found || high <= 0 {
		return chart, nil, nil
	}
	volume, err := s.volume(t, newAxis(0, high*volumeShare), top)
	return chart, []*excelize.Chart{volume}, err
}

// volume is the columns on the second axis. Excel draws them above the lines; so they are
// low and let the lines through.
func (s *sheetWriter) volume(t *report.Trend, a axis, top int) (*excelize.Chart, error) {
	chart := baseChart(excelize.Col, "")
	series, err := s.series(len(t.Series)+2, top, len(t.Days))
	series.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{barColour}, Transparency: 60}
	chart.Series = []excelize.ChartSeries{series}
	chart.YAxis = a.options(unitLabel(t.Volume.Label, t.Volume.Unit), numberFormat(false, a.decimals(false), ""))
	chart.YAxis.Secondary = true
	return chart, err
}

// histogramChart draws the bars beside their bounds, and what lies outside below them.
func (s *sheetWriter) histogramChart(section *report.Section, top int) error {
	h := section.Histogram
	bottom := s.row
	if err := s.pad(s.row + 1); err != nil {
		return err
	}
	for _, n := range []struct {
		label string
		n     float64
		shown bool
	}{{"Values", h.N, true}, {"Below the first bar", h.Below, h.Below > 0}, {"Above the last bar", h.Above, h.Above > 0}, {"Not finite", h.NotFinite, h.NotFinite > 0}} {
		if !n.shown {
			continue
		}
		if err := s.fact(n.label, s.count(n.n)); err != nil {
			return err
		}
	}
	for i, q := range h.Quantiles {
		label := ""
		if i < len(h.Labels) {
			label = h.Labels[i]
		}
		if err := s.fact(label, s.figure(q)); err != nil {
			return err
		}
	}
	most := 0.0
	for _, b := range h.Bars {
		most = max(most, b.N)
	}
	if bottom-top != len(h.Bars) || most == 0 {
		return nil
	}
	label := unitLabel(h.Label, h.Unit)
	chart := baseChart(excelize.Col, section.Title)
	chart.Format.AltText = text(fmt.Sprintf("Columns: how %s is distributed, %s values in %d bars from %g to %g.",
		label, report.FormatNumber(h.N, 0), len(h.Bars), h.Bars[0].Low, h.Bars[len(h.Bars)-1].High))
	chart.XAxis = excelize.ChartAxis{Font: chartFont(9), Alignment: freely, NumFmt: excelize.ChartNumFmt{CustomNumFmt: boundFormat(h)}, Title: chartTitle(label+", from", 10), TickLabelSkip: labelSkip(len(h.Bars))}
	a := newAxis(0, most)
	chart.YAxis = a.options("Number", numberFormat(false, a.decimals(false), ""))
	chart.YAxis.MajorGridLines = true
	chart.Legend.Position = "none"
	series, err := s.series(3, top, len(h.Bars))
	if err != nil {
		return err
	}
	series.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{lineColours[0]}}
	chart.Series = []excelize.ChartSeries{series}
	if err := s.addChart(5, top+1, chart); err != nil {
		return err
	}
	return s.pad(top + 1 + chartRows)
}

// boundFormat shows the bounds of bars with the decimals of their width, or of their size
// where that grows.
func boundFormat(h *report.Histogram) string {
	if h.Log {
		return "[<1]0.00;[<10]0.0;#,##0"
	}
	return numberFormat(false, decimalsOf(h.Bars[0].High-h.Bars[0].Low), "")
}

// labelSkip is every how manyth category has a label, so that they do not run together.
func labelSkip(categories int) int { return max(1, (categories+13)/14) }

func unitLabel(label, unit string) string {
	if unit == "" {
		return label
	}
	return label + " (" + unit + ")"
}

func baseChart(kind excelize.ChartType, title string) *excelize.Chart {
	gap, legend, one := uint(25), chartFont(9), false
	return &excelize.Chart{
		Type: kind, Title: chartTitle(title, 12), ShowBlanksAs: "gap", GapWidth: &gap, VaryColors: &one,
		Dimension: excelize.ChartDimension{Width: chartWidth, Height: chartHeight},
		Legend:    excelize.ChartLegend{Position: "bottom", Font: &legend},
	}
}

// series refers to the cells of a column of a grid, its header and its first column.
func (s *sheetWriter) series(column, header, rows int) (excelize.ChartSeries, error) {
	name, err := s.area(column, header, header)
	if err != nil {
		return excelize.ChartSeries{}, err
	}
	categories, err := s.area(1, header+1, header+rows)
	if err != nil {
		return excelize.ChartSeries{}, err
	}
	values, err := s.area(column, header+1, header+rows)
	return excelize.ChartSeries{Name: name, Categories: categories, Values: values}, err
}

func (s *sheetWriter) addChart(column, row int, chart *excelize.Chart, combined ...*excelize.Chart) error {
	at, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	return s.book.file.AddChart(s.name, at, chart, combined...)
}

// pad writes empty rows beside a chart that is longer than its grid.
func (s *sheetWriter) pad(to int) error {
	for s.row < to {
		if err := s.write(nil, rowHeight); err != nil {
			return err
		}
	}
	return nil
}

// alternative says in words what the chart shows.
func alternative(t *report.Trend, group panel) string {
	parts := make([]string, len(group.series))
	for i, at := range group.series {
		last := "no data"
		if points := t.Series[at].Points; len(points) > 0 {
			last = points[len(points)-1].Text
		}
		parts[i] = t.Series[at].Label + " (last: " + last + ")"
	}
	return text(fmt.Sprintf("Lines by day from %s to %s: %s.", t.Days[0], t.Days[len(t.Days)-1], strings.Join(parts, ", ")))
}
