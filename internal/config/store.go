package config

import (
	"time"

	"qosreport/internal/yamlfile"
)

// Store is the file that remembers from one run to the next.
type Store struct {
	Path           string   `yaml:"path"`            // "" keeps nothing
	KeepRuns       Duration `yaml:"keep_runs"`       // with their slots, attempts and lists of files
	KeepDeliveries Duration `yaml:"keep_deliveries"` // what was sent to whom
	KeepStates     Duration `yaml:"keep_states"`     // of days, since they were fetched
}

func (s *Store) validate(v *yamlfile.Mistakes) {
	const day = 24 * time.Hour
	for _, keep := range []struct {
		key   string
		value Duration
		least time.Duration
		why   string
	}{
		{"store.keep_runs", s.KeepRuns, 29 * day, "the outcomes of a month"},
		{"store.keep_deliveries", s.KeepDeliveries, 29 * day, "what was sent in a month"},
		{"store.keep_states", s.KeepStates, 29 * day, "baselines look back 28 days"},
	} {
		v.Require(keep.key, keep.value.text == "", "is %q: write a time span like 400d", keep.value.text)
		v.Require(keep.key, keep.value.text != "" || keep.value.Duration >= keep.least, "is too short for %s: write %dd or more", keep.why, keep.least/day)
	}
}
