package mail

import (
	"strings"
	"time"

	"qosreport/internal/report"
)

// body is what a mail says, in clean texts.
type body struct {
	Title      string
	Window     string
	Zone       string
	Params     string
	Preview    string // what a list of mails shows beside the subject
	Word       string // of the verdict; "" without one
	Sentence   string
	Incomplete []string
	Remarks    []string
	Sections   []section
	Facts      []fact // below the mail
}

// section is a heading and what stands below it.
type section struct {
	Title   string
	Blocks  []block
	TooLong string // stands in place of the blocks when they do not fit
}

// block is one of its fields.
type block struct {
	Text     string // a sentence
	Quiet    bool   // of the sentence: a note
	Warning  bool   // of the sentence
	Tiles    []tile
	Findings []finding
	Grid     *grid
	Facts    []fact
}

// fact is a text with its name. One without a name belongs to that above it.
type fact struct{ Name, Text string }

func newBody(p *report.Page, o Options) (*body, error) {
	b := &body{
		Title:      clean(p.Title, cellLength),
		Window:     clean(p.Window.Text(), cellLength),
		Zone:       clean(p.Window.Zone, cellLength),
		Params:     clean(params(p.Params), 2*entryLength),
		Incomplete: entries(p.Verdict.Incomplete),
		Remarks:    entries(o.Remarks),
		Facts:      footer(p, o),
	}
	if p.Verdict.Judged() {
		b.Word, b.Sentence = clean(p.Verdict.Word, cellLength), clean(p.Verdict.Sentence, sentenceLength)
	}
	b.Preview = clean(b.preview(), entryLength)
	picked := p.Pick(o.Sections)
	for _, s := range picked[:min(len(picked), maxSections)] {
		d := drafter{Options: o, page: p}
		drawn, err := d.section(s)
		if err != nil {
			return nil, err
		}
		b.Sections = append(b.Sections, drawn)
	}
	if text := o.cut("first", maxSections, len(picked), "sections"); text != "" {
		b.Sections = append(b.Sections, section{Title: "Further sections", Blocks: []block{{Text: text}}, TooLong: text})
	}
	return b, nil
}

// preview is the verdict as one sentence.
func (b *body) preview() string {
	text := b.Title + ", " + b.Window
	if b.Word != "" {
		text = report.Sentence(b.Word) + ": " + b.Sentence
	}
	if len(b.Incomplete) > 0 {
		text = report.Sentence(report.IncompleteWord) + ". " + text
	}
	return text
}

// footer says who made the mail, when, and of what.
func footer(p *report.Page, o Options) []fact {
	of := p.Provenance
	made := instant(of.Generated) + " by qosreport " + clean(of.Program, cellLength) + ", run " + clean(of.Run, cellLength)
	if of.Instance != "" {
		made += ", instance " + clean(of.Instance, cellLength)
	}
	facts := []fact{
		{"Window", clean(p.Window.Text(), cellLength) + ", " + clean(p.Window.Zone, cellLength) + ": " + instant(p.Window.From) + " to " + instant(p.Window.To) + ", exclusive"},
		{"Report", clean(p.Report, cellLength) + ", definition SHA-256 " + short(of.Definition)},
		{"Generated", made},
	}
	if len(o.Attached) > 0 {
		facts = append(facts, fact{"Attached", strings.Join(names(o.Attached), ", ")})
	}
	for i, path := range entries(o.Left) {
		name := "Too large to attach"
		if i > 0 {
			name = ""
		}
		facts = append(facts, fact{name, path})
	}
	return facts
}

// names are file names, which are shorter than entries of other lists.
func names(all []string) []string {
	out := entries(all)
	for i, name := range out {
		out[i] = clean(name, cellLength)
	}
	return out
}

func params(all []report.Param) string {
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = p.Name + " = " + strings.Join(p.Values, ", ")
	}
	return strings.Join(texts, "; ")
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// short is enough of a checksum to tell two definitions apart.
func short(checksum string) string {
	const enough = 12
	if len(checksum) > enough {
		checksum = checksum[:enough]
	}
	return clean(checksum, cellLength)
}
