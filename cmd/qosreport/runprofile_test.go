package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/job"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

func TestProfilesLieBesideTheReport(t *testing.T) {
	day := time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC)
	o := job.Options{Out: t.TempDir(), Definition: &definition.Definition{Name: "voice-daily"}, Window: report.Day(day, day, time.UTC)}
	var log bytes.Buffer
	write := profileWriter(o, slog.New(slog.NewTextHandler(&log, nil)))
	write("legs", query.Profile{QueryID: "1a:2b", Text: "Query (id=1a:2b):\n  Summary:\n\n"})
	path := filepath.Join(o.Out, "voice-daily_2017-09-12_legs_1a-2b.profile.txt")
	if text, err := os.ReadFile(path); err != nil || string(text) != "Query (id=1a:2b):\n  Summary:\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v: statements may hold what not everybody may read", info.Mode(), err)
	}
	write("legs", query.Profile{QueryID: "../../x", Text: "y"})
	if files, err := os.ReadDir(o.Out); err != nil || len(files) != 2 {
		t.Errorf("got %v, %v", files, err)
	}
	o.Out = filepath.Join(o.Out, "missing")
	profileWriter(o, slog.New(slog.NewTextHandler(&log, nil)))("legs", query.Profile{QueryID: "1:2"})
	if !strings.Contains(log.String(), "profile not written") {
		t.Errorf("logged %s", &log)
	}
}

func TestCoordinatorsShowWhoSendsAStatement(t *testing.T) {
	if got := identifier("v1.2.0 go1.26", "voice-daily"); got != "qosreport/v1.2.0 voice-daily" {
		t.Errorf("got %q", got)
	}
}
