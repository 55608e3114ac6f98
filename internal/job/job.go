// Package job makes one report: it runs the queries, builds the page and writes the files.
//
// It fails closed. A query that failed, was cut short or broke its contract leaves no
// file at all; files appear together, whole, under their final names.
package job

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// Coordinator runs statements over one session.
type Coordinator interface {
	Query(ctx context.Context, statement string, w query.Watch) (Result, error)
	Coordinator() string // host:port
	Principal() string   // who logged in; "" without Kerberos
	Close(ctx context.Context) error
}

// Result is a running statement and its rows.
type Result interface {
	query.Source
	QueryID() string
	Warnings() []string // complete after Close
	Close(ctx context.Context) error
}

// Progress is told how far a run is, from several goroutines.
type Progress interface {
	Phase(phase string)
	Started(dataset string)
	Query(dataset, id, coordinator string)
	State(dataset, state string) // of a statement that has no rows yet, in words
	Rows(dataset string, n int)
	Finished(dataset string)
}

// Options are one run. All fields are required but those that say what nothing means.
type Options struct {
	Run        string // id of the run
	Program    string // version of the binary
	Instance   string // which installation it is; "" for none
	Definition *definition.Definition
	Templates  *query.Templates
	Args       definition.Args
	Window     report.Window
	Connect    func(ctx context.Context, report string) (Coordinator, error) // called from several goroutines
	Sessions   int                                                           // most connections at a time; 0 means 1
	Settings   map[string]string                                             // query options of the sessions
	Source     string                                                        // the cluster and its database, for what is kept
	Profile    func(dataset string, p query.Profile)                         // of statements that fail or are slow; called from several goroutines; nil asks for none
	Keeper     Keeper                                                        // of states of days; nil keeps nothing
	Now        func() time.Time
	Budget     time.Duration // what is left of ctx's time when the run begins is this; 0 means no bound
	Out        string        // folder of the files
	Name       string        // that their names begin with; "" means the report's
	Formats    []string      // of [Formats]; none means those of the definition
	Mail       *Mail         // nil makes no mail
	Progress   Progress
}

// Outcome is a run that succeeded.
type Outcome struct {
	Verdict report.Verdict
	Files   []string         // paths, in the order of the formats
	Message *deliver.Message // ready to be sent; nil without a mail
	Queries []report.Query   // that were run

	facts facts // what decides whether the mail is sent
}

// Run makes the report. Nothing is written unless everything was read.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	if _, err := Statements(o.Definition, o.Templates, o.Args, o.Window); err != nil {
		return nil, err // before a store or a folder is touched
	}
	if err := writable(o.Out); err != nil {
		return nil, err
	}
	var mail *draft
	if o.Mail != nil {
		var err error
		if mail, err = draftMail(o); err != nil {
			return nil, err
		}
	}
	page, data, err := o.page(ctx)
	defer data.close()
	if err != nil {
		return nil, err
	}
	return o.draw(ctx, page, data, mail)
}

// draw writes the files of a page, and the mail of them if there is one.
func (o Options) draw(ctx context.Context, page *report.Page, data *data, mail *draft) (outcome *Outcome, err error) {
	ctx, cancel, err := o.within(ctx, phaseRender)
	if err != nil {
		return nil, err
	}
	defer cancel()
	defer func() { err = why(ctx, err) }()
	stoppable(ctx, page)
	files, err := drawn(o, page)
	if err != nil {
		return nil, err
	}
	if mail != nil {
		if err := mail.fill(page, files); err != nil {
			return nil, err
		}
	}
	paths, err := write(ctx, o, files)
	if err != nil {
		return nil, err
	}
	outcome = &Outcome{Verdict: page.Verdict, Files: paths, Queries: page.Provenance.Queries}
	if mail != nil {
		outcome.facts = factsOf(page, data, mail.sections())
		if outcome.Message, err = mail.finish(); err != nil {
			return nil, err
		}
	}
	return outcome, nil
}

// page asks for what is missing and builds the page of that and of what was kept. New
// states are kept when the page could be built of them. The data are to be closed, also
// with an error.
func (o Options) page(ctx context.Context) (*report.Page, *data, error) {
	known, err := o.recall(ctx)
	if err != nil {
		return nil, nil, err
	}
	statements, err := o.missing(known)
	if err != nil {
		return nil, nil, err
	}
	data, err := o.query(ctx, statements)
	if err != nil {
		return nil, data, err
	}
	o.Progress.Phase(phaseRender.name)
	provenance := o.provenance(data)
	states, err := o.join(known, data.states, &provenance)
	if err != nil {
		return nil, data, err
	}
	data.days = daysWithRows(states, o.Window)
	page, err := report.Build(report.Input{
		Definition: o.Definition,
		Args:       o.Args,
		Window:     o.Window,
		States:     states,
		Rows:       data.rows,
		Provenance: provenance,
	})
	if err == nil {
		err = o.remember(ctx, known, data.states)
	}
	return page, data, err
}

// query runs the statements within the time that the budget has for them.
func (o Options) query(ctx context.Context, statements []Statement) (*data, error) {
	ctx, cancel, err := o.within(ctx, phaseQuery)
	if err != nil {
		return nil, err
	}
	defer cancel()
	data, err := fetch(ctx, o, statements)
	return data, why(ctx, err)
}

func (o Options) provenance(d *data) report.Provenance {
	p := report.Provenance{
		Program:    o.Program,
		Definition: o.Definition.SHA256,
		Generated:  o.Now().UTC().Truncate(time.Second),
		Run:        o.Run,
		Instance:   o.Instance,
		Principal:  d.principal,
		Queries:    d.queries,
	}
	for _, name := range slices.Sorted(maps.Keys(o.Settings)) {
		p.Options = append(p.Options, report.Param{Name: name, Values: []string{o.Settings[name]}})
	}
	return p
}

// Statement is what a run asks for one dataset.
type Statement struct {
	Dataset string
	Days    report.Window // the window, and the days before it that sections look back to
	SQL     string
}

// Statements makes the statement of each dataset in the order of the definition, over all
// the days that its sections look at, before anything is asked of a server.
func Statements(d *definition.Definition, templates *query.Templates, args definition.Args, w report.Window) ([]Statement, error) {
	lookback := d.Lookback(w.Days())
	var statements []Statement
	for _, name := range d.DatasetOrder {
		s, err := statement(d, templates, args, name, w.Before(lookback[name]))
		if err != nil {
			return nil, err
		}
		statements = append(statements, s)
	}
	return statements, nil
}

// missing makes the statements for the days that are not kept, one a range.
func (o Options) missing(known map[string]*kept) ([]Statement, error) {
	var statements []Statement
	for _, name := range o.Definition.DatasetOrder {
		for _, days := range known[name].missing {
			s, err := statement(o.Definition, o.Templates, o.Args, name, days)
			if err != nil {
				return nil, err
			}
			statements = append(statements, s)
		}
	}
	return statements, nil
}

func statement(d *definition.Definition, templates *query.Templates, args definition.Args, name string, days report.Window) (Statement, error) {
	bins := make(map[string]query.Bins)
	for other, dataset := range d.Datasets {
		if scale := dataset.Scale(); scale != nil {
			bins[other] = query.Bins{Column: dataset.With.Column, Scale: *scale}
		}
	}
	dataset := d.Datasets[name]
	sql, err := templates.Render(dataset.Query, query.Data{
		DateFrom: query.Date(days.From),
		DateTo:   query.Date(days.To.Add(-time.Nanosecond)),
		FirstDay: query.Date(days.First()),
		LastDay:  query.Date(days.Last()),
		From:     query.Timestamp(days.From),
		To:       query.Timestamp(days.To),
		TZ:       query.String(days.Zone),
		Params:   args.Literals,
		Bins:     bins,
		Dataset:  query.DatasetName(name),
		Column:   query.Identifier(dataset.With.Column),
		Where:    dataset.With.Where,
	})
	if err != nil {
		return Statement{}, fault.New(fault.Usage, 0, fmt.Errorf("dataset %s: %w", name, err))
	}
	return Statement{Dataset: name, Days: days, SQL: sql}, nil
}
