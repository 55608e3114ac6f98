package job

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"qosreport/internal/fault"
)

// bug is a panic that was caught: a mistake of this program. It ends one run, and leaves
// the process and the other runs in it alone.
type bug struct {
	value any
	where string // file:line
	stack []byte
}

func (b *bug) Error() string { return fmt.Sprintf("a bug in qosreport: %v (%s)", b.value, b.where) }

// caught does work, and makes an error of its panic. Each goroutine of a run needs its own:
// nobody else can catch what panics there.
func caught(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, 0, &bug{value: p, where: panicked(), stack: debug.Stack()})
		}
	}()
	return work()
}

// panicked is where the panic began that the caller recovers from.
func panicked() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	within := false // of the runtime's own functions that panic
	for {
		frame, more := frames.Next()
		ofRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if within && !ofRuntime {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
		within = within || frame.Function == "runtime.gopanic"
		if !more {
			return "nobody knows where"
		}
	}
}
