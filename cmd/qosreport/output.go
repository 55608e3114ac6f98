package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"qosreport/internal/fault"
)

// seenEnough reports whether an output ended because its reader went away, as head does.
// That is no failure of what was printed.
func seenEnough(err error) bool {
	var output *fs.PathError // and not a connection, which breaks so, too
	return errors.As(err, &output) && errors.Is(output.Err, syscall.EPIPE)
}

func outputError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = fault.Advise(err, "make room where the output goes, or send it elsewhere")
	}
	return fault.New(fault.Output, fault.Render, fmt.Errorf("write output: %w", err))
}
