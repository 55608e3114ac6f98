package definition

import (
	"fmt"
	"strings"
	"text/template"

	"qosreport/internal/fault"
)

// SubjectData is what a subject's template is given.
type SubjectData struct {
	Verdict  string            // good, watch, breach; with "data incomplete" where it is
	Title    string            // of the report
	Date     string            // the window
	Measures map[string]string // the figures of kpi sections as text, by measure
}

const defaultSubject = "[{{.Verdict}}] {{.Title}} {{.Date}}"

func subjectTemplate(text string) (*template.Template, error) {
	if text == "" {
		text = defaultSubject
	}
	return template.New("subject").Option("missingkey=error").Parse(text)
}

// MakeSubject renders the subject of the report's mail on one line.
func (d *Definition) MakeSubject(data SubjectData) (string, error) {
	text := ""
	if d.Email != nil {
		text = d.Email.Subject
	}
	t, err := subjectTemplate(text)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("email.subject: %w", err))
	}
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return "", fault.Advise(fault.New(fault.Usage, 0, fmt.Errorf("email.subject: %w", err)), "its fields are .Verdict, .Title, .Date and .Measures.NAME of a measure that a kpi section shows")
	}
	return strings.Join(strings.Fields(out.String()), " "), nil
}
