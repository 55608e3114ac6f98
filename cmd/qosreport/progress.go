package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"qosreport/internal/config"
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
// work goes on, elsewhere one log record when a phase ends.
type progress struct {
	out  io.Writer // nil without a terminal
	log  *slog.Logger
	stop func() // ends the redrawing; may be called again

	mu          sync.Mutex
	phase       string
	query       string // named query
	queryID     string
	coordinator string
	rows        int64
	started     time.Time
}

// redraw is how often the line is rewritten.
const redraw = 200 * time.Millisecond

// newProgress writes to w if that is a terminal. Done must be called at the end.
func newProgress(w io.Writer, log *slog.Logger) *progress {
	p := &progress{log: log, stop: func() {}}
	if isTerminal(w) {
		p.out = w
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
func (p *progress) Phase(phase, query string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish("phase finished")
	p.phase, p.query, p.queryID, p.coordinator, p.rows, p.started = phase, query, "", "", 0, time.Now()
	p.draw()
}

// Query names the statement of the phase as the server's logs do.
func (p *progress) Query(id, coordinator string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queryID, p.coordinator = id, coordinator
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

// Rows counts rows that have arrived.
func (p *progress) Rows(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows += int64(n)
}

// Warn logs beside the line.
func (p *progress) Warn(msg string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.log.Warn(msg, args...)
}

// Done ends the last phase, in which the work ended with err.
func (p *progress) Done(err error) {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.finish("phase failed")
	}
	p.finish("phase finished")
}

func (p *progress) finish(msg string) {
	if p.phase == "" {
		return
	}
	p.clear()
	args := []any{"phase", p.phase}
	if p.query != "" {
		args = append(args, "query", p.query)
	}
	if p.queryID != "" {
		args = append(args, "query_id", p.queryID, "coordinator", p.coordinator)
	}
	if p.rows > 0 {
		args = append(args, "rows", p.rows)
	}
	args = append(args, "took", time.Since(p.started).Round(time.Millisecond).String())
	level := slog.LevelInfo
	if p.out != nil {
		level = slog.LevelDebug // the line was seen
	}
	p.log.Log(context.Background(), level, msg, args...)
	p.phase = ""
}

func (p *progress) draw() {
	if p.out == nil || p.phase == "" {
		return
	}
	parts := []string{p.phase}
	if p.query != "" {
		parts = append(parts, p.query)
	}
	if p.rows > 0 {
		parts = append(parts, fmt.Sprintf("%d rows", p.rows))
	}
	parts = append(parts, time.Since(p.started).Round(100*time.Millisecond).String())
	fmt.Fprintf(p.out, "\r\x1b[K%s", strings.Join(parts, " · "))
}

func (p *progress) clear() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
