package report

import (
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

// spellingCheck counts members of dimensions that read alike and are not the same: with
// another letter case, blanks around, or accents composed in another way. Their figures
// stand apart, which a reader does not see.
func (b *builder) spellingCheck() (Check, error) {
	c := Check{What: "spellings", Label: "members spelt in several ways"}
	members := make(map[string]map[qos.Member]bool) // by dimension
	for _, name := range b.def.DatasetOrder {
		if b.States[name] == nil {
			continue
		}
		t, err := b.states(name, b.days)
		if err != nil {
			return c, err
		}
		for i, dim := range t.Dimensions {
			if dim == definition.Day {
				continue
			}
			if members[dim] == nil {
				members[dim] = make(map[qos.Member]bool)
			}
			for _, s := range t.States {
				members[dim][s.Key[i]] = true
			}
		}
	}
	var named []string
	for dim, all := range members {
		extra, twice := spellings(all)
		c.Count += float64(extra)
		for _, name := range twice {
			named = append(named, strings.ReplaceAll(dim, "_", " ")+" "+name)
		}
	}
	slices.Sort(named)
	if n := len(named); n > 0 && n <= 5 {
		c.Label += " (" + strings.Join(named, ", ") + ")"
	}
	return c, nil
}

// spellings is how many texts are further spellings of others, and of which.
func spellings(members map[qos.Member]bool) (extra int, twice []string) {
	groups := make(map[string][]string)
	fold := cases.Fold()
	for m := range members {
		if !m.Null && !m.Number {
			key := norm.NFC.String(fold.String(norm.NFC.String(strings.TrimSpace(m.Text))))
			groups[key] = append(groups[key], memberText(m))
		}
	}
	for _, texts := range groups {
		if len(texts) > 1 {
			extra += len(texts) - 1
			twice = append(twice, slices.Min(texts))
		}
	}
	return extra, twice
}
