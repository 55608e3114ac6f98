package impala

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

const (
	maxTries   = 3           // of a call that may be repeated
	retryPause = time.Second // unless the server names one
)

// errUnsent marks a call that cannot have arrived whole, because the server had closed the
// connection before.
var errUnsent = errors.New("the connection had ended")

// repeatable are the calls that do no harm when they are made twice. ExecuteStatement would
// run twice, FetchResults lose a batch, and the answer to a second close is an error.
var repeatable = map[string]bool{
	"OpenSession":          true, // one too many is closed by the server for want of a connection
	"GetInfo":              true,
	"GetOperationStatus":   true,
	"GetResultSetMetadata": true,
	"GetLog":               true,
	"GetExecSummary":       true,
	"GetRuntimeProfile":    true,
	"GetQueryId":           true,
	"PingImpalaHS2Service": true,
	"CancelOperation":      true,
}

// pauseAfter says whether a call that failed may be made once more, and after how long.
func pauseAfter(err error, method string, try int) (time.Duration, bool) {
	if errors.Is(err, errUnsent) {
		return 0, try == 1
	}
	if !repeatable[method] || try >= maxTries {
		return 0, false
	}
	var answer *HTTPError
	switch {
	case errors.As(err, &answer):
		return max(answer.retryAfter, retryPause), answer.passing()
	case errors.Is(err, wire.ErrMalformed), errors.Is(err, wire.ErrTooLarge), foreign(err), refusedByPeer(err):
		return 0, false
	}
	switch fault.ClassOf(err) {
	case fault.Network: // nobody answers there; a session is better opened elsewhere
		return retryPause, method != "OpenSession"
	case fault.Unclassified:
		return retryPause, true
	}
	return 0, false
}

// retryAfter reads the field Retry-After, in seconds or as a date (RFC 9110 section 10.2.3);
// 0 when there is none.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
