// Package fault says what a failure means for the run: where it happened, whether
// another attempt can help, and what the operator can do.
//
// The part that first sees a failure knows it best, so the innermost [Area] and
// [Class] of a chain of errors count; advice is given where most is known about
// the surroundings, so the outermost remedy counts. Exit codes are read from the
// area and retry rules from the class, never from the text of an error.
package fault

import (
	"errors"
	"fmt"
)

// Area is the part of the work that failed. Each area has one exit code.
type Area int

// The areas in the order of their exit codes.
const (
	Internal        Area = iota + 1 // a bug of ours
	Usage                           // command line, configuration, report definition
	NotReady                        // the data are not there yet
	Security                        // Kerberos or TLS
	Impala                          // connection, session, statement, rows
	Output                          // rendering, disk, store
	Delivery                        // a message was refused or deferred to the end
	DeliveryUnknown                 // nobody knows whether a message was taken
	Busy                            // another run holds the slot
	Stopped                         // a signal ended the run
	Status                          // status found something that is not as it should be
)

// ExitCode is the status with which a process ends after a failure in this area, 1 to 11.
func (a Area) ExitCode() int {
	if a < Internal || a > Status {
		return int(Internal)
	}
	return int(a)
}

// Class says what kind of failure it is, as far as another attempt is concerned.
type Class int

// The classes. The zero value is a failure that nobody classified; it is not repeated.
const (
	Unclassified   Class = iota
	Network              // refused, reset, timed out before a statement ran
	KDC                  // no KDC answered
	Authentication       // key, principal, ticket, clock or certificate
	Capacity             // the cluster is full: admission queue, memory limit, sessions
	SQL                  // the statement is wrong, or may not run
	Lost                 // the coordinator or the connection went away under a statement
	Cancelled            // somebody ended the statement or the run
	Contract             // the rows are not what the definition promises
	Render               // rendering or disk
	Deferred             // the mail server asks to come again later
	Refused              // the mail server will not take the message
)

// Retry reports whether the same work may succeed later without anybody's help.
func (c Class) Retry() bool {
	switch c {
	case Network, KDC, Capacity, Lost, Deferred:
		return true
	}
	return false
}

func (c Class) String() string {
	names := [...]string{"unclassified", "network", "kdc", "authentication", "capacity", "sql", "lost", "cancelled", "contract", "render", "deferred", "refused"}
	if c < 0 || int(c) >= len(names) {
		return "unclassified"
	}
	return names[c]
}

// areaWords are the areas for records.
var areaWords = [...]string{"", "internal", "usage", "not ready", "security", "impala", "output", "delivery", "delivery unknown", "busy", "stopped", "status"}

// Word names the kind of a failure for records: its class, or its area where that says
// more. It is "" for nil.
func Word(err error) string {
	area, class := AreaOf(err), ClassOf(err)
	if class == Unclassified || area == DeliveryUnknown {
		if area < 0 || int(area) >= len(areaWords) {
			area = Internal
		}
		return areaWords[area]
	}
	return class.String()
}

// Error carries the meaning of a failure beside its text.
type Error struct {
	Area  Area   // 0 says nothing about the area
	Class Class  // Unclassified says nothing about the class
	Try   string // what the operator can do; "" says nothing
	Err   error  // never nil
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New wraps err with the area and class of the failure. A nil err gives nil.
func New(area Area, class Class, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Area: area, Class: class, Err: err}
}

// Errorf makes an error of the area and class from a format as in [fmt.Errorf].
func Errorf(area Area, class Class, format string, args ...any) error {
	return &Error{Area: area, Class: class, Err: fmt.Errorf(format, args...)}
}

// Advise wraps err with what the operator can do about it. A nil err gives nil.
func Advise(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Try: fmt.Sprintf(format, args...), Err: err}
}

// Remedy is the outermost advice in the chain of err, or "".
func Remedy(err error) string {
	var try string
	walk(err, func(e *Error) bool {
		try = e.Try
		return try == ""
	})
	return try
}

// AreaOf is the innermost area in the chain of err, [Internal] if there is none
// and 0 for a nil err.
func AreaOf(err error) Area {
	if err == nil {
		return 0
	}
	area := Internal
	walk(err, func(e *Error) bool {
		if e.Area != 0 {
			area = e.Area
		}
		return true
	})
	return area
}

// ClassOf is the innermost class in the chain of err.
func ClassOf(err error) Class {
	class := Unclassified
	walk(err, func(e *Error) bool {
		if e.Class != Unclassified {
			class = e.Class
		}
		return true
	})
	return class
}

// walk shows visit each *Error of the chain from the outside in, until visit
// returns false. Of joined errors it follows the first that has something to say.
func walk(err error, visit func(*Error) bool) bool {
	for err != nil {
		if e, ok := err.(*Error); ok {
			if !visit(e) {
				return false
			}
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			return walkJoined(joined.Unwrap(), visit)
		}
		err = errors.Unwrap(err)
	}
	return true
}

func walkJoined(errs []error, visit func(*Error) bool) bool {
	for _, err := range errs {
		var e *Error
		if errors.As(err, &e) {
			return walk(err, visit)
		}
	}
	return true
}
