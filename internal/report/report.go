// Package report says what a report shows. A [Page] is the model that every renderer
// draws: it holds each figure with its text, its interval and its verdict, so that
// renderers neither compute nor decide, and two of them never disagree.
//
// Sections come in kinds; the field of its kind is filled. Every kind but the texts can
// also be seen as rows and columns, a [Grid]: workbooks, CSV files and plain text draw
// that.
//
// The JSON form of a Page is the renderer json and the reference for tests: every number
// that a workbook or a page shows stands in it.
package report

import (
	"fmt"
	"time"

	"qosreport/internal/qos"
)

// Schema is the version of the JSON form. It changes when a field changes its meaning.
const Schema = 2

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

	location *time.Location
}

// Text is the window for people, with times of day where it does not hold whole days.
func (w Window) Text() string {
	first, last := w.FromDate, w.ToDate
	if w.location != nil && !(w.Whole(first) && w.Whole(last)) {
		return w.clockText()
	}
	if first == last {
		return first
	}
	return first + " to " + last
}

func (w Window) clockText() string {
	from, to := w.From.In(w.location).Format("15:04"), w.To.In(w.location).Format("15:04")
	if Day(w.Last(), w.Last(), w.location).To.Equal(w.To) {
		to = "24:00"
	}
	if w.FromDate == w.ToDate {
		return w.FromDate + " " + from + " to " + to
	}
	return w.FromDate + " " + from + " to " + w.ToDate + " " + to
}

// Param is a parameter that differs from its default.
type Param struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Verdict is a word and what decided it. The words are those of qos.Verdict. Incomplete
// data are told beside the word, not in place of it.
type Verdict struct {
	Word       string   `json:"word"`
	Sentence   string   `json:"sentence"`
	Incomplete []string `json:"incomplete,omitempty"` // limits of data quality that were passed
}

// IncompleteWord stands beside the verdict when a limit of data quality is passed.
const IncompleteWord = "data incomplete"

// Judged reports whether any measure decides over the report as a whole.
func (v Verdict) Judged() bool { return v.Word != qos.NotJudged.String() }

// Section is one block. The field of its kind is filled; definitions fills Terms, and
// provenance draws the page's own.
type Section struct {
	Name      string     `json:"name"`
	Title     string     `json:"title"`
	Kind      Kind       `json:"kind"`
	Notes     []string   `json:"notes,omitempty"` // whole sentences, shown below the section
	Tiles     []Tile     `json:"tiles,omitempty"`
	Findings  *Findings  `json:"findings,omitempty"`
	Heatmap   *Heatmap   `json:"heatmap,omitempty"`
	Ranking   *Ranking   `json:"ranking,omitempty"`
	Trend     *Trend     `json:"trend,omitempty"`
	Histogram *Histogram `json:"histogram,omitempty"`
	Table     *Table     `json:"table,omitempty"`
	Quality   *Quality   `json:"quality,omitempty"`
	Terms     []Term     `json:"terms,omitempty"`
}

// Kind says what a section shows.
type Kind string

// The kinds of sections.
const (
	KindKPI         Kind = "kpi"         // measures of the whole window as tiles
	KindFindings    Kind = "findings"    // what was unusual
	KindHeatmap     Kind = "heatmap"     // a measure by two dimensions
	KindRanking     Kind = "ranking"     // the members of a dimension, the worst first
	KindTrend       Kind = "trend"       // measures by day
	KindHistogram   Kind = "histogram"   // how values are distributed
	KindTable       Kind = "table"       // plain rows of a query
	KindQuality     Kind = "quality"     // what was wrong with the data
	KindDefinitions Kind = "definitions" // what the measures mean
	KindProvenance  Kind = "provenance"  // what the report was made of
)

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
	Instance   string    `json:"instance,omitempty"` // which installation made it
	Principal  string    `json:"principal,omitempty"`
	Options    []Param   `json:"options,omitempty"` // query options of the session
	Queries    []Query   `json:"queries"`
	Kept       []Kept    `json:"kept,omitempty"` // days that earlier runs had fetched
}

// Kept is days of a dataset whose states came from the store.
type Kept struct {
	Dataset      string    `json:"dataset"`
	Days         int       `json:"days"`
	FirstDay     string    `json:"first_day"`
	LastDay      string    `json:"last_day"`
	FirstFetched time.Time `json:"first_fetched"` // UTC
	LastFetched  time.Time `json:"last_fetched"`
	QueryIDs     []string  `json:"query_ids"`
}

// keptNotes say which days were not asked for again.
func (p Provenance) keptNotes() []string {
	const layout = "2006-01-02 15:04"
	var notes []string
	for _, k := range p.Kept {
		fetched := k.FirstFetched.Format(layout)
		if last := k.LastFetched.Format(layout); last != fetched {
			fetched += " to " + last
		}
		notes = append(notes, fmt.Sprintf("Of %s, %s from %s to %s came from the store, fetched %s UTC.", k.Dataset, plural(k.Days, "day", "days"), k.FirstDay, k.LastDay, fetched))
	}
	return notes
}

// Query is one statement that was run.
type Query struct {
	Dataset     string    `json:"dataset"`
	Days        string    `json:"days"` // report days that it fetched
	Coordinator string    `json:"coordinator"`
	QueryID     string    `json:"query_id"`
	Statement   string    `json:"statement"`
	SHA256      string    `json:"sha256"`  // of the statement
	Started     time.Time `json:"started"` // UTC
	Seconds     float64   `json:"seconds"`
	Rows        int64     `json:"rows"`
	Warnings    []string  `json:"warnings,omitempty"`
}
