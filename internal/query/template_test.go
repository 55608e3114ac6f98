package query

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func day(text string) Date {
	d, err := ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func render(t *testing.T, text string) (string, error) {
	t.Helper()
	files := fstest.MapFS{"queries/a/_parts.sql": {Data: []byte(`{{define "part"}}FROM {{.Params.table}}{{end}}`)}, "queries/a/q.sql": {Data: []byte(text)}}
	templates, err := LoadTemplates(files, "queries")
	if err != nil {
		return "", err
	}
	return templates.Render("a/q.sql", Data{
		DateFrom: day("2017-09-11"), DateTo: day("2017-09-12"),
		From: Timestamp(time.Date(2017, 9, 11, 22, 0, 0, 0, time.UTC)), To: Timestamp(time.Date(2017, 9, 12, 22, 0, 0, 0, time.UTC)),
		TZ:     "Europe/Bratislava",
		Params: map[string]fmt.Stringer{"table": Identifier("qos.t"), "sites": Strings{"O'Brien"}, "none": Strings(nil), "codes": Ints{-1}},
	})
}

func TestTemplates(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"values print as SQL", "{{.DateFrom}} {{.From}} {{.TZ}} {{.Params.sites}}", `'2017-09-11' CAST('2017-09-11 22:00:00' AS TIMESTAMP) 'Europe/Bratislava' 'O\'Brien'`},
		{"partials", `SELECT 1 {{template "part" .}}`, "SELECT 1 FROM `qos`.`t`"},
		{"elements of a list are literals", "{{range .Params.sites}}{{.}}{{end}} {{index .Params.sites 0}} {{index .Params.codes 0}}", `'O\'Brien' 'O\'Brien' (-1)`},
		{"an empty list is false", "{{if .Params.none}}x{{else}}y{{end}}{{if .Params.sites}}z{{end}}", "yz"},
		{"partition", `{{partition "dt"}}`, "dt BETWEEN '2017-09-11' AND '2017-09-12'"},
		{"partition of three columns", `{{partition "year" "month" "t.day"}}`, "year = 2017 AND month = 9 AND t.day BETWEEN 11 AND 12"},
		{"partition in another form", `{{partition "t.dt" "yyyyMMdd"}}`, "t.dt BETWEEN '20170911' AND '20170912'"},
		{"window", `{{window "start_ts"}}`, "start_ts >= CAST('2017-09-11 22:00:00' AS TIMESTAMP) AND start_ts < CAST('2017-09-12 22:00:00' AS TIMESTAMP)"},
		{"valid", `{{valid "x" -1 0.5}}`, "CASE WHEN x >= (-1) AND x <= 0.5 THEN x END"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := render(t, tt.text); err != nil || got != tt.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

func TestAWindowThatNoTimestampHoldsIsRefused(t *testing.T) {
	files := fstest.MapFS{"queries/q.sql": {Data: []byte(`{{window "start_ts"}}`)}}
	templates, err := LoadTemplates(files, "queries")
	if err != nil {
		t.Fatal(err)
	}
	for year, want := range map[int]string{1399: "1399-09-12 lies before 1400-01-01", 1400: ""} {
		from := time.Date(year, 9, 12, 0, 0, 0, 0, time.UTC)
		_, err := templates.Render("q.sql", Data{From: Timestamp(from), To: Timestamp(from.AddDate(0, 0, 1))})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: got %v", year, err)
		}
	}
}

func TestTemplateMistakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"an unknown parameter", "{{.Params.nope}}", "nope"},
		{"an unknown field", "{{.Nope}}", "Nope"},
		{"an action that is not closed", "{{if}}", "a/q.sql:1"},
		{"a name that cannot be quoted", "{{partition \"a`b\"}}", "is no name"},
		{"a limit that is no number", `{{valid "x" "0" 1}}`, "is no number"},
		{"a form that is not known", `{{partition "dt" "dd.MM."}}`, "not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := render(t, tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

func TestPartialsCannotBeRenderedAlone(t *testing.T) {
	templates, err := LoadTemplates(fstest.MapFS{"q/_p.sql": {}, "q/x.sql": {}}, "q")
	if err != nil || templates.Has("_p.sql") || !templates.Has("x.sql") || templates.Has("y.sql") {
		t.Errorf("%v", err)
	}
	if texts := templates.Texts("x.sql"); len(texts) != 2 {
		t.Errorf("texts %v", texts)
	}
}

func TestPartitionOfThreeColumnsOverMonths(t *testing.T) {
	data := Data{DateFrom: Date(time.Date(2016, 12, 30, 23, 0, 0, 0, time.UTC)), DateTo: Date(time.Date(2017, 2, 2, 22, 59, 59, 0, time.UTC))}
	got, err := data.partition("year", "month", "day")
	want := "(year = 2016 AND month = 12 AND day BETWEEN 30 AND 31 OR year = 2017 AND month = 1 AND day BETWEEN 1 AND 31 OR year = 2017 AND month = 2 AND day BETWEEN 1 AND 2)"
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}
