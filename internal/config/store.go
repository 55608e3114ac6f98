package config

// Store is the file that remembers from one run to the next.
type Store struct {
	Path       string   `yaml:"path"`        // "" keeps nothing
	KeepStates Duration `yaml:"keep_states"` // of days, since they were fetched
}
