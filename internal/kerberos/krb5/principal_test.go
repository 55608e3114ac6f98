package krb5

import (
	"slices"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/types"
)

func TestParsePrincipal(t *testing.T) {
	tests := []struct {
		name, text string
		parts      []string // nil means an error
		realm      string
	}{
		{"name and realm", "report@EXAMPLE.COM", []string{"report"}, "EXAMPLE.COM"},
		{"service and host", "impala/host.example.com@EXAMPLE.COM", []string{"impala", "host.example.com"}, "EXAMPLE.COM"},
		{"no realm", "report", []string{"report"}, ""},
		{"escaped separators", `a\/b\@c@R`, []string{"a/b@c"}, "R"},
		{"a slash in the realm", "a@R/S", []string{"a"}, "R/S"},
		{"escaped letters", `a\tb@R`, []string{"a\tb"}, "R"},
		{"letters beyond ASCII", "zürich@R", []string{"zürich"}, "R"},
		{"nothing", "", nil, ""},
		{"an empty realm", "a@", nil, ""},
		{"an empty part", "a//b@R", nil, ""},
		{"two realms", "a@R@S", nil, ""},
		{"a backslash at the end", `a\`, nil, ""},
		{"a NUL", "a\x00b", nil, ""},
		{"far too long", strings.Repeat("a", 2000), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParsePrincipal(tt.text)
			if (err != nil) != (tt.parts == nil) || !slices.Equal(p.Components, tt.parts) || p.Realm != tt.realm {
				t.Errorf("got %q of %q, %v", p.Components, p.Realm, err)
			}
			if err == nil {
				if again, err := ParsePrincipal(p.String()); err != nil || !again.Equal(p) {
					t.Errorf("%q reads as %v, %v", p.String(), again, err)
				}
			}
		})
	}
}

func TestNamesOnTheWire(t *testing.T) {
	if got := TGS("R").Wire(); got.NameType != 2 || !TGS("R").IsTGS() {
		t.Errorf("a ticket-granting service has name type %d", got.NameType)
	}
	if _, err := FromWire(types.PrincipalName{}, "R"); err == nil {
		t.Error("a name without parts was taken")
	}
}

func FuzzParsePrincipal(f *testing.F) {
	f.Add("impala/host@R")
	f.Add(`a\/\0@R\@`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePrincipal(text)
		if err != nil {
			return
		}
		if again, err := ParsePrincipal(p.String()); err != nil || !again.Equal(p) {
			t.Errorf("%q prints as %q, which reads as %v, %v", text, p.String(), again, err)
		}
	})
}
