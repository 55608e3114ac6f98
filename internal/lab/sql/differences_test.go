package sql

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A difference is a statement that Impala and Spark answer differently. A row is the texts
// of its cells, joined by bars; an error is ERROR and a part of its text.
type difference struct {
	Name   string
	SQL    string
	Impala string
	Spark  string // is checked with the peers
	Source string // of Impala's answer: a file of its source, a topic of its documentation or a ticket
}

// TestKnownDifferences has what the comparison with Spark leaves out: there the engine
// answers as Impala does.
func TestKnownDifferences(t *testing.T) {
	data, err := os.ReadFile("testdata/differences.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []difference
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Errorf("%d differences are left", len(list))
	}
	for _, d := range list {
		t.Run(d.Name, func(t *testing.T) {
			if d.Source == "" || d.Impala == d.Spark {
				t.Errorf("no difference, or none with a source: %+v", d)
			}
			if got := d.answer(); got != d.Impala {
				t.Errorf("%s\ngave %q\nwant %q", d.SQL, got, d.Impala)
			}
		})
	}
}

// answer is what the engine says to the statement, in the form of the file.
func (d difference) answer() string {
	st, err := New(fixture()).Prepare(context.Background(), session(), d.SQL)
	var rows []string
	if err == nil {
		err = st.Run(context.Background(), func(row []Value) bool {
			var cells []string
			for i, v := range row {
				cells = append(cells, clientText(v, st.Columns()[i].Type))
			}
			rows = append(rows, strings.Join(cells, "|"))
			return true
		})
	}
	if err != nil {
		if want, found := strings.CutPrefix(d.Impala, "ERROR "); found && strings.Contains(err.Error(), want) {
			return d.Impala
		}
		return "ERROR " + err.Error()
	}
	return strings.Join(rows, "\n")
}

// clientText is a value as clients print it.
func clientText(v Value, t Type) string {
	switch {
	case v.IsNull():
		return "NULL"
	case t.Kind == Boolean:
		return strconv.FormatBool(v.Bool())
	case t.Kind.binary() && math.IsNaN(v.Float()):
		return "NaN"
	case t.Kind.binary() && math.IsInf(v.Float(), 0):
		return strings.TrimPrefix(strconv.FormatFloat(v.Float(), 'g', -1, 64), "+") + "inity"
	case t.Kind.binary():
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return v.Text()
}
