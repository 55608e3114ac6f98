package main

import (
	"fmt"
	"runtime/debug"
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
