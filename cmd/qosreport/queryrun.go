package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/query"
)

// queryRun runs statements one after the other in one session.
type queryRun struct {
	client   *impala.Client
	progress *progress
	format   string
	out      io.Writer
	most     *int64 // rows of a statement; nil means all
}

// errEnough ends the rows of a statement of which no more are wanted.
var errEnough = errors.New("enough rows")

// run prints the rows of a statement, and tells what there is to tell beside them.
func (r *queryRun) run(ctx context.Context, statement string) error {
	p, start := r.progress, time.Now()
	p.Started("")
	rows, err := r.client.Query(ctx, statement)
	if err != nil {
		return err
	}
	p.Query("", rows.QueryID(), r.client.Coordinator())
	printed, err := r.print(ctx, rows)
	cut := errors.Is(err, errEnough)
	if cut {
		err = nil
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
	took := fmt.Sprintf("in %.2f s (query %s)", time.Since(start).Seconds(), rows.QueryID())
	switch {
	case len(rows.Columns()) == 0:
		p.Tell("Done "+took+", without a result", "the statement has no result")
	case cut:
		p.Tell(fmt.Sprintf("Stopped after %d rows, as --max-rows says, %s", printed, took),
			"stopped as --max-rows says", "rows", printed, "query_id", rows.QueryID())
	default:
		p.Tell(fmt.Sprintf("Fetched %d rows %s", printed, took), "")
	}
	p.Finished("")
	return nil
}

// print copies the rows to a printer of the format. At --max-rows it ends the text as if
// there were no more, and returns errEnough.
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
	for r.most == nil || printed < *r.most {
		batch, err := rows.Next(ctx)
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
		if err := to.Batch(batch, 0, n); err != nil {
			return printed, outputError(err)
		}
	}
	if err := r.finish(to); err != nil {
		return printed, err
	}
	return printed, errEnough
}

func (r *queryRun) finish(to query.Printer) error {
	warning, err := to.Finish()
	if warning != "" {
		r.progress.Warn("values are shown otherwise than they are", "reason", warning)
	}
	return outputError(err)
}

func outputError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = fault.Advise(err, "make room where the output goes, or send it elsewhere")
	}
	return fault.New(fault.Output, fault.Render, fmt.Errorf("write output: %w", err))
}
