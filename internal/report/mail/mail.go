// Package mail draws a report as the two bodies of a message: HTML for the programs that
// show it, text for those that do not. Both are drawn from one list of blocks, so that
// they say the same.
//
// Mail programs know little HTML: the page is made of tables, every style stands at its
// element, and nothing is loaded from elsewhere. What is longer than a mail should be
// is cut, with a sentence that names the file that has all of it; the HTML stays below
// the size at which mail programs clip.
//
// Every text of the model passes [clean] before it becomes part of a block: it is one
// line, of a bounded length, without characters that act.
package mail

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// Options say what a mail shows and what goes with it.
type Options struct {
	Sections []string // names, in order; all when empty, as in [report.Page.Pick]
	Remarks  []string // whole sentences for below the verdict, such as that the mail is late
	Attached []string // names of the files that go with the mail
	Left     []string // paths of the files that were too large to attach
}

// Bounds of what a mail shows. With all of them reached at once and every character
// escaped, what cannot be left out of the HTML still fits.
const (
	maxSections = 40
	maxRows     = 20 // of rankings, of a query, of findings
	maxLines    = 60 // of what is short by its nature
	maxDays     = 31 // of a trend, the last ones
	maxEntries  = 8  // of lists beside the verdict and below the mail

	cellLength     = 80 // characters
	sentenceLength = 600
	entryLength    = 240
)

// clean makes a text of the model fit for a mail: one line, nothing that acts, and at
// most so many characters, of which the last tells that there were more.
func clean(text string, most int) string {
	text = query.Printable(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n++; n == most {
			return strings.TrimRight(text[:i], " ") + "…"
		}
	}
	return text
}

// entries are the first of a list of texts, and how many more there are.
func entries(texts []string) []string {
	var out []string
	for i, text := range texts {
		if i == maxEntries {
			return append(out, fmt.Sprintf("and %s more", count(len(texts)-i)))
		}
		out = append(out, clean(text, entryLength))
	}
	return out
}

// where names the file that has what the mail leaves out; "" without one. The workbook
// is the first choice, for it has every row.
func (o Options) where() string {
	choice := ""
	for _, name := range o.Attached {
		if choice == "" || strings.HasSuffix(name, ".xlsx") && !strings.HasSuffix(choice, ".xlsx") {
			choice = name
		}
	}
	switch {
	case choice != "":
		return "the attached " + clean(choice, cellLength)
	case len(o.Left) > 0:
		return clean(filepath.Base(o.Left[0]), cellLength) + ", which was too large to attach"
	}
	return ""
}

// tooLong stands in place of a section that does not fit.
func (o Options) tooLong() string {
	if where := o.where(); where != "" {
		return "This section is too long for a mail: see " + where + "."
	}
	return "This section is too long for a mail."
}

// cut says that some of something are shown, like "the first 20 of 100 rows"; "" when
// all are.
func (o Options) cut(which string, shown, all int, what string) string {
	if shown >= all {
		return ""
	}
	text := fmt.Sprintf("The %s %s of %s %s are shown", which, count(shown), count(all), what)
	if where := o.where(); where != "" {
		return text + "; all are in " + where + "."
	}
	return text + "."
}

func count(n int) string { return report.FormatNumber(float64(n), 0) }
