package sql

import (
	"strconv"
	"strings"
	"time"
)

// A layout is a pattern such as yyyy-MM-dd HH:mm:ss, of from_unixtime and its
// like. Runs of a letter are fields; everything else stands for itself.

// layoutField takes the next run of one byte off a layout.
func layoutField(layout string) (field, rest string) {
	n := 1
	for n < len(layout) && layout[n] == layout[0] {
		n++
	}
	return layout[:n], layout[n:]
}

func badLayout(x *execution, layout string) Value {
	return x.fail(failure("UDF ERROR: Bad date/time conversion format: %s", layout))
}

// hasFields reports whether a layout asks for anything of a timestamp.
func hasFields(layout string) bool { return strings.ContainsAny(layout, "yMdHmsS") }

// formatLayout prints a timestamp.
func formatLayout(x *execution, v Value, layout string) Value {
	switch {
	case !hasFields(layout):
		return badLayout(x, layout)
	case v.IsNull():
		return v
	}
	t := v.utc()
	var text []byte
	for rest := layout; rest != ""; {
		var field string
		field, rest = layoutField(rest)
		width := len(field)
		switch field[0] {
		case 'y':
			year := t.Year()
			if width == 2 {
				year %= 100
			}
			text = appendPadded(text, int64(year), min(width, 9))
		case 'M':
			if width == 3 {
				text = append(text, t.Month().String()[:3]...)
			} else {
				text = appendPadded(text, int64(t.Month()), min(width, 9))
			}
		case 'd':
			text = appendPadded(text, int64(t.Day()), min(width, 9))
		case 'H':
			text = appendPadded(text, int64(t.Hour()), min(width, 9))
		case 'm':
			text = appendPadded(text, int64(t.Minute()), min(width, 9))
		case 's':
			text = appendPadded(text, int64(t.Second()), min(width, 9))
		case 'S':
			text = append(text, string(appendPadded(nil, int64(v.nanos), 9))[:min(width, 9)]...)
		default:
			if isLetter(field[0]) && field != "T" && field != "Z" {
				return badLayout(x, layout)
			}
			text = append(text, field...)
		}
	}
	return StringOf(string(text))
}

// parseLayout reads a timestamp; text that does not fit is NULL.
func parseLayout(x *execution, text, layout string) Value {
	if !hasFields(layout) {
		return badLayout(x, layout)
	}
	fields := map[byte]int{'y': 1970, 'M': 1, 'd': 1}
	nanos := 0
	for rest := layout; rest != ""; {
		var field string
		field, rest = layoutField(rest)
		letter := field[0]
		if strings.IndexByte("yMdHmsS", letter) < 0 {
			if isLetter(letter) && field != "T" && field != "Z" {
				return badLayout(x, layout)
			}
			if !strings.HasPrefix(text, field) {
				return Value{}
			}
			text = text[len(field):]
			continue
		}
		if field == "MMM" {
			month := monthOf(text)
			if month == 0 {
				return Value{}
			}
			fields[letter], text = month, text[3:]
			continue
		}
		digits := 0
		for digits < len(text) && digits < max(len(field), 1) && isDigit(text[digits]) {
			digits++
		}
		n, err := strconv.Atoi(text[:digits])
		if err != nil || digits > 9 {
			return Value{}
		}
		if letter == 'S' {
			nanos, _ = strconv.Atoi(text[:digits] + zeros[digits:])
		}
		fields[letter], text = n, text[digits:]
	}
	if strings.TrimSpace(text) != "" || fields['H'] > 23 || fields['m'] > 59 || fields['s'] > 59 {
		return Value{}
	}
	t := time.Date(fields['y'], time.Month(fields['M']), fields['d'], fields['H'], fields['m'], fields['s'], 0, time.UTC)
	if int(t.Month()) != fields['M'] || t.Day() != fields['d'] {
		return Value{}
	}
	return timestampInRange(t.Unix(), int32(nanos))
}

// monthOf is the month that text begins with the three letters of, 0 for none.
func monthOf(text string) int {
	for month := time.January; month <= time.December; month++ {
		if len(text) >= 3 && strings.EqualFold(text[:3], month.String()[:3]) {
			return int(month)
		}
	}
	return 0
}
