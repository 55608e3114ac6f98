package store

// Outcome is what became of a slot. Every slot ends in one of those after [Running].
type Outcome string

// The outcomes.
const (
	Due        Outcome = "due"
	Waiting    Outcome = "waiting" // for another run to end
	Running    Outcome = "running"
	Done       Outcome = "done"
	Skipped    Outcome = "skipped"    // calendar, rule, not ready or still running
	Superseded Outcome = "superseded" // a newer slot took its place in the queue
	Suspended  Outcome = "suspended"
	Missed     Outcome = "missed" // service down, deadline or limit
	Failed     Outcome = "failed"
	Abandoned  Outcome = "abandoned" // its run was lost, and it was too late for another
)

// Kind is why a run was started.
type Kind string

// The kinds of runs.
const (
	KindSlot     Kind = "slot"   // because it was due
	KindAdHoc    Kind = "ad hoc" // for a window that somebody named
	KindBackfill Kind = "backfill"
	KindByHand   Kind = "by hand" // once more for a slot that ended
)

// RunState is how far a run is, or how it ended.
type RunState string

// The states of a run. All but the first are final, but that a run that failed for an
// unknown delivery is done when that is resolved.
const (
	RunRunning     RunState = "running"
	RunDone        RunState = "done"
	RunSkipped     RunState = "skipped" // nothing was to be sent, by rule or for want of data
	RunFailed      RunState = "failed"
	RunInterrupted RunState = "interrupted" // by a signal; its slot is due again
	RunAbandoned   RunState = "abandoned"   // its lease ran out or its process ended
)

// AttemptResult is how an attempt ended.
type AttemptResult string

// The results of an attempt. An interrupted one does not count against their number.
const (
	AttemptRunning     AttemptResult = "running"
	AttemptDone        AttemptResult = "done"
	AttemptFailed      AttemptResult = "failed"
	AttemptInterrupted AttemptResult = "interrupted"
	AttemptAbandoned   AttemptResult = "abandoned"
)

// DeliveryState is how far the message to one recipient is.
type DeliveryState string

// The states of a delivery.
const (
	Pending  DeliveryState = "pending"
	Sending  DeliveryState = "sending"  // written down before DATA
	Sent     DeliveryState = "sent"     // the server answered for it
	Refused  DeliveryState = "refused"  // the server will not take it
	Unknown  DeliveryState = "unknown"  // nobody knows whether the server took it; never sent again by itself
	Deferred DeliveryState = "deferred" // pending again: a later attempt can help; only told, never kept
)

// ReasonUnknown begins the reason of a slot that failed because a delivery is unknown.
const ReasonUnknown = "delivery unknown"

// plannable are the outcomes with which a slot may be written down first.
var plannable = []Outcome{Due, Skipped, Suspended, Missed}

// slotMoves are the outcomes from which a slot may come to another without a run. Only a
// run makes a slot running, and only its end takes it from there.
var slotMoves = map[Outcome][]Outcome{
	Due:        {Waiting, Suspended}, // suspended: it is made up on resuming
	Waiting:    {Due},
	Skipped:    {Due, Waiting},
	Superseded: {Due, Waiting},
	Suspended:  {Due, Waiting},
	Missed:     {Due, Waiting},
}

// claimable are the outcomes from which a run of a kind may take a slot. By hand is for
// what ended without success: what is done stays done.
var claimable = map[Kind][]Outcome{
	KindSlot:   {Due, Waiting},
	KindByHand: {Due, Waiting, Skipped, Superseded, Suspended, Missed, Failed, Abandoned},
}

// settleable are the states from which a delivery may come to an outcome that its own run
// tells. Unknown is among them because the process that was taken for dead may still hear
// the server's answer.
var settleable = map[DeliveryState][]DeliveryState{
	Sent:     {Sending, Unknown},
	Refused:  {Pending, Sending, Unknown},
	Deferred: {Pending, Sending, Unknown},
	Unknown:  {Sending},
}
