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
	"syscall"
	_ "time/tzdata" // an image FROM scratch has no time zones

	"qosreport/internal/fault"
)

func main() {
	// A reader that goes away, as in "qosreport query … | head", must not end the process
	// before the statement is cancelled on the server: the write fails instead.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := stopOnSignal(context.Background())
	err := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
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

// stopOnSignal ends the context at the first SIGINT or SIGTERM; a second one ends the
// process as it would without us.
func stopOnSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", s))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

func tell(w io.Writer, err error) {
	fmt.Fprintln(w, "qosreport:", err)
	if try := fault.Remedy(err); try != "" {
		fmt.Fprintln(w, "  try:", try)
	}
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	return fault.AreaOf(err).ExitCode()
}
