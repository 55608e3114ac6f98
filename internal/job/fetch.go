package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// data is what the queries returned.
type data struct {
	principal string
	states    []fetchedStates // in the order of the statements
	rows      map[string]*query.Spool
	queries   []report.Query // in the order of the statements
	days      int            // of the window for which a state came or was kept
}

func (d *data) close() {
	if d == nil {
		return
	}
	for _, spool := range d.rows {
		spool.Close()
	}
}

// fetch runs the statements over several sessions. The first that fails ends the others,
// and its error is the one that is told. Data are given with an error, too: they are to
// be closed.
func fetch(ctx context.Context, o Options, statements []Statement) (*data, error) {
	o.Progress.Phase(phaseQuery.name)
	d := &data{states: make([]fetchedStates, len(statements)), rows: make(map[string]*query.Spool), queries: make([]report.Query, len(statements))}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &fetcher{Options: o, data: d, todo: make(chan int, len(statements)), turn: make(chan struct{}, 1), statements: statements}
	for i := range statements {
		f.todo <- i
	}
	close(f.todo)
	var workers sync.WaitGroup
	for range min(max(o.Sessions, 1), len(statements)) {
		workers.Go(func() {
			if err := f.work(ctx); err != nil {
				f.fail(err)
				cancel(err)
			}
		})
	}
	workers.Wait()
	return d, f.failed
}

// fetcher is what the sessions of a run share.
type fetcher struct {
	Options
	statements []Statement
	todo       chan int      // statements that nobody has taken
	turn       chan struct{} // to connect

	mu     sync.Mutex
	data   *data
	failed error // the first
}

func (f *fetcher) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = err
	}
}

// work takes statements over one session until none is left. A session is opened only
// while there is something to do.
func (f *fetcher) work(ctx context.Context) error {
	var session Coordinator
	for i := range f.todo {
		if err := context.Cause(ctx); err != nil {
			return errors.Join(err, closeSession(ctx, session))
		}
		if session == nil {
			var err error
			if session, err = f.connect(ctx); err != nil {
				return err
			}
		}
		if err := caught(func() error { return f.read(ctx, session, i) }); err != nil {
			return errors.Join(fmt.Errorf("dataset %s: %w", f.statements[i].Dataset, err), closeSession(ctx, session))
		}
	}
	return closeSession(ctx, session)
}

// connect opens one session after the other: a password that is wrong is shown once, since
// failures lock accounts, and a cluster that is down is asked once.
func (f *fetcher) connect(ctx context.Context) (Coordinator, error) {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	f.mu.Lock()
	failed := f.failed
	f.mu.Unlock()
	if failed != nil {
		return nil, failed
	}
	session, err := f.Connect(ctx, f.Definition.Name)
	if err != nil {
		f.fail(err) // before the next one may connect
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data.principal = session.Principal()
	return session, nil
}

func closeSession(ctx context.Context, session Coordinator) error {
	if session == nil {
		return nil
	}
	return session.Close(ctx)
}

// read runs statement i and keeps what it returns.
func (f *fetcher) read(ctx context.Context, session Coordinator, i int) error {
	s := f.statements[i]
	started := f.Now()
	f.Progress.Started(s.Dataset)
	result, err := session.Query(ctx, s.SQL, f.watch(session, s.Dataset))
	if err != nil {
		return err
	}
	source := &counted{Source: result, dataset: s.Dataset, progress: f.Progress}
	states, spool, err := f.take(ctx, source, s)
	if closeErr := result.Close(ctx); err == nil {
		err = closeErr
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if spool != nil {
		f.data.rows[s.Dataset] = spool
	}
	if err != nil {
		return err
	}
	f.data.states[i] = fetchedStates{dataset: s.Dataset, days: s.Days, states: states, at: started, queryID: result.QueryID()}
	f.Progress.Finished(s.Dataset)
	sum := sha256.Sum256([]byte(s.SQL))
	f.data.queries[i] = report.Query{
		Dataset:     s.Dataset,
		Days:        s.Days.Text(),
		Coordinator: session.Coordinator(),
		QueryID:     result.QueryID(),
		Statement:   s.SQL,
		SHA256:      hex.EncodeToString(sum[:]),
		Started:     started.UTC(),
		Seconds:     f.Now().Sub(started).Seconds(),
		Rows:        source.rows,
		Warnings:    result.Warnings(),
	}
	return nil
}

// slowStatement is how long a statement takes of which the profile is wanted.
const slowStatement = 10 * time.Second

// watch tells the progress of a statement as soon as it has an id, and how far it is.
func (f *fetcher) watch(session Coordinator, dataset string) query.Watch {
	w := query.Watch{
		Started:  func(queryID, _ string) { f.Progress.Query(dataset, queryID, session.Coordinator()) },
		Progress: func(p query.Progress) { f.Progress.State(dataset, p.String()) },
		Slow:     slowStatement,
	}
	if f.Profile != nil {
		w.Profile = func(p query.Profile) { f.Profile(dataset, p) }
	}
	return w
}

// take reads all rows as what the dataset says they are.
func (f *fetcher) take(ctx context.Context, source query.Source, s Statement) (*qos.Table, *query.Spool, error) {
	d := f.Definition.Datasets[s.Dataset]
	if d.Rows {
		spool, err := query.ReadRows(ctx, source, query.RowContract{Limit: d.RowLimit(), Hash: d.Hash})
		return nil, spool, err
	}
	states, err := query.ReadStates(ctx, source, contract(d, s.Days))
	return states, nil, err
}

func contract(d *definition.Dataset, days report.Window) query.Contract {
	c := query.Contract{
		Dimensions: d.Dimensions,
		Sums:       d.Sums,
		Minima:     d.Minima,
		Maxima:     d.Maxima,
		Quality:    d.Quality,
		FirstDay:   days.FromDate,
		LastDay:    days.ToDate,
	}
	if h := d.Histogram; h != nil {
		c.Histogram = &query.Histogram{Bin: h.Bin, Count: h.Count, Low: h.Low, High: h.High, Scale: *d.Scale()}
	}
	return c
}

// counted tells the progress how many rows have come.
type counted struct {
	query.Source
	dataset  string
	progress Progress
	rows     int64
}

func (c *counted) Next(ctx context.Context) (*query.Batch, error) {
	batch, err := c.Source.Next(ctx)
	if err == nil {
		c.rows += int64(batch.Rows)
		c.progress.Rows(c.dataset, batch.Rows)
	}
	return batch, err
}
