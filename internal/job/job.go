// Package job makes one report: it runs the queries, builds the page and writes the files.
//
// It fails closed. A query that failed, was cut short or broke its contract leaves no
// file at all; files appear together, whole, under their final names.
package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/qos"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// Coordinator runs statements over one session.
type Coordinator interface {
	Query(ctx context.Context, statement string) (Result, error)
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

// Progress is told how far a run is.
type Progress interface {
	Phase(phase, query string)
	Query(id, coordinator string)
	Rows(n int)
}

// Options are one run. All fields are required but Args.
type Options struct {
	Run        string // id of the run
	Program    string // version of the binary
	Definition *definition.Definition
	Templates  *query.Templates
	Args       definition.Args
	Window     report.Window
	Connect    func(ctx context.Context) (Coordinator, error)
	Now        func() time.Time
	Out        string   // folder of the files
	Formats    []string // of [Formats]; none means those of the definition
	Progress   Progress
}

// Outcome is a run that succeeded.
type Outcome struct {
	Verdict report.Verdict
	Files   []string // paths, in the order of the formats
}

// Run makes the report. Nothing is written unless everything was read.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	statements, err := Statements(o.Definition, o.Templates, o.Args, o.Window)
	if err != nil {
		return nil, err
	}
	if err := writable(o.Out); err != nil {
		return nil, err
	}
	data, err := fetch(ctx, o, statements)
	defer data.close()
	if err != nil {
		return nil, err
	}
	o.Progress.Phase("render", "")
	page := report.Build(report.Input{
		Definition: o.Definition,
		Args:       o.Args,
		Window:     o.Window,
		States:     data.states,
		Rows:       data.rows,
		Provenance: report.Provenance{
			Program:    o.Program,
			Definition: o.Definition.SHA256,
			Generated:  o.Now().UTC().Truncate(time.Second),
			Run:        o.Run,
			Principal:  data.principal,
			Queries:    data.queries,
		},
	})
	files, err := write(ctx, o, page)
	if err != nil {
		return nil, err
	}
	return &Outcome{Verdict: page.Verdict, Files: files}, nil
}

// Statements makes the statement of each dataset, before anything is asked of a server.
func Statements(d *definition.Definition, templates *query.Templates, args definition.Args, w report.Window) (map[string]string, error) {
	data := query.Data{
		DateFrom: query.Date(w.From),
		DateTo:   query.Date(w.To.Add(-time.Nanosecond)),
		From:     query.Timestamp(w.From),
		To:       query.Timestamp(w.To),
		TZ:       query.String(w.Zone),
		Params:   args.Literals,
	}
	statements := make(map[string]string)
	for name, dataset := range d.Datasets {
		statement, err := templates.Render(dataset.Query, data)
		if err != nil {
			return nil, fault.New(fault.Usage, 0, fmt.Errorf("dataset %s: %w", name, err))
		}
		statements[name] = statement
	}
	return statements, nil
}

// data is what the queries returned.
type data struct {
	principal string
	states    map[string]*qos.Table
	rows      map[string]*query.Spool
	queries   []report.Query
}

func (d *data) close() {
	for _, spool := range d.rows {
		spool.Close()
	}
}

func fetch(ctx context.Context, o Options, statements map[string]string) (*data, error) {
	d := &data{states: make(map[string]*qos.Table), rows: make(map[string]*query.Spool)}
	o.Progress.Phase("connect", "")
	coordinator, err := o.Connect(ctx)
	if err != nil {
		return d, err
	}
	d.principal = coordinator.Principal()
	for _, name := range o.Definition.DatasetOrder {
		o.Progress.Phase("query", name)
		if err := d.read(ctx, o, coordinator, name, statements[name]); err != nil {
			err = fmt.Errorf("dataset %s: %w", name, err)
			return d, errors.Join(err, coordinator.Close(ctx))
		}
	}
	return d, coordinator.Close(ctx)
}

func (d *data) read(ctx context.Context, o Options, c Coordinator, name, statement string) error {
	started := o.Now()
	result, err := c.Query(ctx, statement)
	if err != nil {
		return err
	}
	o.Progress.Query(result.QueryID(), c.Coordinator())
	source := &counted{Source: result, progress: o.Progress}
	dataset := o.Definition.Datasets[name]
	if dataset.Rows {
		d.rows[name], err = query.ReadRows(ctx, source, dataset.RowLimit())
		if err != nil {
			delete(d.rows, name)
		}
	} else {
		d.states[name], err = query.ReadStates(ctx, source, query.Contract{
			Dimensions: dataset.Dimensions,
			Sums:       dataset.Sums,
			FirstDay:   o.Window.FromDate,
			LastDay:    o.Window.ToDate,
		})
	}
	if closeErr := result.Close(ctx); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	d.queries = append(d.queries, report.Query{
		Dataset:     name,
		Coordinator: c.Coordinator(),
		QueryID:     result.QueryID(),
		Statement:   statement,
		Started:     started.UTC(),
		Seconds:     o.Now().Sub(started).Seconds(),
		Rows:        source.rows,
		Warnings:    result.Warnings(),
	})
	return nil
}

// counted tells the progress how many rows have come.
type counted struct {
	query.Source
	progress Progress
	rows     int64
}

func (c *counted) Next(ctx context.Context) (*query.Batch, error) {
	batch, err := c.Source.Next(ctx)
	if err == nil {
		c.rows += int64(batch.Rows)
		c.progress.Rows(batch.Rows)
	}
	return batch, err
}
