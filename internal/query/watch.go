package query

import "qosreport/internal/impala"

// Watch is who is told of a statement while it runs.
type Watch = impala.Watch

// Progress is how far a statement is that has no rows yet.
type Progress = impala.Progress

// Profile is the server's account of where the time of a statement went.
type Profile = impala.Profile
