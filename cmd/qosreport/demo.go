package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"qosreport"
	"qosreport/internal/config"
	"qosreport/internal/definition"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/lab"
	"qosreport/internal/lab/sample"
	"qosreport/internal/query"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

// demoCmd runs the main job on the embedded lab.
type demoCmd struct {
	Out        string `default:"out" placeholder:"DIR" help:"Folder of the files."`
	Seed       uint64 `default:"20170912" help:"Another seed makes other calls."`
	Days       int    `default:"30" help:"Days of sample data."`
	LegsPerDay int    `default:"20000" help:"Call legs on a normal weekday."`
	Incident   string `default:"Zürich@14-16" placeholder:"SITE@HH-HH" help:"What the report has to find, or none."`
	Export     string `placeholder:"DIR" help:"Write the sample as CSV files, too."`
	Keep       bool   `help:"Leave the lab running, and print the settings for another client."`
	LogLevel   string `name:"log-level" enum:"debug,info,warn,error" default:"warn" help:"debug, info, warn or error."`
	LogFormat  string `name:"log-format" enum:"auto,text,json" default:"auto" help:"auto, text or json."`
}

const (
	demoZone   = "Europe/Bratislava" // the sample's own
	demoReport = "voice-daily"
)

// Run starts the lab, makes the report of the day of the incident, and ends the lab.
func (d *demoCmd) Run(ctx context.Context, a *app) (err error) {
	options, err := d.sample()
	if err != nil {
		return fault.New(fault.Usage, 0, err)
	}
	dir, err := os.MkdirTemp("", "qosreport-demo-")
	if err != nil {
		return noTemp(fault.New(fault.Output, fault.Render, err))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := config.Default()
	c.Log = config.Log{Level: d.LogLevel, Format: d.LogFormat}
	log := newLogger(a.err, c.Log).With("part", "lab")
	cluster, err := lab.Start(context.WithoutCancel(ctx), lab.Options{Dir: dir, Sample: options, Clients: d.Keep, Logger: log})
	if fault.AreaOf(err) == fault.Output {
		err = noTemp(err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	if d.Export != "" {
		if err := export(ctx, a, cluster, d.Export); err != nil {
			return err
		}
	}
	c.Zone, c.Out = demoZone, d.Out
	c.Impala.Hosts, c.Impala.Service, c.Impala.TLS.Enabled = []string{cluster.Coordinator}, lab.Service, false
	c.Kerberos.Principal, c.Kerberos.Keytab, c.Kerberos.KRB5Conf = lab.Principal, cluster.Keytab, cluster.KRB5Conf
	if err := d.report(ctx, a, c); err != nil {
		return err
	}
	if d.Keep {
		return keep(ctx, a, cluster)
	}
	return nil
}

// noTemp advises on the folder of the lab's keytab, which --out does not move.
func noTemp(err error) error {
	return fault.Advise(err, "make room in %s, or set TMPDIR to a folder with room", os.TempDir())
}

func (d *demoCmd) sample() (sample.Options, error) {
	o := sample.Options{Seed: d.Seed, Days: d.Days, LegsPerDay: d.LegsPerDay}
	if d.Days < 2 || d.LegsPerDay < 2 {
		// The sample ends a day after the incident's, so that its evening is whole in UTC, too.
		return o, errors.New("--days and --legs-per-day must be 2 or more")
	}
	incident, err := parseIncident(d.Incident)
	o.Incident = incident
	return o, err
}

var incidentForm = regexp.MustCompile(`^(.+)@(\d{1,2})-(\d{1,2})$`)

// parseIncident reads SITE@HH-HH, hours of the demo's zone, or none.
func parseIncident(text string) (*sample.Incident, error) {
	if text == "none" {
		return &sample.Incident{}, nil
	}
	m := incidentForm.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("--incident %q: write SITE@HH-HH like Kraków@09-11, or none", text)
	}
	i := sample.DefaultIncident()
	i.Site = m[1]
	i.FromHour, _ = strconv.Atoi(m[2]) // two digits
	i.ToHour, _ = strconv.Atoi(m[3])
	return &i, nil
}

// report runs the shipped report on the day of the incident.
func (d *demoCmd) report(ctx context.Context, a *app, c *config.Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	templates, err := query.LoadTemplates(qosreport.Files, "queries")
	if err != nil {
		return err
	}
	def, err := definition.Load(qosreport.Files, reportsDir, demoReport, templates)
	if err != nil {
		return err
	}
	args, err := def.Args(nil)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return err
	}
	day := sample.DefaultIncident().Date
	send := func(ctx context.Context, m *deliver.Message) (string, error) {
		return sendToMailbox(ctx, filepath.Join(c.Out, "mailbox"), m)
	}
	connector := &connector{config: c, log: newLogger(a.err, c.Log), dial: a.dial, now: a.now}
	defer connector.close()
	o := a.options(c, connector)
	o.Run, o.Definition, o.Templates, o.Args, o.Window, o.Out = store.NewRunID(a.now()), def, templates, args, report.Day(day, day, zone), c.Out
	o.Mail = &job.Mail{From: demoSender, To: []string{demoReader}, MaxSize: c.SMTP.MaxSize.Bytes}
	return makeReport(ctx, a, c, o, posting{hand: send})
}

func export(ctx context.Context, a *app, cluster *lab.Lab, dir string) error {
	paths, err := lab.Export(ctx, cluster.Catalog, dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, "Sample exported:")
	for _, path := range paths {
		fmt.Fprintf(a.out, "  %s\n", path)
	}
	return nil
}
