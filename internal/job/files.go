package job

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/report"
	"qosreport/internal/report/html"
	"qosreport/internal/report/xlsx"
)

// Formats are the files that a report can be written as.
var Formats = []string{"xlsx", "html", "json"}

// formats are those that were asked for, or else those of the definition.
func formats(o Options) []string {
	if len(o.Formats) > 0 {
		return o.Formats
	}
	var names []string
	for _, f := range []struct {
		name string
		made bool
	}{
		{"xlsx", o.Definition.Outputs.XLSX != nil},
		{"html", o.Definition.Outputs.HTML != nil},
		{"json", o.Definition.Outputs.JSON != nil},
	} {
		if f.made {
			names = append(names, f.name)
		}
	}
	return names
}

// draw writes the page in one format.
func draw(w io.Writer, format string, page *report.Page, out definition.Outputs) error {
	switch format {
	case "xlsx":
		var sheets []definition.Sheet
		if out.XLSX != nil {
			sheets = out.XLSX.Sheets
		}
		return xlsx.Render(w, page, sheets)
	case "html":
		var sections []string
		if out.HTML != nil {
			sections = out.HTML.Sections
		}
		return html.Render(w, page, sections)
	case "json":
		var sections []string
		if out.JSON != nil {
			sections = out.JSON.Sections
		}
		shown := *page
		shown.Sections = page.Pick(sections)
		return report.JSON(w, &shown)
	}
	return fault.Errorf(fault.Usage, 0, "unknown format %q: write %s", format, strings.Join(Formats, ", "))
}

// FileName is {report}_{from}[_{to}][_{hash of the parameters}].{format}.
func FileName(o Options, format string) string {
	name := o.Definition.Name + "_" + o.Window.FromDate
	if o.Window.ToDate != o.Window.FromDate {
		name += "_" + o.Window.ToDate
	}
	if len(o.Args.Given) > 0 {
		sum := sha256.Sum256([]byte(o.Args.Canonical()))
		name += "_" + hex.EncodeToString(sum[:4])
	}
	return name + "." + format
}

// writable makes the folder and sees whether files can be made there, before a cluster
// works for an hour.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return diskError(err)
	}
	f, err := os.CreateTemp(dir, ".qosreport-*")
	if err != nil {
		return diskError(err)
	}
	return diskError(errors.Join(f.Close(), os.Remove(f.Name())))
}

// write makes all files under temporary names and then gives them their own, so that
// nobody sees half a report.
func write(ctx context.Context, o Options, page *report.Page) (paths []string, err error) {
	var temporary []string
	defer func() {
		for _, name := range temporary {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	names := formats(o)
	if err := replaceable(o, names); err != nil {
		return nil, err
	}
	for _, format := range names {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		name, err := writeTemporary(o.Out, func(w io.Writer) error { return draw(w, format, page, o.Definition.Outputs) })
		if name != "" {
			temporary = append(temporary, name)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", FileName(o, format), err)
		}
	}
	for _, format := range names {
		path := filepath.Join(o.Out, FileName(o, format))
		if err := os.Rename(temporary[0], path); err != nil {
			return nil, diskError(err)
		}
		temporary = slices.Delete(temporary, 0, 1)
		paths = append(paths, path)
	}
	return paths, diskError(syncDir(o.Out))
}

// replaceable sees before the first rename whether each file can take its place, so that
// a folder in the way does not leave half of them.
func replaceable(o Options, formats []string) error {
	for _, format := range formats {
		path := filepath.Join(o.Out, FileName(o, format))
		info, err := os.Lstat(path)
		if err == nil && !info.Mode().IsRegular() {
			return fault.Advise(fault.Errorf(fault.Output, fault.Render, "%s is there and is no file", path), "move it away, or write elsewhere: --out DIR")
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return diskError(err)
		}
	}
	return nil
}

// writeTemporary writes and syncs a file that has no reader yet. The name is given even
// with an error, so that the caller removes the file.
func writeTemporary(dir string, render func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(dir, ".qosreport-*")
	if err != nil {
		return "", diskError(err)
	}
	defer func() { err = errors.Join(err, diskError(f.Close())) }()
	if err := f.Chmod(0o644); err != nil {
		return f.Name(), diskError(err)
	}
	out := bufio.NewWriterSize(f, 256<<10)
	if err := render(out); err != nil {
		return f.Name(), diskError(err)
	}
	if err := out.Flush(); err != nil {
		return f.Name(), diskError(err)
	}
	return f.Name(), diskError(f.Sync())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// diskError adds what helps against a failure of rendering or disk.
func diskError(err error) error {
	if err == nil {
		return nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = fault.Advise(err, "make room, or write elsewhere: --out DIR")
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		err = fault.Advise(err, "let this user write there, or write elsewhere: --out DIR")
	}
	return fault.New(fault.Output, fault.Render, err)
}
