package schedule

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkField checks a comma-separated list of values, ranges and steps.
func (e *expression) checkField(f field, w word) {
	at := w.at
	for item := range strings.SplitSeq(w.text, ",") {
		if item == "" {
			e.refuse(at, "%s list has an empty place: leave out a comma", f.name)
		} else {
			e.checkItem(f, word{item, at})
		}
		at += len([]rune(item)) + 1
	}
}

func (e *expression) checkItem(f field, w word) {
	if e.foreign(f, w) {
		return
	}
	span, step, stepped := strings.Cut(w.text, "/")
	every := 1
	if stepped {
		stepAt := w.at + len([]rune(span)) + 1
		n, err := number(step)
		if err != nil || n < 1 {
			e.refuse(stepAt, "step %q is no number of 1 or more: write like */5", step)
			return
		}
		if every = n; n > f.max-f.min {
			e.warn("step %d is longer than the %s field, %d-%d, so that only its first value is taken", n, f.name, f.min, f.max)
		}
	}
	if span == "*" || span == "?" {
		return
	}
	low, high, ranged := strings.Cut(span, "-")
	if open := []string{"", "*", "?"}; slices.Contains(open, low) || ranged && slices.Contains(open, high) {
		e.refuse(w.at, "%s %q is no range: write two values, like %d-%d", f.name, w.text, f.min, f.max)
		return
	}
	first, ok := e.value(f, word{low, w.at})
	if !ok || !ranged {
		return
	}
	last, ok := e.value(f, word{high, w.at + len([]rune(low)) + 1})
	if ok && first > last {
		e.refuse(w.at, "%s range %s wraps around: split in two: %s", f.name, span, f.split(first, last, every, low))
	}
}

// value reads a number or a name of the field.
func (e *expression) value(f field, w word) (int, bool) {
	if i := slices.Index(f.names, strings.ToUpper(w.text)); i >= 0 && w.text != "" {
		return i, true
	}
	n, err := number(w.text)
	switch {
	case err != nil && f.names != nil:
		e.refuse(w.at, "%s %q is not known: write %d to %d, or %s to %s", f.name, w.text, f.min, f.max, f.names[f.min], f.names[f.max])
	case err != nil:
		e.refuse(w.at, "%s %q is no number: write %d to %d", f.name, w.text, f.min, f.max)
	case f.name == "weekday" && n == 7:
		e.refuse(w.at, "weekday 7: write 0 or SUN, and a range to Sunday like 1-5,0")
	case n < f.min || n > f.max:
		e.refuse(w.at, "%s %d does not exist: write %d to %d", f.name, n, f.min, f.max)
	default:
		return n, true
	}
	return 0, false
}

var (
	lastForm    = regexp.MustCompile(`^([0-9]*|[A-Z]{3})L(-[0-9]+)?$`)
	nearestForm = regexp.MustCompile(`^(L|[0-9]+)W$`)
	nthDayForm  = regexp.MustCompile(`^([0-9]+|[A-Z]{3})#([0-9]*)$`)
)

// foreign refuses what other schedulers know, with the filter that does the same here.
func (e *expression) foreign(f field, w word) bool {
	text := strings.ToUpper(w.text)
	if slices.Contains(f.names, text) {
		return false
	}
	switch {
	case nthDayForm.MatchString(text):
		match := nthDayForm.FindStringSubmatch(text)
		n, name := match[2], match[1]
		if day, err := number(name); err == nil && day < 8 {
			name = weekdayNames[day%7]
		}
		e.refuse(w.at, "# is not known: write * with only: nth_weekday(%s, %s)", n, name)
	case text == "LW":
		e.refuse(w.at, "LW is not known: write * with only: %s", lastBusinessDay)
	case text == "1W":
		e.refuse(w.at, "1W is not known: write * with only: %s", firstBusinessDay)
	case nearestForm.MatchString(text):
		e.refuse(w.at, "W is not known: write * with only: %s, %s or %s", businessDays, firstBusinessDay, lastBusinessDay)
	case lastForm.MatchString(text) && f.name == "weekday":
		e.refuse(w.at, "L is not known: write * with only: nth_weekday(4, FRI), or the dates")
	case lastForm.MatchString(text):
		e.refuse(w.at, "L is not known: write * with only: %s", lastDayOfMonth)
	default:
		return false
	}
	return true
}

// split writes a range that wraps around as two, or with a step as a list.
func (f *field) split(first, last, step int, written string) string {
	name := func(n int) string {
		if _, err := number(written); err != nil && f.names != nil {
			return f.names[n]
		}
		return strconv.Itoa(n)
	}
	span := func(from, to int) string {
		if from == to {
			return name(from)
		}
		return name(from) + "-" + name(to)
	}
	if step == 1 {
		return span(first, f.max) + "," + span(f.min, last)
	}
	var list []string
	for n := first; n <= last+f.max-f.min+1; n += step {
		list = append(list, name(f.min+(n-f.min)%(f.max-f.min+1)))
	}
	return strings.Join(list, ",")
}

// number reads plain digits, without a sign.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}
