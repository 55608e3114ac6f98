//go:build peers

package crash

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "qosreport-crash-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "qosreport")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "qosreport/cmd/qosreport")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return path, fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, _ := binary(); path != "" {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// command prepares a run of the program with a clean environment.
func (s *site) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append(args, "--config-dir", s.dir)...)
	cmd.Env = []string{"HOME=" + s.dir, "TMPDIR=" + s.temp}
	return cmd
}

// process is a "qosreport serve" that runs.
type process struct {
	cmd    *exec.Cmd
	log    string        // file of its standard output and error
	ended  chan struct{} // closed when nothing is left of it
	doomed bool          // it is to end
}

// start starts a service, and waits until it serves: one that is stopped before that has
// nothing to tell of mail.
func (s *site) start(t *testing.T) {
	t.Helper()
	s.started++
	p := &process{cmd: s.command(t, "serve"), log: filepath.Join(s.dir, fmt.Sprintf("serve-%d.log", s.started)), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	err = p.cmd.Start()
	log.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its state
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
	})
	s.serving = append(s.serving, p)
	s.until(t, "the service serves", time.Minute, func() bool { return strings.Contains(tail(p.log), `"serving"`) })
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// kill ends the process as kill -9 does, unless strace did.
func (s *site) kill(t *testing.T, p *process) {
	t.Helper()
	p.doomed = true
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	<-p.ended
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Fatalf("process %d was to be killed and ended with %v\n%s", p.pid(), p.cmd.ProcessState, tail(p.log))
	}
}

// stop ends the process as an operator does, and returns its exit code.
func (s *site) stop(t *testing.T, p *process) int {
	t.Helper()
	p.doomed = true
	p.signal(t, syscall.SIGTERM)
	s.until(t, "a service stops", time.Minute, p.gone)
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("process %d: %v", p.pid(), err)
	}
}

// killAtRename lets strace kill the process when it is about to give a file its name. It
// returns when strace is in its place.
func (s *site) killAtRename(t *testing.T, p *process, path string) {
	t.Helper()
	p.doomed = true
	said := filepath.Join(s.dir, fmt.Sprintf("strace-%d", p.pid()))
	log, err := os.Create(said)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	// By the path, not by counting: strace counts for each thread, and the ledger renames, too.
	tracer := exec.Command("strace", "-f", "-p", fmt.Sprint(p.pid()), "-P", path, "-e", "trace=/^rename", "-e", "inject=/^rename:signal=KILL", "-o", said+".trace")
	tracer.Stderr = log
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = tracer.Wait() // with the process that it traces
		close(ended)
	}()
	t.Cleanup(func() {
		_ = tracer.Process.Kill() // it may have ended
		<-ended
	})
	s.until(t, "strace is attached", time.Minute, func() bool {
		text, err := os.ReadFile(said)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			t.Fatalf("strace ended: %s", text)
		default:
		}
		return bytes.Contains(text, []byte(" attached"))
	})
}

// tail is the end of a file.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-2<<10):])
}
