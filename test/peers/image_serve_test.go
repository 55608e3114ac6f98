//go:build peers && linux

package peers

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/config"
)

// The image's own command, started, asked and stopped as engines do.
func testServeInContainer(t *testing.T, c *container) {
	check := c.settings.Healthcheck.Test[2:] // behind CMD and the program
	if o := finish(t, c.command(check...)); o.code != notWell {
		t.Fatalf("health check without a daemon: exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	serve := startServe(t, c.command())
	c.entered(t, serve)
	if o := serve.healthy(t, func() *exec.Cmd { return c.beside(serve.Process.Pid) }); o.code != 0 {
		t.Fatalf("health check: exit code %d\n%s%s\nserve said\n%s", o.code, o.stdout, o.stderr, serve.said(t))
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		answer, err := http.Get("http://" + c.page + path)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s\n%s", path, answer.Status, said)
		}
	}
	if _, err := os.Stat(filepath.Join(c.mounts, "store", "qosreport.db")); err != nil {
		t.Error(err)
	}
	serve.stop(t)
}

// entered waits until the script has given way to the program.
func (c *container) entered(t *testing.T, d *daemon) {
	t.Helper()
	program := c.settings.Entrypoint[0] + "\x00"
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", d.Process.Pid)); err == nil && strings.HasPrefix(string(line), program) {
			return
		}
		select {
		case <-d.ended:
			t.Fatal(d.said(t))
		case <-time.After(20 * time.Millisecond): // waiting for another process
		}
	}
	t.Fatalf("the container did not start\n%s", d.said(t))
}

// beside is the image's health check, in the container of a running process.
func (c *container) beside(pid int) *exec.Cmd {
	check := c.settings.Healthcheck.Test[1:]
	cmd := exec.Command("bash", append([]string{"image.sh", "beside", strconv.Itoa(pid), c.settings.User}, check...)...)
	cmd.Env = append([]string{"HOME=/"}, c.settings.Env...)
	return cmd
}

// daemon is a running serve.
type daemon struct {
	*exec.Cmd
	log   *os.File
	ended chan struct{}
}

func startServe(t *testing.T, cmd *exec.Cmd) *daemon {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "serve.log"))
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{cmd, log, make(chan struct{})}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-d.ended
		log.Close()
	})
	return d
}

func (d *daemon) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(d.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// notWell is how status ends when something is not as it should be.
const notWell = 11

// healthy repeats a check as long as it says that something is not yet as it should be and
// the daemon runs, for 30 seconds at most.
func (d *daemon) healthy(t *testing.T, check func() *exec.Cmd) outcome {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		o := finish(t, check())
		if o.code != notWell || time.Now().After(deadline) {
			return o
		}
		select {
		case <-d.ended:
			return o
		case <-time.After(100 * time.Millisecond): // waiting for another process
		}
	}
}

// stop asks the daemon to end, and expects it to in its own time, with 0.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	grace := config.Default().ShutdownGrace.Duration
	select {
	case <-d.ended:
	case <-time.After(grace):
		t.Fatalf("did not end within %s\n%s", grace, d.said(t))
	}
	if code := d.ProcessState.ExitCode(); code != 0 {
		t.Errorf("ended with %d\n%s", code, d.said(t))
	}
}
