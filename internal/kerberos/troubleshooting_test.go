package kerberos

import (
	"context"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"qosreport/internal/lab/kdc"
)

// heading finds the heading of the manual that has a text of other programs, and gives our
// own words in it: alternatives of fragments.
func heading(t *testing.T, theirs string) [][]string {
	t.Helper()
	manual, err := os.ReadFile("../../docs/troubleshooting.md")
	must(t, func() error { return err })
	for line := range strings.Lines(string(manual)) {
		title, ok := strings.CutPrefix(strings.TrimSpace(line), "### ")
		ours, quoted, _ := strings.Cut(title, ` ("`)
		if !ok || !strings.Contains(`"`+quoted, `"`+theirs+`"`) {
			continue
		}
		var alternatives [][]string
		for _, words := range strings.Split(ours, " / ") {
			alternatives = append(alternatives, strings.Split(words, "…"))
		}
		return alternatives
	}
	t.Fatalf("no heading has %q", theirs)
	return nil
}

// inOrder reports whether a text has all the fragments.
func inOrder(text string, fragments []string) bool {
	for _, f := range fragments {
		_, rest, ok := strings.Cut(text, strings.TrimSpace(f))
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

// Operators search the manual for the texts that they know, and for those that they see
// here. Both stand in one heading.
func TestManualHasTheErrorsThatPeopleKnow(t *testing.T) {
	refusedBy := func(tag byte, code int32) func(*world) {
		return func(w *world) { w.answerError(tag, code, "", nil) }
	}
	file := func(text string) func(*world) {
		return func(w *world) {
			w.opts.Principal, w.opts.KRB5Conf, w.opts.Realm, w.opts.KDCs = "report", w.keytab+".conf", "", nil
			must(w.t, func() error { return os.WriteFile(w.opts.KRB5Conf, []byte(text), 0o600) })
		}
	}
	nobodyListens := func(w *world) {
		w.opts.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	}
	tests := []struct {
		theirs string
		change func(*world)
	}{
		{"Improper format of Kerberos configuration file", file("[realms\n")},
		{"Configuration file does not specify default realm", file("[realms]\n")},
		{"Cannot find KDC for realm", file("[libdefaults]\ndefault_realm = EXAMPLE.COM\ndns_lookup_kdc = false\n")},
		{"Could not connect to any of", nobodyListens},
		{"Cannot contact any KDC", func(w *world) { nobodyListens(w); w.opts.KDCs = []string{"a", "b"} }},
		{"Key table file not found", func(w *world) { w.opts.Keytab += "x" }},
		{"Keytab contains no suitable keys", func(w *world) { w.opts.Principal = "nobody" }},
		{"Preauthentication failed", refusedBy(tagASReq, 24)},
		{"Client not found in Kerberos database", refusedBy(tagASReq, 6)},
		{"Clients credentials have been revoked", refusedBy(tagASReq, 18)},
		{"Preauthentication type not supported", refusedBy(tagASReq, 25)},
		{"KDC has no support for encryption type", refusedBy(tagASReq, 14)},
		{"Clock skew too great", refusedBy(tagASReq, 37)},
		{"Ticket expired", refusedBy(tagTGSReq, 32)},
		{"Server not found in Kerberos database", refusedBy(tagTGSReq, 7)},
	}
	for _, tt := range tests {
		t.Run(tt.theirs, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			tt.change(w)
			c, err := Login(t.Context(), w.opts)
			if err == nil {
				_, err = c.Ticket(t.Context(), serviceSPN)
			}
			if err == nil {
				t.Fatal("logged in")
			}
			for _, ours := range heading(t, tt.theirs) {
				if inOrder(err.Error(), ours) {
					return
				}
			}
			t.Errorf("the heading does not fit %v", err)
		})
	}
}

// The texts of servers come as they are.
func TestManualHasTheTextsOfServers(t *testing.T) {
	for _, theirs := range []string{"No worthy mechs found", "GSS initiate failed", "Error validating the login"} {
		if ours := heading(t, theirs); ours[0][0] != "the server refused the login" {
			t.Errorf("%s: got %q", theirs, ours)
		}
	}
}
