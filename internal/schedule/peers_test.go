//go:build peers

package schedule

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// script lists the slots of a year by Python's zoneinfo.
func (y year) script(t *testing.T) string {
	t.Helper()
	args := append([]string{filepath.Join("testdata", "slots.py"), y.zone, strconv.Itoa(y.number)}, y.expressions...)
	cmd := exec.CommandContext(t.Context(), "python3", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	return string(out)
}

func TestTheGoldenListIsThatOfTheScript(t *testing.T) {
	var got strings.Builder
	for _, y := range goldenYears {
		got.WriteString(y.script(t))
	}
	want, err := os.ReadFile(filepath.Join("testdata", "slots.txt"))
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, got.String(), string(want))
}

// Years whose lists are too long to keep.
func TestYearsOfSlotsAgreeWithZoneinfo(t *testing.T) {
	expressions := []string{"*/10 * * * *", "*/20 0-3 * * *", "7 */3 15 * 1-5"}
	for _, y := range []year{
		{"Europe/Berlin", 2026, expressions},
		{"Pacific/Apia", 2011, expressions},
		{"Pacific/Apia", 2010, expressions},
		{"Australia/Lord_Howe", 2026, expressions},
		{"Africa/Casablanca", 2026, expressions},
		{"America/Havana", 2026, expressions},
		{"America/St_Johns", 2009, expressions},
		{"Antarctica/Troll", 2026, expressions},
		{"Asia/Pyongyang", 2018, expressions},
	} {
		t.Run(y.zone+" "+strconv.Itoa(y.number), func(t *testing.T) { sameLines(t, y.list(t), y.script(t)) })
	}
}
