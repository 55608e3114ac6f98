package main

import (
	"fmt"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/definition"
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
	d, statements, err := s.statements(&s.fileFlags, s.Report, c, a.now())
	if err != nil {
		return err
	}
	for _, st := range statements {
		if _, err := fmt.Fprintf(a.out, "-- %s, dataset %s, %s\n%s;\n", d.Name, st.Dataset, st.Days.Text(), st.SQL); err != nil {
			if seenEnough(err) {
				return nil
			}
			return outputError(err)
		}
	}
	return nil
}

// statements are what a run of the report would ask for the days of the flags.
func (r *windowFlags) statements(files *fileFlags, name string, c *config.Config, now time.Time) (*definition.Definition, []job.Statement, error) {
	window, err := r.window(c, now)
	if err != nil {
		return nil, nil, fault.New(fault.Usage, 0, err)
	}
	definitions, templates, err := files.definitions([]string{name})
	if err != nil {
		return nil, nil, err
	}
	args, err := r.args(definitions[0])
	if err != nil {
		return nil, nil, err
	}
	statements, err := job.Statements(definitions[0], templates, args, window)
	return definitions[0], statements, err
}
