package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/query"
)

// queryCmd runs statements by hand.
type queryCmd struct {
	Statement string `arg:"" optional:"" help:"One or more statements, separated by semicolons."`
	File      string `short:"f" placeholder:"FILE" help:"Read the statements from a file; - is standard input."`
	Format    string `placeholder:"FORMAT" help:"${formats}; default table on a terminal, else tsv. null reads everything and prints counts and checksums."`
	fileFlags
	connectionFlags
}

// maxScript bounds a file of statements; Impala takes at most 16 MiB a statement.
const maxScript = 64 << 20

// Run prints the rows of each statement as they come.
func (q *queryCmd) Run(ctx context.Context, a *app) (err error) {
	statements, err := q.statements(a.in)
	if err != nil {
		return fault.New(fault.Usage, 0, err)
	}
	format, err := q.format(a)
	if err != nil {
		return err
	}
	c, err := q.load()
	if err != nil {
		return err
	}
	q.apply(c)
	if err := c.Validate(); err != nil {
		return err
	}
	log := newLogger(a.err, c.Log)
	p := newProgress(a.err, log)
	defer func() { p.Done(err) }()
	p.Phase("connect")
	connector := &connector{config: c, log: log, dial: a.dial, now: a.now}
	defer connector.close()
	client, err := connector.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close(ctx)
	out := p.Above(a.out)
	for _, statement := range statements {
		printer, err := query.NewPrinter(format, out)
		if err != nil {
			return err
		}
		p.Phase("query")
		err = printRows(ctx, client, statement, printer, p)
		if errors.Is(err, syscall.EPIPE) {
			return nil // the reader has seen enough
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *queryCmd) statements(in io.Reader) ([]string, error) {
	if (q.Statement == "") == (q.File == "") {
		return nil, fault.Advise(errors.New("a statement or -f FILE is needed, and not both"), "qosreport query 'SELECT 1'")
	}
	script := q.Statement
	if q.File != "" {
		if q.File != "-" {
			f, err := os.Open(q.File)
			if err != nil {
				return nil, fmt.Errorf("read statements: %w", err)
			}
			defer f.Close()
			in = f
		}
		data, err := io.ReadAll(io.LimitReader(in, maxScript+1))
		if err != nil {
			return nil, fmt.Errorf("read statements: %w", err)
		}
		if len(data) > maxScript {
			return nil, fmt.Errorf("read statements: more than %d bytes", maxScript)
		}
		script = string(data)
	}
	statements := query.Split(script)
	if len(statements) == 0 {
		return nil, errors.New("no statement: only blanks and comments")
	}
	return statements, nil
}

// format is the one that was asked for, or what suits the output.
func (q *queryCmd) format(a *app) (string, error) {
	switch {
	case q.Format == "" && isTerminal(a.out):
		return "table", nil
	case q.Format == "":
		return "tsv", nil
	case !slices.Contains(query.Formats, q.Format):
		return "", fault.Errorf(fault.Usage, 0, "--format %s: write one of %s", q.Format, strings.Join(query.Formats, ", "))
	}
	return q.Format, nil
}

func printRows(ctx context.Context, client *impala.Client, statement string, to query.Printer, p *progress) error {
	p.Started("")
	rows, err := client.Query(ctx, statement)
	if err != nil {
		return err
	}
	p.Query("", rows.QueryID(), client.Coordinator())
	err = copyRows(ctx, rows, to, p)
	if closeErr := rows.Close(ctx); err == nil {
		err = closeErr
	}
	for _, warning := range rows.Warnings() {
		p.Warn("the server warns", "text", warning)
	}
	return err
}

func copyRows(ctx context.Context, rows *impala.Rows, to query.Printer, p *progress) error {
	if len(rows.Columns()) == 0 {
		return nil
	}
	if err := to.Header(rows.Columns()); err != nil {
		return outputError(err)
	}
	for {
		batch, err := rows.Next(ctx)
		if err == io.EOF {
			warning, err := to.Finish()
			if warning != "" {
				p.Warn("values are shown otherwise than they are", "reason", warning)
			}
			return outputError(err)
		}
		if err != nil {
			return err
		}
		p.Rows("", batch.Rows)
		if err := to.Batch(batch, 0, batch.Rows); err != nil {
			return outputError(err)
		}
	}
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
