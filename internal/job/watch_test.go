package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"qosreport/internal/query"
)

// talkative is a coordinator that tells of each statement, and then fails it.
type talkative struct{ coordinator }

func (t talkative) Query(_ context.Context, statement string, w query.Watch) (Result, error) {
	w.Started("7:8", "http://h:25000/query_plan?query_id=7%3A8")
	w.Progress(query.Progress{ScanRanges: 4, ScanRangesDone: 1})
	if w.Profile != nil {
		w.Profile(query.Profile{QueryID: "7:8", Text: "Query (id=7:8):"})
	}
	return nil, errors.New("refused")
}

// noted is a progress that remembers what it was told of statements.
type noted struct {
	quiet
	mu    sync.Mutex
	lines []string
}

func (n *noted) note(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

func (n *noted) Query(dataset, id, coordinator string) {
	n.note("%s is %s on %s", dataset, id, coordinator)
}
func (n *noted) State(dataset, state string) { n.note("%s: %s", dataset, state) }

// A statement that fails, or whose run is lost, can be found on the cluster: its id is told
// before it has rows.
func TestAStatementIsToldBeforeItHasRows(t *testing.T) {
	for _, asked := range []bool{true, false} {
		c := &cluster{}
		o, statements := five(t, c, 1)
		o.Connect = func(_ context.Context, report string) (Coordinator, error) {
			if report != "five" {
				t.Errorf("connected for %q", report)
			}
			return talkative{coordinator{c}}, nil
		}
		progress := &noted{}
		o.Progress = progress
		if asked {
			o.Profile = func(dataset string, p query.Profile) { progress.note("profile of %s: %s", dataset, p.Text) }
		}
		d, err := fetch(t.Context(), o, statements[:1])
		d.close()
		if err == nil || err.Error() != "dataset a: refused" {
			t.Errorf("got %v", err)
		}
		want := []string{"a is 7:8 on h:1", "a: 1 of 4 scan ranges", "profile of a: Query (id=7:8):"}
		if !asked {
			want = want[:2]
		}
		if !slices.Equal(progress.lines, want) {
			t.Errorf("told %q, want %q", progress.lines, want)
		}
	}
}
