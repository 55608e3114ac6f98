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
var Formats = []string{"xlsx", "html", "json", "csv"}

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
		{"csv", o.Definition.Outputs.CSV != nil},
	} {
		if f.made {
			names = append(names, f.name)
		}
	}
	return names
}

// file is one file of a report.
type file struct {
	format string
	name   string // in the folder
	draw   func(w io.Writer) error
}

// drawn are the files of the page in the formats, in their order.
func drawn(o Options, page *report.Page) ([]file, error) {
	var files []file
	for _, format := range formats(o) {
		f := file{format: format, name: FileName(o, "."+format)}
		switch format {
		case "xlsx":
			var sheets []definition.Sheet
			if out := o.Definition.Outputs.XLSX; out != nil {
				sheets = out.Sheets
			}
			f.draw = func(w io.Writer) error { return xlsx.Render(w, page, sheets) }
		case "html":
			f.draw = func(w io.Writer) error { return html.Render(w, page, sections(o.Definition.Outputs.HTML)) }
		case "json":
			shown := *page
			shown.Sections = page.Pick(sections(o.Definition.Outputs.JSON))
			f.draw = func(w io.Writer) error { return report.JSON(w, &shown) }
		case "csv":
			files = append(files, tables(o, page)...)
			continue
		default:
			return nil, fault.Errorf(fault.Usage, 0, "unknown format %q: write %s", format, strings.Join(Formats, ", "))
		}
		files = append(files, f)
	}
	return files, nil
}

// tables are the CSV files, one a section that has rows.
func tables(o Options, page *report.Page) []file {
	var files []file
	for _, s := range page.Pick(sections(o.Definition.Outputs.CSV)) {
		if grid := s.Records(); grid != nil {
			files = append(files, file{format: "csv", name: FileName(o, "_"+s.Name+".csv"), draw: func(w io.Writer) error { return report.CSV(w, grid) }})
		}
	}
	return files
}

func sections(out *definition.Output) []string {
	if out == nil {
		return nil
	}
	return out.Sections
}

// FileName is {report}_{from}[_{to}][_{hash of the parameters}] with a suffix.
func FileName(o Options, suffix string) string {
	name := o.Definition.Name + "_" + o.Window.FromDate
	if o.Window.ToDate != o.Window.FromDate {
		name += "_" + o.Window.ToDate
	}
	if len(o.Args.Given) > 0 {
		sum := sha256.Sum256([]byte(o.Args.Canonical()))
		name += "_" + hex.EncodeToString(sum[:4])
	}
	return name + suffix
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
func write(ctx context.Context, o Options, files []file) (paths []string, err error) {
	var temporary []string
	defer func() {
		for _, name := range temporary {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	if err := replaceable(o.Out, files); err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		name, err := writeTemporary(o.Out, f.draw)
		if name != "" {
			temporary = append(temporary, name)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	for _, f := range files {
		path := filepath.Join(o.Out, f.name)
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
func replaceable(dir string, files []file) error {
	for _, f := range files {
		path := filepath.Join(dir, f.name)
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
