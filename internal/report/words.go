package report

import (
	"unicode"
	"unicode/utf8"

	"qosreport/internal/qos"
)

// Symbol stands beside the word of a verdict, so that colour is never alone.
func Symbol(verdict string) string {
	switch verdict {
	case qos.Good.String():
		return "✔"
	case qos.Watch.String():
		return "▲"
	case qos.Breach.String():
		return "✖"
	case IncompleteWord:
		return "◐"
	}
	return "–"
}

// Sentence begins a text with a capital letter.
func Sentence(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + text[size:]
}
