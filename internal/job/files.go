package job

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"qosreport/internal/atomicfile"
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

// FileName is {report or schedule}_{from}[_{to}][_{hash of the parameters}] with a suffix.
// A window that does not hold whole days is told by its instants in UTC.
func FileName(o Options, suffix string) string {
	name := cmp.Or(o.Name, o.Definition.Name) + "_" + o.Window.FromDate
	if o.Window.ToDate != o.Window.FromDate {
		name += "_" + o.Window.ToDate
	}
	if !o.Window.Whole(o.Window.FromDate) || !o.Window.Whole(o.Window.ToDate) {
		name += "_" + o.Window.From.UTC().Format(instantLayout) + "-" + o.Window.To.UTC().Format(instantLayout)
	}
	if len(o.Args.Given) > 0 {
		sum := sha256.Sum256([]byte(o.Args.Canonical()))
		name += "_" + hex.EncodeToString(sum[:4])
	}
	return name + suffix
}

// instantLayout is the basic format of ISO 8601, which every file system takes.
const instantLayout = "20060102T150405Z"

// writable makes the folder, removes what runs that were killed left there, and sees
// whether files can be made, before a cluster works for an hour.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return atomicfile.Advise(err)
	}
	atomicfile.Sweep(dir)
	probe, err := atomicfile.Prepare(dir, 0o600, func(io.Writer) error { return nil })
	if err != nil {
		return err
	}
	return atomicfile.Advise(probe.Discard())
}

// write makes all files under temporary names and then gives them their own, so that
// nobody sees half a report.
func write(ctx context.Context, o Options, files []file) (paths []string, err error) {
	var prepared []*atomicfile.Prepared
	defer func() {
		for _, p := range prepared[len(paths):] {
			err = errors.Join(err, p.Discard())
		}
	}()
	if err := replaceable(o.Out, files); err != nil {
		return nil, err
	}
	for _, f := range files {
		p, err := atomicfile.Prepare(o.Out, 0o644, func(w io.Writer) error { return f.draw(until(ctx, w)) })
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", f.name, err)
		}
		prepared = append(prepared, p)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err // a run that is stopped leaves no file, and from here on all of them
	}
	for i, f := range files {
		path := filepath.Join(o.Out, f.name)
		if err := prepared[i].Commit(path); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, atomicfile.SyncDir(o.Out)
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
			return atomicfile.Advise(err)
		}
	}
	return nil
}
