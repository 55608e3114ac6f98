package query

import (
	"strings"
	"testing"
	"testing/fstest"

	"qosreport/internal/qos"
)

func renderBins(t *testing.T, text string, column, where string, scale qos.Scale) (string, error) {
	t.Helper()
	files := fstest.MapFS{"q/_parts.sql": {Data: []byte(`{{define "judged"}} classified AND {{window "ts"}} {{end}}{{define "broken"}}{{.Nope}}{{end}}`)}, "q/q.sql": {Data: []byte(text)}}
	templates, err := LoadTemplates(files, "q")
	if err != nil {
		t.Fatal(err)
	}
	return templates.Render("q.sql", Data{From: Timestamp(day("2017-09-12")), To: Timestamp(day("2017-09-13")), Dataset: "jitter",
		Bins: map[string]Bins{"jitter": {Column: column, Scale: scale}}, Column: Identifier(column), Where: where})
}

var (
	logScale    = qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 60000}
	linearScale = qos.Scale{Kind: qos.Linear, Width: 0.1, Min: -1, Max: 5}
)

func TestBinsAndQualityAsSQL(t *testing.T) {
	const (
		big     = "1.7976931348623157e308"
		maximum = "x >= -" + big + " AND x <= " + big
	)
	tests := []struct {
		name, text, column, where string
		scale                     qos.Scale
		want                      string
	}{
		{"bins of a log scale", "{{bin .Dataset}}", "x", "", logScale,
			"CASE WHEN x IS NULL THEN NULL WHEN NOT (" + maximum + ") THEN -2147483647 WHEN x < 0 THEN -2147483646 WHEN x < 0.01 THEN -1000000 WHEN x > 60000 THEN 1000000 ELSE CAST(CEIL(LN(CAST(x AS DOUBLE)) * CAST(49.99833328888678 AS DOUBLE)) AS INT) END"},
		{"bins of a linear scale", "{{bin .Dataset}}", "x", "", linearScale,
			"CASE WHEN x IS NULL THEN NULL WHEN NOT (" + maximum + ") THEN -2147483647 WHEN x < -1 THEN -2147483646 WHEN x > 5 THEN 1000000 ELSE CAST(FLOOR((CAST(x AS DOUBLE) - CAST(-1 AS DOUBLE)) / CAST(0.1 AS DOUBLE) + CAST(0.000000001 AS DOUBLE)) AS INT) END"},
		{"a column that needs quotes", "{{.Column}} {{bin .Dataset}}", "Größe", "", linearScale,
			"`Größe` CASE WHEN `Größe` IS NULL THEN NULL WHEN NOT (`Größe` >= -" + big + " AND `Größe` <= " + big + ") THEN -2147483647 WHEN `Größe` < -1 THEN -2147483646 WHEN `Größe` > 5 THEN 1000000 ELSE CAST(FLOOR((CAST(`Größe` AS DOUBLE) - CAST(-1 AS DOUBLE)) / CAST(0.1 AS DOUBLE) + CAST(0.000000001 AS DOUBLE)) AS INT) END"},
		{"what is wrong with a column", `{{quality "x" -1 0.5}}`, "x", "", logScale,
			"SUM(CASE WHEN x IS NULL THEN 1 ELSE 0 END) AS x__null,\n" +
				"  SUM(CASE WHEN " + maximum + " AND x < (-1) THEN 1 ELSE 0 END) AS x__low,\n" +
				"  SUM(CASE WHEN " + maximum + " AND x > 0.5 THEN 1 ELSE 0 END) AS x__high,\n" +
				"  SUM(CASE WHEN x IS NOT NULL AND NOT (" + maximum + ") THEN 1 ELSE 0 END) AS x__nonfinite"},
		{"of a table's column under its short name", `{{quality "t.x" 0 1}}`, "x", "", logScale,
			"SUM(CASE WHEN t.x IS NULL THEN 1 ELSE 0 END) AS x__null,\n" +
				"  SUM(CASE WHEN t.x >= -" + big + " AND t.x <= " + big + " AND t.x < 0 THEN 1 ELSE 0 END) AS x__low,\n" +
				"  SUM(CASE WHEN t.x >= -" + big + " AND t.x <= " + big + " AND t.x > 1 THEN 1 ELSE 0 END) AS x__high,\n" +
				"  SUM(CASE WHEN t.x IS NOT NULL AND NOT (t.x >= -" + big + " AND t.x <= " + big + ") THEN 1 ELSE 0 END) AS x__nonfinite"},
		{"all rows count", "WHERE {{rows}}", "x", "", logScale, "WHERE TRUE"},
		{"rows of a block", "WHERE {{rows}}", "x", "judged", logScale, "WHERE classified AND ts >= CAST('2017-09-12 00:00:00' AS TIMESTAMP) AND ts < CAST('2017-09-13 00:00:00' AS TIMESTAMP)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := renderBins(t, tt.text, tt.column, tt.where, tt.scale); err != nil || got != tt.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestMistakesInBinsAndRanges(t *testing.T) {
	tests := []struct{ name, text, column, where, want string }{
		{"a dataset without bins", `{{bin "legs"}}`, "x", "", "legs"},
		{"no column", "{{bin .Dataset}}", "", "", `"" is no name of a table or column`},
		{"a column that breaks out", "{{bin .Dataset}}", "x` FROM y --", "", "is no name"},
		{"a block with a mistake", "{{rows}}", "x", "broken", "Nope"},
		{"a block that is not there", "{{rows}}", "x", "nope", "nope"},
		{"a range whose ends are swapped", `{{valid "x" 10 1}}`, "x", "", "valid: the range of x begins at 10 and ends at 1"},
		{"and of quality", `{{quality "x" 0.5 0.25}}`, "x", "", "quality: the range of x begins at 0.5 and ends at 0.25"},
		{"a limit that is a text", `{{quality "x" "a" 1}}`, "x", "", "quality: a is no number"},
		{"four columns of a date", `{{partition "year" "month" "day" "hour"}}`, "x", "", "partition: 4 values"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := renderBins(t, tt.text, tt.column, tt.where, logScale); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}
