package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// cluster is coordinators that take their time and return no rows.
type cluster struct {
	run       func(ctx context.Context, dataset string) error // what a statement does
	connected func(n int) error                               // what the n-th session meets; nil meets nothing
	unclosed  error                                           // of closing a session

	mu                        sync.Mutex
	opened, closed            int
	running, most, unfinished int
	started                   []string
}

type coordinator struct{ *cluster }

func (c *cluster) connect(context.Context, string) (Coordinator, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.connected != nil {
		if err := c.connected(c.opened); err != nil {
			return nil, err
		}
	}
	c.opened++
	return coordinator{c}, nil
}

func (c coordinator) Coordinator() string { return "h:1" }
func (c coordinator) Principal() string   { return "p" }

func (c coordinator) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed++
	return c.unclosed
}

func (c coordinator) Query(ctx context.Context, statement string, w query.Watch) (Result, error) {
	dataset := strings.TrimPrefix(statement, "SELECT ")
	c.mu.Lock()
	c.started = append(c.started, dataset)
	c.running++
	c.most = max(c.most, c.running)
	c.mu.Unlock()
	err := c.run(ctx, dataset)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	if err != nil {
		return nil, err
	}
	c.unfinished++
	return &nothing{cluster: c.cluster}, nil
}

// nothing is a result without rows.
type nothing struct{ *cluster }

func (*nothing) Columns() []wire.ColumnDesc                 { return []wire.ColumnDesc{{Name: "x", Type: wire.String}} }
func (*nothing) Next(context.Context) (*query.Batch, error) { return nil, io.EOF }
func (*nothing) QueryID() string                            { return "1:2" }
func (*nothing) Warnings() []string                         { return nil }
func (n *nothing) Close(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unfinished--
	return nil
}

// five are the statements of five datasets of rows.
func five(t *testing.T, c *cluster, sessions int) (Options, []Statement) {
	t.Helper()
	text, files := "version: 1\ndatasets:\n", fstest.MapFS{}
	for _, name := range strings.Split("abcde", "") {
		text += "  " + name + ": {query: " + name + ".sql, rows: true}\n"
		files["q/"+name+".sql"] = &fstest.MapFile{Data: []byte("SELECT " + name)}
	}
	files["r/five.yaml"] = &fstest.MapFile{Data: []byte(text + "sections: {a: {table: a}}\noutputs: {json: {}}\n")}
	templates, err := query.LoadTemplates(files, "q")
	if err != nil {
		t.Fatal(err)
	}
	d, err := definition.Load(files, "r", "five", templates)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC)
	o := Options{Definition: d, Templates: templates, Window: report.Day(day, day, time.UTC), Connect: c.connect, Sessions: sessions, Now: time.Now, Progress: &quiet{}}
	statements, err := Statements(d, templates, o.Args, o.Window)
	if err != nil {
		t.Fatal(err)
	}
	return o, statements
}

// quiet is a progress that nobody looks at, from any goroutine.
type quiet struct{}

func (quiet) Phase(string)         {}
func (quiet) Started(string)       {}
func (quiet) Query(_, _, _ string) {}
func (quiet) State(_, _ string)    {}
func (quiet) Rows(string, int)     {}
func (quiet) Finished(string)      {}

// takes is a statement that takes so long, unless its context ends.
func takes(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func TestStatementsShareSessions(t *testing.T) {
	for _, tt := range []struct {
		sessions, most int
		took           time.Duration
	}{{0, 1, 5 * time.Second}, {1, 1, 5 * time.Second}, {2, 2, 3 * time.Second}, {5, 5, time.Second}, {99, 5, time.Second}} {
		t.Run(fmt.Sprint(tt.sessions, " sessions"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // ends only when no goroutine is left
				c := &cluster{run: func(ctx context.Context, _ string) error { return takes(ctx, time.Second) }}
				o, statements := five(t, c, tt.sessions)
				began := time.Now()
				d, err := fetch(t.Context(), o, statements)
				defer d.close()
				if err != nil {
					t.Fatal(err)
				}
				if c.most != tt.most || c.opened != tt.most || c.closed != c.opened || c.unfinished != 0 || time.Since(began) != tt.took {
					t.Errorf("%d at a time over %d sessions, %d closed, in %v", c.most, c.opened, c.closed, time.Since(began))
				}
				var names []string
				for _, q := range d.queries { // in the order of the definition, whoever was first
					names = append(names, q.Dataset)
				}
				if !slices.Equal(names, []string{"a", "b", "c", "d", "e"}) || len(d.rows) != 5 || d.principal != "p" || d.queries[0].Seconds != 1 {
					t.Errorf("queries %v of %q, %d results", names, d.principal, len(d.rows))
				}
			})
		})
	}
}

func TestTheFirstFailureEndsTheOthers(t *testing.T) {
	broken := fault.Errorf(fault.Impala, fault.Capacity, "memory limit exceeded")
	tests := []struct {
		name    string
		cluster *cluster
		want    string
		started []string
	}{
		{"a statement fails", &cluster{run: func(ctx context.Context, dataset string) error {
			if dataset == "b" {
				return errors.Join(takes(ctx, time.Second), broken)
			}
			return takes(ctx, time.Hour)
		}}, "dataset b: memory limit exceeded", []string{"a", "b"}},
		{"a second session is refused", &cluster{
			run: func(ctx context.Context, _ string) error { return takes(ctx, time.Hour) },
			connected: func(n int) error {
				if n == 1 {
					return broken
				}
				return nil
			}}, "memory limit exceeded", []string{"a"}},
		{"a session that cannot be closed", &cluster{run: func(context.Context, string) error { return nil }, unclosed: broken}, "memory limit exceeded", nil},
		{"the other fails for being ended", &cluster{run: func(ctx context.Context, dataset string) error {
			if dataset == "a" {
				if err := takes(ctx, time.Hour); err != nil {
					return errors.New("connection reset, since nobody listens any more")
				}
			}
			return broken
		}}, "dataset b: memory limit exceeded", []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, statements := five(t, tt.cluster, 2)
				began := time.Now()
				d, err := fetch(t.Context(), o, statements)
				d.close()
				if err == nil || err.Error() != tt.want || fault.ClassOf(err) != fault.Capacity {
					t.Errorf("got %v", err)
				}
				c := tt.cluster
				slices.Sort(c.started)
				if c.closed != c.opened || c.running != 0 || c.unfinished != 0 || time.Since(began) > time.Second || tt.started != nil && !reflect.DeepEqual(c.started, tt.started) {
					t.Errorf("%d of %d sessions closed, %v started, after %v", c.closed, c.opened, c.started, time.Since(began))
				}
			})
		})
	}
}

// A password that is wrong counts towards a lock-out each time that it is shown.
func TestALoginThatIsRefusedIsNotRepeatedByTheOtherSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := fault.Errorf(fault.Security, fault.Authentication, "the server refused the login")
		o, statements := five(t, &cluster{}, 3)
		logins := 0
		o.Connect = func(ctx context.Context, _ string) (Coordinator, error) {
			logins++
			return nil, errors.Join(takes(ctx, time.Second), refused)
		}
		d, err := fetch(t.Context(), o, statements)
		d.close()
		if !errors.Is(err, refused) || logins != 1 {
			t.Errorf("%d logins, %v", logins, err)
		}
	})
}

func TestARunThatIsStoppedEndsItsStatements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a signal")
		c := &cluster{run: func(ctx context.Context, _ string) error { return takes(ctx, time.Hour) }}
		o, statements := five(t, c, 2)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(stopped) })
		d, err := fetch(ctx, o, statements)
		d.close()
		if fault.AreaOf(err) != fault.Stopped || c.closed != 2 || len(c.started) != 2 {
			t.Errorf("got %v, %d closed, %v started", err, c.closed, c.started)
		}
	})
}
