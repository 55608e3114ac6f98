package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/job"
	"qosreport/internal/query"
)

// explainCmd shows how the coordinator would run a report, and refuses statements that
// would read a whole table.
type explainCmd struct {
	Report string `arg:"" help:"Name of the report."`
	windowFlags
	fileFlags
	connectionFlags
}

// Run explains each statement of the report; none of them is run.
func (e *explainCmd) Run(ctx context.Context, a *app) (err error) {
	c, err := e.load()
	if err != nil {
		return err
	}
	e.connectionFlags.apply(c)
	e.windowFlags.apply(c)
	if err := c.Validate(); err != nil {
		return err
	}
	d, statements, err := e.statements(&e.fileFlags, e.Report, c, a.now())
	if err != nil {
		return err
	}
	connector := &connector{config: c, log: newLogger(a.err, c.Log), dial: a.dial, now: a.now}
	defer connector.close()
	client, err := connector.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	var mistakes []error
	for _, s := range statements {
		plan, err := explain(ctx, client, s.SQL)
		if err != nil {
			return fmt.Errorf("explain dataset %s: %w", s.Dataset, err)
		}
		if err := printPlan(a.out, d.Name, s, plan); err != nil {
			return outputError(err)
		}
		if tables := query.FullScans(plan); len(tables) > 0 && !d.Datasets[s.Dataset].FullScan {
			mistakes = append(mistakes, fmt.Errorf("dataset %s reads all partitions of %s", s.Dataset, strings.Join(tables, ", ")))
		}
	}
	if len(mistakes) == 0 {
		return nil
	}
	return fault.Advise(fault.New(fault.Usage, 0, errors.Join(mistakes...)),
		`write {{partition "COLUMN"}} into the query, on the bare partition column; full_scan: true in the dataset allows it`)
}

func explain(ctx context.Context, client *impala.Client, statement string) (plan []string, err error) {
	rows, err := client.Query(ctx, "EXPLAIN "+statement)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close(ctx)) }()
	for {
		batch, err := rows.Next(ctx)
		if err == io.EOF {
			return plan, nil
		}
		if err != nil {
			return nil, err
		}
		for row := range batch.Rows {
			line := string(batch.Append(nil, 0, row))
			plan = append(plan, strings.Split(line, "\n")...) // others than Impala give all in one row
		}
	}
}

func printPlan(w io.Writer, report string, s job.Statement, plan []string) error {
	var out strings.Builder
	fmt.Fprintf(&out, "-- %s, dataset %s, %s\n", report, s.Dataset, s.Days.Text())
	for _, line := range plan {
		out.WriteString(query.Printable(line) + "\n")
	}
	_, err := io.WriteString(w, out.String()+"\n")
	return err
}
