package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"qosreport/internal/impala/replay"
	"qosreport/internal/impala/wire"
)

// asCommand is set in a process of its own that is qosreport and not its tests.
const asCommand = "QOSREPORT_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		os.Exit(m.Run())
	}
	err := run(context.Background(), os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
	if err != nil {
		tell(os.Stderr, err)
	}
	status, readErr := os.ReadFile("/proc/self/status")
	if readErr != nil {
		tell(os.Stderr, errors.Join(err, readErr))
	}
	os.Stderr.Write(status)
	os.Exit(exitCode(err))
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peakOf is the most resident memory, in bytes, of a process that prints all rows of a
// server, and how much it printed.
func peakOf(t *testing.T, addr, format string) (resident, printed int64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, os.Args[0], "query", "SELECT", "--format", format, "--impala-host", addr, "--impala-transport", "plain-socket",
		"--impala-auth", "none", "--no-impala-tls", "--log-level", "warn")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out counter
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	m := highWater.FindStringSubmatch(stderr.String())
	if err != nil || m == nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	kib, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10, int64(out)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// However many rows there are and however wide they are, a query takes at most 64 MiB more
// than one of a single row.
func TestQueryTakesFlatMemory(t *testing.T) {
	one := textServer(t, 1, 1, 10)
	many, wide := textServer(t, 8192, 40, 250), textServer(t, 1, 80, 1<<20) // 80 MiB of values each
	for _, format := range []string{"csv", "json", "table", "null"} {
		t.Run(format, func(t *testing.T) {
			idle, _ := peakOf(t, one, format)
			for name, addr := range map[string]string{"rows": many, "wide rows": wide} {
				resident, printed := peakOf(t, addr, format)
				if printed < 75<<20 && format != "null" {
					t.Errorf("%s: only %d bytes were printed", name, printed)
				}
				if most := int64(64 << 20); resident-idle > most {
					t.Errorf("%s: %d MiB above the %d MiB of one row", name, (resident-idle)>>20, idle>>20)
				}
				t.Logf("%s: %.1f MiB above the %.1f MiB of one row", name, float64(resident-idle)/(1<<20), float64(idle)/(1<<20))
			}
		})
	}
}

// textServer replays so many batches of so many rows with one text.
func textServer(t *testing.T, batchRows, batches, width int) string {
	t.Helper()
	s := &replay.Server{Columns: []wire.ColumnDesc{{Name: "n", Type: wire.BigInt}, {Name: "t", Type: wire.String}}, Batches: batches}
	text := strings.Repeat("x", width-1) + fmt.Sprint(width%10)
	s.Add(t, batchRows, func(into []wire.ColumnBuilder) {
		into[0].Int(1)
		into[1].Text(text)
	})
	return s.Start(t)
}
