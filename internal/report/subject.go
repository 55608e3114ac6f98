package report

import "qosreport/internal/definition"

// Subject is what the subject of the report's mail can tell.
func (p *Page) Subject() definition.SubjectData {
	data := definition.SubjectData{Verdict: p.Verdict.Word, Title: p.Title, Date: p.Window.Text(), Measures: make(map[string]string)}
	if len(p.Verdict.Incomplete) > 0 {
		data.Verdict += ", " + IncompleteWord
	}
	for _, s := range p.Sections {
		for _, t := range s.Tiles {
			data.Measures[t.Measure] = t.Figure.Text
		}
	}
	return data
}
