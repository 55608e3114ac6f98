//go:build peers

package peers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qosreport/internal/impala"
	cluster "qosreport/internal/lab"
	"qosreport/internal/lab/impalad"
	"qosreport/internal/lab/sample"
)

// A generated statement. If it is ordered, its rows have one order only.
type generated struct {
	SQL     string
	Ordered bool
}

// features are what the statements must have, each in ten of them or more, found in their
// text rather than taken from who wrote it.
var features = map[string]*regexp.Regexp{
	"GROUP BY":         regexp.MustCompile(`\bGROUP BY\b`),
	"CASE":             regexp.MustCompile(`\bCASE (WHEN|[a-z_.]+ WHEN)`),
	"inner join":       regexp.MustCompile(`\b[ab] (INNER |CROSS )?JOIN `),
	"left join":        regexp.MustCompile(`\bLEFT (OUTER )?JOIN\b`),
	"semi or anti":     regexp.MustCompile(`\bLEFT (SEMI|ANTI) JOIN\b`),
	"self-join":        regexp.MustCompile(`\bON a\.call_id = b\.call_id\b`),
	"COALESCE":         regexp.MustCompile(`\bCOALESCE\(`),
	"NULLIF":           regexp.MustCompile(`\bNULLIF\(`),
	"NVL":              regexp.MustCompile(`\bNVL\(`),
	"IS NULL":          regexp.MustCompile(`\bIS NULL\b`),
	"IS NOT NULL":      regexp.MustCompile(`\bIS NOT NULL\b`),
	"DISTINCT FROM":    regexp.MustCompile(`\bIS (NOT )?DISTINCT FROM\b|<=>`),
	"casts":            regexp.MustCompile(`\bCAST\([^']`),
	"string functions": regexp.MustCompile(`\b(UPPER|LOWER|CONCAT|SUBSTR|TRIM|LTRIM|RTRIM|LPAD|RPAD|REPLACE|REVERSE|SPLIT_PART|REGEXP_EXTRACT|REGEXP_REPLACE|LEFT|RIGHT|INSTR|LOCATE)\(`),
	"time functions":   regexp.MustCompile(`\b(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND|DATE_TRUNC|TRUNC|DATE_ADD|DATE_SUB|DATEDIFF|UNIX_TIMESTAMP|FROM_UNIXTIME|FROM_UTC_TIMESTAMP|TO_DATE|EXTRACT)\(`),
	"UNION ALL":        regexp.MustCompile(`\bUNION ALL\b`),
	"CTE":              regexp.MustCompile(`^WITH\b`),
	"sub-select":       regexp.MustCompile(`\bFROM \(SELECT\b`),
	"sub-query":        regexp.MustCompile(`\b(IN|EXISTS|[<>=]) \(SELECT\b`),
	"ROW_NUMBER":       regexp.MustCompile(`\bROW_NUMBER\(\) OVER\b`),
	"window aggregate": regexp.MustCompile(`\b(SUM|COUNT|AVG|MIN|MAX|FIRST_VALUE|LAST_VALUE)\(.*\) OVER \(`),
	"DISTINCT":         regexp.MustCompile(`\bSELECT DISTINCT\b|\(DISTINCT\b`),
	"HAVING":           regexp.MustCompile(`\bHAVING\b`),
	"NULLS in ORDER":   regexp.MustCompile(`\bORDER BY .* NULLS (FIRST|LAST)\b`),
	"LIMIT":            regexp.MustCompile(`\bLIMIT [0-9]+$`),
	"BETWEEN":          regexp.MustCompile(`\bBETWEEN\b`),
	"IN list":          regexp.MustCompile(`\bIN \([^S]`),
	"LIKE":             regexp.MustCompile(`\bLIKE '`),
}

// differentialDays of that many legs are enough for every kind of junk to be there.
const (
	differentialDays = 3
	differentialLegs = 400
)

// sessions run at once: a client waits between two looks at a statement.
const sessions = 4

// Statements that a script makes by random numbers give the same rows on the stand-in and
// on Spark: the engine of the demo is right, as far as an engine that others wrote knows.
func TestDifferential(t *testing.T) {
	statements := generate(t)
	for name, pattern := range features {
		count := 0
		for _, s := range statements {
			if pattern.MatchString(s.SQL) {
				count++
			}
		}
		if count < 10 {
			t.Errorf("%s is in %d statements", name, count)
		}
	}
	catalog, err := sample.New(sample.Options{Days: differentialDays, LegsPerDay: differentialLegs})
	if err != nil {
		t.Fatal(err)
	}
	standIn, spark := serveStandIn(t, catalog), loadSpark(t, catalog)
	outcomes := make([]agreement, len(statements))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range sessions {
		ours, theirs := connect(t, standIn), connect(t, spark)
		interpret(t, theirs)
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(statements)); i = next.Add(1) - 1 {
				outcomes[i] = statements[i].run(t.Context(), ours, theirs)
			}
		})
	}
	workers.Wait()
	withRows, unlike := 0, 0
	for i, o := range outcomes {
		if o.rows > 0 {
			withRows++
		}
		if o.difference != "" {
			unlike++
			t.Errorf("%s\n%s", o.difference, statements[i].SQL)
		}
	}
	t.Logf("%d statements, %d with rows, %d answered differently", len(statements), withRows, unlike)
	if len(statements) < 200 || withRows < 150 {
		t.Errorf("%d statements, %d of them with rows; 200 and 150 are wanted", len(statements), withRows)
	}
}

// An agreement is what came of a statement: the rows of the stand-in, and how Spark's differ.
type agreement struct {
	rows       int
	difference string
}

func (g generated) run(ctx context.Context, standIn, spark *impala.Client) agreement {
	ours, err := ask(ctx, standIn, g.SQL)
	if err != nil {
		return agreement{difference: "the stand-in: " + err.Error()}
	}
	theirs, err := ask(ctx, spark, g.SQL)
	if err != nil {
		return agreement{difference: "Spark: " + err.Error()}
	}
	return agreement{len(ours.rows), compare(ours, theirs, g.Ordered)}
}

// generate runs the script, which is fixed by its seed.
func generate(t *testing.T) []generated {
	t.Helper()
	cmd := exec.Command("python3", "differential.py")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("differential.py: %v\n%s", err, stderr.Bytes())
	}
	var statements []generated
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var s generated
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("differential.py: %v", err)
		}
		statements = append(statements, s)
	}
	return statements
}

// serveStandIn is the address of a coordinator of the lab, on a plain socket.
func serveStandIn(t *testing.T, catalog *sample.Catalog) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- impalad.New(impalad.Options{Catalog: catalog}).Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return listener.Addr().String()
}

// loadSpark is the address of Spark's HiveServer2, which holds the same rows.
func loadSpark(t *testing.T, catalog *sample.Catalog) string {
	t.Helper()
	h := plainHive(t)
	export := filepath.Join(t.TempDir(), "export")
	if _, err := cluster.Export(t.Context(), catalog, export); err != nil {
		t.Fatal(err)
	}
	client := connect(t, h.addr)
	h.load(t, export, h.flags())
	for _, name := range []string{"default.acme", "qos.call_quality"} {
		if _, err := ask(t.Context(), client, "CACHE TABLE "+name); err != nil {
			t.Fatal(err)
		}
	}
	return h.addr
}

// interpret tells a session not to compile statements: these are too small for it to pay.
func interpret(t *testing.T, spark *impala.Client) {
	t.Helper()
	for _, setting := range []string{"spark.sql.codegen.wholeStage=false", "spark.sql.codegen.factoryMode=NO_CODEGEN", "spark.sql.shuffle.partitions=1", "spark.sql.adaptive.enabled=false"} {
		if _, err := ask(t.Context(), spark, "SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
}

func connect(t *testing.T, addr string) *impala.Client {
	t.Helper()
	client, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{addr}, User: "report", CallTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(context.Background()); err != nil {
			t.Errorf("close the session with %s: %v", addr, err)
		}
	})
	return client
}

// Every known difference is one: Spark gives the answer that is written down beside
// Impala's. Package sql tests the other half.
func TestKnownDifferences(t *testing.T) {
	client := connect(t, plainHive(t).addr)
	for _, d := range knownDifferences(t) {
		t.Run(d.Name, func(t *testing.T) {
			if got := d.answer(t, client); got != d.Spark {
				t.Errorf("%s\ngave %q\nwant %q", d.SQL, got, d.Spark)
			}
		})
	}
}
