package definition

import (
	"cmp"
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

// Mailed is the report with another mail: what over names takes the place of the report's,
// the three lists of readers together. An error tells the key of the mail that it is about.
func (d *Definition) Mailed(over Email) (*Definition, error) {
	mail := Email{}
	if d.Email != nil {
		mail = *d.Email
	}
	if over.To != nil || over.CC != nil || over.BCC != nil {
		mail.To, mail.CC, mail.BCC = over.To, over.CC, over.BCC
	}
	if over.Attach != nil {
		mail.Attach = over.Attach
	}
	mail.ReplyTo, mail.Subject = cmp.Or(over.ReplyTo, mail.ReplyTo), cmp.Or(over.Subject, mail.Subject)
	mailed := *d
	mailed.Email = &mail
	if err := checkAttached(mail.Attach); err != nil {
		return nil, fault.New(fault.Usage, 0, err)
	}
	if _, err := mailed.MakeSubject(SubjectData{Measures: d.kpiMeasures()}); err != nil {
		return nil, err
	}
	return &mailed, nil
}
