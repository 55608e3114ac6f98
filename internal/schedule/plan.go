package schedule

import (
	"cmp"
	"hash/fnv"
	"time"
)

const (
	// longestDeadline is the start deadline of daily and rarer schedules.
	longestDeadline = 12 * time.Hour
	// Punctual is how late a slot may be found while the planning loop is alive. The loop
	// wakes every 30 s and is reported dead after 90 s; what is later was missed.
	Punctual = 90 * time.Second
)

// CatchUp says what becomes of slots that fired while nobody planned.
type CatchUp string

// The policies of catching up.
const (
	CatchUpLast CatchUp = "last" // the newest runs; the default
	CatchUpNone CatchUp = "none" // none runs
)

// Overlap says what becomes of a slot that is due while a run of its schedule goes on.
type Overlap string

// The policies of overlap.
const (
	OverlapForbid Overlap = "forbid" // the new slot is skipped; the default
	OverlapAllow  Overlap = "allow"  // both run
)

// Outcome is what was decided on a slot, in the words of the records.
type Outcome string

// The outcomes of planning.
const (
	Due            Outcome = "due"
	Calendar       Outcome = "skipped: calendar"
	StillRunning   Outcome = "skipped: still running"
	MissedDown     Outcome = "missed: down"
	MissedDeadline Outcome = "missed: deadline"
)

// Decision is what becomes of a slot. Every slot gets one.
type Decision struct {
	Slot    Slot
	Outcome Outcome
}

// Policy is how slots are treated that are found late or while a run goes on. A complete
// one comes from [Schedule.Policy].
type Policy struct {
	CatchUp       CatchUp
	StartDeadline time.Duration
	Overlap       Overlap
}

// Policy fills in the defaults of a policy: the newest slot is made up, within
// [Schedule.StartDeadline], and runs never overlap. The error joins a [*Mistake] for every
// word that is not known.
func (s *Schedule) Policy(p Policy) (Policy, error) {
	m := &mistakes{}
	p.CatchUp, p.Overlap = cmp.Or(p.CatchUp, CatchUpLast), cmp.Or(p.Overlap, OverlapForbid)
	if p.CatchUp != CatchUpLast && p.CatchUp != CatchUpNone {
		m.add("catch_up", string(p.CatchUp), "write %s or %s", CatchUpLast, CatchUpNone)
	}
	if p.Overlap != OverlapForbid && p.Overlap != OverlapAllow {
		m.add("overlap", string(p.Overlap), "write %s or %s", OverlapForbid, OverlapAllow)
	}
	if p.StartDeadline == 0 {
		p.StartDeadline = s.StartDeadline()
	}
	if p.StartDeadline < time.Second {
		m.add("start_deadline", p.StartDeadline.String(), "write a time span like 12h")
	}
	return p, m.err(s.spec.ID)
}

// Expired reports whether it is too late to start a slot: now lies after its fire instant
// and the start deadline. A run that is waiting is asked again before it starts.
func (p Policy) Expired(slot Slot, now time.Time) bool {
	return now.After(slot.Fire.Add(p.StartDeadline))
}

// Plan decides on the slots that became due since the last look, oldest first. Slots found
// within [Punctual] of their instants were not missed and run under every policy. Of the
// others the policy may let the newest run, unless a newer slot is due anyway: two runs
// for one down-time would only stand in each other's way.
func (p Policy) Plan(due []Slot, now time.Time) []Decision {
	decisions := make([]Decision, len(due))
	newer := false // a slot that runs has been seen
	for i := len(due) - 1; i >= 0; i-- {
		slot := due[i]
		outcome := Due
		switch late := now.Sub(slot.Fire) > Punctual; {
		case slot.Skip != "":
			outcome = Calendar
		case p.Expired(slot, now):
			outcome = MissedDeadline
		case late && (newer || p.CatchUp == CatchUpNone):
			outcome = MissedDown
		default:
			newer = true
		}
		decisions[i] = Decision{slot, outcome}
	}
	return decisions
}

// Admit is [Due] when a slot may start beside so many runs of its schedule that still go
// on, else [StillRunning].
func (p Policy) Admit(running int) Outcome {
	if running > 0 && p.Overlap != OverlapAllow {
		return StillRunning
	}
	return Due
}

// StartDeadline is how long after its instant a slot may start when nothing else is
// configured: 12 hours, or the shortest time between two slots if that is less.
func (s *Schedule) StartDeadline() time.Duration {
	if s.cron == nil {
		return min(s.spec.Interval, longestDeadline)
	}
	const enough = 5000 // nominal times; what is close together comes early
	shortest := longestDeadline
	last := nextNominal(s.cron, time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC))
	end := last.AddDate(searchYears, 0, 0)
	for range enough {
		next := nextNominal(s.cron, last)
		if next.IsZero() || next.After(end) {
			break
		}
		shortest = min(shortest, next.Sub(last))
		last = next
	}
	return shortest
}

// Delay is how long after its instant a schedule starts when starts are spread over some
// time. It follows from the schedule's id, so that it is the same each day, and is less
// than spread. It moves the start, not the fire instant.
func Delay(id string, spread time.Duration) time.Duration {
	seconds := uint64(spread / time.Second)
	if spread < time.Second {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(id)) // never an error
	return time.Duration(h.Sum64()%seconds) * time.Second
}
