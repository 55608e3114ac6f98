package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// statusCmd shows what the ledger knows of the schedules at a glance. Its exit code is for
// monitoring.
type statusCmd struct {
	Live bool `xor:"how" help:"Print nothing; fail unless a planning loop on this host showed itself within 90 s."`
	JSON bool `name:"json" xor:"how" help:"Print JSON."`
	fileFlags
	connectionFlags
}

// Run prints the ledger's state, and fails when something is not as it should be.
func (s *statusCmd) Run(ctx context.Context, a *app) (err error) {
	c, err := s.load()
	if err != nil {
		return err
	}
	if s.Live {
		return live(ctx, a, c)
	}
	s.apply(c)
	if err := c.Validate(); err != nil {
		return err
	}
	ledger, err := readLedger(ctx, a, c, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	found, err := readState(ctx, a, c, ledger)
	if err != nil {
		return err
	}
	var p page
	if s.JSON {
		text, err := json.MarshalIndent(found, "", "  ")
		if err != nil {
			return err
		}
		p.WriteString(string(text) + "\n")
	} else {
		p.state(found, c)
	}
	if err := p.print(a); err != nil {
		return err
	}
	return found.err()
}

// liveWait is how long a probe waits for a ledger that is busy. Kubernetes gives it a second
// for everything.
const liveWait = 300 * time.Millisecond

// live is an error unless a planning loop on this host showed itself lately. It looks at
// nothing else, for it is asked several times a minute.
func live(ctx context.Context, a *app, c *config.Config) (err error) {
	dead := func(format string, args ...any) error {
		return fault.Advise(fault.Errorf(fault.Status, 0, format, args...), "see whether serve is running, and its log")
	}
	if err := needLedger(c); err != nil {
		return err
	}
	ledger, err := readLedger(ctx, a, c, liveWait)
	if err != nil {
		return dead("%v", err)
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	beats, err := ledger.Beats(ctx)
	if err != nil {
		return dead("%v", err)
	}
	self, err := store.ParseOwner(store.Self().String())
	if err != nil {
		return err
	}
	last := "never"
	for _, b := range beats { // newest first
		owner, err := store.ParseOwner(b.Owner)
		if err != nil || owner.Host != self.Host {
			continue
		}
		if lately(b, a.now()) {
			return nil
		}
		last = "at " + stamp(b.At, time.UTC)
		if self.Gone(owner) {
			last += ", and its process has ended"
		}
		break
	}
	return dead("no planning loop of host %s showed itself within %s: the last did %s", self.Host, schedule.Punctual, last)
}

// state is what status tells, in both of its forms.
type state struct {
	Instance   string           `json:"instance"`
	Now        time.Time        `json:"now"`
	OK         bool             `json:"ok"`
	Problems   []string         `json:"problems"`
	Schedules  []scheduleState  `json:"schedules"`
	Running    []runState       `json:"running"`
	Unknown    []deliveryState  `json:"unknown_deliveries"`
	Stranded   []deliveryState  `json:"pending_deliveries"` // that nobody sends by himself
	HeartBeats []heartBeatState `json:"heart_beats"`

	errs []error // the problems
}

type scheduleState struct {
	Name      string     `json:"name"`
	Zone      string     `json:"zone"`
	Suspended bool       `json:"suspended"`
	Last      *slotState `json:"last"`      // the newest in the ledger
	LastDone  *slotState `json:"last_done"` // the newest that is done
	Next      *slotState `json:"next"`
	Problem   string     `json:"problem,omitempty"`
}

type slotState struct {
	Key     string      `json:"key"`
	Due     time.Time   `json:"due"`
	Starts  *time.Time  `json:"starts,omitempty"` // of one to come
	Outcome string      `json:"outcome,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	Run     string      `json:"run,omitempty"`
	Window  windowState `json:"window"`
}

type windowState struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Zone string    `json:"zone"`
}

type runState struct {
	ID       string      `json:"id"`
	Kind     string      `json:"kind"`
	Schedule string      `json:"schedule,omitempty"`
	Slot     string      `json:"slot,omitempty"`
	Variant  string      `json:"variant"`
	Window   windowState `json:"window"`
	Started  time.Time   `json:"started"`
	Attempt  int         `json:"attempt"` // 0 before the first
	Phase    string      `json:"phase"`   // of the attempt
	Since    time.Time   `json:"since"`   // of the attempt
	Lost     bool        `json:"lost"`    // its process is
}

type deliveryState struct {
	ID        int64       `json:"id"`
	Variant   string      `json:"variant"`
	Recipient string      `json:"recipient"`
	Window    windowState `json:"window"`
	State     string      `json:"state"`
	Since     time.Time   `json:"since"`
	MessageID string      `json:"message_id"`
	Run       string      `json:"run"`
}

type heartBeatState struct {
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Instance string    `json:"instance"`
	Program  string    `json:"program"`
	Started  time.Time `json:"started"`
	At       time.Time `json:"at"`
	Alive    bool      `json:"alive"` // it showed itself lately
}

// err joins the problems in one sentence for a line of a monitoring system.
func (s *state) err() error {
	if len(s.errs) == 0 {
		return nil
	}
	return fault.Advise(fault.Errorf(fault.Status, 0, "%s", strings.Join(s.Problems, "; ")), "%s", fault.Remedy(s.errs[0]))
}

func (s *state) problem(err error) {
	s.errs = append(s.errs, err)
	s.Problems = append(s.Problems, err.Error())
	s.OK = false
}

// resolveText are the two commands that end a delivery.
func resolveText(id int64) string {
	return fmt.Sprintf("%s, or --not-sent", job.Command("resolve", fmt.Sprint(id), "--sent"))
}
