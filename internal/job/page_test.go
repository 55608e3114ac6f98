package job

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"qosreport"
	"qosreport/internal/definition"
	"qosreport/internal/impala"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// hostile are texts that some program takes for more than text.
var hostile = []string{
	`=HYPERLINK("http://example.invalid","x")`, "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "</td><script>alert(1)</script>",
	`O'Brien \ "q"`, "a\u202Eb", "a\u200Bb", "😀", "_x000D_", "\x01", "\xff", strings.Repeat("long ", 8000), "a\r\nBcc: a@example.invalid",
}

// shipped is the voice report of one day over states that are made here: four sites, a
// month, one incident. The states come in an order of their own for each shuffle.
func shipped(t testing.TB, shuffle uint64) (*report.Page, *definition.Definition) {
	t.Helper()
	templates, err := query.LoadTemplates(qosreport.Files, "queries")
	if err != nil {
		t.Fatal(err)
	}
	d, err := definition.Load(qosreport.Files, "configs/reports", "voice-daily", templates)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Bratislava")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC)
	in := report.Input{
		Definition: d,
		Args:       definition.Args{Given: map[string][]string{"sites": {"Zürich", `=1+1`}}},
		Window:     report.Day(day, day, zone),
		States:     states(t, d),
		Rows:       map[string]*query.Spool{"worst": worst(t)},
		Provenance: report.Provenance{Program: "v0", Definition: d.SHA256, Generated: day.Add(30 * time.Hour), Run: "r1", Instance: "test", Principal: "report@EXAMPLE.COM",
			Options: []report.Param{{Name: "MEM_LIMIT", Values: []string{"8g"}}},
			Queries: []report.Query{{Dataset: "legs", Days: "2017-08-15 to 2017-09-12", Coordinator: "impalad-1:21050", QueryID: "1:2", Statement: "SELECT '</td>' AS x\nFROM t", SHA256: "ab", Started: day.Add(29 * time.Hour), Seconds: 1.25, Rows: 80000, Warnings: []string{"2 files skipped"}}}},
	}
	random := rand.New(rand.NewPCG(shuffle, 0))
	for _, table := range in.States {
		random.Shuffle(len(table.States), func(i, j int) { table.States[i], table.States[j] = table.States[j], table.States[i] })
	}
	page, err := report.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return page, d
}

// states are those of every dataset, the same each time.
func states(t testing.TB, d *definition.Definition) map[string]*qos.Table {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	sites := []qos.Member{qos.Text("Austin TX"), qos.Text("Zürich"), qos.Text(hostile[6]), qos.Null()}
	tables := make(map[string]*qos.Table)
	bins := make(map[string]*qos.Histogram)
	for _, name := range d.DatasetOrder {
		set := d.Datasets[name]
		if set.Rows {
			continue
		}
		tables[name] = &qos.Table{Dimensions: set.Dimensions, Sums: set.Sums, Minima: set.Minima, Maxima: set.Maxima}
		if set.Histogram != nil {
			var err error
			if bins[name], err = qos.NewHistogram(set.Dimensions, *set.Scale()); err != nil {
				t.Fatal(err)
			}
		}
	}
	tables["quality"].Sums = []string{"rows", "duplicates", "late", "hours", "jitter_ms__null", "jitter_ms__low", "jitter_ms__high", "jitter_ms__nonfinite"}
	for date := time.Date(2017, 8, 15, 0, 0, 0, 0, time.UTC); date.Before(time.Date(2017, 9, 13, 0, 0, 0, 0, time.UTC)); date = date.AddDate(0, 0, 1) {
		day := qos.Text(date.Format(query.DateLayout))
		if day.Text == "2017-09-03" {
			continue // a day without data
		}
		for _, site := range sites {
			for hour := range 24 {
				for _, codec := range []string{"PCMA", "G729"} {
					key := []qos.Member{day, site, qos.Text("Norvik Telecom"), qos.Text(codec), qos.Number(int64(hour))}
					tables["legs"].States = append(tables["legs"].States, legs(random, key))
				}
			}
			for range 80 {
				addBin(t, bins["jitter"], d.Datasets["jitter"], []qos.Member{day, site}, 4*math.Exp(0.7*random.NormFloat64()))
				addBin(t, bins["mos_bins"], d.Datasets["mos_bins"], []qos.Member{day, site}, 4.2+0.1*random.NormFloat64())
			}
		}
		tables["quality"].States = append(tables["quality"].States, qos.State{Key: []qos.Member{day}, Sums: []float64{20000 + float64(random.IntN(500)), 70, 300, 23, 9000, 20, 0, 45}})
	}
	for name, h := range bins {
		tables[name] = h.Table()
	}
	return tables
}

// legs is one state of the dataset legs; Zürich has its incident.
func legs(random *rand.Rand, key []qos.Member) qos.State {
	n := float64(20 + random.IntN(30))
	poor := float64(random.IntN(2))
	if key[0].Text == "2017-09-12" && key[1].Text == "Zürich" && (key[4].Int == 14 || key[4].Int == 15) {
		poor = n - 5
	}
	//                    legs  attempts answered delivered classified poor poor_jitter loss rtt mos talk_s talk_n mos_sum mos_n
	return qos.State{Key: key, Sums: []float64{2 * n, n, n - 6, n - 2, n, poor, poor / 2, poor, 0, poor, n * 170.25, n - 6, n * 4.21, n},
		Minima: []float64{12.5 + random.Float64()}, Maxima: []float64{250 + random.Float64()}}
}

func addBin(t testing.TB, h *qos.Histogram, d *definition.Dataset, key []qos.Member, x float64) {
	t.Helper()
	if err := h.Add(key, qos.Bin{Index: d.Scale().Index(x), N: 1}, x, x); err != nil {
		t.Fatal(err)
	}
}

// worst is rows with every hostile text.
func worst(t testing.TB) *query.Spool {
	t.Helper()
	r := &result{columns: []wire.ColumnDesc{{Name: "started", Type: wire.Timestamp}, {Name: "model", Type: wire.String}, {Name: "n", Type: wire.BigInt}}}
	for i, text := range hostile {
		r.rows = append(r.rows, []any{"2017-09-12 14:00:00.500000000", text, i})
	}
	r.rows = append(r.rows, []any{nil, nil, nil})
	server := hs2server.New(hs2server.Options{Engine: one{r}})
	client, end := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.ServeConn(context.Background(), end)
	}()
	t.Cleanup(func() { <-ended })
	c, err := impala.Connect(context.Background(), impala.Options{Hosts: []string{"coordinator:21050"}, Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	rows, err := c.Query(context.Background(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	spool, err := query.ReadRows(context.Background(), rows, query.RowContract{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { spool.Close() })
	return spool
}

// one answers every statement with the same rows.
type one struct{ rows *result }

func (o one) Execute(context.Context, *hs2server.Session, string) (hs2server.Result, error) {
	return o.rows, nil
}
