//go:build peers

package peers

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// section is one of a unit or of a configuration of supervisord: values by their keys, in
// the order of the file.
type section map[string][]string

// sections reads a file of the kind that both are.
func sections(t *testing.T, path string) map[string]section {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all := make(map[string]section)
	var current section
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if name, found := strings.CutPrefix(line, "["); found {
			current = make(section)
			all[strings.TrimSuffix(name, "]")] = current
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || current == nil {
			t.Fatalf("%s: %q is no setting", path, line)
		}
		current[key] = append(current[key], value)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (s section) check(t *testing.T, want map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got := strings.Join(s[key], " | "); got != want[key] {
			t.Errorf("%s is %q, want %q", key, got, want[key])
		}
	}
}

// hardened is what both services leave the program.
var hardened = map[string]string{
	"User": "qosreport", "Group": "qosreport",
	"StateDirectory": "qosreport", "WorkingDirectory": "/var/lib/qosreport",
	"Environment":     "QOSREPORT_CONFIG_DIR=/etc/qosreport",
	"TimeoutStopSec":  strconv.Itoa(stopSeconds),
	"NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
	"MemoryDenyWriteExecute": "yes", "LimitCORE": "0", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
	"SystemCallFilter": "@system-service | ~@privileged @resources", "SystemCallErrorNumber": "EPERM",
}

func TestSystemdUnits(t *testing.T) {
	folder := filepath.Join(deployFolder, "systemd")
	daemon := sections(t, filepath.Join(folder, "qosreport.service"))["Service"]
	daemon.check(t, hardened)
	daemon.check(t, map[string]string{
		"Type": "exec", "ExecStart": "/usr/local/bin/qosreport serve", "ExecReload": "/bin/kill -HUP $MAINPID",
		"Restart": "on-failure", "RestartPreventExitStatus": "2",
	})
	once := sections(t, filepath.Join(folder, "qosreport-daily.service"))["Service"]
	once.check(t, hardened)
	once.check(t, map[string]string{
		"Type": "oneshot", "ExecStart": "/usr/local/bin/qosreport run --schedule voice-daily --slot last",
		"TimeoutStartSec": strconv.Itoa(runSeconds(t)), "Restart": "",
	})
	sections(t, filepath.Join(folder, "qosreport-daily.timer"))["Timer"].check(t, map[string]string{"Persistent": "true"})

	t.Run("are what systemd takes them for", func(t *testing.T) {
		paths, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(paths) != 3 {
			t.Fatal(paths, err)
		}
		if out := verifyUnits(t, paths, func(text string) string { return text }); out != "" {
			t.Error(out)
		}
		misspell := func(text string) string {
			return strings.NewReplacer("TimeoutStopSec", "TimeoutStop", "OnCalendar=*-*-*", "OnCalendar=daily at").Replace(text)
		}
		out := verifyUnits(t, paths, misspell)
		if strings.Count(out, "TimeoutStop") != 2 || !strings.Contains(out, "daily at") {
			t.Errorf("mistakes are not found:\n%s", out)
		}
	})
	t.Run("leave little open", func(t *testing.T) {
		// Tenths: 1.4 when this was written; most of it is the network, which the program is for.
		for _, name := range []string{"qosreport.service", "qosreport-daily.service"} {
			if out, err := tool(t, nil, "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", filepath.Join(folder, name)); err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
	})
}

// verifyUnits is what systemd finds wrong with copies of units, whose program is there.
// Its exit status tells less: it is 0 with keys that nobody knows.
func verifyUnits(t *testing.T, paths []string, change func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"verify"}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		there := strings.ReplaceAll(change(string(text)), "/usr/local/bin/qosreport", program)
		name := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(name, []byte(there), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	out, err := tool(t, nil, "systemd-analyze", args...)
	if err != nil && out == "" {
		t.Fatal(err)
	}
	return out
}

// The timer and the schedule that it starts agree on every day of a year, by the word of
// two programs.
func TestTheTimerStartsSlots(t *testing.T) {
	timer := sections(t, filepath.Join(deployFolder, "systemd", "qosreport-daily.timer"))["Timer"]
	const days = 366
	out, err := tool(t, []string{"TZ=UTC"}, "systemd-analyze", "calendar", fmt.Sprintf("--iterations=%d", days), "--base-time=2026-01-01 00:00:00", timer["OnCalendar"][0])
	if err != nil {
		t.Fatal(err, out)
	}
	starts := regexp.MustCompile(`(?m)(?:Next elapse|Iter\. #\d+): \w{3} (.*) UTC$`).FindAllStringSubmatch(out, -1)
	if len(starts) != days {
		t.Fatalf("%d starts in\n%s", len(starts), out)
	}
	times := shippedConfig(t).Schedules["voice-daily"].Times
	after := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, start := range starts {
		slot := times.Next(after)
		if got := slot.Fire.UTC().Format(time.DateTime); got != start[1] {
			t.Fatalf("slot %s is due at %s UTC, the timer starts at %s", slot.Key, got, start[1])
		}
		after = slot.Fire
	}
}
