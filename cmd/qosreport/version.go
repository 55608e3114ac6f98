package main

import (
	"fmt"
	"runtime/debug"
	"time"
)

// versionCmd prints what was built from what.
type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(a *app) error {
	fmt.Fprintln(a.out, "qosreport", version())
	return nil
}

// version is the module's version, or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (text == "" || text == "(devel)") {
			text = s.Value
		}
	}
	return text + " " + info.GoVersion
}

// built is when the commit was made that this was built of: the clock was never before.
func built() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, _ := time.Parse(time.RFC3339, s.Value) // zero if it is none
			return at
		}
	}
	return time.Time{}
}
