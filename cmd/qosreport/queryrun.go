package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"qosreport/internal/atomicfile"
	"qosreport/internal/fault"
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

// writeProfiles makes the file of --profile: whole, or not at all.
func (r *queryRun) writeProfiles(path string) error {
	if len(r.profiles) == 0 {
		return fault.Errorf(fault.Impala, 0, "write profile %s: the server has none", path)
	}
	err := atomicfile.Write(path, 0o600, func(w io.Writer) error {
		for _, p := range r.profiles {
			if _, err := io.WriteString(w, strings.TrimSpace(p.Text)+"\n\n"); err != nil {
				return err
			}
		}
		return nil
	})
	return profileError(path, err)
}

// checkProfile finds before the statements are run that a profile cannot be written: there
// is no folder, or what has the name would be replaced by a file.
func checkProfile(path string) error {
	if path == "" {
		return nil
	}
	if there, err := os.Lstat(path); err == nil && !there.Mode().IsRegular() {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "--profile %s is no regular file", path), "name a file: a device, a pipe or a link would become one")
	}
	_, err := os.ReadDir(filepath.Dir(path))
	return profileError(path, err)
}

func profileError(path string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("write profile %s: %w", path, err)),
		"see whether the folder of --profile is there, can be written by this user and has room")
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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	written := make(chan error, 1)
	written <- nil // nothing is being written
	for r.most == nil || printed < *r.most {
		batch, err := rows.Next(ctx)
		if err := <-written; err != nil {
			return printed, outputError(err)
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
	if err := <-written; err != nil {
		return printed, outputError(err)
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

// seenEnough reports whether an output ended because its reader went away, as head does.
// That is no failure of what was printed.
func seenEnough(err error) bool {
	var output *fs.PathError // and not a connection, which breaks so, too
	return errors.As(err, &output) && errors.Is(output.Err, syscall.EPIPE)
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
