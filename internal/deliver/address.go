package deliver

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"qosreport/internal/fault"
)

// address is one mailbox, fit for an envelope and for a header.
type address struct {
	name string // of a person or role, decoded; may be empty
	spec string // local@domain, the local part in quotes where it needs them
}

// Limits of RFC 5321 section 4.5.3.1, in bytes.
const (
	maxLocal = 64
	maxPath  = 254
)

// parseAddress reads "name@host" or "Name <name@host>". The field's name is for errors.
func parseAddress(field, text string) (address, error) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unsafe) {
		return address{}, fault.Advise(fault.Errorf(fault.Usage, 0, "%s address %.100q holds a control character or is no UTF-8", field, text),
			"write it anew: such characters hide another address")
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil {
		return address{}, fault.Advise(fault.Errorf(fault.Usage, 0, "%s address %.100q: %w", field, text, err),
			`write name@example.com or "Name" <name@example.com>`)
	}
	if strings.ContainsFunc(parsed.Name, unsafe) { // an encoded word can hold anything
		return address{}, fault.Errorf(fault.Usage, 0, "%s address %.100q: the name holds a control character", field, text)
	}
	if strings.ContainsFunc(parsed.Address, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return address{}, fault.Advise(fault.Errorf(fault.Usage, 0, "%s address %.100q has letters beyond ASCII, which needs SMTPUTF8 (RFC 6531) of every server on the way", field, text),
			"write the host in its ASCII form (xn--…), and use a mailbox whose name is ASCII")
	}
	spec := (&mail.Address{Address: parsed.Address}).String()
	spec = strings.TrimSuffix(strings.TrimPrefix(spec, "<"), ">")
	if len(spec) > maxPath || strings.LastIndexByte(spec, '@') > maxLocal {
		return address{}, fault.Errorf(fault.Usage, 0, "%s address %.100q is too long: %d bytes before the @ and %d in all are the limit", field, text, maxLocal, maxPath)
	}
	return address{name: parsed.Name, spec: spec}, nil
}

// Mailbox is an address without its name, as an envelope has it: the local part is in
// quotes where it needs them.
func Mailbox(text string) (string, error) {
	a, err := parseAddress("recipient's", text)
	return a.spec, err
}

func parseAddresses(field string, texts []string) ([]address, error) {
	var list []address
	for _, text := range texts {
		a, err := parseAddress(field, text)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// unsafe is a character that ends a line somewhere, or that makes text read otherwise
// than it is written.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// specs are the addresses without names, each once. Hosts differ not by case.
func specs(lists ...[]address) []string {
	seen := make(map[string]bool)
	var all []string
	for _, list := range lists {
		for _, a := range list {
			at := strings.LastIndexByte(a.spec, '@')
			key := a.spec[:at] + strings.ToLower(a.spec[at:])
			if !seen[key] {
				seen[key] = true
				all = append(all, a.spec)
			}
		}
	}
	return all
}

// tokens are the address as header text that may be folded between them.
func (a address) tokens() []string {
	if a.name == "" {
		return []string{a.spec}
	}
	return append(phrase(a.name), "<"+a.spec+">")
}
