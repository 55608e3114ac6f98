package definition

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/query"
)

// Param is one parameter of a report.
type Param struct {
	Type    string   `yaml:"type"`    // string | strings | int | ints | double | date | bool | identifier | enum
	Default any      `yaml:"default"` // "" or the empty list without one
	Enum    []string `yaml:"enum"`    // the values of type enum
	Pattern string   `yaml:"pattern"` // what every text must match, whole
}

var paramTypes = []string{"string", "strings", "int", "ints", "double", "date", "bool", "identifier", "enum"}

func (c *checker) param(at string, p *Param) {
	if !slices.Contains(paramTypes, p.Type) {
		c.Require(at+".type", false, "is not known: write %s", strings.Join(paramTypes, ", "))
		return
	}
	c.Require(at+".enum", (p.Type == "enum") == (len(p.Enum) > 0), "goes with type enum, and only with it")
	if _, err := regexp.Compile(p.Pattern); err != nil {
		c.Add(at+".pattern", fmt.Errorf("%s.pattern: %w", at, err))
		return
	}
	if !plainDefault(p.Default) {
		c.Require(at+".default", false, "is no plain value, nor a list of such")
		return
	}
	if _, err := p.value(p.defaults()); err != nil {
		c.Add(at+".default", fmt.Errorf("%s.default: %w", at, err))
	}
}

// plainDefault reports whether a default is a value or a list of values, not of lists,
// mappings or nothing.
func plainDefault(v any) bool {
	items, isList := v.([]any)
	if !isList {
		return v == nil || scalar(v)
	}
	return !slices.ContainsFunc(items, func(item any) bool { return !scalar(item) })
}

func scalar(v any) bool {
	switch v.(type) {
	case string, bool, int64, uint64, float64:
		return true
	}
	return false
}

// defaults is the default as texts. Without one it is the value that a template takes
// for false, where the type has such a value.
func (p *Param) defaults() []string {
	switch v := p.Default.(type) {
	case nil:
		return map[string][]string{"string": {""}, "int": {"0"}, "double": {"0"}, "bool": {"false"}}[p.Type]
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = fmt.Sprint(item)
		}
		return texts
	default:
		return []string{fmt.Sprint(v)}
	}
}

// Literal is the SQL literal of a value that no report declares. The kind is a type of
// [Param] but enum; lists take any number of texts, the others one.
func Literal(kind string, texts []string) (fmt.Stringer, error) {
	if kind == "enum" || !slices.Contains(paramTypes, kind) {
		return nil, fmt.Errorf("type %q is not known: write string, strings, int, ints, double, date, bool or identifier", kind)
	}
	return (&Param{Type: kind}).value(texts)
}

// value makes the literal of the texts that were given.
func (p *Param) value(texts []string) (fmt.Stringer, error) {
	if err := p.allowed(texts); err != nil {
		return nil, err
	}
	switch p.Type {
	case "strings":
		return listOf(texts, query.ParseString, func(l []query.String) fmt.Stringer { return query.Strings(l) })
	case "ints":
		return listOf(texts, parseInt, func(l []query.Int) fmt.Stringer { return query.Ints(l) })
	}
	if len(texts) != 1 {
		return nil, fmt.Errorf("has %d values: write one of type %s", len(texts), p.Type)
	}
	return p.single(texts[0])
}

func (p *Param) single(text string) (fmt.Stringer, error) {
	switch p.Type {
	case "int":
		v, err := parseInt(text)
		return v, err
	case "double":
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return query.Double(v), nil
	case "bool":
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return query.Bool(v), nil
	case "date":
		v, err := query.ParseDate(text)
		return v, err
	case "identifier":
		v, err := query.ParseIdentifier(text)
		return v, err
	}
	v, err := query.ParseString(text)
	return v, err
}

func (p *Param) allowed(texts []string) error {
	var pattern *regexp.Regexp
	if p.Pattern != "" {
		var err error
		if pattern, err = regexp.Compile("^(?:" + p.Pattern + ")$"); err != nil {
			return err
		}
	}
	for _, text := range texts {
		if p.Type == "enum" && !slices.Contains(p.Enum, text) {
			return fmt.Errorf("%q is not allowed: write one of %s", text, strings.Join(p.Enum, ", "))
		}
		if pattern != nil && !pattern.MatchString(text) {
			return fmt.Errorf("%q does not match %s", text, p.Pattern)
		}
	}
	return nil
}

func parseInt(text string) (query.Int, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no integer", text)
	}
	return query.Int(v), nil
}

func listOf[T any](texts []string, parse func(string) (T, error), list func([]T) fmt.Stringer) (fmt.Stringer, error) {
	values := make([]T, len(texts))
	for i, text := range texts {
		var err error
		if values[i], err = parse(text); err != nil {
			return nil, err
		}
	}
	return list(values), nil
}

// Args are the parameters of a run: the literals for the templates, and their canonical
// text, which tells one variant of the report from another.
type Args struct {
	Literals map[string]fmt.Stringer
	Given    map[string][]string // what differs from the defaults by name, as given
}

// Args checks the values given by name; what is not given has its default.
func (d *Definition) Args(given map[string][]string) (Args, error) {
	args := Args{Literals: make(map[string]fmt.Stringer), Given: given}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if d.Params[name] == nil {
			return args, fault.Advise(fault.Errorf(fault.Usage, 0, "report %s has no parameter %q", d.Name, name),
				"its parameters are: %s", strings.Join(sorted(d.Params), ", "))
		}
	}
	for _, name := range sorted(d.Params) {
		p := d.Params[name]
		texts, found := given[name]
		if !found {
			texts = p.defaults()
		}
		literal, err := p.value(texts)
		if err != nil {
			return args, fault.New(fault.Usage, 0, fmt.Errorf("parameter %s: %w", name, err))
		}
		args.Literals[name] = literal
	}
	return args, nil
}

// Canonical is the given parameters as JSON with sorted names.
func (a Args) Canonical() string {
	text, err := json.Marshal(a.Given) // a map of texts: names are sorted, nothing can fail
	if err != nil {
		return ""
	}
	return string(text)
}
