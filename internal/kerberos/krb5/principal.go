package krb5

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/types"
)

// maxName bounds a principal's text; no directory has names near it.
const maxName = 1024

// Principal is a name in a realm. Its text form is RFC 1964 section 2.1.1: components
// joined by "/", then "@" and the realm; the three of "\/@" are escaped inside names.
type Principal struct {
	Components []string
	Realm      string // case-sensitive; "" when the text had none
}

// ParsePrincipal reads the text form. The realm may be missing.
func ParsePrincipal(text string) (Principal, error) {
	if len(text) > maxName {
		return Principal{}, fmt.Errorf("principal of %d bytes: the limit is %d", len(text), maxName)
	}
	parts := []string{""}
	inRealm := false
	for i := 0; i < len(text); i++ {
		last := &parts[len(parts)-1]
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			*last += string(unescape(text[i]))
		case c == '\\':
			return Principal{}, fmt.Errorf("principal %q ends in a backslash", text)
		case c == 0:
			return Principal{}, fmt.Errorf("principal %q holds a NUL", text)
		case c == '@' && inRealm:
			return Principal{}, fmt.Errorf("principal %q has two realms", text)
		case c == '@':
			inRealm = true
			parts = append(parts, "")
		case c == '/' && !inRealm:
			parts = append(parts, "")
		default:
			*last += string(text[i : i+1])
		}
	}
	var p Principal
	if inRealm {
		p.Realm = parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		if p.Realm == "" {
			return Principal{}, fmt.Errorf("principal %q has an empty realm", text)
		}
	}
	if slices.Contains(parts, "") {
		return Principal{}, fmt.Errorf("principal %q has an empty part", text)
	}
	p.Components = parts
	return p, nil
}

func unescape(c byte) []byte {
	switch c {
	case 'n':
		return []byte{'\n'}
	case 't':
		return []byte{'\t'}
	case 'b':
		return []byte{'\b'}
	case '0':
		return []byte{0}
	}
	return []byte{c}
}

// String is the text form, with the realm when there is one.
func (p Principal) String() string {
	if p.Realm == "" {
		return p.Name()
	}
	return p.Name() + "@" + escape(p.Realm)
}

// Name is the text form without the realm.
func (p Principal) Name() string {
	parts := make([]string, len(p.Components))
	for i, c := range p.Components {
		parts[i] = escape(c)
	}
	return strings.Join(parts, "/")
}

// escaper is built once: building it takes longer than a name.
var escaper = strings.NewReplacer(`\`, `\\`, "/", `\/`, "@", `\@`, "\n", `\n`, "\t", `\t`, "\b", `\b`, "\x00", `\0`)

func escape(s string) string { return escaper.Replace(s) }

// Equal compares name and realm; the name type says nothing about who it is
// (RFC 4120 section 6.2).
func (p Principal) Equal(q Principal) bool {
	return p.Realm == q.Realm && slices.Equal(p.Components, q.Components)
}

// IsTGS reports whether p is a ticket-granting service, krbtgt/REALM.
func (p Principal) IsTGS() bool {
	return len(p.Components) == 2 && p.Components[0] == "krbtgt"
}

// Wire is the name as messages carry it, without the realm.
func (p Principal) Wire() types.PrincipalName {
	kind := nametype.KRB_NT_PRINCIPAL
	if p.IsTGS() {
		kind = nametype.KRB_NT_SRV_INST
	}
	return types.PrincipalName{NameType: kind, NameString: p.Components}
}

// FromWire joins a name and a realm of a message. A message may hold a name without
// parts, which nobody has.
func FromWire(name types.PrincipalName, realm string) (Principal, error) {
	if len(name.NameString) == 0 {
		return Principal{}, errors.New("a principal without a name")
	}
	return Principal{Components: name.NameString, Realm: realm}, nil
}

// TGS is the ticket-granting service of a realm, as that realm names it.
func TGS(realm string) Principal {
	return Principal{Components: []string{"krbtgt", realm}, Realm: realm}
}
