package impala

import (
	"os"
	"strings"
	"testing"
)

// What an operator reads in an error is what he finds in the document.
func TestTextsWithAdviceHaveAHeading(t *testing.T) {
	document, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for line := range strings.Lines(string(document)) {
		if heading, found := strings.CutPrefix(line, "### "); found {
			headings = append(headings, strings.TrimSpace(heading))
		}
	}
	all := strings.Join(headings, " / ")
	for _, known := range classes {
		words := known.text
		switch {
		case known.remedy == "" || strings.Contains(words, "ReservationTracker"):
			continue // part of a text that has one
		case strings.HasPrefix(words, "Rejected query from pool"):
			words = "Rejected query from pool"
		}
		if !strings.Contains(all, words) {
			t.Errorf("docs/troubleshooting.md has no heading for %q", words)
		}
	}
}
