// Package definition reads reports. A report is data: SQL templates return states at a
// grain, and one YAML file says what they mean and how they are shown.
//
// A definition is checked whole before anything runs: references, grains, thresholds and
// templates, every mistake at once with its place. What nothing draws is refused, never
// accepted and left blank.
package definition

import (
	"qosreport/internal/qos"
	"qosreport/internal/yamlfile"
)

// Definition is one report.
type Definition struct {
	Version  int                 `yaml:"version"`
	Title    string              `yaml:"title"` // "" means the name
	Params   map[string]*Param   `yaml:"params"`
	Datasets map[string]*Dataset `yaml:"datasets"`
	Measures map[string]*Measure `yaml:"measures"`
	Findings map[string]*Finding `yaml:"findings"`
	Sections map[string]*Section `yaml:"sections"`
	Outputs  Outputs             `yaml:"outputs"`
	Email    *Email              `yaml:"email"`

	Name         string   `yaml:"-"` // the file's name without .yaml
	SHA256       string   `yaml:"-"` // of the file
	SectionOrder []string `yaml:"-"` // as in the file, then those that are built in
	DatasetOrder []string `yaml:"-"` // as in the file
	MeasureOrder []string `yaml:"-"`
	FindingOrder []string `yaml:"-"`

	file *yamlfile.File
}

// Day and Hour are the dimensions that mean time: the local report day as a date, and the
// hour of it from 0 to 23.
const (
	Day  = qos.DayDimension
	Hour = qos.HourDimension
)

// Outputs are the files of the report. A format that is not named is made only when it
// is asked for, with all sections.
type Outputs struct {
	HTML *Output   `yaml:"html"`
	XLSX *Workbook `yaml:"xlsx"`
	JSON *Output   `yaml:"json"`
	CSV  *Output   `yaml:"csv"`
}

// Output picks and orders sections; none means all in the order of the file.
type Output struct {
	Sections []string `yaml:"sections"`
}

// Workbook orders sections into sheets; none means one sheet a section.
type Workbook struct {
	Sheets []Sheet `yaml:"sheets"`
}

// Sheet is one sheet of the workbook.
type Sheet struct {
	Name     string   `yaml:"name"`
	Sections []string `yaml:"sections"`
}

// Email is the report's mail.
type Email struct {
	To      []string `yaml:"to"`
	CC      []string `yaml:"cc"`
	BCC     []string `yaml:"bcc"`
	ReplyTo string   `yaml:"reply_to"`
	Subject string   `yaml:"subject"` // a template; "" means the verdict, the title and the window
	Body    []string `yaml:"body"`    // sections; none means those of the page's first screen: kpi and findings
	Attach  []string `yaml:"attach"`  // of xlsx, html, json; nil means xlsx and html
}
