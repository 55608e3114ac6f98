//go:build peers && linux

package peers

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// image is one that buildah has made, with what it says about itself.
type image struct {
	storage, name string
	arch          string
	settings      imageSettings
}

// imageSettings is what an engine reads when it runs an image.
type imageSettings struct {
	User, WorkingDir, StopSignal string
	Env, Entrypoint, Cmd         []string
	Volumes                      map[string]struct{}
	Labels                       map[string]string
	Healthcheck                  struct {
		Test                           []string
		Interval, Timeout, StartPeriod time.Duration
		Retries                        int
	}
}

// imageScript runs image.sh and returns what it printed to standard output.
func imageScript(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"image.sh"}, args...)...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("image.sh %s: %v\n%s%s", strings.Join(args, " "), err, out, said.String())
	}
	return strings.TrimSpace(string(out))
}

// buildImage makes the image of a processor by the project's own Dockerfile.
func buildImage(t *testing.T, storage, arch string) *image {
	t.Helper()
	i := &image{storage: storage, name: "qosreport:" + arch}
	imageScript(t, "build", storage, i.name, "linux/"+arch)
	var shown struct {
		Docker struct {
			Architecture string
			Config       imageSettings
		}
	}
	if err := json.Unmarshal([]byte(imageScript(t, "show", storage, i.name)), &shown); err != nil {
		t.Fatal(err)
	}
	i.arch, i.settings = shown.Docker.Architecture, shown.Docker.Config
	return i
}

// open is the root of a new container.
func (i *image) open(t *testing.T) string {
	t.Helper()
	return imageScript(t, "open", i.storage, i.name)
}

func TestImage(t *testing.T) {
	storage := folder(t)
	imageScript(t, "builder", storage)
	images := make(map[string]*image)
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		i := buildImage(t, storage, arch)
		images[arch] = i
		t.Run(arch+" says how it is run", func(t *testing.T) { i.checkSettings(t, arch) })
		t.Run(arch+" holds what it needs and nothing else", func(t *testing.T) { checkRoot(t, i.open(t), machine) })
	}
	t.Run("arm64 tells its version", func(t *testing.T) {
		checkVersion(t, peerTool(t, "qemu-aarch64-static"), filepath.Join(images["arm64"].open(t), "qosreport"), "version")
	})
	site := startSite(t)
	c := newContainer(t, images[runtime.GOARCH], site)
	t.Run("tells its version in a container", func(t *testing.T) {
		o := finish(t, c.command("version"))
		if o.code != 0 || !strings.HasPrefix(o.stdout, "qosreport ") {
			t.Errorf("exit code %d\n%s%s", o.code, o.stdout, o.stderr)
		}
	})
	t.Run("runs the demo in a container", func(t *testing.T) { testDemoInContainer(t, c) })
	t.Run("makes the newest slot in a container", func(t *testing.T) { testSlotInContainer(t, c, site) })
	t.Run("serves in a container", func(t *testing.T) { testServeInContainer(t, c) })
}

func (i *image) checkSettings(t *testing.T, arch string) {
	s := i.settings
	for _, row := range []struct {
		name      string
		got, want any
	}{
		{"architecture", i.arch, arch},
		{"user", s.User, "65532:65532"},
		{"entry point", s.Entrypoint, []string{"/qosreport"}},
		{"command", s.Cmd, []string{"serve"}},
		{"environment", slices.Contains(s.Env, "QOSREPORT_CONFIG_DIR=/etc/qosreport"), true},
		{"working folder", s.WorkingDir, "/var/lib/qosreport"},
		{"volumes", slices.Collect(maps.Keys(s.Volumes)), []string{"/var/lib/qosreport"}},
		{"signal", s.StopSignal, "SIGTERM"},
		{"health check", s.Healthcheck.Test, []string{"CMD", "/qosreport", "status", "--live"}},
		{"its interval", s.Healthcheck.Interval, 30 * time.Second},
		{"its time-out", s.Healthcheck.Timeout, 10 * time.Second},
		{"its start", s.Healthcheck.StartPeriod, time.Minute},
		{"its tries", s.Healthcheck.Retries, 3},
		{"title", s.Labels["org.opencontainers.image.title"], "qosreport"},
		{"licence", s.Labels["org.opencontainers.image.licenses"], "Apache-2.0"},
		{"revision", s.Labels["org.opencontainers.image.revision"], head(t)},
	} {
		if fmt.Sprint(row.got) != fmt.Sprint(row.want) {
			t.Errorf("%s: %v, want %v", row.name, row.got, row.want)
		}
	}
}

// head is the commit of this checkout.
func head(t *testing.T) string {
	t.Helper()
	out, err := tool(t, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err, out)
	}
	return strings.TrimSpace(out)
}

func checkVersion(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := tool(t, nil, name, args...)
	if err != nil || !strings.HasPrefix(out, "qosreport ") || !strings.Contains(out, head(t)[:12]) {
		t.Errorf("%v: %q is not of the commit %s", err, out, head(t))
	}
}

// checkRoot compares the files with what is meant to be there: no shell, no C library, no
// file that another user than root could change.
func checkRoot(t *testing.T, root string, machine elf.Machine) {
	want := map[string]string{
		".": "dr-xr-xr-x 0:0", "qosreport": "-rwxr-xr-x 0:0",
		"etc": "drwxr-xr-x 0:0", "etc/ssl": "drwxr-xr-x 0:0", "etc/ssl/certs": "drwxr-xr-x 0:0", "etc/ssl/certs/ca-certificates.crt": "-rw-r--r-- 0:0",
		"etc/qosreport": "drwxr-xr-x 0:0",
		"tmp":           "dtrwxrwxrwx 0:0",
		"var":           "drwxr-xr-x 0:0", "var/lib": "drwxr-xr-x 0:0", "var/lib/qosreport": "drwxr-xr-x 65532:65532",
	}
	for _, shipped := range []string{"configs", "queries"} {
		entries(t, filepath.Join("../..", shipped), func(path string, info fs.FileInfo) {
			mode := "-rw-r--r-- 0:0"
			if info.IsDir() {
				mode = "drwxr-xr-x 0:0"
			}
			want[filepath.Join("etc/qosreport", shipped, path)] = mode
		})
	}
	got := make(map[string]string)
	entries(t, root, func(path string, info fs.FileInfo) {
		owner := info.Sys().(*syscall.Stat_t)
		got[path] = fmt.Sprintf("%s %d:%d", info.Mode(), owner.Uid, owner.Gid)
	})
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if got[path] != want[path] {
			t.Errorf("%s is %s, want %q", path, got[path], want[path])
		}
		delete(want, path)
	}
	for path := range want {
		t.Errorf("%s is missing", path)
	}
	program, err := elf.Open(filepath.Join(root, "qosreport"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if program.Machine != machine {
		t.Errorf("the program is for %s, want %s", program.Machine, machine)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a part %s: it is not static", p.Type)
		}
	}
}

func entries(t *testing.T, root string, each func(path string, info fs.FileInfo)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		each(relative, info)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What builds the image, and who is told when nothing can.
func TestBuildingTheImage(t *testing.T) {
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	toolchain := regexp.MustCompile(`(?m)^ARG BUILDER=golang:(\d+\.\d+)\.\d+-\w+$`).FindSubmatch(dockerfile)
	if toolchain == nil || !bytes.Contains(module, []byte("\ngo "+string(toolchain[1])+".")) {
		t.Errorf("the toolchain %q is not that of go.mod, to the last number", toolchain)
	}
	folder := t.TempDir() // what the script needs, and no engine
	for _, name := range []string{"bash", "dirname", "git"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := tool(t, []string{"PATH=" + folder}, filepath.Join(folder, "bash"), "../../deploy/image")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, "docker") || !strings.Contains(out, "buildah") || !strings.Contains(out, "install") {
		t.Errorf("without an engine: %v\n%s", err, out)
	}
}
