//go:build peers

package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// supervisor is a running supervisord with the programs of deploy/supervisord.
type supervisor struct {
	dir  string // of everything: etc, lib, log
	conf string
}

// startSupervisor starts the shipped programs where the test has its files, and as the
// user who runs it.
func startSupervisor(t *testing.T, site *site) *supervisor {
	t.Helper()
	s := &supervisor{dir: folder(t)}
	s.conf = filepath.Join(s.dir, "supervisord.conf")
	s.configure(t, site)
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile(filepath.Join(deployFolder, "supervisord", "qosreport.conf"))
	if err != nil {
		t.Fatal(err)
	}
	programs := replaced(t, string(shipped), "/usr/local/bin/qosreport", program, "/etc/qosreport", filepath.Join(s.dir, "etc"),
		"/var/lib/qosreport", filepath.Join(s.dir, "lib"), "/var/log/qosreport", filepath.Join(s.dir, "log"), "user=qosreport\n", "")
	main := fmt.Sprintf(`[unix_http_server]
file=%[1]s/socket
[supervisord]
logfile=%[1]s/supervisord.log
pidfile=%[1]s/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%[1]s/socket
%[2]s`, s.dir, programs)
	if err := os.WriteFile(s.conf, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(peerTool(t, "venv/bin/supervisord"), "--nodaemon", "--configuration", s.conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // which ends its programs
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	return s
}

// configure lays out the folders that the programs are shown.
func (s *supervisor) configure(t *testing.T, site *site) {
	t.Helper()
	etc := filepath.Join(s.dir, "etc")
	for _, name := range []string{"configs/reports", "queries"} {
		if err := os.CopyFS(filepath.Join(etc, name), os.DirFS(filepath.Join("../..", name))); err != nil {
			t.Fatal(err)
		}
	}
	text := replaced(t, site.configuration(t, "127.0.0.1:"+freePort(t)), "/var/lib/qosreport", filepath.Join(s.dir, "lib"), "/run/secrets", etc)
	err := errors.Join(os.Mkdir(filepath.Join(s.dir, "lib"), 0o700), os.Mkdir(filepath.Join(s.dir, "log"), 0o700),
		os.WriteFile(filepath.Join(etc, "configs", "qosreport.yaml"), []byte(text), 0o600))
	for name, data := range site.secrets {
		err = errors.Join(err, os.WriteFile(filepath.Join(etc, name), data, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ctl is what supervisorctl says. Its exit status is that of the programs that it names.
func (s *supervisor) ctl(t *testing.T, args ...string) string {
	t.Helper()
	out, _ := tool(t, nil, peerTool(t, "venv/bin/supervisorctl"), append([]string{"--configuration", s.conf}, args...)...)
	return out
}

// becomes waits until a program is in a state.
func (s *supervisor) becomes(t *testing.T, program, state string) {
	t.Helper()
	var said string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		said = s.ctl(t, "status", program)
		if fields := strings.Fields(said); len(fields) > 1 && fields[1] == state {
			return
		}
		time.Sleep(100 * time.Millisecond) // waiting for another process
	}
	t.Fatalf("%s is not %s: %s\n%s", program, state, said, s.logs(t))
}

func (s *supervisor) logs(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	paths, _ := filepath.Glob(filepath.Join(s.dir, "log", "*"))
	for _, path := range append(paths, filepath.Join(s.dir, "supervisord.log")) {
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&all, "== %s\n%s", filepath.Base(path), text)
	}
	return all.String()
}

// spawned is how often supervisord has started a program.
func (s *supervisor) spawned(t *testing.T, program string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "supervisord.log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "spawned: '"+program+"'")
}

func TestSupervisor(t *testing.T) {
	programs := sections(t, filepath.Join(deployFolder, "supervisord", "qosreport.conf"))
	both := map[string]string{"user": "qosreport", "stopsignal": "TERM", "stopwaitsecs": strconv.Itoa(stopSeconds), "stopasgroup": "false", "killasgroup": "false", "exitcodes": "0"}
	const serve, once = "qosreport", "qosreport-voice-daily"
	programs["program:"+serve].check(t, both)
	programs["program:"+serve].check(t, map[string]string{"autostart": "true", "autorestart": "unexpected", "startsecs": "5"})
	programs["program:"+once].check(t, both)
	programs["program:"+once].check(t, map[string]string{"autostart": "false", "autorestart": "false", "startsecs": "0"})

	site := startSite(t)
	s := startSupervisor(t, site)
	s.becomes(t, serve, "RUNNING")
	s.ctl(t, "start", once)
	s.becomes(t, once, "EXITED")
	site.mails(t, 1)
	s.ctl(t, "start", once)
	s.becomes(t, once, "EXITED")
	site.mails(t, 1)
	began := time.Now()
	if said := s.ctl(t, "stop", serve); !strings.Contains(said, "stopped") {
		t.Errorf("stop says %q", said)
	}
	if took := time.Since(began); took > stopSeconds*time.Second {
		t.Errorf("stopped after %s", took)
	}
	s.becomes(t, serve, "STOPPED")
	if log := s.logs(t); s.spawned(t, serve) != 1 || s.spawned(t, once) != 2 || !strings.Contains(log, "stopped: "+serve+" (exit status 0)") ||
		strings.Count(log, "exited: "+once+" (exit status 0; expected)") != 2 {
		t.Errorf("starts and ends are not those that were asked for\n%s", log)
	}
}
