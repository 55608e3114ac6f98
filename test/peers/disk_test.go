//go:build peers && linux

package peers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

// disk is a file system of a size, like 1m, in memory.
func disk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = folder(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mount a small disk (as root, with the right to mount: CAP_SYS_ADMIN): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// readOnly lets nothing more be written to a disk, or to one file.
func readOnly(t *testing.T, path string) {
	t.Helper()
	if info, err := os.Stat(path); err != nil {
		t.Fatal(err)
	} else if !info.IsDir() {
		if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Unmount(path, syscall.MNT_DETACH) }) // before its disk
	}
	if err := syscall.Mount("", path, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

// fill leaves no room on a disk until it is freed.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 4096); len(piece) > 0; {
		if _, err := f.Write(piece); errors.Is(err, syscall.ENOSPC) {
			piece = piece[:len(piece)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// openBox starts a server for mail, and says how the configuration names it.
func openBox(t *testing.T) (*mailbox.Server, string) {
	t.Helper()
	box, err := mailbox.Start(t.Context(), mailbox.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	return box, fmt.Sprintf("smtp: {host: %q, tls: none, from: qos@example.com}\n", box.Addr)
}

const dailyTo = `schedules:
  daily: {report: %s, cron: "0 0 * * *", start_deadline: 24h, to: [noc@example.com], owner: [owner@example.com]}
`

// Without a ledger that can be written nothing is asked of the cluster and nothing is sent;
// what to do about it is told at the start.
func TestAStoreThatCannotBeWritten(t *testing.T) {
	for name, lay := range map[string]func(t *testing.T, p *plant){
		"a disk without a ledger": func(t *testing.T, p *plant) { readOnly(t, filepath.Dir(p.store)) },
		"a disk with a ledger": func(t *testing.T, p *plant) {
			p.run(t, 0, "sent to noc@example.com", "run", "--schedule", "daily", "--slot", "last")
			readOnly(t, filepath.Dir(p.store))
		},
		"a ledger alone": func(t *testing.T, p *plant) {
			p.run(t, 0, "sent to noc@example.com", "run", "--schedule", "daily", "--slot", "last")
			readOnly(t, p.store)
		},
		"a disk that is full": func(t *testing.T, p *plant) { fill(t, filepath.Dir(p.store)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlant(t, "daily", "{to: [boss@example.com]}")
			p.store = filepath.Join(disk(t, "1m"), "ledger.db")
			box, smtp := openBox(t)
			p.configure(t, smtp+fmt.Sprintf(dailyTo, p.report))
			lay(t, p)
			before := box.Accepted()
			if err := os.RemoveAll(p.out); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"serve"}, {"run", "--report", p.report, "--date", "2017-09-12", "--send"}, {"run", "--schedule", "daily", "--slot", "last"}} {
				o := p.run(t, 6, "store.path: open store "+p.store, args...)
				if !strings.Contains(o.stderr, "try: ") || !strings.Contains(o.stderr, "store.path") {
					t.Errorf("%q says no remedy:\n%s", args, o.stderr)
				}
			}
			if files, err := os.ReadDir(p.out); !errors.Is(err, os.ErrNotExist) || box.Accepted() != before {
				t.Errorf("%d mails, files %v, %v", box.Accepted()-before, files, err)
			}
		})
	}
}

// ready is what the daemon answers to the question whether it is.
func (p *plant) ready(t *testing.T, page string) (bool, string) {
	t.Helper()
	answer, err := http.Get("http://" + page + "/readyz")
	if err != nil {
		return false, err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode == http.StatusOK, string(said)
}

// oneRow makes the report small, for a run every few seconds.
func (p *plant) oneRow(t *testing.T) {
	t.Helper()
	p.write(t, "queries/names.sql", "SELECT name FROM acme WHERE dt = '2017-09-12' LIMIT 1\n")
}

// The disk of the ledger fills up while a mail is on its way. The daemon says that it is
// not ready, sends nothing that it could not write down, and goes on when there is room.
// The answer of the server gets into the ledger if there is room within half a minute; or
// else nobody knows.
func TestTheDiskOfTheLedgerIsFull(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		full    func(t *testing.T, d *daemon) // for how long, from the answer of the server on
		state   store.DeliveryState
		outcome store.Outcome
		reason  string
		code    int
	}{
		{"for a moment", func(*testing.T, *daemon) { <-time.After(3 * time.Second) }, store.Sent, store.Done, "", 0},
		{"for longer than it is asked", func(t *testing.T, d *daemon) {
			eventually(t, "the run ends", func() bool { return strings.Contains(d.said(t), "the ledger did not take the outcome, sent (250 ") })
		}, store.Unknown, store.Failed, store.ReasonUnknown, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlant(t, "often", "{to: [noc@example.com]}")
			p.oneRow(t)
			p.store = filepath.Join(disk(t, "2m"), "ledger.db")
			box, smtp := openBox(t)
			page := "127.0.0.1:" + freePort(t)
			p.configure(t, smtp+fmt.Sprintf(`web: {listen: %q}
schedules:
  often: {report: %s, cron: "*/5 * * * * *", allow_seconds: true, window: today_so_far, start_deadline: 3s, to: [noc@example.com], owner: [owner@example.com]}
`, page, p.report))
			d := startServe(t, command(t, "serve", "--config-dir", p.dir))
			eventually(t, "a slot is done", func() bool { return box.Accepted() > 0 })
			if ok, said := p.ready(t, page); !ok {
				t.Errorf("not ready: %s", said)
			}
			box.SetFaults(mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Kept: {Hold: true}}})
			<-box.Held()
			free := fill(t, filepath.Dir(p.store))
			key := p.running(t)
			eventually(t, "it says that it is not ready", func() bool {
				ok, said := p.ready(t, page)
				return !ok && strings.Contains(said, "no room for the store")
			})
			accepted := box.Accepted()
			box.SetFaults(mailbox.Faults{})
			box.Release()
			tt.full(t, d)
			if n := box.Accepted(); n != accepted {
				t.Errorf("%d mails left that the ledger does not know of", n-accepted)
			}
			free()
			eventually(t, "it is ready again", func() bool { ok, _ := p.ready(t, page); return ok })
			p.onceDone(t, key, tt.outcome)
			w := p.slot(t, key)
			if run := w.Runs[len(w.Runs)-1]; !strings.HasPrefix(w.Slot.Reason, tt.reason) || len(run.Deliveries) != 1 || run.Deliveries[0].State != tt.state {
				t.Errorf("the slot is %s: %s, with %+v", w.Slot.Outcome, w.Slot.Reason, run.Deliveries)
			}
			accepted = box.Accepted()
			eventually(t, "the next slot has its mail", func() bool { return box.Accepted() > accepted })
			if err := d.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-d.ended
			if code := d.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("serve ended with %d\n%s", code, d.said(t))
			}
			p.allWell(t, box)
		})
	}
}

// running is the slot that is at work.
func (p *plant) running(t *testing.T) (key string) {
	t.Helper()
	for _, w := range p.slots(t) {
		if w.Slot.Outcome == store.Running {
			key = w.Slot.Key
		}
	}
	if key == "" {
		t.Fatal("no slot is at work")
	}
	return key
}

func (p *plant) slot(t *testing.T, key string) (w store.Why) {
	t.Helper()
	p.facts(t, func(ledger *store.Store) {
		var err error
		if w, err = ledger.Why(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	})
	return w
}

func (p *plant) onceDone(t *testing.T, key string, outcome store.Outcome) {
	t.Helper()
	eventually(t, fmt.Sprintf("slot %s is %s", key, outcome), func() bool { return p.slot(t, key).Slot.Outcome == outcome })
}

// allWell sees that the ledger is sound, that it knows of every mail and none left twice,
// and that no slot is in the middle.
func (p *plant) allWell(t *testing.T, box *mailbox.Server) {
	t.Helper()
	count := make(map[string]int)
	for _, m := range box.Messages() {
		content, err := m.Content()
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(content), "Message-ID: <")
		id, _, _ := strings.Cut(rest, ">")
		if count[id]++; count[id] > 1 {
			t.Errorf("mail %s to %v was accepted %d times", id, m.To, count[id])
		}
	}
	p.facts(t, func(ledger *store.Store) {
		if err := ledger.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for _, d := range p.deliveries(t) {
		if want := map[store.DeliveryState]int{store.Sent: 1, store.Unknown: 1}[d.State]; count[d.MessageID] != want {
			t.Errorf("delivery %d is %s, and %d mails were accepted", d.ID, d.State, count[d.MessageID])
		}
	}
	for _, w := range p.slots(t) {
		if w.Slot.Outcome == store.Running || w.Slot.Outcome == store.Waiting {
			t.Errorf("slot %s is %s", w.Slot.Key, w.Slot.Outcome)
		}
	}
	if left, err := filepath.Glob(filepath.Join(p.out, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// sums are the files of the folder with what they hold.
func (p *plant) sums(t *testing.T) (all []string) {
	t.Helper()
	files, err := os.ReadDir(p.out)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(p.out, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %x", f.Name(), sha256.Sum256(data)))
	}
	return all
}

// Files that find no room leave nothing, not even of the first of them, and those of
// before stay as they are. No mail tells of what is not there; the owner is told.
func TestTheFolderOfTheFilesIsFull(t *testing.T) {
	p := newPlant(t, "files", "{to: [noc@example.com]}")
	p.out = disk(t, "1m")
	box, smtp := openBox(t)
	p.configure(t, smtp+fmt.Sprintf(dailyTo, p.report))
	p.run(t, 0, "names", "run", "--report", p.report, "--date", "2017-09-12")
	before := p.sums(t)
	if len(before) != 2 {
		t.Fatalf("files %q", before)
	}
	free := fill(t, p.out)
	byHand := []string{"run", "--report", p.report, "--date", "2017-09-12"}
	for _, args := range [][]string{byHand, append(slices.Clone(byHand), "--send"), {"run", "--schedule", "daily", "--slot", "last"}} {
		o := p.run(t, 6, "no space left on device", args...)
		if !strings.Contains(o.stderr, "make room, or write elsewhere: --out DIR") {
			t.Errorf("%q says no remedy:\n%s", args, o.stderr)
		}
	}
	p.wantAttempts(t, store.Failed, "render: .*no space left on device", "failed render render")
	if mails := box.Messages(); len(mails) != 1 || mails[0].To[0] != "owner@example.com" || len(p.deliveries(t)) != 0 {
		t.Errorf("mails %+v, deliveries %+v", mails, p.deliveries(t))
	}
	free()
	if after := p.sums(t); !slices.Equal(after, before) {
		t.Errorf("files %q; want %q", after, before)
	}
	p.run(t, 0, "sent to noc@example.com", append(byHand, "--send")...)
	p.allWell(t, box)
}

// Rows are kept in a temporary file while a report is made. Without room for it the run
// fails before a file is written.
func TestTheFolderOfTemporaryFilesIsFull(t *testing.T) {
	p := newPlant(t, "rows", "{to: [noc@example.com]}")
	box, smtp := openBox(t)
	p.configure(t, smtp+fmt.Sprintf(dailyTo, p.report))
	temp := disk(t, "16k")
	cmd := command(t, "run", "--schedule", "daily", "--slot", "last", "--config-dir", p.dir)
	cmd.Env = append(slices.DeleteFunc(cmd.Env, func(name string) bool { return strings.HasPrefix(name, "TMPDIR=") }), "TMPDIR="+temp)
	if o := finish(t, cmd); o.code != 6 || !strings.Contains(o.stderr, "no space left on device") || !strings.Contains(o.stderr, "TMPDIR") {
		t.Errorf("exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	p.wantAttempts(t, store.Failed, "render: .*no space left on device", "failed query render")
	if files, _ := os.ReadDir(p.out); len(files) != 0 || box.Accepted() != 1 {
		t.Errorf("files %v, %d mails", files, box.Accepted())
	}
}
