package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/lab"
	"qosreport/internal/lab/mailbox"
	"qosreport/internal/lab/pipenet"
	"qosreport/internal/lab/sample"
)

// bubble is a cluster, a mail server and a configuration in virtual time: nothing but files
// is real. It is made inside a bubble of testing/synctest.
type bubble struct {
	t       *testing.T
	dir     string // of configuration, ledger, keytab and all that is written
	network *pipenet.Network
	lab     *lab.Lab
	box     *mailbox.Server
	hangUp  chan os.Signal // of the process; nil for none
	over    chan struct{}  // close it for a second signal to stop

	mu      sync.Mutex
	step    time.Duration     // of this host's clock, against the bubble's
	observe func(call string) // is told of each call to the coordinator; nil is not
	asked   func()            // is told of each look at the clock; nil is not
}

// began is when bubbles have come to the days of the sample: Sunday morning in Bratislava.
var began = time.Date(2017, 9, 10, 4, 50, 0, 0, time.UTC)

// virtually runs a test in a bubble. More is YAML for the configuration's end.
func virtually(t *testing.T, more string, test func(t *testing.T, b *bubble)) {
	dir := memoryDir(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(began))
		b := &bubble{t: t, dir: dir, network: pipenet.New(), over: make(chan struct{})}
		b.start(more)
		test(t, b)
		if err := errors.Join(b.box.Close(), b.lab.Close()); err != nil || b.network.Open() != 0 {
			t.Errorf("%v; %d connections are left", err, b.network.Open())
		}
	})
}

// memoryDir is a temporary folder that is no disk's, where there is such: the ledger waits
// for its disk at each step, which would take most of the time of days.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "qosreport-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (b *bubble) start(more string) {
	b.t.Helper()
	var err error
	o := lab.Options{Dir: b.dir, Sample: sample.Options{Days: 10, Last: time.Date(2017, 9, 16, 0, 0, 0, 0, time.UTC), LegsPerDay: 20}, Listen: b.network.Listen,
		Observe: func(call string) {
			b.mu.Lock()
			observe := b.observe
			b.mu.Unlock()
			if observe != nil {
				observe(call)
			}
		}}
	if b.lab, err = lab.Start(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
	if b.box, err = mailbox.Start(b.t.Context(), mailbox.Options{Dir: filepath.Join(b.dir, "box"), Listen: b.network.Listen}); err != nil {
		b.t.Fatal(err)
	}
	write(b.t, filepath.Join(b.dir, "queries/one.sql"), `SELECT name FROM acme WHERE {{partition "dt"}} LIMIT 3`)
	write(b.t, filepath.Join(b.dir, "configs/reports/one.yaml"), mailed)
	write(b.t, filepath.Join(b.dir, "configs/qosreport.yaml"), fmt.Sprintf(`version: 1
zone: Europe/Bratislava
out: '%[1]s/out'
impala: {hosts: ['%[2]s'], tls: {enabled: false}}
kerberos: {principal: %[3]s, keytab: '%[4]s', krb5_conf: '%[5]s'}
store: {path: '%[1]s/ledger.db'}
smtp: {host: '%[6]s', ca_file: '%[7]s', from: qos@example.com}
`, b.dir, b.lab.Coordinator, lab.Principal, b.lab.Keytab, b.lab.KRB5Conf, b.box.Addr, b.box.CAFile)+more)
}

// now is what this host's clock shows.
func (b *bubble) now() time.Time {
	b.mu.Lock()
	step, asked := b.step, b.asked
	b.mu.Unlock()
	if asked != nil {
		asked()
	}
	return time.Now().Add(step)
}

// jump moves this host's clock.
func (b *bubble) jump(by time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.step += by
}

// watch has somebody told of each call to the coordinator from now on.
func (b *bubble) watch(observe func(call string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.observe = observe
}

// whenAsked has something done once, the first time that a function of the program, like
// job.Options.provenance, asks for the time: right there, and before it goes on.
func (b *bubble) whenAsked(function string, do func()) {
	var once sync.Once
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = func() {
		callers := make([]uintptr, 10)
		frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
		for more := true; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); strings.HasSuffix(frame.Function, "/"+function) {
				once.Do(do)
			}
		}
	}
}

// terminal takes writes from several loggers at a time, as a real one does.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// call runs a command over the network of the bubble.
func (b *bubble) call(ctx context.Context, args ...string) result {
	var stdout, stderr terminal
	a := &app{now: b.now, dial: b.network.DialContext, over: b.over, stdio: stdio{strings.NewReader(""), &stdout, &stderr}}
	if b.hangUp != nil {
		a.hangUps = func() (<-chan os.Signal, func()) { return b.hangUp, func() {} }
	}
	err := a.run(ctx, append(args, "--config-dir", b.dir))
	if err != nil {
		tell(&stderr, err)
	}
	return result{stdout.text.String(), stderr.text.String(), exitCode(err)}
}

// A run with mail needs no system call of the network and leaves nothing behind: what is
// left of it would keep the bubble from ending.
func TestARunLivesInABubble(t *testing.T) {
	virtually(t, "", func(t *testing.T, b *bubble) {
		args := []string{"run", "--report", "one", "--date", "2017-09-09", "--send"}
		first, second := b.call(t.Context(), args...), b.call(t.Context(), args...)
		if first.code != 0 || !strings.Contains(first.stdout, "sent to noc@example.com") || second.code != 2 || b.box.Accepted() != 2 {
			t.Errorf("exit codes %d and %d, %d mails\n%s%s\n%s", first.code, second.code, b.box.Accepted(), first.stdout, first.stderr, second.stderr)
		}
		if c := b.lab.Realm.Counts(); c.Logins != 1 || c.Tickets != 1 {
			t.Errorf("the KDC counted %+v", c)
		}
		names, err := os.ReadDir(filepath.Join(b.dir, "out"))
		if err != nil || len(names) != 1 {
			t.Errorf("%v, %v", names, err)
		}
	})
}
