package definition

import (
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"qosreport/internal/query"
	"qosreport/internal/yamlfile"
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// checker collects the mistakes of one definition.
type checker struct {
	*Definition
	yamlfile.Mistakes
	templates *query.Templates
}

func (d *Definition) validate(templates *query.Templates) error {
	c := &checker{Definition: d, Mistakes: yamlfile.Mistakes{File: d.file}, templates: templates}
	c.Require("version", d.Version == 1, "is %d: write 1", d.Version)
	c.Require("datasets", len(d.Datasets) > 0, "is missing: a report needs at least one")
	c.Require("sections", len(d.Sections) > 0, "is missing: a report needs at least one")
	each(c, "params", d.Params, c.param)
	each(c, "datasets", d.Datasets, c.dataset)
	each(c, "measures", d.Measures, c.measure)
	each(c, "findings", d.Findings, c.finding)
	each(c, "sections", d.Sections, c.section)
	c.outputs()
	c.email()
	return c.Err()
}

// each checks the named parts in the order of their names. A part without a value, like
// "legs:" alone, is a mistake of its own.
func each[V any](c *checker, in string, parts map[string]*V, check func(at string, v *V)) {
	for _, name := range sorted(parts) {
		at := in + "." + name
		c.Require(at, nameForm.MatchString(name), "is no name: write small letters, digits and _")
		if parts[name] == nil {
			c.Require(at, false, "is empty")
			continue
		}
		check(at, parts[name])
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (c *checker) outputs() {
	o := c.Outputs
	named := map[string]*Output{"html": o.HTML, "json": o.JSON, "csv": o.CSV}
	for _, name := range sorted(named) {
		if named[name] != nil {
			c.known("outputs."+name+".sections", named[name].Sections)
		}
	}
	for _, name := range c.file.Keys("outputs") {
		made := map[string]bool{"html": o.HTML != nil, "xlsx": o.XLSX != nil, "json": o.JSON != nil, "csv": o.CSV != nil}
		c.Require("outputs."+name, made[name], "is empty: write %s: {} for all sections", name)
	}
	c.Require("outputs", len(c.file.Keys("outputs")) > 0 || o != Outputs{}, "is missing: name at least one of html, xlsx, json, csv")
	if o.XLSX == nil {
		return
	}
	seen := make(map[string]bool)
	for i, sheet := range o.XLSX.Sheets {
		at := fmt.Sprintf("outputs.xlsx.sheets[%d]", i)
		units := len(utf16.Encode([]rune(sheet.Name)))
		c.Require(at+".name", units >= 1 && units <= 31 && !strings.ContainsAny(sheet.Name, `[]:*?/\`) && !strings.EqualFold(sheet.Name, "history") &&
			!strings.HasPrefix(sheet.Name, "'") && !strings.HasSuffix(sheet.Name, "'"),
			`is %q: a sheet's name has 1 to 31 characters, none of []:*?/\, and is not History`, sheet.Name)
		folded := strings.ToLower(sheet.Name)
		c.Require(at+".name", !seen[folded], "is %q: another sheet has this name", sheet.Name)
		seen[folded] = true
		c.Require(at+".sections", len(sheet.Sections) > 0, "is missing: name at least one section")
		c.known(at+".sections", sheet.Sections)
	}
}

// known checks names of sections.
func (c *checker) known(at string, sections []string) {
	for i, name := range sections {
		c.Require(fmt.Sprintf("%s[%d]", at, i), slices.Contains(c.SectionOrder, name), "is %q: there is no such section; there are %s", name, strings.Join(c.SectionOrder, ", "))
		c.Require(fmt.Sprintf("%s[%d]", at, i), slices.Index(sections, name) == i, "names %q a second time", name)
	}
}

func (c *checker) email() {
	e := c.Email
	if e == nil {
		return
	}
	lists := map[string][]string{"to": e.To, "cc": e.CC, "bcc": e.BCC}
	for _, name := range sorted(lists) {
		for i, address := range lists[name] {
			c.address(fmt.Sprintf("email.%s[%d]", name, i), address)
		}
	}
	if e.ReplyTo != "" {
		c.address("email.reply_to", e.ReplyTo)
	}
	if _, err := c.MakeSubject(SubjectData{Measures: c.kpiMeasures()}); err != nil {
		c.Add("email.subject", err)
	}
	c.known("email.body", e.Body)
	if err := checkAttached(e.Attach); err != nil {
		c.Add("email.attach", fmt.Errorf("email.%w", err))
	}
}

// kpiMeasures are the measures that a subject can name.
func (d *Definition) kpiMeasures() map[string]string {
	names := make(map[string]string)
	for _, s := range d.Sections {
		if s == nil {
			continue
		}
		for _, measure := range s.KPI {
			names[measure] = ""
		}
	}
	return names
}

// attachable are the formats that are one file each.
var attachable = []string{"xlsx", "html", "json"}

func checkAttached(formats []string) error {
	for i, format := range formats {
		if !slices.Contains(attachable, format) || slices.Index(formats, format) != i {
			return fmt.Errorf("attach[%d] is %q: write each of %s at most once", i, format, strings.Join(attachable, ", "))
		}
	}
	return nil
}

func (c *checker) address(at, address string) {
	_, err := mail.ParseAddress(address)
	c.Require(at, err == nil, "is %q: write an address like noc@example.com", address)
}
