package kerberos

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxConfWarnings bounds what one damaged file says: a page that was pasted from a web
// site has the same fault in every line.
const maxConfWarnings = 20

// decodeConf makes UTF-8 without a byte order mark of the bytes of a file. The text says
// what was wrong with them, or is "".
func decodeConf(data []byte) (text, fault string) {
	order, marked := utf16Order(data)
	switch {
	case order != nil:
		if marked {
			data = data[2:]
		}
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = order.Uint16(data[2*i:])
		}
		return string(utf16.Decode(units)), "is UTF-16, which kinit takes for an empty file: save it as UTF-8"
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return string(data[3:]), "begins with a byte order mark (U+FEFF), for which kinit loses the first section: save it without"
	}
	return string(data), ""
}

// utf16Order is the byte order of a file in UTF-16, by its mark or by its zeros; nil for
// any other file.
func utf16Order(data []byte) (order binary.ByteOrder, marked bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return binary.LittleEndian, true
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return binary.BigEndian, true
	}
	var zeros [2]int // at even and at odd places
	for i, b := range data {
		if b == 0 {
			zeros[i%2]++
		}
	}
	most := len(data) / 4 // half of the places that hold high bytes
	switch {
	case zeros[1] > most && zeros[0] == 0:
		return binary.LittleEndian, false
	case zeros[0] > most && zeros[1] == 0:
		return binary.BigEndian, false
	}
	return nil, false
}

// cutLine cuts the first line off a text. Lines end in LF, CRLF, or the CR of old Macs.
func cutLine(text string) (line, rest string, oldMac bool) {
	i := strings.IndexAny(text, "\r\n")
	switch {
	case i < 0:
		return text, "", false
	case text[i] == '\n':
		return text[:i], text[i+1:], false
	case strings.HasPrefix(text[i:], "\r\n"):
		return text[:i], text[i+2:], false
	}
	return text[:i], text[i+1:], true
}

// oddity is a character that other programs do not take for what people mean by it.
type oddity struct {
	column int // counted in characters from 1
	char   rune
	as     string // what it is read as; "" is nothing
}

func (o oddity) String() string {
	if o.as == "" {
		return fmt.Sprintf("invisible character U+%04X is left out", o.char)
	}
	if o.as == " " {
		return fmt.Sprintf("U+%04X, which looks like a blank, is read as one", o.char)
	}
	return fmt.Sprintf("U+%04X, as word processors write it, is read as %s", o.char, o.as)
}

// repairLine puts right what copying from web pages and word processors leaves in a line,
// up to the beginning of a comment, and tells in which column of the original its text
// begins.
func repairLine(line string) (clean string, column int, found []oddity) {
	var b strings.Builder
	at, column := 0, 0
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		raw := line[i : i+size]
		at++
		as := raw
		if r == utf8.RuneError && size == 1 {
			if raw == "\xa0" { // of a file in Latin-1
				r, as = 0xa0, " "
			}
		} else {
			as = readAs(r, raw)
		}
		if as != raw {
			found = append(found, oddity{at, r, as})
		}
		if column == 0 && as != "" && !strings.Contains(confBlanks, as) {
			if column = at; as == "#" || as == ";" {
				return b.String() + line[i:], column, found
			}
		}
		b.WriteString(as)
		i += size
	}
	return b.String(), max(column, 1), found
}

// readAs is what a character stands for in a configuration file.
func readAs(r rune, raw string) string {
	switch {
	case r >= 0x20 && r < 0x7f || r == '\t' || r == '\v' || r == '\f':
		return raw
	case inRanges(spaceLike[:], r):
		return " "
	case inRanges(invisible[:], r):
		return ""
	}
	if i := strings.IndexRune(typographic, r); i >= 0 {
		return string(typed[utf8.RuneCountInString(typographic[:i])])
	}
	return raw
}

// What looks like a blank, and what looks like nothing: the space separators of Unicode,
// and its format characters, variation selectors and controls.
var (
	spaceLike = [...][2]rune{{0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}}
	invisible = [...][2]rune{
		{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x180e, 0x180e}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x2064}, {0x2066, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	}
)

// Quotes, dashes, and the full-width forms of Asian keyboards, with what they stand for.
const (
	typographic = "“”„‟″＂‐‑‒–—―−﹣－＝｛｝［］＃；：．"
	typed       = `""""""` + `---------` + "={}[]#;:."
)

func inRanges(ranges [][2]rune, r rune) bool {
	for _, x := range ranges {
		if r >= x[0] && r <= x[1] {
			return true
		}
	}
	return false
}

// clean repairs a line and notes what was wrong with it: one warning a line, with the
// first place of its first fault.
func (s *profileScanner) clean(line string) (text string, column int) {
	text, column, found := repairLine(line)
	if len(found) == 0 {
		return text, column
	}
	more := ""
	if len(found) > 1 {
		more = fmt.Sprintf(" (and %d more in this line)", len(found)-1)
	}
	s.damaged(position{s.path, s.line, found[0].column}.String() + ": " + found[0].String() + more +
		"; kinit fails or loses the setting: type the line anew")
	return text, column
}

// damaged notes a fault that other programs stumble over.
func (s *profileScanner) damaged(text string) {
	s.faults++
	switch {
	case s.faults < maxConfWarnings:
		s.damage = append(s.damage, text)
	case s.faults == maxConfWarnings:
		s.damage = append(s.damage, s.path+": more lines are damaged in such a way")
	}
}
