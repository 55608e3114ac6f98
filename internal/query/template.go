package query

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// Data is what a template is given.
type Data struct {
	DateFrom, DateTo  Date      // first and last partition date to scan, inclusive, UTC
	FirstDay, LastDay Date      // first and last report day
	From, To          Timestamp // the exact window, half open
	TZ                String    // zone of the report days
	Params            map[string]fmt.Stringer
	Bins              map[string]Bins // by dataset
	Dataset           DatasetName     // whose statement it is
	Column            Identifier      // what the dataset sorts into bins
	Where             string          // the define block that {{rows}} stands for; "" for none
}

// DatasetName is the name of a dataset in a template; {{bin .Dataset}} takes it.
type DatasetName string

// Templates are the SQL templates of a folder.
type Templates struct {
	set   *template.Template
	texts map[string]string // by name, partials included
}

// LoadTemplates reads every .sql file below dir. A file whose name begins with _ is a
// partial: its {{define}} blocks can be used by all. The mistakes of all files are told.
func LoadTemplates(fsys fs.FS, dir string) (*Templates, error) {
	t := &Templates{set: template.New("").Funcs(functions(Data{})).Option("missingkey=error"), texts: make(map[string]string)}
	var mistakes []error
	err := fs.WalkDir(fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".sql" {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, dir+"/")
		t.texts[short] = string(text)
		if _, err := t.set.New(short).Parse(string(text)); err != nil {
			mistakes = append(mistakes, fmt.Errorf("load queries: %w", err))
		}
		return nil
	})
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("load queries: %w", err))
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return t, nil
}

// Has reports whether there is a template of this name that can be rendered by itself.
func (t *Templates) Has(name string) bool {
	_, found := t.texts[name]
	return found && !strings.HasPrefix(path.Base(name), "_")
}

// Defines reports whether some template defines a block of this name.
func (t *Templates) Defines(block string) bool {
	_, isFile := t.texts[block]
	return !isFile && t.set.Lookup(block) != nil
}

// Texts are the sources of the template and of all partials, by name: whatever can
// change what the template means.
func (t *Templates) Texts(name string) map[string]string {
	texts := make(map[string]string)
	for n, text := range t.texts {
		if n == name || strings.HasPrefix(path.Base(n), "_") {
			texts[n] = text
		}
	}
	return texts
}

// Render is the statement that a template makes of the data.
func (t *Templates) Render(name string, data Data) (string, error) {
	if !t.Has(name) {
		return "", fmt.Errorf("there is no query %q", name)
	}
	set, err := t.set.Clone()
	if err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	calls := functions(data)
	calls["rows"] = func() (string, error) { return block(set, data) }
	var out bytes.Buffer
	if err := set.Funcs(calls).ExecuteTemplate(&out, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return strings.TrimSpace(out.String()), nil
}

// block is the predicate that the dataset names: which rows count.
func block(set *template.Template, data Data) (string, error) {
	if data.Where == "" {
		return "TRUE", nil
	}
	var out bytes.Buffer
	err := set.ExecuteTemplate(&out, data.Where, data)
	return strings.TrimSpace(out.String()), err
}

// functions are what templates can call, for one window.
func functions(data Data) template.FuncMap {
	return template.FuncMap{
		"partition": data.partition,
		"window":    data.window,
		"valid":     valid,
		"quality":   quality,
		"bin":       data.bin,
		"rows":      func() string { return "" }, // see Render
	}
}

// bin is the bin's number of a dataset's column.
func (d Data) bin(dataset DatasetName) (string, error) {
	bins, found := d.Bins[string(dataset)]
	if !found {
		return "", fmt.Errorf("bin: dataset %q has no histogram", dataset)
	}
	return bins.bin()
}

// partition is the predicate on the partition columns that hold the dates of the window:
// one column, with how its dates are written if not yyyy-MM-dd, or three of integers for
// year, month and day. Columns stand bare and are compared in their own type, or pruning
// is lost.
func (d Data) partition(column string, more ...string) (string, error) {
	name, err := ParseIdentifier(column)
	if err != nil {
		return "", err
	}
	layout := DateLayout
	switch len(more) {
	case 0:
	case 1:
		if layout, err = dateLayout(more[0]); err != nil {
			return "", err
		}
	case 2:
		return d.partitionOfThree(name, more[0], more[1])
	default:
		return "", fmt.Errorf("partition: %d values: write one column and how its dates are written, or three columns for year, month and day", len(more)+1)
	}
	from, to := time.Time(d.DateFrom).Format(layout), time.Time(d.DateTo).Format(layout)
	return fmt.Sprintf("%s BETWEEN %s AND %s", bare(name), quote(from), quote(to)), nil
}

// partitionOfThree is one range of days for each month of the window.
func (d Data) partitionOfThree(year Identifier, monthColumn, dayColumn string) (string, error) {
	month, err := ParseIdentifier(monthColumn)
	if err != nil {
		return "", err
	}
	day, err := ParseIdentifier(dayColumn)
	if err != nil {
		return "", err
	}
	from, to := time.Time(d.DateFrom).UTC().Truncate(24*time.Hour), time.Time(d.DateTo).UTC()
	var months []string
	for first := from; !first.After(to); first = time.Date(first.Year(), first.Month()+1, 1, 0, 0, 0, 0, time.UTC) {
		last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC)
		if last.After(to) {
			last = to
		}
		months = append(months, fmt.Sprintf("%s = %d AND %s = %d AND %s BETWEEN %d AND %d",
			bare(year), first.Year(), bare(month), int(first.Month()), bare(day), first.Day(), last.Day()))
	}
	if len(months) == 1 {
		return months[0], nil
	}
	return "(" + strings.Join(months, " OR ") + ")", nil
}

func dateLayout(format string) (string, error) {
	switch format {
	case "yyyy-MM-dd":
		return DateLayout, nil
	case "yyyyMMdd":
		return "20060102", nil
	}
	return "", fmt.Errorf("partition: format %q is not known: write yyyy-MM-dd or yyyyMMdd", format)
}

func (d Data) window(column string) (string, error) {
	name, err := ParseIdentifier(column)
	if err != nil {
		return "", err
	}
	if from := time.Time(d.From).UTC(); from.Year() < 1400 {
		// Impala casts an earlier timestamp to NULL, and the statement would find no row.
		return "", fmt.Errorf("window: %s lies before 1400-01-01, where TIMESTAMP begins", from.Format(DateLayout))
	}
	return fmt.Sprintf("%s >= %s AND %s < %s", bare(name), d.From, bare(name), d.To), nil
}

// valid is the column where it lies in the range and NULL elsewhere. NaN lies in no range
// on any engine: it compares false, or as greater than everything.
func valid(column string, low, high any) (string, error) {
	name, from, to, err := ranged(column, low, high)
	if err != nil {
		return "", fmt.Errorf("valid: %w", err)
	}
	c := bare(name)
	return fmt.Sprintf("CASE WHEN %s >= %s AND %s <= %s THEN %s END", c, from, c, to, c), nil
}

// ranged is a column and the ends of its range. One whose ends are swapped holds nothing,
// and every value would be junk.
func ranged(column string, low, high any) (name Identifier, from, to string, err error) {
	if name, err = ParseIdentifier(column); err != nil {
		return "", "", "", err
	}
	var least, most float64
	if from, least, err = number(low); err == nil {
		to, most, err = number(high)
	}
	if err == nil && least > most {
		err = fmt.Errorf("the range of %s begins at %s and ends at %s", column, from, to)
	}
	return name, from, to, err
}

func number(v any) (text string, value float64, err error) {
	switch v := v.(type) {
	case int:
		return Int(v).String(), float64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			break
		}
		return strconv.FormatFloat(v, 'f', -1, 64), v, nil
	}
	return "", 0, fmt.Errorf("%v is no number", v)
}

// bare is a checked name of a template's author without backticks where it needs none,
// so that the statement reads like one that a person wrote.
func bare(name Identifier) string {
	for _, r := range string(name) {
		if !(r == '_' || r == '.' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			return name.String()
		}
	}
	return string(name)
}
