package kerberos

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"
)

// title is a heading of the manual: our own words, as alternatives of fragments, and those
// of other programs.
type title struct {
	ours   [][]string
	theirs string
}

func titles(t testing.TB) []title {
	t.Helper()
	manual, err := os.ReadFile("../../docs/troubleshooting.md")
	must(t, func() error { return err })
	_, ours, _ := strings.Cut(string(manual), "\n## Kerberos ")
	var all []title
	for line := range strings.Lines(ours) {
		if strings.HasPrefix(line, "## ") {
			break
		}
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "### ")
		if !ok {
			continue
		}
		text, quoted, _ := strings.Cut(text, ` ("`)
		next := title{theirs: `"` + quoted}
		for _, words := range strings.Split(text, " / ") {
			next.ours = append(next.ours, strings.Split(words, "…"))
		}
		all = append(all, next)
	}
	return all
}

// heading is our own words in the heading that has a text of other programs.
func heading(t *testing.T, theirs string) [][]string {
	t.Helper()
	for _, h := range titles(t) {
		if strings.Contains(h.theirs, `"`+theirs+`"`) {
			return h.ours
		}
	}
	t.Fatalf("no heading has %q", theirs)
	return nil
}

// checkManual looks whether the manual has a heading for a failure.
func checkManual(t testing.TB, err error) {
	t.Helper()
	for _, h := range titles(t) {
		for _, words := range h.ours {
			if inOrder(err.Error(), words) {
				return
			}
		}
	}
	t.Errorf("the manual has no heading for %v", err)
}

// checkFailure looks at what everyone may rely on in an error.
func checkFailure(t *testing.T, err error, kind Kind, mention string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), mention) {
		t.Errorf("got %v; want %v: %s", err, kind, mention)
	}
	if err == nil {
		return
	}
	checkManual(t, err)
	if fault.AreaOf(err) != fault.Security || fault.ClassOf(err) != fault.Authentication || fault.Remedy(err) == "" {
		t.Errorf("area %v, class %v, remedy %q", fault.AreaOf(err), fault.ClassOf(err), fault.Remedy(err))
	}
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
		{"Client's entry in database has expired", refusedBy(tagASReq, 1)},
		{"Password has expired", refusedBy(tagASReq, 23)},
		{"KDC policy rejects request", refusedBy(tagASReq, 12)},
		{"Server principal valid for user2user only", refusedBy(tagTGSReq, 27)},
		{"Principal not unique", refusedBy(tagTGSReq, 8)},
		{"Ticket not yet valid", refusedBy(tagTGSReq, 33)},
		{"Generic error", refusedBy(tagASReq, 60)},
		{"KDC reply did not match expectations", func(w *world) {
			w.rewrite = func(_, reply []byte) []byte { return reply[:len(reply)/2] }
		}},
		{"Cannot open/find Kerberos configuration file", func(w *world) { file("")(w); w.opts.KRB5Conf += "x" }},
		{"Decrypt integrity check failed", refusedBy(tagASReq, 24)},
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
	for theirs, want := range map[string]string{"Mutual authentication failed": "the service ", "Request is a replay": "", "Gap token": "a security token of the server", "Key version is not available": "the service "} {
		if ours := heading(t, theirs); ours[0][0] != want {
			t.Errorf("%s: got %q", theirs, ours)
		}
	}
	for _, theirs := range []string{"No worthy mechs found", "GSS initiate failed", "Error validating the login"} {
		if ours := heading(t, theirs); ours[0][0] != "the server refused the login" {
			t.Errorf("%s: got %q", theirs, ours)
		}
	}
}
