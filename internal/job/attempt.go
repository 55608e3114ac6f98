package job

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

const (
	// maxAttempts is how often a slot is tried, by all its runs together.
	maxAttempts = 5
	firstDelay  = 30 * time.Second
	longest     = 15 * time.Minute
	// crowded is the first delay where the cluster is full: queues need longer to empty.
	crowded = 5 * time.Minute
)

// delay is how long to wait before attempt n: a random time, so that those who failed
// together do not come back together.
func delay(n int, class fault.Class) time.Duration {
	wait := rand.N(min(longest, firstDelay<<(n-1)))
	if class == fault.Capacity && n == 2 {
		wait += crowded
	}
	return wait
}

// tryAll makes attempts until one succeeds, none is left, or another could not help or
// would end too late.
func (r *Booked) tryAll(ctx context.Context) error {
	limit := 1
	if d := r.booking.Due; d != nil && !d.ByHand {
		var err error
		if r.attempts, err = r.booking.Store.SlotAttempts(ctx, d.Slot.Key); err != nil {
			return err
		}
		if limit = maxAttempts; r.attempts >= limit {
			return fault.Advise(fault.Errorf(fault.Internal, 0, "given up after %d attempts that failed or were lost", r.attempts), "qosreport why %s tells of each", d.Slot.Key)
		}
	}
	for {
		r.attempts++
		again, err := r.try(ctx)
		if err == nil || !again || r.attempts >= limit {
			return err
		}
		wait := delay(r.attempts+1, fault.ClassOf(err))
		if !r.timeFor(ctx, wait) {
			return fmt.Errorf("no time is left for another attempt: %w", err)
		}
		r.booking.Logger.WarnContext(ctx, "attempt failed", "attempt", r.attempts, "class", fault.Word(err), "error", err.Error(), "next_in", wait.Round(time.Second).String())
		if !pause(ctx, wait) {
			return why(ctx, err)
		}
	}
}

// timeFor reports whether the phase that is to be repeated can begin after a pause.
func (r *Booked) timeFor(ctx context.Context, wait time.Duration) bool {
	end, bounded := ctx.Deadline()
	if !bounded || r.Budget == 0 {
		return true
	}
	next := phaseQuery
	if r.outcome != nil {
		next = phaseDelivery
	}
	return time.Until(end)-r.reserve(next) > wait
}

// pause waits, and reports whether it did so to the end.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// try is one attempt, and says whether another can help. What it writes into the ledger
// outlives a stop.
func (r *Booked) try(ctx context.Context) (again bool, err error) {
	keep := context.WithoutCancel(ctx)
	if _, err := r.lease.StartAttempt(keep); err != nil {
		return false, err
	}
	err = caught(func() (err error) {
		again, err = r.makeAndSend(ctx)
		return err
	})
	result := store.AttemptEnd{Result: store.AttemptDone}
	if r.outcome != nil {
		for _, q := range r.outcome.Queries {
			result.Rows += q.Rows
		}
	}
	switch err = why(ctx, err); {
	case fault.AreaOf(err) == fault.Stopped:
		result.Result = store.AttemptInterrupted
	case err != nil:
		result.Result, result.Err = store.AttemptFailed, err
	}
	end := func(ctx context.Context) error { return r.lease.EndAttempt(ctx, result) }
	var endErr error
	if again { // for there is one at a time
		endErr = patiently(keep, end)
	} else {
		endErr = end(keep)
	}
	if err == nil {
		err = endErr
	}
	return again, err
}

// makeAndSend makes the report, unless an attempt before did, and sends what is to be sent.
func (r *Booked) makeAndSend(ctx context.Context) (again bool, err error) {
	if r.outcome == nil {
		if err := r.makeReport(ctx); err != nil {
			return fault.ClassOf(err).Retry(), err
		}
	}
	if err := r.applyRule(ctx); err != nil || r.skipped != "" {
		return false, err
	}
	delivering, cancel, err := r.within(ctx, phaseDelivery)
	if err != nil {
		return false, err
	}
	defer cancel()
	delivering, release := r.booking.Grace.outlive(delivering)
	defer release()
	r.Progress.Phase(phaseDelivery.name)
	if err := r.lease.Phase(context.WithoutCancel(ctx), phaseDelivery.name); err != nil {
		return false, err
	}
	r.sent, again, err = sendEach(delivering, r.lease, r.lease.ID, r.outcome.Message, r.booking.Sender)
	if fault.AreaOf(err) != fault.DeliveryUnknown { // which counts more than that the time was over
		err = why(delivering, err)
	}
	return again, err
}

// makeReport makes the report and writes down which files it is.
func (r *Booked) makeReport(ctx context.Context) error {
	o, keep := r.Options, context.WithoutCancel(ctx)
	o.Progress = r.booked(keep)
	outcome, err := Run(ctx, o)
	if err != nil {
		return err
	}
	for _, path := range outcome.Files {
		a, err := artefact(path)
		if err == nil {
			err = r.lease.AddArtefact(keep, a)
		}
		if err != nil {
			return err
		}
	}
	r.outcome = outcome
	return nil
}

// applyRule finds whether the schedule wants this report to be sent.
func (r *Booked) applyRule(ctx context.Context) error {
	d := r.booking.Due
	if d == nil || d.SendWhen == "" {
		return nil
	}
	last := ""
	if d.SendWhen == sendChanged {
		var err error
		if last, err = r.lastMailed(ctx); err != nil {
			return err
		}
	}
	if send, decided := r.outcome.holds(d.SendWhen, last); !send {
		r.skipped = "rule " + d.SendWhen + ": " + decided
	}
	return nil
}

// lastMailed are the figures of the last mail of the schedule, "" before the first. What
// earlier runs of this slot sent is the same mail, which others may still have to get.
func (r *Booked) lastMailed(ctx context.Context) (figures string, err error) {
	slot := r.booking.Due.Slot
	runs, err := r.booking.Store.Runs(ctx, store.RunFilter{Slot: slot.Key})
	if err != nil {
		return "", err
	}
	first := runs[len(runs)-1].Started // this run is one of them
	mailed, err := r.booking.Store.Runs(ctx, store.RunFilter{Schedule: slot.Schedule, Mailed: true, To: first, Newest: 1})
	if err != nil || len(mailed) == 0 {
		return "", err
	}
	return mailed[0].Figures, nil
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

// booked is the progress of a run that writes down phases and statements as they begin, so
// that what a lost run left behind on the cluster can be found.
func (r *Booked) booked(ctx context.Context) Progress {
	note := func(err error) {
		if err != nil {
			r.booking.Logger.WarnContext(ctx, "ledger not written", "error", err.Error())
		}
	}
	return bookedProgress{
		Progress: r.Progress,
		phase:    func(name string) { note(r.lease.Phase(ctx, name)) },
		query:    func(q store.Query) { note(r.lease.AddQuery(ctx, q)) },
	}
}

type bookedProgress struct {
	Progress
	phase func(name string)
	query func(q store.Query)
}

// Phase begins a phase.
func (p bookedProgress) Phase(name string) {
	p.Progress.Phase(name)
	p.phase(name)
}

// Query names a statement that was given to a coordinator.
func (p bookedProgress) Query(dataset, id, coordinator string) {
	p.Progress.Query(dataset, id, coordinator)
	p.query(store.Query{Dataset: dataset, ID: id, Coordinator: coordinator})
}
