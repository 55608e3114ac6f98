package web

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"qosreport/internal/store"
)

func TestDistance(t *testing.T) {
	tests := []struct {
		name string
		d    time.Duration
		want string
	}{
		{"the same instant", 0, "now"},
		{"less than a second ahead", 999 * time.Millisecond, "now"},
		{"less than a second ago", -999 * time.Millisecond, "now"},
		{"seconds", 59*time.Second + 900*time.Millisecond, "in 59 s"},
		{"a minute", time.Minute, "in 1 min"},
		{"minutes are cut off", -(59*time.Minute + 59*time.Second), "59 min ago"},
		{"an hour has no minutes", time.Hour, "in 1 h"},
		{"hours and minutes", 3*time.Hour + 10*time.Minute, "in 3 h 10 min"},
		{"a day ago", -24 * time.Hour, "1 d ago"},
		{"days and hours", -(51*time.Hour + 30*time.Minute), "2 d 3 h ago"},
		{"a year", 366 * 24 * time.Hour, "in 366 d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := distance(now, now.Add(tt.d)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a path of Windows and a quotation stay", `C:\keys "prod" Zürich 東京`, `C:\keys "prod" Zürich 東京`},
		{"no-break spaces stay", "5\u00a0%", "5\u00a0%"},
		{"lines become one", "a\r\nb\tc", `a\r\nb\tc`},
		{"marks of direction are written out", "a\u202eb\u2066", `a\u202eb\u2066`},
		{"what cannot be seen is written out", "a\u200b\ufeff\x00\x1b[31m", `a\u200b\ufeff\x00\x1b[31m`},
		{"lines of Unicode become one", "a\u2028b\u0085", `a\u2028b\u0085`},
		{"bytes that are no text", "a\xff\xfe", `a\xff\xfe`},
		{"a quotation beside them", "say \"a\"\n", `say "a"\n`},
		{"nothing", "", ""},
		{"as long as may be", strings.Repeat("ü", maxText), strings.Repeat("ü", maxText)},
		{"longer", strings.Repeat("ü", maxText+1), strings.Repeat("ü", maxText) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := text(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"plain", "a\u202eb", "\xff\n\"\\", strings.Repeat("x\x00", maxText)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := text(s)
		if !utf8.ValidString(got) || text(got) != got && utf8.RuneCountInString(got) <= maxText {
			t.Errorf("%q becomes %q", s, got)
		}
		if strings.ContainsAny(got, "\n\r\t\x00\x1b\u2028\u202e") {
			t.Errorf("%q keeps what acts: %q", s, got)
		}
	})
}

func TestCommand(t *testing.T) {
	tests := []struct{ name, arg, want string }{
		{"a key", "voice-daily@2026-03-29T02:30", "qosreport why voice-daily@2026-03-29T02:30"},
		{"a key on real time", "probe_1.a@2026-03-29T00:30Z", "qosreport why probe_1.a@2026-03-29T00:30Z"},
		{"a second command", "a@1; rm -rf ~", "qosreport why 'a@1; rm -rf ~'"},
		{"a substitution", "$(id)`id`", "qosreport why '$(id)`id`'"},
		{"an end of the quotation", "'; id; '", `qosreport why ''\''; id; '\'''`},
		{"letters of others", "zürich", "qosreport why 'zürich'"},
		{"nothing", "", "qosreport why ''"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := command("why", tt.arg); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOutcomesAreToldByWordAndSymbol(t *testing.T) {
	final := 0
	for _, o := range []store.Outcome{store.Due, store.Waiting, store.Running, store.Done, store.Skipped, store.Superseded, store.Suspended, store.Missed, store.Failed, store.Abandoned} {
		m := marked(o)
		if m.Word != string(o) || m.Symbol == "" || m.Symbol == "?" {
			t.Errorf("%s is told as %+v", o, m)
		}
		if bad(o) != (m.Class == "watch" || m.Class == "breach") || bad(o) && !ended(o) {
			t.Errorf("%s: bad %v, ended %v, drawn as %s", o, bad(o), ended(o), m.Class)
		}
		if ended(o) {
			final++
		}
	}
	if m := marked("postponed"); final != 7 || m != (mark{"none", "?", "postponed"}) {
		t.Errorf("%d outcomes are final; one of a later version is told as %+v", final, m)
	}
}
