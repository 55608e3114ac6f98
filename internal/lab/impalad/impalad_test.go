package impalad

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"qosreport/internal/impala"
	"qosreport/internal/lab/sample"
)

func connect(t *testing.T) *impala.Client {
	t.Helper()
	catalog, err := sample.New(sample.Options{Days: 3, LegsPerDay: 200})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- New(Options{Catalog: catalog, Now: func() time.Time { return time.Unix(1505224800, 0) }}).Serve(ctx, l)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	c, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{l.Addr().String()}, Database: "default"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// ask gives the rows of a statement, cells separated by blanks.
func ask(t *testing.T, c *impala.Client, statement string) ([]string, error) {
	t.Helper()
	rows, err := c.Query(t.Context(), statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close(t.Context())
	var lines []string
	for {
		batch, err := rows.Next(t.Context())
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		for row := range batch.Rows {
			var cells []string
			for column := range batch.Columns {
				cell := "NULL"
				if !batch.Null(column, row) {
					cell = string(batch.Append(nil, column, row))
				}
				cells = append(cells, cell)
			}
			lines = append(lines, strings.Join(cells, " "))
		}
	}
}

func TestStatements(t *testing.T) {
	c := connect(t)
	for _, tt := range []struct{ statement, want string }{
		{"SELECT count(*) FROM acme", "3000"},
		{"USE qos;", ""},
		{"-- the other one\nuse `default`", ""},
		{"SET mem_limit='2g'", ""},
		{"REFRESH acme", ""},
		{"INVALIDATE METADATA", ""},
		{"SET TIMEZONE=Europe/Bratislava;", ""},
		{"SELECT now()", "2017-09-12 16:00:00"},
		{"SELECT 1, CAST(2 AS TINYINT), 3.50, 'x', NULL, TRUE, CAST('2017-09-12' AS DATE), CAST(0.5 AS FLOAT), 0.1e0", "1 2 3.50 x NULL true 2017-09-12 0.5 0.1"},
	} {
		got, err := ask(t, c, tt.statement)
		if err != nil || strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %q, %v", tt.statement, got, err)
		}
	}
	options, err := ask(t, c, "SET ALL")
	if err != nil || !strings.Contains(strings.Join(options, "\n"), "MEM_LIMIT 2147483648 REGULAR") {
		t.Errorf("options %v, %v", options, err)
	}
}

func TestRefusals(t *testing.T) {
	c := connect(t)
	for statement, want := range map[string]string{
		"SELECT * FROM nope":          "AnalysisException: Could not resolve table reference: 'nope'",
		"USE nowhere":                 "AnalysisException: Database does not exist: nowhere",
		"SET nope=1":                  "Invalid query option: nope",
		"REFRESH nope":                "AnalysisException: Table does not exist: default.nope",
		"SELEC 1":                     "ParseException: Syntax error in line 1",
		"INSERT INTO acme":            "not supported by the demo server",
		"SELECT 1; SELECT 2":          "ParseException",
		"SELECT cast(1e0 / 0 AS INT)": "",
	} {
		if _, err := ask(t, c, statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if got, err := ask(t, c, "SELECT 1"); err != nil || len(got) != 1 {
		t.Errorf("the session is not in order any more: %v, %v", got, err)
	}
}

func TestALongStatementIsCancelled(t *testing.T) {
	c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := c.Query(ctx, "SELECT a.id FROM acme a CROSS JOIN acme b CROSS JOIN acme d")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := rows.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRowsProducedLimit(t *testing.T) {
	c := connect(t)
	set := func(limit string) {
		t.Helper()
		if _, err := ask(t, c, "SET num_rows_produced_limit="+limit); err != nil {
			t.Fatal(err)
		}
	}
	set("10")
	if rows, err := ask(t, c, "SELECT id FROM acme LIMIT 10"); len(rows) != 10 || err != nil {
		t.Errorf("as many rows as allowed: %d, %v", len(rows), err)
	}
	if rows, err := ask(t, c, "SHOW COLUMN STATS qos.call_quality"); len(rows) != 44 || err != nil {
		t.Errorf("a listing, which has no limit: %d, %v", len(rows), err)
	}
	const text = " terminated due to rows produced limit of 10. Unset or increase NUM_ROWS_PRODUCED_LIMIT query option to produce more rows."
	if rows, err := ask(t, c, "SELECT id FROM acme LIMIT 11"); rows != nil || err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("one row too many: %d, %v", len(rows), err)
	}
	set("1500")
	if rows, err := ask(t, c, "SELECT id FROM acme"); err == nil || !strings.Contains(err.Error(), "rows produced limit of 1500.") {
		t.Errorf("the second batch goes beyond: %d, %v", len(rows), err)
	}
	set("''")
	if rows, err := ask(t, c, "SELECT id FROM acme"); len(rows) != 3000 || err != nil {
		t.Errorf("no limit: %d, %v", len(rows), err)
	}
}

func TestExplainLevelIsAnOption(t *testing.T) {
	c := connect(t)
	for level, want := range map[string]int{"0": 5, "standard": 7, "2": 13, "VERBOSE": 13} {
		if _, err := ask(t, c, "SET explain_level="+level); err != nil {
			t.Fatal(err)
		}
		if lines, err := ask(t, c, "EXPLAIN SELECT id FROM acme"); len(lines) != want || err != nil {
			t.Errorf("level %s: %d lines, want %d, %v\n%s", level, len(lines), want, err, strings.Join(lines, "\n"))
		}
	}
}
