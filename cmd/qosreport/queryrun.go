package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"qosreport/internal/impala"
	"qosreport/internal/query"
)

// queryRun runs statements one after the other in one session.
type queryRun struct {
	client   *impala.Client
	progress *progress
	format   string
	out, err io.Writer
	most     *int64 // rows of a statement; nil means all
	summary  bool   // show what the nodes of each plan did
	profile  bool   // keep the profiles
	profiles []impala.Profile
}

// errEnough ends the rows of a statement of which no more are wanted.
var errEnough = errors.New("enough rows")

// all runs the statements until one fails.
func (r *queryRun) all(ctx context.Context, statements []query.Statement) error {
	for i, statement := range statements {
		err := r.run(ctx, statement.Text)
		if seenEnough(err) {
			return nil
		}
		if err != nil && len(statements) > 1 {
			err = fmt.Errorf("statement %d of %d, line %d: %w", i+1, len(statements), statement.Line, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// run prints the rows of a statement, and tells what there is to tell beside them.
func (r *queryRun) run(ctx context.Context, statement string) error {
	p, start := r.progress, time.Now()
	p.Started("")
	rows, err := r.client.QueryWatched(ctx, statement, r.watch())
	if err != nil {
		return err
	}
	printed, err := r.print(ctx, rows)
	cut := errors.Is(err, errEnough)
	if err == nil || cut {
		err = r.account(ctx, rows, cut)
	}
	if closeErr := rows.Close(ctx); err == nil {
		err = closeErr
	}
	for _, warning := range rows.Warnings() {
		p.Warn("the server warns", "text", warning)
	}
	if err != nil {
		return err
	}
	r.tell(rows, printed, cut, time.Since(start))
	p.Finished("")
	return nil
}

// watch shows how far a statement is before it has rows.
func (r *queryRun) watch() impala.Watch {
	w := impala.Watch{
		Started:  func(queryID, _ string) { r.progress.Query("", queryID, r.client.Coordinator()) },
		Progress: func(p impala.Progress) { r.progress.State("", p.String()) },
	}
	if r.profile {
		w.Slow = 1 // each is slow enough
		w.Profile = func(p impala.Profile) { r.profiles = append(r.profiles, p) }
	}
	return w
}

// account gets what the server knows of a statement only until it is closed.
func (r *queryRun) account(ctx context.Context, rows *impala.Rows, cut bool) error {
	var refused *impala.Error
	if r.summary {
		summary, err := rows.Summary(ctx)
		text := summaryText(summary)
		switch {
		case errors.As(err, &refused):
			r.progress.Warn("the server has no summary", "reason", err)
		case err != nil:
			return err
		case text == "":
			r.progress.Warn("the server has no summary", "reason", "the statement has no plan")
		default:
			if _, err := io.WriteString(r.err, text); err != nil {
				return outputError(err)
			}
		}
	}
	if r.profile && cut { // the others are told by the watch
		text, err := rows.Profile(ctx)
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if err == nil {
			r.profiles = append(r.profiles, impala.Profile{QueryID: rows.QueryID(), Text: text})
		}
	}
	return nil
}

// tell says how a statement ended.
func (r *queryRun) tell(rows *impala.Rows, printed int64, cut bool, took time.Duration) {
	p := r.progress
	end := fmt.Sprintf("in %.2f s (query %s)", took.Seconds(), rows.QueryID())
	modified, failed, dml := rows.Modified()
	switch {
	case dml && failed > 0:
		p.Tell(fmt.Sprintf("Modified %d rows and failed at %d %s", modified, failed, end),
			"rows modified", "rows", modified, "failed", failed, "query_id", rows.QueryID())
	case dml:
		p.Tell(fmt.Sprintf("Modified %d rows %s", modified, end), "rows modified", "rows", modified, "query_id", rows.QueryID())
	case len(rows.Columns()) == 0:
		p.Tell("Done "+end+", without a result", "the statement has no result", "query_id", rows.QueryID())
	case cut:
		p.Tell(fmt.Sprintf("Stopped after %d rows, as --max-rows says, %s", printed, end),
			"stopped as --max-rows says", "rows", printed, "query_id", rows.QueryID())
	default:
		p.Tell(fmt.Sprintf("Fetched %d rows %s", printed, end), "")
	}
}

// print copies the rows to a printer of the format, and fetches the next ones meanwhile. At
// --max-rows it ends the text as if there were no more, and returns errEnough.
func (r *queryRun) print(ctx context.Context, rows *impala.Rows) (printed int64, err error) {
	if len(rows.Columns()) == 0 {
		return 0, nil
	}
	to, err := query.NewPrinter(r.format, r.out)
	if err != nil {
		return 0, err
	}
	if err := to.Header(rows.Columns()); err != nil {
		return 0, outputError(err)
	}
	rows.Retain()
	fetching, stop := context.WithCancel(ctx)
	defer stop()
	written := make(chan error, 1)
	written <- nil // nothing is being written
	wait := func() error {
		select {
		case err := <-written:
			return outputError(err)
		case <-ctx.Done(): // and the reader may have paused for ever
			return fmt.Errorf("query %s on %s: %w", rows.QueryID(), r.client.Coordinator(), context.Cause(ctx))
		}
	}
	for r.most == nil || printed < *r.most {
		batch, err := rows.Next(fetching)
		if failed := wait(); failed != nil {
			return printed, failed
		}
		if err == io.EOF {
			return printed, r.finish(to)
		}
		if err != nil {
			return printed, err
		}
		n := batch.Rows
		if r.most != nil {
			n = int(min(int64(n), *r.most-printed))
		}
		r.progress.Rows("", n)
		printed += int64(n)
		go func() {
			err := to.Batch(batch, 0, n)
			if err != nil {
				stop() // nobody wants the rows that are being fetched
			}
			written <- err
		}()
	}
	err = wait()
	if err == nil {
		err = r.finish(to)
	}
	if err == nil {
		err = errEnough
	}
	return printed, err
}

func (r *queryRun) finish(to query.Printer) error {
	warning, err := to.Finish()
	if warning != "" {
		r.progress.Warn("values are shown otherwise than they are", "reason", warning)
	}
	return outputError(err)
}
