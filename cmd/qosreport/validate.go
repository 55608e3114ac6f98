package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"qosreport/internal/config"
	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/query"
)

// validateCmd finds every mistake of configuration, schedules, reports and templates at once.
type validateCmd struct {
	File []string `arg:"" optional:"" help:"A configuration (qosreport.yaml) or reports; default all of --config-dir."`
	fileFlags
	connectionFlags
}

const configName = "qosreport.yaml"

// Run reads and renders everything, and asks nothing of a server.
func (v *validateCmd) Run(a *app) error {
	templates, err := v.templates()
	mistakes := []error{err} // of which the reports can say nothing; the configuration can
	check := func(what string, err error) {
		mistakes = append(mistakes, err)
		if err == nil {
			fmt.Fprintln(a.out, what, "is valid")
		}
	}
	if len(v.File) == 0 {
		mistakes = append(mistakes, v.all(a, templates, check))
	}
	for _, path := range v.File {
		if templates != nil || filepath.Base(path) == configName {
			check(path, v.file(a, path, templates))
		}
	}
	return errors.Join(mistakes...)
}

// all checks the folder of --config-dir, or the embedded reports. The embedded
// configuration names no cluster and is no mistake.
func (v *validateCmd) all(a *app, templates *query.Templates, check func(string, error)) error {
	var c *config.Config
	valid := false
	if v.ConfigDir != "" {
		var err error
		c, err = v.configuration(v.files(), "configs/"+configName)
		check("the configuration", err)
		valid = err == nil
	}
	if c != nil {
		warnSchedules(a, c, c.ScheduleNames())
	}
	if templates == nil {
		return nil
	}
	wrong, err := v.reports(a, templates, check)
	if err != nil || c == nil {
		return err
	}
	for _, name := range c.ScheduleNames() {
		s := c.Schedules[name]
		if s == nil || s.Times == nil || s.Report == "" || wrong[s.Report] {
			continue // told already
		}
		if err := v.schedule(a, c, name, templates, valid); err != nil || valid {
			check("schedule "+name, err)
		}
	}
	return nil
}

// reports checks every report, and says which are wrong.
func (v *validateCmd) reports(a *app, templates *query.Templates, check func(string, error)) (wrong map[string]bool, err error) {
	names, err := definition.Names(v.files(), reportsDir)
	if err != nil {
		return nil, err
	}
	wrong = make(map[string]bool)
	for _, name := range names {
		d, err := definition.Load(v.files(), reportsDir, name, templates)
		if err == nil {
			err = tryRender(a, d, templates)
		}
		wrong[name] = err != nil
		check("report "+name, err)
	}
	return wrong, nil
}

// schedule checks what the configuration alone cannot tell: whether the report is there,
// takes the parameters, and has somebody to go to. The mail of a configuration that is not
// valid may have been told to be wrong.
func (v *validateCmd) schedule(a *app, c *config.Config, name string, templates *query.Templates, valid bool) error {
	s, err := v.reported(c, name, templates, a.now())
	if err != nil || !valid {
		return err
	}
	return s.checkMail(c)
}

// configuration reads a file and finds its mistakes. Beside them it is nil only where the
// file could not be read.
func (v *validateCmd) configuration(files fs.FS, name string) (*config.Config, error) {
	c, err := config.Load(files, name)
	if err != nil {
		return nil, err
	}
	v.apply(c)
	return c, c.Validate()
}

func (v *validateCmd) file(a *app, path string, templates *query.Templates) error {
	dir, base := filepath.Split(filepath.Clean(path))
	files := shown{os.DirFS(filepath.Join(".", dir)), dir}
	if filepath.IsAbs(dir) {
		files.FS = os.DirFS(dir)
	}
	if base == configName {
		_, err := v.configuration(files, base)
		return err
	}
	name, found := strings.CutSuffix(base, ".yaml")
	if !found {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "%s is no YAML file", path), "name a qosreport.yaml, or the .yaml file of a report")
	}
	if _, err := fs.Stat(files.FS, base); err != nil {
		return fault.New(fault.Usage, 0, fmt.Errorf("%s: %w", path, cause(err)))
	}
	d, err := definition.Load(files, ".", name, templates)
	if err != nil {
		return err
	}
	return tryRender(a, d, templates)
}

// tryRender makes the statements of yesterday, to find the mistakes of the templates.
func tryRender(a *app, d *definition.Definition, templates *query.Templates) error {
	window, err := new(windowFlags).window(config.Default(), a.now())
	if err != nil {
		return err
	}
	args, err := d.Args(nil)
	if err != nil {
		return err
	}
	_, err = job.Statements(d, templates, args, window)
	return err
}
