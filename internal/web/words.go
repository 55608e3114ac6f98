package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// mark is how an outcome is drawn: a symbol beside the word, and a class that gives both
// a colour.
type mark struct{ Class, Symbol, Word string }

var outcomes = map[store.Outcome]mark{
	store.Due:        {"none", "○", "due"},
	store.Waiting:    {"none", "◔", "waiting"},
	store.Running:    {"none", "●", "running"},
	store.Done:       {"good", "✔", "done"},
	store.Skipped:    {"none", "–", "skipped"},
	store.Superseded: {"none", "–", "superseded"},
	store.Suspended:  {"none", "‖", "suspended"},
	store.Missed:     {"watch", "▲", "missed"},
	store.Failed:     {"breach", "✖", "failed"},
	store.Abandoned:  {"breach", "✖", "abandoned"},
}

func marked(o store.Outcome) mark {
	if m, ok := outcomes[o]; ok {
		return m
	}
	return mark{"none", "?", string(o)} // of a later version
}

// bad reports whether an outcome means that a report is not there.
func bad(o store.Outcome) bool {
	return o == store.Failed || o == store.Abandoned || o == store.Missed
}

// ended reports whether nothing more comes of a slot by itself.
func ended(o store.Outcome) bool {
	return o != store.Due && o != store.Waiting && o != store.Running
}

// maxText bounds a text on the page, in characters: a server may answer anything.
const maxText = 1000

// text makes a text of others fit to be shown: characters that break lines, turn the
// direction of writing or cannot be seen are written out as in Go, and its length is
// bounded.
func text(s string) string {
	if utf8.RuneCountInString(s) > maxText {
		s = string([]rune(s)[:maxText]) + "…"
	}
	hidden := func(r rune) bool { return r == utf8.RuneError || !strconv.IsGraphic(r) }
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	quoted := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// reason is the text of an error in one line; joined errors have a line each.
func reason(err error) string {
	return text(strings.ReplaceAll(err.Error(), "\n", "; "))
}

// remedy is what the operator can do about an error, or "".
func remedy(err error) string { return text(fault.Remedy(err)) }

// command is a line for a shell. An argument is quoted unless it is as our keys and
// numbers are, so that a line that is copied runs nothing else.
func command(args ...string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@:+"
	line := "qosreport"
	for _, arg := range args {
		if arg == "" || strings.Trim(arg, safe) != "" {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		line += " " + arg
	}
	return line
}

// distance is how far a time lies from now, in words.
func distance(now, t time.Time) string {
	d := t.Sub(now)
	switch {
	case d <= -time.Second:
		return duration(-d) + " ago"
	case d >= time.Second:
		return "in " + duration(d)
	}
	return "now"
}

// duration has two units at most, cut off and not rounded.
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return pair(d/time.Hour, "h", d%time.Hour/time.Minute, "min")
	}
	return pair(d/day, "d", d%day/time.Hour, "h")
}

func pair(large time.Duration, unit string, small time.Duration, lesser string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, lesser)
}
