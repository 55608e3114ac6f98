package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/fault"
)

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFolderKeepsMessages(t *testing.T) {
	f := Folder{Dir: filepath.Join(t.TempDir(), "mail", "out")}
	m := sample()
	asked := 0
	for range 2 { // the second replaces the first
		got, err := f.Send(t.Context(), m, func(_ context.Context, accepted []string) error {
			if asked++; len(accepted) != 4 {
				t.Errorf("accepted %v", accepted)
			}
			return nil
		})
		path := filepath.Join(f.Dir, "3f2a91c0.r1.eml")
		if err != nil || len(got) != 4 || slices.ContainsFunc(got, func(r Receipt) bool { return r.Outcome != Sent || r.Answer != path }) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, encode(t, m)) {
			t.Errorf("the file differs: %v", err)
		}
	}
	if path, err := f.Write(t.Context(), "voice-daily_2017-09-12", m); err != nil || filepath.Base(path) != "voice-daily_2017-09-12.eml" {
		t.Errorf("got %s, %v", path, err)
	}
	if names := files(t, f.Dir); asked != 2 || !slices.Equal(names, []string{"3f2a91c0.r1.eml", "voice-daily_2017-09-12.eml"}) {
		t.Errorf("asked %d times, files %v", asked, names)
	}
}

func TestFolderLeavesOthersAlone(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	theirs := []byte("Received: from elsewhere\r\n")
	for name, data := range map[string][]byte{"theirs.eml": theirs, "empty.eml": nil, "short.eml": []byte("Message")} {
		path := filepath.Join(f.Dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := f.Write(t.Context(), strings.TrimSuffix(name, ".eml"), sample())
		if err == nil || !strings.Contains(err.Error(), "another file is in the way") || fault.Remedy(err) != "move it away" || fault.AreaOf(err) != fault.Output {
			t.Errorf("%s: got %v", name, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s became %q, %v", name, got, err)
		}
	}
	if err := os.Mkdir(filepath.Join(f.Dir, "folder.eml"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("theirs.eml", filepath.Join(f.Dir, "link.eml")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"folder", "link"} {
		if _, err := f.Write(t.Context(), name, sample()); err == nil || !strings.Contains(err.Error(), "in the way") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, name := range []string{"", ".hidden", "../up", "a/b", "a\x00b", "ü"} {
		if _, err := f.Write(t.Context(), name, sample()); err == nil || fault.AreaOf(err) != fault.Usage {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestFolderFailuresLeaveNothing(t *testing.T) {
	over, stop := context.WithCancel(t.Context())
	stop()
	no := errors.New("no")
	broken := sample()
	broken.Attachments[0].Open = func() (io.ReadCloser, error) { return nil, no }
	tests := []struct {
		name   string
		ctx    context.Context
		m      *Message
		before Before
		want   error
	}{
		{"the context is over", over, sample(), nil, context.Canceled},
		{"the caller says no", t.Context(), sample(), func(context.Context, []string) error { return no }, no},
		{"an attachment is lost", t.Context(), broken, nil, no},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Folder{Dir: t.TempDir()}
			got, err := f.Send(tt.ctx, tt.m, tt.before)
			if !errors.Is(err, tt.want) || outcomes(got) != "not attempted, not attempted, not attempted, not attempted" {
				t.Errorf("%s, %v", outcomes(got), err)
			}
			if names := files(t, f.Dir); len(names) != 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Folder{Dir: filepath.Join(file, "mail")}.Send(t.Context(), sample(), nil)
	if err == nil || !strings.Contains(fault.Remedy(err), "let this user write") || fault.AreaOf(err) != fault.Output {
		t.Errorf("got %v, try %q", err, fault.Remedy(err))
	}
}
