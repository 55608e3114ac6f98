package hs2server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

// poll is state, but with LONG_POLLING_TIME_MS it waits so long for a change.
func (o *operation) poll(ctx context.Context) (wire.State, error) {
	const step = 5 * time.Millisecond
	before, err := o.state()
	deadline := time.Now().Add(duration(o.options, longPollingTime, time.Millisecond))
	state := before
	for state == before && state != wire.StateFinished && err == nil && time.Now().Before(deadline) {
		if pause(ctx, min(step, time.Until(deadline))) != nil {
			break
		}
		state, err = o.state()
	}
	return state, err
}

// changed counts the rows that the statement changed; nil for one that changes none.
func (o *operation) changed() *wire.DMLResult {
	if o.script.DML != nil {
		return o.script.DML
	}
	if m, ok := o.result.(Modifier); ok {
		counts := m.Modified()
		return &counts
	}
	return nil
}

// summary is what GetExecSummary answers.
func (o *operation) summary() wire.ExecSummary {
	var summary wire.ExecSummary
	if s, ok := o.result.(Summarizer); ok {
		summary = s.Summary()
	}
	state, err := o.state()
	o.mu.Lock()
	queued, cancelled := o.queued, o.reason != nil && o.reason.Error() == "Cancelled"
	o.mu.Unlock()
	switch state {
	case wire.StatePending:
		summary.State, summary.Queued, summary.QueuedReason = wire.ExecQueued, true, queued
	case wire.StateRunning:
		summary.State = wire.ExecRunning
	case wire.StateFinished:
		summary.State = wire.ExecFinished
	}
	if err != nil {
		summary.State = wire.ExecFailed
		if cancelled {
			summary.State = wire.ExecCancelled
		}
	}
	return summary
}

// log is what GetLog answers (impala-hs2-server.cc): progress, the failure, warnings, and
// what the admission says.
func (o *operation) log() string {
	var lines []string
	progress := "" // ends with a line feed even where nothing follows: impala-shell cuts it off with that
	summary := o.summary()
	if p := summary.Progress; p != nil && p.ScanRanges > 0 {
		progress = fmt.Sprintf("Query %s: %d%% Complete (%d out of %d)\n", o.id, 100*p.ScanRangesDone/p.ScanRanges, p.ScanRangesDone, p.ScanRanges)
	}
	if err := o.failure(); err != nil {
		lines = append(lines, err.Error())
	}
	if summary.Queued {
		lines = append(lines, "Admission result : Queued", "Latest admission queue reason : "+summary.QueuedReason)
	}
	if text := o.result.Log(); text != "" {
		lines = append(lines, text)
	}
	lines = append(lines, o.script.Warnings...)
	return progress + strings.Join(lines, "\n")
}

// profile is what GetRuntimeProfile answers: a head that is the server's and, below it,
// what the engine tells.
func (o *operation) profile() string {
	state, _ := o.state()
	o.mu.Lock()
	ended, reason := o.ended, o.reason
	o.mu.Unlock()
	const layout = "2006-01-02 15:04:05.000000000"
	end, took := "", time.Since(o.started)
	if !ended.IsZero() {
		end, took = ended.Format(layout), ended.Sub(o.started)
	}
	name, outcome := map[wire.State]string{wire.StatePending: "PENDING", wire.StateRunning: "RUNNING", wire.StateFinished: "FINISHED"}[state], "OK"
	if reason != nil { // here without the query id before it
		name, outcome = "EXCEPTION", reason.Error()
	}
	delegated := ""
	if o.session.user != o.session.connected {
		delegated = o.session.user
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Query (id=%s):\n  Summary:\n", o.id)
	for _, line := range [][2]string{
		{"Session ID", wire.ImpalaID(o.session.handle.GUID)}, {"Session Type", "HIVESERVER2"}, {"HiveServer2 Protocol Version", fmt.Sprintf("V%d", o.session.protocol+1)},
		{"Start Time", o.started.Format(layout)}, {"End Time", end}, {"Duration", PrettyTime(took)},
		{"Query Type", o.kind}, {"Query State", name}, {"Query Status", outcome}, {"Impala Version", o.session.server.opts.Version},
		{"User", o.session.user}, {"Connected User", o.session.connected}, {"Delegated User", delegated}, {"Network Address", o.session.remote},
		{"Default Db", o.session.Database()}, {"Sql Statement", o.statement}, {"Query Options (set by configuration)", o.changedOptions()},
	} {
		fmt.Fprintf(&b, "    %s: %s\n", line[0], line[1])
	}
	if p, ok := o.result.(Profiler); ok {
		b.WriteString(p.Profile())
	}
	return b.String()
}

// changedOptions are the options that are not at their defaults.
func (o *operation) changedOptions() string {
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(o.options)) {
		if o.options[name] != o.session.server.defaults[name] {
			changed = append(changed, name+"="+o.options[name])
		}
	}
	return strings.Join(changed, ",")
}

func (c *connection) getLog(req *wire.OperationReq) wire.Message {
	o, err := c.server.operation(req.Operation, c)
	if err != nil {
		return &wire.LogResp{Status: status(err)}
	}
	return &wire.LogResp{Log: o.log()}
}

func (c *connection) execSummary(req *wire.ExecSummaryReq) wire.Message {
	kept, err := c.reported(req.Operation, req.Session)
	if err != nil {
		return &wire.ExecSummaryResp{Status: status(err)}
	}
	return &wire.ExecSummaryResp{Summary: &kept.summary}
}

func (c *connection) runtimeProfile(req *wire.ProfileReq) wire.Message {
	kept, err := c.reported(req.Operation, req.Session)
	if err == nil && req.Format != wire.ProfileFormatText {
		err = unsupported()
	}
	if err != nil {
		return &wire.ProfileResp{Status: status(err)}
	}
	return &wire.ProfileResp{Profile: kept.profile}
}
