package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"qosreport/internal/atomicfile"
	"qosreport/internal/fault"
)

// writeProfiles makes the file of --profile: whole, or not at all.
func (r *queryRun) writeProfiles(path string) error {
	if len(r.profiles) == 0 {
		return fault.Errorf(fault.Impala, 0, "write profile %s: the server has none", path)
	}
	err := atomicfile.Write(path, 0o600, func(w io.Writer) error {
		for _, p := range r.profiles {
			if _, err := io.WriteString(w, strings.TrimSpace(p.Text)+"\n\n"); err != nil {
				return err
			}
		}
		return nil
	})
	return profileError(path, err)
}

// checkProfile finds before the statements are run that a profile cannot be written: there
// is no folder, or what has the name would be replaced by a file.
func checkProfile(path string) error {
	if path == "" {
		return nil
	}
	if there, err := os.Lstat(path); err == nil && !there.Mode().IsRegular() {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "--profile %s is no regular file", path), "name a file: a device, a pipe or a link would become one")
	}
	_, err := os.ReadDir(filepath.Dir(path))
	return profileError(path, err)
}

func profileError(path string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("write profile %s: %w", path, err)),
		"see whether the folder of --profile is there, can be written by this user and has room")
}
