package sample

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"qosreport/internal/lab/sql"
)

func TestRandomNumbersAreAsSpecified(t *testing.T) {
	if got := mix(0); got != 0xe220a8397b1dcdaf {
		t.Errorf("mix(0) = %x", got)
	}
	if got := mix(1); got != 0x910a2dec89025cc1 {
		t.Errorf("mix(1) = %x", got)
	}
	d := keyOf(20170912, 17421).row(0)
	for column, want := range []float64{0.6321811480169756, 0.900557556617632, 0.42422443002077415} {
		if got := d.uniform(uint64(column)); got != want {
			t.Errorf("column %d: %v; want %v", column, got, want)
		}
	}
}

func TestNormalsAreNormal(t *testing.T) {
	const n = 20000
	sum, squares := 0.0, 0.0
	for row := range uint64(n) {
		x := keyOf(1, 2).row(row).normal(0)
		sum += x
		squares += x * x
	}
	if mean, variance := sum/n, squares/n; math.Abs(mean) > .03 || math.Abs(variance-1) > .05 {
		t.Errorf("mean %.3f, variance %.3f", mean, variance)
	}
}

func TestWeightedPick(t *testing.T) {
	w := cumulate(1, 0, 3)
	for u, want := range map[float64]int{0: 0, .2499: 0, .25: 2, .9999: 2, 1: 2} {
		if got := w.pick(u); got != want {
			t.Errorf("pick(%v) = %d; want %d", u, got, want)
		}
	}
}

func TestEModel(t *testing.T) {
	pcma, g729 := codecs[0], codecs[2]
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s = %.9f; want %.9f", name, got, want)
		}
	}
	near("Ie,eff of PCMA at 1 %", equipmentImpairment(pcma, 1), 3.639846743)
	near("Ie,eff of G.729 at 3 %", equipmentImpairment(g729, 3), 22.454545455)
	near("Id at 200 ms", delayImpairment(200), 7.297)
	near("MOS of R 80", mos(80), 4.024)
	near("MOS of R 3", mos(3), 1)
	near("MOS of R 120", mos(120), 4.5)
}

// rows runs a statement and gives each row as values.
func rows(t *testing.T, c *Catalog, text string) [][]sql.Value {
	t.Helper()
	st, err := sql.New(c).Prepare(context.Background(), sql.Session{}, text)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	var list [][]sql.Value
	err = st.Run(context.Background(), func(row []sql.Value) bool {
		list = append(list, append([]sql.Value(nil), row...))
		return true
	})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return list
}

func one(t *testing.T, c *Catalog, text string) []sql.Value {
	t.Helper()
	list := rows(t, c, text)
	if len(list) != 1 {
		t.Fatalf("%s\ngave %d rows", text, len(list))
	}
	return list[0]
}

func demo(t testing.TB, o Options) *Catalog {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cleaned is the report's view of a local day: one row for each leg, values within
// their ranges, classified and poor by the rule for poor legs.
func cleaned(dayText string) string {
	return `
WITH ranked AS (
  SELECT *, hour(local_ts) AS h, row_number() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts) AS rn
  FROM (SELECT *, from_utc_timestamp(start_ts, 'Europe/Bratislava') AS local_ts FROM qos.call_quality
        WHERE dt BETWEEN date_sub('` + dayText + `', 1) AND '` + dayText + `') raw
  WHERE to_date(local_ts) = '` + dayText + `'
), legs AS (
  SELECT site, h, leg_no, final_code,
    CASE WHEN jitter_ms BETWEEN 0 AND 10000 THEN jitter_ms END AS jitter,
    CASE WHEN rtt_ms BETWEEN 0 AND 60000 THEN rtt_ms END AS rtt,
    CASE WHEN loss_pct BETWEEN 0 AND 100 THEN loss_pct END + zeroifnull(discard_pct) AS loss,
    CASE WHEN mos_cq BETWEEN 1 AND 5 AND mos_scale = 'N' THEN mos_cq END AS mos,
    final_code = 200 AND packets_rx >= 500 AS classified
  FROM ranked WHERE rn = 1
)
SELECT sum(if(classified, 1, 0)) AS classified,
  sum(if(classified AND (jitter > 30 OR loss > 5 OR rtt > 500 OR mos < 3.6), 1, 0)) AS poor,
  sum(if(leg_no = 1 AND (final_code IS NULL OR final_code NOT BETWEEN 300 AND 399), 1, 0)) AS attempts,
  sum(if(leg_no = 1 AND final_code IN (200, 480, 486, 487, 600, 603), 1, 0)) AS delivered,
  avg(mos) AS mos, count(*) AS legs
FROM legs`
}

func TestBandsOfDays(t *testing.T) {
	c := demo(t, Options{})
	percent := func(part, whole sql.Value) float64 { return 100 * float64(part.Int()) / float64(whole.Int()) }
	tests := []struct {
		day              string
		pcrFrom, pcrTo   float64
		legsFrom, legsTo int64
	}{
		{"2017-08-30", .7, 1.4, 19300, 20700},
		{"2017-09-05", .7, 1.4, 19900, 21300},
		{"2017-09-09", .5, 1.6, 6500, 7100}, // Saturday
		{"2017-09-12", 2.7, 3.3, 19900, 21300},
	}
	for _, tt := range tests {
		row := one(t, c, cleaned(tt.day))
		pcr, ner := percent(row[1], row[0]), percent(row[3], row[2])
		t.Logf("%s: PCR %.2f %% of %d, NER %.2f %%, MOS %.3f, %d legs", tt.day, pcr, row[0].Int(), ner, row[4].Float(), row[5].Int())
		if pcr < tt.pcrFrom || pcr > tt.pcrTo {
			t.Errorf("%s: PCR is %.2f %%", tt.day, pcr)
		}
		if tt.day != "2017-09-12" && math.Abs(ner-93.4) > .6 {
			t.Errorf("%s: NER is %.2f %%", tt.day, ner)
		}
		if n := row[5].Int(); n < tt.legsFrom || n > tt.legsTo {
			t.Errorf("%s: %d legs", tt.day, n)
		}
	}
}

func TestIncidentIsWhereItIsSaidToBe(t *testing.T) {
	c := demo(t, Options{})
	bySiteHour := cleaned("2017-09-12")
	bySiteHour = strings.Replace(bySiteHour, "SELECT sum(if(classified, 1, 0))", "SELECT site, h, sum(if(classified, 1, 0))", 1) + " GROUP BY site, h"
	for _, row := range rows(t, c, bySiteHour) {
		site, hour, classified, poor := row[0].Bytes(), row[1].Int(), row[2].Int(), row[3].Int()
		if classified < 60 {
			continue
		}
		share := float64(poor) / float64(classified)
		if inside := site == "Zürich" && (hour == 14 || hour == 15); inside != (share > .75) || !inside && share > .15 {
			t.Errorf("%s at %d: %d of %d poor", site, hour, poor, classified)
		}
	}
	quiet := demo(t, Options{Incident: &Incident{}})
	if row := one(t, quiet, cleaned("2017-09-12")); 100*row[1].Int() > 2*row[0].Int() {
		t.Errorf("without an incident %d of %d are poor", row[1].Int(), row[0].Int())
	}
	moved := demo(t, Options{Incident: &Incident{Site: "Kraków", Date: date(2017, 9, 11), FromHour: 9, ToHour: 10}})
	if row := one(t, moved, cleaned("2017-09-11")+" WHERE site = 'Kraków' AND h = 9"); 4*row[1].Int() < 3*row[0].Int() {
		t.Errorf("where it was moved %d of %d are poor", row[1].Int(), row[0].Int())
	}
}

func TestSameOptionsGiveSameRowsInAnyOrder(t *testing.T) {
	digest := `SELECT sum(fnv_hash(call_id)), sum(fnv_hash(user_name)), sum(jitter_ms), max(end_ts), count(*) FROM qos.call_quality WHERE dt = '%s' AND is_nan(jitter_ms) = false`
	forward, backward := demo(t, Options{LegsPerDay: 2000}), demo(t, Options{LegsPerDay: 2000, Days: 3})
	days := []string{"2017-09-11", "2017-09-12", "2017-09-13"}
	want := map[string]string{}
	for _, day := range days {
		want[day] = fmt.Sprint(one(t, forward, fmt.Sprintf(digest, day)))
	}
	for i := range days {
		day := days[len(days)-1-i]
		if got := fmt.Sprint(one(t, backward, fmt.Sprintf(digest, day))); got != want[day] {
			t.Errorf("%s: %s; want %s", day, got, want[day])
		}
	}
	other := demo(t, Options{LegsPerDay: 2000, Seed: 7})
	if got := fmt.Sprint(one(t, other, fmt.Sprintf(digest, "2017-09-12"))); got == want["2017-09-12"] {
		t.Error("another seed gives the same day")
	}
}

func TestPartitions(t *testing.T) {
	c := demo(t, Options{})
	table, _ := c.Table("qos", "call_quality")
	var dates []string
	for _, key := range table.Partitions() {
		dates = append(dates, key[0].Bytes())
	}
	if len(dates) != 29 || dates[0] != "2017-08-15" || dates[28] != "2017-09-13" {
		t.Errorf("%d partitions: %v", len(dates), dates)
	}
	if strings.Contains(strings.Join(dates, " "), "2017-09-03") {
		t.Error("2017-09-03 is there")
	}
	if _, err := table.Scan(context.Background(), 29, nil); err == nil {
		t.Error("a partition beyond the last was opened")
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := table.Scan(stopped, 0, nil); err == nil {
		t.Error("a day was made for a statement that is over")
	}
}

func TestFaultsOfTheData(t *testing.T) {
	c := demo(t, Options{})
	between := func(name, text string, from, to int64) {
		t.Helper()
		if n := one(t, c, text)[0].Int(); n < from || n > to {
			t.Errorf("%s: %d; want %d to %d", name, n, from, to)
		}
	}
	day := " FROM qos.call_quality WHERE dt = '2017-09-06' AND "
	between("rows loaded two days late", "SELECT count(*)"+day+"ingest_ts > end_ts + INTERVAL 1 DAY", 200, 400)
	between("duplicate keys", "SELECT sum(n - 1) FROM (SELECT call_id, leg_no, count(*) n"+day+"true GROUP BY call_id, leg_no HAVING count(*) > 1) d", 40, 110)
	between("not a number", "SELECT count(*)"+day+"is_nan(jitter_ms)", 3, 40)
	between("infinite", "SELECT count(*)"+day+"is_inf(rtt_ms)", 3, 40)
	between("MOS 12.7", "SELECT count(*)"+day+"mos_cq > 12 AND mos_cq < 13", 3, 40)
	between("negative duration", "SELECT count(*)"+day+"duration_s = -1", 5, 50)
	between("code 999", "SELECT count(*)"+day+"final_code = 999", 5, 50)
	between("stray dates", "SELECT count(*)"+day+"to_date(start_ts) <> dt", 15, 80)
	between("empty site beside NULL", "SELECT count(*)"+day+"site = ''", 5, 50)
	between("unknown site", "SELECT count(*)"+day+"site IS NULL", 5, 50)
	between("formulas as names", "SELECT count(*) FROM qos.call_quality WHERE dt > '2017-09-05' AND user_name LIKE '=HYPERLINK%'", 5, 200)
	between("very long names", "SELECT count(*) FROM qos.call_quality WHERE dt > '2017-09-05' AND length(user_name) = 40000", 5, 200)
	between("decomposed names", "SELECT count(*) FROM qos.call_quality WHERE site = 'Zu\u0308rich'", 10, 200)
	between("calls over midnight", "SELECT count(*)"+day+"to_date(end_ts) > to_date(start_ts)", 5, 300)
	local := "hour(from_utc_timestamp(start_ts, 'Europe/Bratislava')) IN (3, 4) AND dt = '2017-09-10' AND "
	between("silent site", "SELECT count(*) FROM qos.call_quality WHERE "+local+"site = 'São Paulo'", 0, 2)
	between("its neighbours", "SELECT count(*) FROM qos.call_quality WHERE "+local+"site <> 'São Paulo'", 10, 200)
}

func TestSetUpOverOneCarrierGetsSlower(t *testing.T) {
	c := demo(t, Options{})
	mean := func(day string) float64 {
		return one(t, c, "SELECT avg(ln(pdd_ms)) FROM qos.call_quality WHERE carrier = 'Blåtel AS' AND dt = '"+day+"'")[0].Float()
	}
	if before, after := mean("2017-09-01"), mean("2017-09-12"); math.Abs(after-before-9*math.Log(1.06)) > .05 {
		t.Errorf("ln PDD went from %.3f to %.3f", before, after)
	}
}

func TestDaysWhenClocksChange(t *testing.T) {
	tests := []struct {
		name  string
		day   time.Time
		hours int
		two   int // how often 02 strikes
	}{
		{"summer time begins", date(2017, 3, 26), 23, 0},
		{"summer time ends", date(2017, 10, 29), 25, 2},
		{"an ordinary day", date(2017, 9, 12), 24, 1},
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hours, two := calendar{zone}.hours(dayOf(tt.day)), 0
			for _, h := range hours {
				if h.local == 2 {
					two++
				}
			}
			if len(hours) != tt.hours || two != tt.two {
				t.Errorf("%d hours, 02 strikes %d times", len(hours), two)
			}
			c := demo(t, Options{Last: tt.day, Days: 2, LegsPerDay: 4000})
			n := one(t, c, "SELECT count(*) FROM qos.call_quality WHERE dt = '"+tt.day.Format(time.DateOnly)+"'")[0].Int()
			if n < 800 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

func TestAcmeIsAFriendlyTable(t *testing.T) {
	c := demo(t, Options{})
	list := rows(t, c, `SELECT * FROM acme WHERE dt="2017-09-12" LIMIT 5`)
	if len(list) != 5 || len(list[0]) != 7 {
		t.Fatalf("%v", list)
	}
	row := one(t, c, "SELECT count(*), count(id), count(name), count(ok), sum(if(ok, 1, 0)) FROM acme WHERE dt = '2017-09-12'")
	if row[0].Int() != 1000 || row[1].Int() != 1000 || row[2].Int() == 1000 || row[2].Int() < 900 || row[4].Int() < 700 {
		t.Errorf("%v", row)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"a site that is not there", Options{Incident: &Incident{Site: "Paris", ToHour: 3}}, `there is no such site; there are `},
		{"hours the wrong way round", Options{Incident: &Incident{Site: "Zürich", FromHour: 4, ToHour: 3}}, "from 4 to 3: write hours from 0 to 24, the later one second"},
		{"no days", Options{Days: -1}, "-1 days"},
		{"one leg", Options{LegsPerDay: 1}, "1 legs a day"},
		{"a day beyond the calendar", Options{Last: date(9000, 1, 1)}, "write a year"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
		})
	}
}

func TestCatalogNames(t *testing.T) {
	c := demo(t, Options{})
	if got := fmt.Sprint(c.Databases(), c.Tables("qos"), c.Tables("default"), c.Tables("none")); got != "[default qos] [call_quality] [acme] []" {
		t.Error(got)
	}
	if _, found := c.Table("default", "call_quality"); found {
		t.Error("call_quality is in default")
	}
	if len(hostile()) != hostileTexts {
		t.Errorf("%d hostile texts", len(hostile()))
	}
}

// BenchmarkDay makes a day of 20000 legs.
func BenchmarkDay(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		c := demo(b, Options{Days: 1})
		table, _ := c.Table("qos", "call_quality")
		b.StartTimer()
		if _, err := table.Scan(context.Background(), 0, nil); err != nil {
			b.Fatal(err)
		}
	}
}
