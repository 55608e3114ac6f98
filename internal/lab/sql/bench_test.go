package sql_test

import (
	"context"
	"strings"
	"testing"
	_ "time/tzdata"

	"qosreport/internal/lab/sample"
	"qosreport/internal/lab/sql"
)

// histogram is the shape of statement that reports send most: clean, bin, count.
const histogram = `
SELECT site, hr, bin, COUNT(*) AS n FROM (
  SELECT site, hr, CASE WHEN x IS NULL THEN NULL
      WHEN NOT (x >= -1.7976931348623157e308 AND x <= 1.7976931348623157e308) THEN -2147483647
      WHEN x < 0 THEN -2147483646
      WHEN x < 0.01 THEN -1000000
      WHEN x > 60000 THEN 1000000
      ELSE CAST(CEIL(LN(CAST(x AS DOUBLE)) * CAST(49.99833328888678 AS DOUBLE)) AS INT) END AS bin
  FROM (
    SELECT site, hour(from_utc_timestamp(start_ts, 'Europe/Bratislava')) AS hr,
      CASE WHEN jitter_ms >= 0 AND jitter_ms <= 10000 THEN jitter_ms END AS x
    FROM qos.call_quality
    WHERE dt BETWEEN '2017-08-15' AND '2017-09-13'
      AND start_ts >= CAST('2017-08-14 22:00:00' AS TIMESTAMP) AND start_ts < CAST('2017-09-13 22:00:00' AS TIMESTAMP)
      AND final_code = 200) f) b
GROUP BY site, hr, bin`

const aggregates = `
SELECT to_date(from_utc_timestamp(start_ts, 'Europe/Bratislava')) AS day, site, carrier, codec, hour(start_ts) AS hr,
  COUNT(*) AS legs, SUM(IF(final_code = 200, 1, 0)) AS answered, SUM(duration_s) AS talk_s, MIN(rtt_ms) AS rtt_min,
  MAX(rtt_ms) AS rtt_max, SUM(mos_cq) AS mos_sum, COUNT(mos_cq) AS mos_n, AVG(jitter_ms) AS jitter,
  SUM(packets_lost) AS lost, SUM(packets_rx) AS received
FROM qos.call_quality WHERE dt <= '2017-09-13' GROUP BY day, site, carrier, codec, hr`

// ranked drops copies of rows before it counts.
const ranked = `
SELECT day, site, COUNT(*) AS legs, SUM(CASE WHEN jitter_ms > 30 OR rtt_ms > 500 OR mos < 3.6 THEN 1 ELSE 0 END) AS poor, SUM(duration_s) AS talk_s
FROM (
  SELECT to_date(from_utc_timestamp(start_ts, 'Europe/Bratislava')) AS day, site, jitter_ms, rtt_ms, duration_s, mos FROM (
    SELECT call_id, leg_no, start_ts, codec, packets_rx, duration_s, jitter_ms, rtt_ms, loss_pct, discard_pct,
      CASE WHEN mos_scale = 'N' AND mos_cq >= 1 AND mos_cq <= 5 THEN mos_cq END AS mos,
      CASE WHEN TRIM(site) <> '' THEN TRIM(site) END AS site,
      ROW_NUMBER() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts NULLS LAST, duration_s NULLS LAST) AS copy_no
    FROM qos.call_quality WHERE dt BETWEEN '2017-08-15' AND '2017-09-13' AND call_id IS NOT NULL) copies
  WHERE copy_no = 1) f
GROUP BY day, site`

// copies are the rows without those that came twice, below what reports ask.
const copies = `(
  SELECT *, ROW_NUMBER() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts NULLS LAST, duration_s NULLS LAST) AS copy_no
  FROM qos.call_quality WHERE dt BETWEEN '2017-08-15' AND '2017-09-13' AND call_id IS NOT NULL AND leg_no IS NOT NULL
    AND start_ts >= CAST('2017-08-14 22:00:00' AS TIMESTAMP) AND start_ts < CAST('2017-09-13 22:00:00' AS TIMESTAMP)) c`

// extremes is the histogram of rows without copies, with the extremes of each bin.
const extremes = `
SELECT day, site, hr, bin, COUNT(*) AS n, MIN(x) AS low, MAX(x) AS high FROM (
  SELECT day, site, hr, x, CASE WHEN x IS NULL THEN NULL WHEN x < 0.01 THEN -1000000 WHEN x > 60000 THEN 1000000
      ELSE CAST(CEIL(LN(CAST(x AS DOUBLE)) * CAST(49.99833328888678 AS DOUBLE)) AS INT) END AS bin
  FROM (SELECT to_date(from_utc_timestamp(start_ts, 'Europe/Bratislava')) AS day, site, hour(from_utc_timestamp(start_ts, 'Europe/Bratislava')) AS hr,
      CASE WHEN rtt_ms >= 0 AND rtt_ms <= 60000 THEN rtt_ms END AS x FROM ` + copies + ` WHERE copy_no = 1 AND final_code = 200) f) b
GROUP BY day, site, hr, bin`

// hours is a distinct count in small groups.
const hours = `SELECT dt, site, COUNT(DISTINCT hour(start_ts)) AS hours FROM ` + copies + ` WHERE copy_no = 1 GROUP BY dt, site`

// quality counts what is wrong with ten columns, four ways each.
func quality() string {
	text := "SELECT dt, COUNT(*) AS n"
	for _, c := range []string{"duration_s", "loss_pct", "discard_pct", "burst_density_pct", "jitter_ms", "jitter_max_ms", "rtt_ms", "owd_ms", "mos_cq", "r_factor"} {
		const template = `, SUM(CASE WHEN x IS NULL THEN 1 ELSE 0 END), SUM(CASE WHEN F AND x < 0 THEN 1 ELSE 0 END), SUM(CASE WHEN F AND x > 100 THEN 1 ELSE 0 END), SUM(CASE WHEN x IS NOT NULL AND NOT (F) THEN 1 ELSE 0 END)`
		finite := "x >= -1.7976931348623157e308 AND x <= 1.7976931348623157e308"
		text += strings.ReplaceAll(strings.ReplaceAll(template, "F", finite), "x", c)
	}
	return text + " FROM " + copies + " WHERE copy_no = 1 GROUP BY dt"
}

func prepare(t testing.TB, text string) *sql.Statement {
	t.Helper()
	catalog, err := sample.New(sample.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := sql.New(catalog).Prepare(context.Background(), sql.Session{}, text)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// benchmark runs a statement over 29 days of 20000 legs that are there already.
func benchmark(b *testing.B, text string) {
	st := prepare(b, text)
	count := func() int {
		rows := 0
		if err := st.Run(context.Background(), func([]sql.Value) bool { rows++; return true }); err != nil {
			b.Fatal(err)
		}
		return rows
	}
	rows := count()
	b.ReportAllocs()
	for b.Loop() {
		count()
	}
	b.ReportMetric(float64(rows), "rows")
}

func BenchmarkHistogram(b *testing.B)  { benchmark(b, histogram) }
func BenchmarkAggregates(b *testing.B) { benchmark(b, aggregates) }
func BenchmarkRanked(b *testing.B)     { benchmark(b, ranked) }
func BenchmarkExtremes(b *testing.B)   { benchmark(b, extremes) }
func BenchmarkHours(b *testing.B)      { benchmark(b, hours) }
func BenchmarkQuality(b *testing.B)    { benchmark(b, quality()) }
func BenchmarkCount(b *testing.B)      { benchmark(b, "SELECT COUNT(*) FROM qos.call_quality") }
func BenchmarkDistinct(b *testing.B) {
	benchmark(b, "SELECT site, COUNT(DISTINCT endpoint_id) FROM qos.call_quality GROUP BY site")
}
func BenchmarkWorst(b *testing.B) {
	benchmark(b, "SELECT * FROM qos.call_quality WHERE jitter_ms < 10000 ORDER BY jitter_ms DESC LIMIT 500")
}

// TestHistogramCountsEveryLeg checks the bins against a count of the same rows.
func TestHistogramCountsEveryLeg(t *testing.T) {
	day := strings.NewReplacer("2017-08-15", "2017-09-12", "2017-09-13", "2017-09-12", "2017-08-14", "2017-09-11").Replace(histogram)
	total, null, least, most := int64(0), int64(0), int64(0), int64(0)
	err := prepare(t, day).Run(context.Background(), func(row []sql.Value) bool {
		total += row[3].Int()
		if row[2].IsNull() {
			null += row[3].Int()
		}
		least, most = min(least, row[2].Int()), max(most, row[2].Int())
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	var want int64
	counted := `SELECT COUNT(*) FROM qos.call_quality WHERE dt = '2017-09-12' AND final_code = 200
		AND start_ts BETWEEN '2017-09-11 22:00:00' AND '2017-09-12 21:59:59.999'`
	err = prepare(t, counted).Run(context.Background(), func(row []sql.Value) bool { want = row[0].Int(); return true })
	if err != nil {
		t.Fatal(err)
	}
	if total != want || want < 10_000 {
		t.Errorf("%d legs in bins, %d in all", total, want)
	}
	if null < 5 || null > 500 {
		t.Errorf("%d legs without a measurement", null)
	}
	if least < -200 || most > 300 { // 0.02 ms to 400 ms
		t.Errorf("bins from %d to %d", least, most)
	}
}
