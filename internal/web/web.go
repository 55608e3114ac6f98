// Package web is the face of the scheduler over HTTP: a page on which a person sees what
// is wrong, what ran and what comes next, and two answers for machines, /healthz and
// /readyz.
//
// It asks for what it shows at every request and keeps nothing, and no request changes
// anything. Nobody logs in: what it tells, addresses of recipients among it, it tells to
// everybody who can reach the address it listens on.
//
// The page has no scripts and loads nothing, which its headers make browsers hold to.
// Texts come from servers and files of others; they stay texts, whatever they hold.
package web

import (
	"context"
	"log/slog"
	"time"

	"qosreport/internal/store"
)

// Options say what is shown. Overview, Healthy and Ready are required; they are called by
// several goroutines, and the two with a context have to return when it ends.
type Options struct {
	Instance string           // which installation it is
	Program  string           // version of the binary
	Started  time.Time        // since when this process serves
	Zone     *time.Location   // of the times that belong to no schedule; nil means UTC
	Now      func() time.Time // nil means time.Now

	// Overview is what the page tells. What it holds beside an error is shown too.
	Overview func(ctx context.Context) (Overview, error)

	// Healthy is nil while the planning loop wakes as it should.
	Healthy func() error

	// Ready is everything that work needs, each with what stands against it.
	Ready func(ctx context.Context) []Check

	Logger *slog.Logger // nil discards
}

// Check is one thing that work needs.
type Check struct {
	Name string // like "store"
	Err  error  // why it is not there; nil is good
}

// Overview is the scheduler at one instant. The page keeps the order of its lists.
type Overview struct {
	Schedules []Schedule
	Running   []Running
	Unknown   []store.Delivery // those that somebody has to resolve

	// Trouble are the slots of late that failed, were abandoned or were missed, newest
	// first; how late is for the caller to say. A schedule's newest slot that ended so is
	// told too, however old it is.
	Trouble []store.Slot
}

// Schedule is one schedule with the slots around now.
type Schedule struct {
	Name      string
	Report    string
	When      string // cron expression or interval, as it is configured
	Zone      string // IANA name; of When, and of the times that are shown
	Window    string // as it is configured, like previous_day
	Suspended bool
	Next      []Next       // soonest first
	Last      []store.Slot // newest first
}

// Next is a slot to come.
type Next struct {
	Nominal string    // the wall clock that the expression names, as 2026-03-29T02:30; it need not exist
	Fire    time.Time // when it is due
	Window  store.Window
	Skip    string // why the calendar takes it away; "" when it is to run
}

// Running is a run that is at work.
type Running struct {
	store.Run
	Attempt int       // from 1; 0 before the first
	Phase   string    // the last one that was begun; "" before the first
	Since   time.Time // of the phase, or of what is known of it; zero is not known
}
