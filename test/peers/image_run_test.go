//go:build peers && linux

package peers

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// container runs an image's program as an engine would: its user, its environment, a root
// that cannot be written, first of its own process numbers.
type container struct {
	settings     imageSettings
	user         int // the number of the image's user
	root, mounts string
	page         string // host:port of the status page
}

func newContainer(t *testing.T, i *image, site *site) *container {
	t.Helper()
	name, _, _ := strings.Cut(i.settings.User, ":")
	user, err := strconv.Atoi(name)
	if err != nil {
		t.Fatalf("user %q is no number: a rule that forbids root could not judge it", name)
	}
	c := &container{settings: i.settings, user: user, root: i.open(t), mounts: folder(t), page: "127.0.0.1:" + freePort(t)}
	if err := os.Chmod(c.mounts, 0o755); err != nil { // another user goes there
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"store": 0o700, "tmp": 0o777 | os.ModeSticky, "secrets": 0o700} {
		path := filepath.Join(c.mounts, name)
		if err := errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, mode), os.Chown(path, user, user)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(c.mounts, "qosreport.yaml"), []byte(site.configuration(t, c.page)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, data := range site.secrets {
		path := filepath.Join(c.mounts, "secrets", name)
		if err := errors.Join(os.WriteFile(path, data, 0o400), os.Chown(path, user, user)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// command prepares the image's program with arguments, or with its own if there are none.
func (c *container) command(args ...string) *exec.Cmd {
	if len(args) == 0 {
		args = c.settings.Cmd
	}
	cmd := exec.Command("bash", append([]string{"image.sh", "enter", c.root, c.mounts, c.settings.User, c.settings.WorkingDir, c.settings.Entrypoint[0]}, args...)...)
	cmd.Env = append([]string{"HOME=/"}, c.settings.Env...)
	// The script gives way to the program, which so is the process that was started.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
	}
	return cmd
}

func testDemoInContainer(t *testing.T, c *container) {
	o := finish(t, c.command("demo", "--days", "4", "--out", "/tmp/out"))
	if o.code != 0 || !strings.Contains(o.stdout, "/tmp/out/voice-daily_2017-09-12.xlsx") {
		t.Errorf("exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	var names []string
	entries(t, filepath.Join(c.mounts, "tmp"), func(path string, info os.FileInfo) {
		if owner := info.Sys().(*syscall.Stat_t); path != "." && int(owner.Uid) != c.user {
			t.Errorf("%s belongs to %d", path, owner.Uid)
		}
		names = append(names, path)
	})
	if !strings.Contains(strings.Join(names, " "), "voice-daily_2017-09-12.html") {
		t.Errorf("files: %v", names)
	}
	o = finish(t, c.command("demo", "--days", "4", "--out", "/etc/out"))
	if o.code != 6 || !strings.Contains(o.stderr, "read-only file system") || !strings.Contains(o.stderr, "try:") {
		t.Errorf("the root can be written: exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
}

// slotFile is the workbook of the slot that [site.configuration] plans.
const slotFile = "voice-daily_2017-09-11_2017-09-17.xlsx"

// What a CronJob starts, which may happen twice: one report, one mail.
func testSlotInContainer(t *testing.T, c *container, site *site) {
	if o := finish(t, c.command("validate")); o.code != 0 {
		t.Fatalf("the shipped configuration: exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	for _, says := range []string{slotFile, "already done"} {
		o := finish(t, c.command("run", "--schedule", "voice-daily", "--slot", "last"))
		if o.code != 0 || !strings.Contains(o.stdout, says) {
			t.Fatalf("exit code %d, does not say %q\n%s%s", o.code, says, o.stdout, o.stderr)
		}
		site.mails(t, 1)
	}
	if _, err := os.Stat(filepath.Join(c.mounts, "store", "out", slotFile)); err != nil {
		t.Error(err) // the files lie on the volume
	}
}
