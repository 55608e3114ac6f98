package definition

// Section is one block of the report. Exactly one kind is written; definitions and
// provenance are built in and need no section.
type Section struct {
	Title string `yaml:"title"` // "" means the name

	KPI     []string `yaml:"kpi"`     // measures, as tiles
	Compare []string `yaml:"compare"` // of kpi: day, week, base

	Findings Selection `yaml:"findings"` // all, or a list of rules
	Limit    int       `yaml:"limit"`    // of findings: most that are shown; 0 means 20

	Heatmap string `yaml:"heatmap"` // a measure
	Rows    string `yaml:"rows"`    // of heatmap: a dimension
	Columns string `yaml:"columns"`

	Ranking  string   `yaml:"ranking"`  // a dimension
	By       string   `yaml:"by"`       // of ranking: the measure that orders
	Top      int      `yaml:"top"`      // members that are shown; 0 means 10
	Measures []string `yaml:"measures"` // further columns

	Trend  []string `yaml:"trend"`  // measures by day
	Days   int      `yaml:"days"`   // of trend: how many end with the window; 0 means 28
	Volume string   `yaml:"volume"` // of trend: a sum behind the lines

	Histogram string `yaml:"histogram"` // a dataset with bins
	Table     string `yaml:"table"`     // a dataset of plain rows
	Quality   string `yaml:"quality"`   // a dataset of quality
}

// Sections that every report has.
const (
	Definitions = "definitions"
	Provenance  = "provenance"
)

// The comparisons of tiles.
const (
	CompareDay  = "day"  // the window before: of one day the day before
	CompareWeek = "week" // whole weeks before
	CompareBase = "base" // median and MAD of the same weekday in the last 28 days
)

// BaselineDays is how far back a baseline looks.
const BaselineDays = 28

// Selection is a list, or the word all.
type Selection struct {
	All  bool
	List []string
}

// UnmarshalYAML reads all or a list.
func (s *Selection) UnmarshalYAML(unmarshal func(any) error) error {
	var word string
	if unmarshal(&word) == nil && word == "all" {
		*s = Selection{All: true}
		return nil
	}
	return unmarshal(&s.List)
}

// Written reports whether the key was there.
func (s Selection) Written() bool { return s.All || s.List != nil }

// kinds are the names of the kinds that are written.
func (s *Section) kinds() []string {
	var names []string
	for _, k := range []struct {
		name    string
		written bool
	}{
		{"kpi", len(s.KPI) > 0}, {"findings", s.Findings.Written()}, {"heatmap", s.Heatmap != ""}, {"ranking", s.Ranking != ""},
		{"trend", len(s.Trend) > 0}, {"histogram", s.Histogram != ""}, {"table", s.Table != ""}, {"quality", s.Quality != ""},
	} {
		if k.written {
			names = append(names, k.name)
		}
	}
	return names
}

// FindingLimit is how many findings are shown.
func (s *Section) FindingLimit() int { return orDefault(s.Limit, 20) }

// TrendDays is how many days a trend shows.
func (s *Section) TrendDays() int { return orDefault(s.Days, 28) }

// RankingTop is how many members a ranking shows.
func (s *Section) RankingTop() int { return orDefault(s.Top, 10) }

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// FindingRules are the rules whose findings the section shows.
func (d *Definition) FindingRules(s *Section) []string {
	if s.Findings.All {
		return d.FindingOrder
	}
	return s.Findings.List
}

// Lookback is how many days before a window of so many days sections and rules need of each
// dataset. A dataset that is not named needs the window alone.
func (d *Definition) Lookback(windowDays int) map[string]int {
	back := make(map[string]int)
	need := func(measure string, days int) {
		if m := d.Measures[measure]; m != nil {
			back[m.Dataset()] = max(back[m.Dataset()], days)
		}
	}
	for _, rule := range d.Findings { // those that no section shows count in the verdict, too
		need(rule.Rate, BaselineDays)
	}
	base := 0 // a baseline is of one day
	if windowDays == 1 {
		base = BaselineDays
	}
	for _, s := range d.Sections {
		for _, measure := range s.KPI {
			for _, c := range s.Compare {
				need(measure, compareLookback(c, windowDays))
			}
		}
		for _, measure := range s.Trend {
			need(measure, s.TrendDays()-windowDays)
		}
		need(s.Volume, s.TrendDays()-windowDays)
		if s.Ranking != "" && len(d.Measures[s.By].Ratio) > 0 {
			need(s.By, base)
		}
		if s.Quality != "" {
			back[s.Quality] = base
		}
	}
	return back
}

// compareLookback is how many days before the window a comparison needs.
func compareLookback(kind string, windowDays int) int {
	if kind == CompareBase && windowDays > 1 {
		return 0
	}
	return CompareOffset(kind, windowDays)
}

// CompareOffset is how many days a comparison reaches back from a window of so many days.
func CompareOffset(kind string, windowDays int) int {
	switch kind {
	case CompareDay:
		return windowDays
	case CompareWeek:
		return (windowDays + 6) / 7 * 7
	}
	return BaselineDays
}
