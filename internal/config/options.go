package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"qosreport/internal/impala/queryoption"
	"qosreport/internal/yamlfile"
)

// validateOptions finds what the coordinator would read in another way than it is meant,
// or drop without a word. Options that are not known here are the coordinator's to judge.
func (i *Impala) validateOptions(v *yamlfile.Mistakes) {
	seen := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(i.Options)) {
		key := "impala.options." + name
		add := func(format string, args ...any) {
			v.Add(key, fmt.Errorf("%s "+format, append([]any{key}, args...)...))
		}
		upper := strings.ToUpper(name)
		if other := seen[upper]; other != "" {
			add("is also there as %s: write one of them", other)
		}
		seen[upper] = name
		near := queryoption.Near(name)
		switch {
		case upper == "IMPALA.DOAS.USER":
			add("is no query option: write impala.doas_user")
		case name == "" || strings.ContainsAny(name, " =\t\r\n"):
			add("is no name of a query option: write NAME: value")
		case near != "":
			add("is not known: did you mean %s?", near)
		}
		if err := queryoption.Check(name, i.Options[name]); err != nil {
			add("%w", err)
		}
	}
}
