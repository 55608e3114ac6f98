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
func (e *explainCmd) Run(ctx context.Context, a *app) error {
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
	client, err := connector.connect(ctx, "explain")
	if err != nil {
		return err
	}
	defer client.Close(ctx)
	r, out := refusals{client: client}, a.out
	for _, s := range statements {
		plan, err := explain(ctx, client, s.SQL)
		if err != nil {
			return fmt.Errorf("explain dataset %s: %w", s.Dataset, err)
		}
		switch err := printPlan(out, d.Name, s, plan); {
		case seenEnough(err):
			out = io.Discard // the exit code is of all statements
		case err != nil:
			return outputError(err)
		}
		if d.Datasets[s.Dataset].FullScan {
			continue
		}
		if err := r.judge(ctx, s.Dataset, query.Scans(plan)); err != nil {
			return fmt.Errorf("explain dataset %s: %w", s.Dataset, err)
		}
	}
	return r.err()
}

// refusals gathers what is wrong with the plans of a report.
type refusals struct {
	client *impala.Client
	full   []error  // scans of all partitions
	silent []error  // scans that do not say what they read
	column []string // what the tables of full scans are partitioned by
}

func (r *refusals) judge(ctx context.Context, dataset string, scans []query.Scan) error {
	for _, scan := range scans {
		switch {
		case scan.Full():
			columns, err := partitionColumns(ctx, r.client, scan.Table)
			if err != nil {
				return err
			}
			by := "its partition columns"
			if len(columns) > 0 {
				by, r.column = strings.Join(columns, ", "), columns
			}
			r.full = append(r.full, fmt.Errorf("dataset %s reads all partitions of %s (partitions=%s): it has no predicate on %s",
				dataset, scan.Table, scan.Partitions, by))
		case scan.Silent():
			r.silent = append(r.silent, fmt.Errorf("dataset %s: the plan does not say which partitions of %s are read", dataset, scan.Table))
		}
	}
	return nil
}

func (r *refusals) err() error {
	all := fault.New(fault.Usage, 0, errors.Join(append(r.full, r.silent...)...))
	if len(r.full) == 0 {
		return fault.Advise(all, "ask for plans that say it: EXPLAIN_LEVEL: 1 in impala.options; full_scan: true in the dataset allows any")
	}
	column := "COLUMN"
	if len(r.column) == 1 {
		column = r.column[0]
	}
	return fault.Advise(all, `write {{partition %q}} into the query, on the bare partition column; full_scan: true in the dataset allows it`, column)
}

// partitionColumns are those of a table, nil where the server does not tell. They stand
// first in Impala's SHOW PARTITIONS, before #Rows (HdfsTable.getTableStats); the partitions
// themselves are not read.
func partitionColumns(ctx context.Context, client *impala.Client, table string) ([]string, error) {
	name, err := query.ParseIdentifier(table)
	if err != nil {
		return nil, nil
	}
	rows, err := client.Query(ctx, "SHOW PARTITIONS "+name.String())
	if refused := new(impala.Error); errors.As(err, &refused) {
		return nil, nil // no privilege, or no such statement: the plan alone is enough
	}
	if err != nil {
		return nil, err
	}
	var columns []string
	for _, c := range rows.Columns() {
		if c.Name == "#Rows" {
			return columns, rows.Close(ctx)
		}
		columns = append(columns, query.Printable(c.Name))
	}
	return nil, rows.Close(ctx)
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
