// Package report says what a report shows. A [Page] is the model that every renderer
// draws: it holds each figure with its text, its interval and its verdict, so that
// renderers neither compute nor decide, and two of them never disagree.
//
// The JSON form of a Page is the renderer json and the reference for tests: every number
// that a workbook or a page shows stands in it.
package report

import (
	"time"

	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// Schema is the version of the JSON form. It changes when a field changes its meaning.
const Schema = 1

// Page is a whole report.
type Page struct {
	Schema     int        `json:"schema"`
	Report     string     `json:"report"` // name of the definition
	Title      string     `json:"title"`
	Window     Window     `json:"window"`
	Params     []Param    `json:"params,omitempty"`
	Verdict    Verdict    `json:"verdict"`
	Sections   []Section  `json:"sections"`
	Provenance Provenance `json:"provenance"`
}

// Window is the time that the report covers.
type Window struct {
	FromDate string    `json:"from_date"` // first report day, 2017-09-12
	ToDate   string    `json:"to_date"`   // last report day, inclusive
	From     time.Time `json:"from"`      // exact, UTC
	To       time.Time `json:"to"`        // exclusive
	Zone     string    `json:"zone"`
}

// Text is the window for people.
func (w Window) Text() string {
	if w.FromDate == w.ToDate {
		return w.FromDate
	}
	return w.FromDate + " to " + w.ToDate
}

// Param is a parameter that differs from its default.
type Param struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Verdict is a word and what decided it. The words are those of qos.Verdict.
type Verdict struct {
	Word     string `json:"word"`
	Sentence string `json:"sentence"`
}

// Judged reports whether any measure decides over the report as a whole.
func (v Verdict) Judged() bool { return v.Word != qos.NotJudged.String() }

// Section is one block. The field of its kind is filled.
type Section struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Kind  string `json:"kind"` // kpi | table
	Tiles []Tile `json:"tiles,omitempty"`
	Table *Table `json:"table,omitempty"`
}

// The kinds of sections.
const (
	KindKPI   = "kpi"
	KindTable = "table"
)

// Tile is one measure for the whole window.
type Tile struct {
	Measure string `json:"measure"`
	Kind    string `json:"kind"` // sum | ratio | mean
	Label   string `json:"label"`
	Unit    string `json:"unit,omitempty"`
	Figure
	Verdict    string   `json:"verdict,omitempty"` // absent when the measure has no limits
	Better     string   `json:"better,omitempty"`
	Good       *float64 `json:"good,omitempty"`
	Acceptable *float64 `json:"acceptable,omitempty"`
	Limits     string   `json:"limits,omitempty"` // the limits as text
}

// Counted reports whether the figure stands on a number of items that is worth showing;
// a sum is its own.
func (t Tile) Counted() bool { return t.Kind != string(qos.Sum) }

// Figure is a number as it is computed and as it is shown.
type Figure struct {
	Value    *float64 `json:"value"` // null: nothing to divide by; a ratio is 0 to 1
	N        float64  `json:"n"`     // items that a ratio or mean stands on; 0 for a sum
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"`
	Percent  bool     `json:"percent,omitempty"`
	Decimals int      `json:"decimals"`
	Text     string   `json:"text"`               // with its unit
	Interval string   `json:"interval,omitempty"` // 95 %, as text
}

// Table is plain rows of a query.
type Table struct {
	Columns []Column `json:"columns"`
	Rows    RowSet   `json:"rows"`
}

// Column is one column of a table.
type Column struct {
	Name string      `json:"name"`
	Type string      `json:"type"` // as SQL writes it
	ID   wire.TypeID `json:"-"`
}

// Numeric reports whether the column holds numbers.
func (c Column) Numeric() bool {
	switch c.ID {
	case wire.TinyInt, wire.SmallInt, wire.Int, wire.BigInt, wire.Float, wire.Double, wire.Decimal:
		return true
	}
	return false
}

// RowSet is rows that can be read any number of times.
type RowSet interface {
	Each(row func(cells []query.Cell) error) error
	Len() int
}

// Pick gives the named sections in the order of the names, or all when none is named.
func (p *Page) Pick(names []string) []Section {
	if len(names) == 0 {
		return p.Sections
	}
	var picked []Section
	for _, name := range names {
		for _, s := range p.Sections {
			if s.Name == name {
				picked = append(picked, s)
			}
		}
	}
	return picked
}

// Provenance says what the report was made of.
type Provenance struct {
	Program    string    `json:"program"`    // version of the binary
	Definition string    `json:"definition"` // SHA-256 of the report's file
	Generated  time.Time `json:"generated"`  // UTC
	Run        string    `json:"run"`
	Principal  string    `json:"principal,omitempty"`
	Queries    []Query   `json:"queries"`
}

// Query is one statement that was run.
type Query struct {
	Dataset     string    `json:"dataset"`
	Coordinator string    `json:"coordinator"`
	QueryID     string    `json:"query_id"`
	Statement   string    `json:"statement"`
	Started     time.Time `json:"started"` // UTC
	Seconds     float64   `json:"seconds"`
	Rows        int64     `json:"rows"`
	Warnings    []string  `json:"warnings,omitempty"`
}
