//go:build peers

package peers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// verdict is what a reader of the JSON looks at first.
type verdict struct {
	Verdict  struct{ Word, Sentence string }
	Sections []struct {
		Kind     string
		Findings struct {
			Items []struct {
				Rule, Verdict, Hours, Cause string
				Where                       []struct{ Member string }
			}
			Text string
		}
		Heatmap struct {
			Rows []struct {
				Member string
				Cells  []struct {
					Few   bool
					Value *float64
				}
			}
		}
	}
}

func demoVerdict(t *testing.T, args ...string) (verdict, string) {
	t.Helper()
	out := t.TempDir()
	said := ok(t, append([]string{"demo", "--out", out}, args...)...)
	data, err := os.ReadFile(filepath.Join(out, "voice-daily_2017-09-12.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v verdict
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v, said.stdout
}

// The report names whatever incident the sample has, by its site, its hours and its cause.
func TestTheReportNamesTheIncident(t *testing.T) {
	for incident, want := range map[string]struct{ site, hours string }{
		"Zürich@14-16":     {"Zürich", "14:00–16:00"},
		"Kraków@09-11":     {"Kraków", "09:00–11:00"},
		"São Paulo@10-13":  {"São Paulo", "10:00–13:00"},
		"Košice-1@16-17":   {"Košice-1", "16:00–17:00"},
		"Praha-Žižkov@7-9": {"Praha-Žižkov", "07:00–09:00"},
	} {
		t.Run(incident, func(t *testing.T) {
			v, said := demoVerdict(t, "--incident", incident, "--legs-per-day", "10000")
			if v.Verdict.Word != "breach" || !strings.Contains(v.Verdict.Sentence, want.site+" "+want.hours) || !strings.HasPrefix(said, "Breach: ") {
				t.Errorf("verdict %+v\n%s", v.Verdict, said)
			}
			for _, s := range v.Sections {
				if s.Kind != "findings" {
					continue
				}
				first := s.Findings.Items[0]
				if first.Rule != "poor_calls" || first.Hours != want.hours || !strings.Contains(first.Cause, "loss above 5 %") || !strings.Contains(first.Cause, "jitter above 30 ms") {
					t.Errorf("finding %+v", first)
				}
				for _, item := range s.Findings.Items {
					if item.Where[0].Member != want.site {
						t.Errorf("a finding at another site: %+v", item)
					}
				}
			}
		})
	}
}

// At night a small site has too few calls to say anything, however bad they are.
func TestAQuietSiteIsNoFinding(t *testing.T) {
	v, _ := demoVerdict(t, "--incident", "Reykjavík@02-04", "--legs-per-day", "10000")
	if v.Verdict.Word != "good" {
		t.Errorf("verdict %+v", v.Verdict)
	}
	few := 0
	for _, s := range v.Sections {
		if len(s.Findings.Items) > 0 {
			t.Errorf("findings %+v", s.Findings.Items)
		}
		if s.Kind == "findings" && !strings.Contains(s.Findings.Text, "too few data") {
			t.Errorf("the findings say %q", s.Findings.Text)
		}
		for _, row := range s.Heatmap.Rows {
			if row.Member == "Reykjavík" && row.Cells[3].Few {
				few++
			}
		}
	}
	if few != 1 {
		t.Error("the cell of the quiet hour is not marked")
	}
}

func TestADayWithoutIncidentIsGood(t *testing.T) {
	v, said := demoVerdict(t, "--incident", "none")
	if v.Verdict.Word != "good" || !strings.HasPrefix(said, "Good: ") {
		t.Errorf("verdict %+v\n%s", v.Verdict, said)
	}
	for _, s := range v.Sections {
		if len(s.Findings.Items) > 0 {
			t.Errorf("findings %+v", s.Findings.Items)
		}
	}
}
