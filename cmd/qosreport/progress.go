package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"qosreport/internal/config"
	"qosreport/internal/query"
)

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// newLogger logs as text on a terminal and as JSON elsewhere, unless told otherwise.
func newLogger(w io.Writer, c config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: config.Levels[c.Level]}
	if c.Format == "text" || c.Format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// progress tells how far the work is: on a terminal one line that is rewritten while the
// work goes on, elsewhere one log record when a phase or a query ends.
type progress struct {
	out   io.Writer  // nil without a terminal
	width func() int // columns of the terminal, 0 when not known
	log   *slog.Logger
	stop  func() // ends the redrawing; may be called again

	mu      sync.Mutex
	phase   string
	started time.Time
	running []*runningQuery
}

// runningQuery is a statement whose rows have not all come.
type runningQuery struct {
	name        string // "" when it has none
	id          string
	coordinator string
	state       string // what it does while there are no rows, "" when nobody knows
	rows        int64
	started     time.Time
}

// redraw is how often the line is rewritten.
const redraw = 200 * time.Millisecond

// newProgress writes to w if that is a terminal. Done must be called at the end.
func newProgress(w io.Writer, log *slog.Logger) *progress {
	p := &progress{log: log, stop: func() {}}
	if f, ok := w.(*os.File); ok && isTerminal(w) {
		p.out = w
		p.width = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0
			}
			return columns
		}
		p.stop = p.redraw()
	}
	return p
}

// redraw rewrites the line until it is stopped.
func (p *progress) redraw() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.draw()
				p.mu.Unlock()
			case <-done:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-ended
	})
}

// Phase ends the phase before and begins the next.
func (p *progress) Phase(phase string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish("finished")
	p.phase, p.started = phase, time.Now()
	p.draw()
}

// Started begins a statement of the phase.
func (p *progress) Started(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, &runningQuery{name: name, started: time.Now()})
}

// Query names a statement as the server's logs do.
func (p *progress) Query(name, id, coordinator string) {
	p.change(name, func(q *runningQuery) { q.id, q.coordinator = id, coordinator })
}

// State says what a statement does that has no rows yet, such as waiting in a queue.
func (p *progress) State(name, state string) {
	p.change(name, func(q *runningQuery) { q.state = state })
}

// Rows counts rows of a statement that have arrived.
func (p *progress) Rows(name string, n int) {
	p.change(name, func(q *runningQuery) { q.rows += int64(n) })
}

func (p *progress) change(name string, change func(*runningQuery)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.running {
		if q.name == name {
			change(q)
		}
	}
}

// Above is w with the line cleared before each write, when both share a terminal.
func (p *progress) Above(w io.Writer) io.Writer {
	if p.out == nil || !isTerminal(w) {
		return w
	}
	return &above{progress: p, w: w}
}

type above struct {
	progress *progress
	w        io.Writer
}

func (a *above) Write(data []byte) (int, error) {
	a.progress.mu.Lock()
	defer a.progress.mu.Unlock()
	a.progress.clear()
	return a.w.Write(data)
}

// Finished ends a statement.
func (p *progress) Finished(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = slices.DeleteFunc(p.running, func(q *runningQuery) bool {
		if q.name == name {
			p.record(q, "query finished")
		}
		return q.name == name
	})
}

// Warn logs beside the line.
func (p *progress) Warn(msg string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.log.Warn(msg, args...)
}

// Tell says a sentence on a terminal. Elsewhere it is a record; none if msg is "", where
// another record has the same facts.
func (p *progress) Tell(sentence, msg string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	if p.out != nil {
		fmt.Fprintln(p.out, sentence)
	} else if msg != "" {
		p.log.Info(msg, args...)
	}
}

// Done ends the last phase, in which the work ended with err.
func (p *progress) Done(err error) {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	how := "finished"
	if err != nil {
		how = "failed"
	}
	p.finish(how)
}

// finish ends the phase and what runs in it.
func (p *progress) finish(how string) {
	if p.phase == "" {
		return
	}
	for _, q := range p.running {
		p.record(q, "query "+how)
	}
	p.running = nil
	p.clear()
	p.log.Log(context.Background(), p.level(), "phase "+how, "phase", p.phase, "took", since(p.started))
	p.phase = ""
}

func (p *progress) record(q *runningQuery, msg string) {
	p.clear()
	var args []any
	if q.name != "" {
		args = append(args, "query", q.name)
	}
	if q.id != "" {
		args = append(args, "query_id", q.id, "coordinator", q.coordinator)
	}
	args = append(args, "rows", q.rows, "took", since(q.started))
	p.log.Log(context.Background(), p.level(), msg, args...)
}

// level is that of the records; where the line was seen they are for who asks for more.
func (p *progress) level() slog.Level {
	if p.out != nil {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func since(t time.Time) string { return time.Since(t).Round(time.Millisecond).String() }

func (p *progress) draw() {
	if p.out == nil || p.phase == "" {
		return
	}
	parts := []string{p.phase}
	for _, q := range p.running {
		state := q.state
		if q.rows > 0 {
			state = fmt.Sprintf("%d rows", q.rows)
		}
		if text := strings.TrimSpace(q.name + " " + state); text != "" {
			parts = append(parts, text)
		}
	}
	parts = append(parts, time.Since(p.started).Round(100*time.Millisecond).String())
	fmt.Fprintf(p.out, "\r\x1b[K%s", p.fitting(strings.Join(parts, " · ")))
}

// fitting is as much of a line as the terminal shows in one: what is wrapped cannot be
// rewritten, and would be left behind at each redraw.
func (p *progress) fitting(line string) string {
	columns := 0
	if p.width != nil {
		columns = p.width()
	}
	for columns > 0 && line != "" && query.DisplayWidth(line) >= columns {
		_, size := utf8.DecodeLastRuneInString(line)
		line = line[:len(line)-size]
	}
	return line
}

func (p *progress) clear() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
