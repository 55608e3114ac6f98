package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/query"
	"qosreport/internal/yamlfile"
)

// Names lists the reports of a folder in alphabetical order.
func Names(fsys fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fault.New(fault.Usage, 0, fmt.Errorf("list reports: %w", err))
	}
	var names []string
	for _, entry := range entries {
		if name, found := strings.CutSuffix(entry.Name(), ".yaml"); found && !entry.IsDir() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Load reads and checks the report name of the folder dir against the templates.
func Load(fsys fs.FS, dir, name string, templates *query.Templates) (*Definition, error) {
	file, err := yamlfile.Read(fsys, path.Join(dir, name+".yaml"))
	// A name with a slash is of another folder, and its files would be, too.
	if errors.Is(err, fs.ErrNotExist) || path.Base(name) != name {
		names, _ := Names(fsys, dir)
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "there is no report %q", name),
			"the reports are: %s", strings.Join(names, ", "))
	}
	if err != nil {
		return nil, fault.New(fault.Usage, 0, fmt.Errorf("read report: %w", err))
	}
	d := &Definition{Name: name, SHA256: file.SHA256(), file: file}
	if err := file.Decode(d); err != nil {
		return nil, fault.New(fault.Usage, 0, fmt.Errorf("read report: %w", err))
	}
	d.SectionOrder = order(file.Keys("sections"), d.Sections)
	for _, builtIn := range []string{Definitions, Provenance} {
		if !slices.Contains(d.SectionOrder, builtIn) {
			d.SectionOrder = append(d.SectionOrder, builtIn)
		}
	}
	d.DatasetOrder = order(file.Keys("datasets"), d.Datasets)
	d.MeasureOrder = order(file.Keys("measures"), d.Measures)
	d.FindingOrder = order(file.Keys("findings"), d.Findings)
	if d.Title == "" {
		d.Title = name
	}
	if err := d.validate(templates); err != nil {
		return nil, fault.New(fault.Usage, 0, err)
	}
	return d, nil
}

// order is every key of m: those of the file in its order, then those that an alias or a
// merge brought along. A dataset that were missing here would not be queried.
func order[V any](inFile []string, m map[string]V) []string {
	var names []string
	for _, name := range slices.Concat(inFile, sorted(m)) {
		if _, found := m[name]; found && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
