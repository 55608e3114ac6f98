package job

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// renderSeed tells a process that was started for TestRender how to shuffle the states.
const renderSeed = "QOSREPORT_TEST_RENDER"

// rendered is the hash of every file and of the mail, one a line.
func rendered(t testing.TB, shuffle uint64) string {
	t.Helper()
	page, d := shipped(t, shuffle)
	o := Options{Definition: d, Window: page.Window, Out: t.TempDir(), Formats: Formats, Mail: &Mail{From: "qos@example.com", To: []string{"noc@example.com"}}}
	files, err := drawn(o, page)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range files {
		hash := sha256.New()
		if err := f.draw(hash); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %x\n", f.name, hash.Sum(nil))
	}
	mail, err := draftMail(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := mail.fill(page, files); err != nil {
		t.Fatal(err)
	}
	if _, err := write(t.Context(), o, files); err != nil {
		t.Fatal(err)
	}
	message, err := mail.finish()
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	if _, err := message.WriteTo(hash); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "mail %x\n", hash.Sum(nil))
	return out.String()
}

// TestRender prints the hashes; a process that was started for it does nothing else.
func TestRender(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv(renderSeed), 10, 64)
	if err != nil {
		seed = 1
	}
	text := rendered(t, seed)
	if strings.Count(text, "\n") < 5 {
		t.Errorf("got %s", text)
	}
	if os.Getenv(renderSeed) != "" {
		fmt.Print(text)
	}
}

// Equal pages are equal bytes: in another process, zone and number of processors, at
// another time, and of states that came in another order.
func TestTheSamePageIsTheSameBytes(t *testing.T) {
	want := rendered(t, 1)
	for i, environment := range [][]string{{"TZ=UTC", "GOMAXPROCS=1"}, {"TZ=America/St_Johns", "GOMAXPROCS=4"}, {"TZ=Asia/Tokyo", "LANG=sk_SK.UTF-8"}} {
		child := exec.Command(os.Args[0], "-test.run=^TestRender$", "-test.count=1")
		child.Env = append(append(os.Environ(), environment...), renderSeed+"="+strconv.Itoa(i+2))
		out, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", environment, err, out)
		}
		if got, _, _ := strings.Cut(string(out), "PASS"); got != want {
			t.Errorf("%v:\n%swant\n%s", environment, got, want)
		}
	}
}

// In a bubble it is the year 2000.
func TestTheClockIsNotInTheFiles(t *testing.T) {
	page, d := shipped(t, 1)
	draw := func() map[string][]byte {
		files, err := drawn(Options{Definition: d, Window: page.Window, Formats: Formats}, page)
		if err != nil {
			t.Fatal(err)
		}
		all := make(map[string][]byte)
		for _, f := range files {
			var out bytes.Buffer
			if err := f.draw(io.Writer(&out)); err != nil {
				t.Fatal(err)
			}
			all[f.name] = out.Bytes()
		}
		return all
	}
	now := draw()
	synctest.Test(t, func(*testing.T) {
		for name, data := range draw() {
			if !bytes.Equal(data, now[name]) {
				t.Errorf("%s is another one at another time", name)
			}
		}
	})
}
