package deliver

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"qosreport/internal/fault"
)

const (
	foldAt   = 76  // RFC 5322 section 2.1.1 wishes for 78
	maxToken = 200 // a longer word becomes encoded words, so that no line comes near 998
	maxWord  = 64  // of an encoded word; RFC 2047 section 2 allows 75
)

// fields is the header of a message as it grows.
type fields struct{ bytes.Buffer }

// add writes one field, whose tokens stand one space apart or on lines of their own.
// The first always stands beside the name: a line that is only a name confuses readers.
func (f *fields) add(name string, tokens ...string) {
	start := f.Len()
	f.WriteString(name + ":")
	for i, token := range tokens {
		if i > 0 && f.Len()-start+1+len(token) > foldAt {
			f.WriteString("\r\n")
			start = f.Len()
		}
		f.WriteString(" " + token)
	}
	f.WriteString("\r\n")
}

// addresses writes a list of addresses, if there are any.
func (f *fields) addresses(name string, list []address) {
	var tokens []string
	for i, a := range list {
		t := a.tokens()
		if i < len(list)-1 {
			t[len(t)-1] += ","
		}
		tokens = append(tokens, t...)
	}
	if len(tokens) > 0 {
		f.add(name, tokens...)
	}
}

// extra writes further fields in the order of their names.
func (f *fields) extra(header map[string]string) error {
	seen := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		key := strings.ToLower(name)
		switch {
		case name == "" || len(name) > 60 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
			return fault.Errorf(fault.Usage, 0, "header field %.100q: a name has letters, digits and hyphens", name)
		case seen[key] != "":
			return fault.Errorf(fault.Usage, 0, "header field %s is there twice: %s", name, seen[key])
		case reserved(key):
			return fault.Errorf(fault.Usage, 0, "header field %s is made from the message and cannot be given", name)
		}
		seen[key] = name
		f.add(name, unstructured(header[name])...)
	}
	return nil
}

// reserved are the fields that a message has anyway, that say how it is built, and those
// that mail systems add on the way.
func reserved(key string) bool {
	switch key {
	case "message-id", "date", "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "mime-version",
		"auto-submitted", "x-auto-response-suppress", "return-path", "received", "delivered-to":
		return true
	}
	return strings.HasPrefix(key, "content-") || strings.HasPrefix(key, "resent-")
}

// oneLine is the text without line ends, controls and what turns the direction of
// reading, which a subject could otherwise hide behind.
func oneLine(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Map(func(r rune) rune {
		switch {
		case !unsafe(r):
			return r
		case r <= ' ' || r == '\u2028' || r == '\u2029':
			return ' '
		}
		return utf8.RuneError
	}, text)
	return strings.TrimSpace(text)
}

// unstructured is free text as tokens: its words where all are plain, else encoded words.
func unstructured(text string) []string {
	text = oneLine(text)
	tokens := strings.Split(text, " ")
	for _, token := range tokens {
		if token == "" || len(token) > maxToken || !plain(token) {
			return encodedWords(text)
		}
	}
	return tokens
}

// phrase is the name of an address as tokens.
func phrase(name string) []string {
	if len(name) > maxWord || !plain(name) {
		return encodedWords(name)
	}
	return []string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`}
}

// plain reports whether text can stand as it is: ASCII without controls, and nothing that
// a reader would take for an encoded word.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) && !strings.Contains(text, "=?")
}

// encodedWords writes text as RFC 2047 has it, in its encoding Q, as which Latin text
// stays readable. The standard library's encoder leaves ASCII alone, also when a word of
// it is too long for a line or looks encoded.
func encodedWords(text string) []string {
	const open, end = "=?utf-8?q?", "?="
	var words []string
	var word strings.Builder
	for _, r := range text {
		piece := encodedRune(r)
		if len(open)+word.Len()+len(piece)+len(end) > maxWord { // a rune is never cut in two
			words = append(words, open+word.String()+end)
			word.Reset()
		}
		word.WriteString(piece)
	}
	if word.Len() > 0 {
		words = append(words, open+word.String()+end)
	}
	return words
}

// encodedRune uses as they are only those characters that are safe in a phrase too (RFC
// 2047 section 5).
func encodedRune(r rune) string {
	switch {
	case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9', r == '!', r == '*', r == '+', r == '-', r == '/':
		return string(r)
	case r == ' ':
		return "_"
	}
	var b strings.Builder
	for _, c := range []byte(string(r)) {
		fmt.Fprintf(&b, "=%02X", c)
	}
	return b.String()
}
