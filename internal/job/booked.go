package job

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// Booking is a run that the ledger knows, and that sends its mail.
type Booking struct {
	Store  *store.Store
	Actor  string // who asks for it
	Sender Sender
}

// renewEvery is a quarter of a lease.
const renewEvery = 15 * time.Second

// RunAndSend makes the report as [Run] does and sends its mail, of which at most one
// leaves for each recipient, whoever runs it and whatever ends it. What was sent is told,
// also with an error.
func RunAndSend(ctx context.Context, o Options, b Booking) (*Outcome, []Sent, error) {
	window := store.Window{From: o.Window.From, To: o.Window.To, Zone: o.Window.Zone}
	if err := o.notSentYet(ctx, b, window); err != nil {
		return nil, nil, err
	}
	lease, _, err := b.Store.Claim(ctx, store.Claim{ID: o.Run, Kind: store.KindAdHoc, Variant: o.variant(), Window: window, Actor: b.Actor,
		Owner: store.Self(), Program: o.Program})
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		renew(ctx, lease, stop)
	}()
	outcome, sent, err := o.attempt(ctx, lease, b)
	stop(nil)
	<-renewed
	return outcome, sent, errors.Join(err, end(context.WithoutCancel(ctx), lease, outcome, err))
}

// variant names the report with its parameters, which is what mail is sent of.
func (o Options) variant() string {
	if len(o.Args.Given) == 0 {
		return o.Definition.Name
	}
	return o.Definition.Name + " " + o.Args.Canonical()
}

// notSentYet refuses a mail that every recipient has, before a cluster works for it.
func (o Options) notSentYet(ctx context.Context, b Booking, w store.Window) error {
	draft, err := draftMail(o)
	if err != nil {
		return err
	}
	all := recipients(&draft.message)
	sent, err := b.Store.Deliveries(ctx, store.DeliveryFilter{Variant: o.variant(), Window: w, Revision: 1, Recipients: all, States: []store.DeliveryState{store.Sent}})
	if err != nil || len(sent) < len(all) {
		return err
	}
	return b.Store.AlreadySent(ctx, o.variant(), w, 1, all)
}

// renew keeps the lease until the context ends. A lease that is lost ends the run: another
// may have taken its place.
func renew(ctx context.Context, lease *store.Lease, stop context.CancelCauseFunc) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := lease.Renew(ctx); errors.Is(err, store.ErrLost) {
				stop(err)
				return
			}
		}
	}
}

// attempt is one try of the run. What it writes into the ledger outlives a stop.
func (o Options) attempt(ctx context.Context, lease *store.Lease, b Booking) (*Outcome, []Sent, error) {
	keep := context.WithoutCancel(ctx)
	if _, err := lease.StartAttempt(keep); err != nil {
		return nil, nil, err
	}
	outcome, sent, err := o.tryOnce(ctx, keep, lease, b)
	result := store.AttemptEnd{Result: store.AttemptDone}
	switch {
	case fault.AreaOf(err) == fault.Stopped:
		result.Result = store.AttemptInterrupted
	case err != nil:
		result.Result, result.Err = store.AttemptFailed, err
	}
	return outcome, sent, errors.Join(err, lease.EndAttempt(keep, result))
}

func (o Options) tryOnce(ctx, keep context.Context, lease *store.Lease, b Booking) (*Outcome, []Sent, error) {
	if err := lease.Phase(keep, "report"); err != nil {
		return nil, nil, err
	}
	outcome, err := Run(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	for _, q := range outcome.Queries {
		if err := lease.AddQuery(keep, store.Query{Dataset: q.Dataset, ID: q.QueryID, Coordinator: q.Coordinator}); err != nil {
			return outcome, nil, err
		}
	}
	for _, path := range outcome.Files {
		a, err := artefact(path)
		if err == nil {
			err = lease.AddArtefact(keep, a)
		}
		if err != nil {
			return outcome, nil, err
		}
	}
	if err := lease.Phase(keep, "delivery"); err != nil {
		return outcome, nil, err
	}
	o.Progress.Phase("mail")
	sent, err := sendEach(ctx, lease, lease.ID, outcome.Message, b.Sender)
	return outcome, sent, err
}

func artefact(path string) (store.Artefact, error) {
	a := store.Artefact{Name: filepath.Base(path), Path: path}
	f, err := os.Open(path)
	if err != nil {
		return a, fault.New(fault.Output, fault.Render, err)
	}
	defer f.Close()
	hash := sha256.New()
	if a.Bytes, err = io.Copy(hash, f); err != nil {
		return a, fault.New(fault.Output, fault.Render, fmt.Errorf("read %s: %w", path, err))
	}
	a.SHA256 = [32]byte(hash.Sum(nil))
	return a, nil
}

// end writes down how the run ended.
func end(ctx context.Context, lease *store.Lease, outcome *Outcome, failed error) error {
	e := store.RunEnd{State: store.RunDone}
	if outcome != nil {
		e.Verdict = outcome.Verdict.Word
	}
	switch {
	case fault.AreaOf(failed) == fault.Stopped:
		e.State, e.Reason = store.RunInterrupted, failed.Error()
	case failed != nil:
		e.State, e.Reason = store.RunFailed, failed.Error()
	}
	_, err := lease.End(ctx, e)
	if errors.Is(err, store.ErrLost) && failed != nil {
		return nil // told already
	}
	return err
}
