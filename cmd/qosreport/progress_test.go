package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/config"
)

func TestOneRecordAPhase(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(&out, config.Log{Level: "info", Format: "auto"}).With("run", "r1")
	p := newProgress(&out, log)
	p.Phase("connect")
	p.Phase("query")
	p.Started("legs")
	p.Query("legs", "1:2", "impalad-1:21050")
	p.Started("worst")
	p.Query("worst", "3:4", "impalad-2:21050")
	p.Rows("legs", 30)
	p.Rows("worst", 7)
	p.Rows("legs", 12)
	p.Finished("worst")
	p.Done(errors.New("lost"))
	p.Done(nil)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d records: %s", len(lines), out.String())
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(lines[2]), &record); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"run": "r1", "msg": "query failed", "query": "legs", "query_id": "1:2", "coordinator": "impalad-1:21050", "rows": 42.0} {
		if record[key] != want {
			t.Errorf("%s is %v, want %v", key, record[key], want)
		}
	}
}

// On a terminal the line goes on living while nothing comes, at most five times a second.
func TestTheLineIsRewritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{out: &out, log: slog.New(slog.DiscardHandler)}
		p.stop = p.redraw()
		p.Phase("query")
		p.Started("legs")
		time.Sleep(3*time.Second + redraw/2) // of the bubble
		p.Done(nil)
		text := out.String()
		if n := strings.Count(text, "query · legs"); n < 10 || n > 17 {
			t.Errorf("drawn %d times: %q", n, text)
		}
		if !strings.Contains(text, "query · legs · 3s") || !strings.HasSuffix(text, "\r\x1b[K") {
			t.Errorf("got %q", text)
		}
	})
}

func TestTheLineTellsWhatAStatementWaitsFor(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, log: slog.New(slog.DiscardHandler)}
	p.Phase("query")
	p.Started("")
	p.Started("legs")
	p.State("", "queued: 2 ahead")
	p.State("legs", "3 of 9 scan ranges")
	p.draw()
	p.Rows("legs", 5)
	p.draw()
	for _, want := range []string{"query · queued: 2 ahead · legs 3 of 9 scan ranges · ", "query · queued: 2 ahead · legs 5 rows · "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
}

func TestTheLineFitsTheTerminal(t *testing.T) {
	for columns, want := range map[int]string{1: "", 12: "query · leg", 15: "query · legs ", 16: "query · legs 日", 18: "query · legs 日本", 0: "query · legs 日本 · 0s"} {
		var out bytes.Buffer
		p := &progress{out: &out, width: func() int { return columns }, log: slog.New(slog.DiscardHandler), phase: "query", started: time.Now()}
		p.running = []*runningQuery{{name: "legs", state: "日本"}}
		if p.draw(); out.String() != "\r\x1b[K"+want {
			t.Errorf("%d columns: %q, want %q", columns, out.String(), want)
		}
	}
}

func TestRowsStandAboveTheLine(t *testing.T) {
	var terminal bytes.Buffer
	p := &progress{out: &terminal, log: slog.New(slog.DiscardHandler)}
	w := &above{progress: p, w: &terminal}
	p.Phase("query")
	if _, err := w.Write([]byte("row\n")); err != nil {
		t.Fatal(err)
	}
	if want := "\r\x1b[Kquery · 0s\r\x1b[Krow\n"; terminal.String() != want {
		t.Errorf("got %q", terminal.String())
	}
	if w := p.Above(&terminal); w != &terminal {
		t.Error("what is no terminal needs no care")
	}
}
