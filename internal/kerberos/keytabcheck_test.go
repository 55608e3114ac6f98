package kerberos

import (
	"errors"
	"strings"
	"testing"

	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// Keys of the newest version are shown to the KDC until it refuses one; with all of them,
// each.
func TestVerifyKeys(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	old, err := w.Keys("report")
	must(t, func() error { return err })
	must(t, func() error { return w.Add("report") })
	now, err := w.Keys("report")
	must(t, func() error { return err })
	stale := now[1]
	stale.Key = krb5.Key{Enctype: 17, Value: make([]byte, 16)}
	des := now[0]
	des.Key = krb5.Key{Enctype: 3, Value: make([]byte, 8)}
	tests := []struct {
		name    string
		entries []krb5.KeytabEntry
		all     bool
		want    string
		badKeys int
	}{
		{"good ones, and older ones", append(now, old...), false, "good good untried untried", 0},
		{"all of them", append(now, old...), true, "good good KeytabStale KeytabStale", 2},
		{"one that is refused", []krb5.KeytabEntry{stale, now[0]}, false, "KeytabStale untried", 1},
		{"one that is refused, and all", []krb5.KeytabEntry{stale, now[0]}, true, "KeytabStale good", 1},
		{"a type that nobody takes", []krb5.KeytabEntry{des, now[0]}, false, "EtypeUnsupported good", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.write(string(krb5.AppendKeytab(nil, tt.entries)))
			c, err := New(t.Context(), w.opts)
			must(t, func() error { return err })
			before := w.Counts().BadKeys
			checks, err := c.VerifyKeys(t.Context(), tt.all)
			must(t, func() error { return err })
			var got []string
			for _, check := range checks {
				switch {
				case check.Untried != "":
					got = append(got, "untried")
				case check.Err == nil && !check.Until.IsZero():
					got = append(got, "good")
				default:
					for kind, name := range map[Kind]string{KeytabStale: "KeytabStale", EtypeUnsupported: "EtypeUnsupported"} {
						if errors.Is(check.Err, kind) {
							got = append(got, name)
						}
					}
				}
			}
			if text := strings.Join(got, " "); text != tt.want || w.Counts().BadKeys-before != tt.badKeys {
				t.Errorf("%s, want %s; %d refusals", text, tt.want, w.Counts().BadKeys-before)
			}
		})
	}
}
