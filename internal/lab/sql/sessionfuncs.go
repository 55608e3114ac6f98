package sql

import "time"

// sessionFunction are the functions that tell of the session and the server, and sleep,
// with which a statement lasts as long as wanted.
func (k *compiler) sessionFunction(name string) []overload {
	text := ""
	switch name {
	case "version":
		text = k.session.Version
	case "user", "effective_user", "session_user", "logged_in_user":
		text = k.session.User
	case "current_database":
		text = k.session.Database
	case "sleep":
		return []overload{{params: "i", result: Boolean, one: sleep}}
	default:
		return nil
	}
	return []overload{{result: String, zero: func(*execution) Value { return StringOf(text) }}}
}

// isSleep tells a call whose effect is time, so that it is made for each row.
func isSleep(e *expr) bool { return e.kind == callExpr && e.name == "sleep" }

// sleep waits for milliseconds, or until the run ends.
func sleep(x *execution, milliseconds Value) Value {
	if x.start == nil { // asked for while the statement is planned, as in LIMIT
		return BoolOf(true)
	}
	wait := time.NewTimer(time.Duration(milliseconds.n) * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
		return BoolOf(true)
	case <-x.done:
		return x.fail(failure("Cancelled"))
	}
}
