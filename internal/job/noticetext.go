package job

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"qosreport/internal/fault"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

// letter is what a notice says. It holds no figures and no rows of a report.
type letter struct{ subject, text string }

// maxListed bounds lists, and maxCause the runes of an error.
const (
	maxListed = 50
	maxCause  = 2000
)

// failure is a slot whose last attempt failed, and how far its mail came.
type failure struct {
	Owned
	slot  store.Slot
	ended Failed
	class string
	mail  []store.Delivery
	blind bool // the ledger could not tell of the mail
}

func (f *failure) cause() string {
	if f.ended.Err == nil {
		return f.slot.Reason
	}
	return f.ended.Err.Error()
}

// in are the deliveries of the mail in one of the states.
func (f *failure) in(states ...store.DeliveryState) []store.Delivery {
	return slices.DeleteFunc(slices.Clone(f.mail), func(d store.Delivery) bool { return !slices.Contains(states, d.State) })
}

func (f *failure) letter(known store.Notice) letter {
	w := windowOf(f.slot.Window)
	var text paragraphs
	text.line("%s %s.", oneLine(f.Schedule), f.ending())
	text.head("What failed:")
	text.indented(f.cause())
	text.blank()
	text.fact("Class", f.class)
	text.fact("Slot", f.slot.Key)
	text.fact("Window", w.Text()+" ("+w.Zone+")")
	if f.ended.Attempts > 0 {
		text.fact("Attempts", fmt.Sprint(f.ended.Attempts))
	}
	text.fact("Run", f.ended.Run)
	f.missing(&text)
	f.unknown(&text)
	if try := fault.Remedy(f.ended.Err); try != "" {
		text.head("What to do:")
		text.indented(try)
	}
	f.byHand(&text)
	text.head("What happened, step by step:")
	text.indented(Command("why", f.slot.Key))
	f.count(&text, known)
	return letter{fmt.Sprintf("%s %s failed: %s", oneLine(f.Schedule), w.Text(), f.class), text.String()}
}

// ending is how the slot ended for the report's readers.
func (f *failure) ending() string {
	sent, unknown := len(f.in(store.Sent)), len(f.in(store.Unknown))
	switch {
	case f.blind:
		return "failed, and the ledger could not be asked who has its mail"
	case sent > 0:
		return fmt.Sprintf("failed: its mail went to %d of %d readers", sent, len(f.mail))
	case unknown > 0:
		return "failed, and nobody knows whether its mail was taken"
	}
	return "failed, and no mail was sent to the report's readers"
}

// missing lists who surely did not get the mail.
func (f *failure) missing(text *paragraphs) {
	missing := f.in(store.Pending, store.Sending, store.Refused)
	if len(missing) == 0 {
		return
	}
	text.head("Not sent to:")
	for i, d := range missing {
		if i == maxListed {
			text.line("  and %d more", len(missing)-i)
			break
		}
		line := fmt.Sprintf("%s, delivery %d: %s", oneLine(d.Recipient), d.ID, d.State)
		if d.Answer != "" {
			line += fmt.Sprintf(" (%s)", strings.TrimSpace(fmt.Sprintf("%d %s", d.Code, oneLine(d.Answer))))
		}
		text.line("  %s", line)
	}
}

// unknown asks for what only a person can find out.
func (f *failure) unknown(text *paragraphs) {
	unknown := f.in(store.Unknown)
	if len(unknown) == 0 {
		return
	}
	text.head("Nobody knows whether these got it, and it is not sent to them again by itself. Look into")
	text.line("the mail server's log, then say for each which it was:")
	for i, d := range unknown {
		if i == maxListed {
			text.line("  and %d more: %s", len(unknown)-i, Command("status"))
			break
		}
		text.line("  %s, delivery %d, since %s", oneLine(d.Recipient), d.ID, utc(d.Changed))
		text.line("    %s", Command("resolve", fmt.Sprint(d.ID), "--sent"))
		text.line("    %s", Command("resolve", fmt.Sprint(d.ID), "--not-sent"))
	}
}

// byHand says how the report can be had all the same.
func (f *failure) byHand(text *paragraphs) {
	text.head("It is not tried again by itself. When the cause is mended, this makes the report once more and")
	text.line("sends its mail to those readers of the schedule who surely do not have it:")
	text.indented(f.ByHand(f.slot.Key))
}

// count tells of failures for which there was no notice.
func (f *failure) count(text *paragraphs, known store.Notice) {
	more := known.Count - 1
	switch {
	case more <= 0:
		return
	case known.Told.IsZero():
		text.head("It is number %d of this class since %s; nobody could be told of those before.", known.Count, utc(known.Since))
	default:
		text.head("%d more of this class since the notice of %s.", more, utc(known.Told))
	}
}

// outage is slots that were missed together.
type outage struct {
	Owned
	slots []store.Slot
}

func (o outage) letter(known store.Notice) letter {
	subject := fmt.Sprintf("%s: %d slots missed", oneLine(o.Schedule), len(o.slots))
	var text paragraphs
	if len(o.slots) == 1 {
		subject = fmt.Sprintf("%s %s missed", oneLine(o.Schedule), windowOf(o.slots[0].Window).Text())
		text.line("A slot of %s was missed, and no mail was sent for it.", oneLine(o.Schedule))
	} else {
		text.line("%d slots of %s were missed, and no mail was sent for them.", len(o.slots), oneLine(o.Schedule))
	}
	listed := o.slots[max(len(o.slots)-maxListed, 0):]
	if older := len(o.slots) - len(listed); older > 0 {
		text.line("The newest %d are listed; of the %d before them tells: %s", len(listed), older, Command("history"))
	}
	reason := ""
	for _, slot := range listed {
		if slot.Reason != reason {
			reason = slot.Reason
			text.head("%s:", oneLine(reason))
		}
		w := windowOf(slot.Window)
		text.line("  %s, due %s, window %s", oneLine(slot.Nominal), utc(slot.Fire), w.Text())
		text.line("    %s", o.ByHand(slot.Key))
	}
	text.head("A command makes the report and sends its mail to the schedule's readers, to nobody a second time.")
	if more := known.Count - len(o.slots); more > 0 {
		text.head("%d more were missed before, of which there was no notice: %s", more, Command("history"))
	}
	return letter{subject, text.String()}
}

// recovery is the first success after failures.
type recovery struct {
	Owned
	slot     store.Slot
	failures []store.Notice
}

func (r recovery) letter() letter {
	w := windowOf(r.slot.Window)
	var text paragraphs
	text.line("%s succeeds again: slot %s is done, window %s.", oneLine(r.Schedule), oneLine(r.slot.Key), w.Text())
	text.head("It had failed:")
	for _, n := range r.failures {
		text.line("  %s, last at %s with slot %s; the notice left at %s", n.Class, utc(n.Last), oneLine(n.Slot), utc(n.Told))
	}
	text.head("Slots that failed before stay so: %s", Command("status"))
	return letter{fmt.Sprintf("%s %s succeeds again", oneLine(r.Schedule), w.Text()), text.String()}
}

// ByHand is the command that runs a slot of the schedule once more.
func (o Owned) ByHand(slot string) string {
	return Command("run", "--schedule", o.Schedule, "--slot", slot)
}

// bare is what a shell takes as it is.
var bare = regexp.MustCompile(`^[\w.:/@+=,-]+$`)

// Command is a line for a shell that gives qosreport these arguments. It runs nothing else
// when it is copied, whatever they hold.
func Command(args ...string) string {
	words := []string{"qosreport"}
	for _, arg := range args {
		if arg = oneLine(arg); !bare.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// windowOf is the window of a slot as a report has it. A zone that is not known any more
// falls back on UTC.
func windowOf(w store.Window) report.Window {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		zone = time.UTC
	}
	return report.Span(w.From, w.To, zone)
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// paragraphs are text as it grows.
type paragraphs struct{ strings.Builder }

func (p *paragraphs) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *paragraphs) blank() { p.WriteByte('\n') }

// head begins a paragraph.
func (p *paragraphs) head(format string, args ...any) {
	p.blank()
	p.line(format, args...)
}

func (p *paragraphs) fact(name, value string) {
	if value != "" {
		p.line("%-9s %s", name+":", oneLine(value))
	}
}

func (p *paragraphs) indented(text string) {
	for line := range strings.Lines(printable(text)) {
		p.line("  %s", strings.TrimRight(line, " \n"))
	}
}

// printable is text without what would not show as it is, and of bounded length.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\t':
			return ' '
		case r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if runes := []rune(text); len(runes) > maxCause {
		return string(runes[:maxCause]) + "…"
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(printable(text)), " ") }
