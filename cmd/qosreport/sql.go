package main

import (
	"fmt"

	"qosreport/internal/fault"
	"qosreport/internal/job"
)

// sqlCmd prints what a report would ask, ready for impala-shell or Hue.
type sqlCmd struct {
	Report string `arg:"" help:"Name of the report."`
	windowFlags
	fileFlags
}

// Run prints the statement of each dataset. Nothing is asked of a server.
func (s *sqlCmd) Run(a *app) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	s.apply(c)
	window, err := s.window(c, a.now())
	if err != nil {
		return fault.New(fault.Usage, 0, err)
	}
	definitions, templates, err := s.definitions([]string{s.Report})
	if err != nil {
		return err
	}
	d := definitions[0]
	args, err := s.args(d)
	if err != nil {
		return err
	}
	statements, err := job.Statements(d, templates, args, window)
	if err != nil {
		return err
	}
	for _, st := range statements {
		if _, err := fmt.Fprintf(a.out, "-- %s, dataset %s, %s\n%s;\n", d.Name, st.Dataset, st.Days.Text(), st.SQL); err != nil {
			return outputError(err)
		}
	}
	return nil
}
