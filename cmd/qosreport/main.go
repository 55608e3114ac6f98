// Command qosreport logs in to Kerberos with a keytab, queries Apache Impala, and makes
// quality-of-service reports of what it finds.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // an image FROM scratch has no time zones

	"qosreport/internal/fault"
	"qosreport/internal/query"
)

func main() {
	// A reader that goes away, as in "qosreport query … | head", must not end the process
	// before the statement is cancelled on the server: the write fails instead.
	signal.Ignore(syscall.SIGPIPE)
	ctx, over, stop := stopOnSignal(context.Background())
	a := &app{now: time.Now, built: built(), over: over, hangUps: hangUps, nohup: signal.Ignored(syscall.SIGHUP), stdio: stdio{os.Stdin, os.Stdout, os.Stderr}}
	err := a.run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, errHelpShown) {
		err = nil
	}
	if err != nil {
		tell(os.Stderr, err)
	}
	os.Exit(exitCode(err))
}

type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// lastWords is how long a process may write down what it did after a second signal.
const lastWords = 2 * time.Second

// stopOnSignal ends the context at the first SIGINT or SIGTERM. A second one closes over,
// so that mail on its way is given up, and soon after ends the process as it would without
// us.
func stopOnSignal(parent context.Context) (ctx context.Context, over <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals, done, second := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(signals)
		select {
		case s := <-signals:
			cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", s))
		case <-done:
			return
		}
		var again os.Signal
		select {
		case again = <-signals:
			close(second)
		case <-done:
			return
		}
		select {
		case <-time.After(lastWords):
			signal.Reset(again)
			_ = syscall.Kill(os.Getpid(), again.(syscall.Signal))
		case <-done:
		}
	}()
	return ctx, second, sync.OnceFunc(func() {
		close(done)
		cancel(nil)
	})
}

// hangUps takes SIGHUP, which otherwise ends the process.
func hangUps() (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

// untilHangUp is a context that ends, too, when the terminal goes away, so that statements
// are cancelled on the server as after Ctrl-C. Under nohup the work goes on.
func (a *app) untilHangUp(parent context.Context) (ctx context.Context, stop func()) {
	if a.hangUps == nil || a.nohup {
		return parent, func() {}
	}
	signals, release := a.hangUps()
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case s := <-signals:
			cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", s))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		release()
		cancel(nil)
	}
}

// tell says why the program ends. Servers and files have their words in errors, which must
// not act on a terminal.
func tell(w io.Writer, err error) {
	fmt.Fprintln(w, "qosreport:", query.PrintableLines(err.Error()))
	if try := fault.Remedy(err); try != "" {
		fmt.Fprintln(w, "  try:", query.PrintableLines(try))
	}
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	return fault.AreaOf(err).ExitCode()
}
