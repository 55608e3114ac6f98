package job

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

// keeping is the options of a run that keeps its states.
func keeping(t *testing.T, e *engine) Options {
	t.Helper()
	o, _ := options(t, e)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), store.Options{Now: o.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o.Keeper, o.Source, o.Formats = s, "cluster/default", []string{"json"}
	o.Now = func() time.Time { return time.Date(2017, 9, 20, 4, 0, 0, 0, time.UTC) } // long after the day: its state is final
	return o
}

// asked are the statements of states that a run sent.
func asked(t *testing.T, e *engine, o Options) (n int, page map[string]any) {
	t.Helper()
	e.statements = nil
	outcome, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(outcome.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &page); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.statements {
		if strings.Contains(s, "poor") {
			n++
		}
	}
	return n, page
}

func TestStatesOfADayAreKept(t *testing.T) {
	e := &engine{}
	o := keeping(t, e)
	first, want := asked(t, e, o)
	second, got := asked(t, e, o)
	if first != 1 || second != 0 {
		t.Errorf("%d statements, then %d", first, second)
	}
	kept := got["provenance"].(map[string]any)["kept"].([]any)
	if one := kept[0].(map[string]any); one["dataset"] != "legs" || one["first_day"] != "2017-09-12" || one["days"] != 1.0 {
		t.Errorf("kept %v", kept)
	}
	for _, page := range []map[string]any{want, got} {
		delete(page, "provenance")
		for _, s := range page["sections"].([]any) {
			if section := s.(map[string]any); section["kind"] == "provenance" {
				delete(section, "notes") // which days were kept
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// What changes the meaning of states makes them unknown; what does not, does not.
func TestKeptStatesAreOfOneMeaning(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(o *Options)
		want   int
	}{
		"another title":              {func(o *Options) { o.Definition.Title = "x" }, 0},
		"an option that means speed": {func(o *Options) { o.Settings = map[string]string{"MEM_LIMIT": "8g"} }, 0},
		"an option that means more":  {func(o *Options) { o.Settings = map[string]string{"decimal_v2": "false"} }, 1},
		"another cluster":            {func(o *Options) { o.Source = "other/default" }, 1},
		"another column": {func(o *Options) {
			o.Definition.Datasets["legs"].Limits = nil
			o.Definition.Datasets["legs"].With.Column = "x"
		}, 1},
		"no keeper": {func(o *Options) { o.Keeper = nil }, 1},
		"a parameter": {func(o *Options) {
			args, err := o.Definition.Args(map[string][]string{"sites": {"Zürich"}})
			if err != nil {
				t.Fatal(err)
			}
			o.Args = args
		}, 1},
		"a day that may still change": {func(o *Options) {
			next := o.Window.First().AddDate(0, 0, 6)
			zone, _ := time.LoadLocation(o.Window.Zone)
			o.Window = report.Day(next, next, zone)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := &engine{}
			o := keeping(t, e)
			asked(t, e, o)
			tt.change(&o)
			if name == "a day that may still change" {
				e.day = "2017-09-18"
				asked(t, e, o) // fetched two days after its end: not final
			}
			if got, _ := asked(t, e, o); got != tt.want {
				t.Errorf("%d statements, want %d", got, tt.want)
			}
		})
	}
}

func TestStatesThatBreakTheReportAreNotKept(t *testing.T) {
	e := &engine{fail: "name"}
	o := keeping(t, e)
	if _, err := Run(t.Context(), o); fault.AreaOf(err) != fault.Impala {
		t.Fatalf("got %v", err)
	}
	e.fail = ""
	if n, _ := asked(t, e, o); n != 1 {
		t.Errorf("%d statements: states of a failed run were kept", n)
	}
}
