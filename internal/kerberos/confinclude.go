package kerberos

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxConfBytes    = 1 << 20
	maxIncludeDepth = 10
	maxConfFiles    = 1000 // a few files that include each other would else be read for ever
)

// readLimited reads a file, or the device /dev/null. A pipe would make the opening wait.
func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeCharDevice == 0 {
		return nil, fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfBytes+1))
	if err == nil && len(data) > maxConfBytes {
		err = fmt.Errorf("longer than %d bytes", maxConfBytes)
	}
	return data, err
}

func listDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path) // sorted
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// include reads another file, which begins outside of any section; afterwards the state
// of this one goes on.
func (s *profileScanner) include(path string) error {
	if !filepath.IsAbs(path) {
		return s.fail(s.here(), "write the path from / on", "include needs an absolute path, not %q", clip(path))
	}
	err := s.read(path)
	if syntax := (*syntaxError)(nil); err == nil || errors.As(err, &syntax) {
		return err
	}
	return s.fail(s.here(), "see whether the file exists and can be read", "include %s: %v", path, err)
}

func (s *profileScanner) includeDir(path string) error {
	if !filepath.IsAbs(path) {
		return s.fail(s.here(), "write the path from / on", "includedir needs an absolute path, not %q", clip(path))
	}
	names, err := s.readDir(path)
	if err != nil {
		return s.fail(s.here(), "see whether the directory exists and can be read", "includedir %s: %v", path, err)
	}
	for _, name := range names {
		if !includable(name) {
			continue
		}
		if err := s.include(filepath.Join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// includable names have letters, digits, "-" and "_" alone, or end in .conf: editors'
// backups and packages' leftovers are not read.
func includable(name string) bool {
	if strings.HasSuffix(name, ".conf") && !strings.HasPrefix(name, ".") {
		return true
	}
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}
