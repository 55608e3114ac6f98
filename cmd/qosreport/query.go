package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/query"
)

// queryCmd runs statements by hand.
type queryCmd struct {
	scriptFlags
	Format  string `placeholder:"FORMAT" help:"${formats}; default table on a terminal, else tsv. null reads everything and prints counts and checksums."`
	MaxRows *int64 `placeholder:"N" help:"Most rows of a statement; what is left is cancelled on the cluster."`
	Summary bool   `help:"Show on standard error what the nodes of each plan did."`
	Profile string `placeholder:"FILE" help:"Write the runtime profiles of the statements, failed ones too."`
	fileFlags
	connectionFlags
}

// Run prints the rows of each statement as they come. After a second signal it does not
// wait until the coordinator has taken note of the first.
func (q *queryCmd) Run(ctx context.Context, a *app) error {
	done := make(chan error, 1)
	go func() { done <- q.run(ctx, a) }() // after a second signal left to the end of the process
	select {
	case err := <-done:
		return err
	case <-a.over:
		return fmt.Errorf("%w, and again: the statement may still run on the coordinator", context.Cause(ctx))
	}
}

func (q *queryCmd) run(ctx context.Context, a *app) (err error) {
	statements, err := q.statements(ctx, a.in)
	if err != nil {
		return fault.New(fault.Usage, 0, err)
	}
	format, err := q.format(a)
	if err != nil {
		return err
	}
	if err := checkProfile(q.Profile); err != nil {
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
	client, err := connector.connect(ctx, "query")
	if err != nil {
		return err
	}
	defer client.Close(ctx)
	p.Phase("query")
	r := &queryRun{client: client, progress: p, format: format, out: p.Above(a.out), err: p.Above(a.err),
		most: q.MaxRows, summary: q.Summary, profile: q.Profile != ""}
	err = r.all(ctx, statements)
	if q.Profile != "" && (err == nil || len(r.profiles) > 0) {
		err = errors.Join(err, r.writeProfiles(q.Profile))
	}
	return err
}

// format is the one that was asked for, or what suits the output.
func (q *queryCmd) format(a *app) (string, error) {
	switch {
	case q.MaxRows != nil && *q.MaxRows < 0:
		return "", fault.Errorf(fault.Usage, 0, "--max-rows %d: write 0 or more", *q.MaxRows)
	case q.Format == "" && isTerminal(a.out):
		return "table", nil
	case q.Format == "":
		return "tsv", nil
	case !slices.Contains(query.Formats, q.Format):
		return "", fault.Errorf(fault.Usage, 0, "--format %s: write one of %s", q.Format, strings.Join(query.Formats, ", "))
	}
	return q.Format, nil
}
