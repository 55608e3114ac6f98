package queryoption

import (
	"strings"
	"testing"
	_ "time/tzdata"
)

func TestValuesAreChecked(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"MEM_LIMIT", "8g", ""},
		{"mem_limit", "500MB", ""},
		{"MEM_LIMIT", "2.5gb", ""},
		{"MEM_LIMIT", "80%", ""},
		{"MEM_LIMIT", "1073741824", ""},
		{"MEM_LIMIT", "", ""},
		{"MEM_LIMIT", "8 g", `is "8 g": write a size like 8g`},
		{"MEM_LIMIT", "-1", "write a size like 8g"},
		{"MEM_LIMIT", "8x", "write a size like 8g"},
		{"MEM_LIMIT", "999999999999999t", "write a size like 8g"},
		{"EXEC_TIME_LIMIT_S", "1500", ""},
		{"EXEC_TIME_LIMIT_S", "25m", "write the seconds as a whole number: 1500"},
		{"EXEC_TIME_LIMIT_S", "soon", "write a whole number of seconds"},
		{"EXEC_TIME_LIMIT_S", "-1", "write a whole number of seconds"},
		{"FETCH_ROWS_TIMEOUT_MS", "2s", "write the milliseconds as a whole number: 2000"},
		{"BATCH_SIZE", "65536", ""},
		{"BATCH_SIZE", "65537", "write a whole number from 0 to 65536"},
		{"NUM_ROWS_PRODUCED_LIMIT", "1e6", "write a whole number from 0"},
		{"ABORT_ON_ERROR", "1", ""},
		{"ABORT_ON_ERROR", "True", ""},
		{"ABORT_ON_ERROR", "yes", `is "yes": write true or false`},
		{"TIMEZONE", "Europe/Bratislava", ""},
		{"TIMEZONE", "Europe/Nowhere", "write an IANA name"},
		{"TIMEZONE", "Local", "write an IANA name"},
		{"EXPLAIN_LEVEL", "verbose", ""},
		{"EXPLAIN_LEVEL", "2", ""},
		{"EXPLAIN_LEVEL", "full", "write MINIMAL, STANDARD, EXTENDED, VERBOSE"},
		{"REQUEST_POOL", "root.reports", ""},
		{"AN_OPTION_OF_TOMORROW", "anything", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			err := Check(tt.name, tt.value)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNamesThatAreNearlyRight(t *testing.T) {
	for name, want := range map[string]string{
		"MEM_LIMITT":            "MEM_LIMIT",
		"mem_limt":              "MEM_LIMIT",
		"REQEUST_POOL":          "REQUEST_POOL",
		"EXEC_TIME_LIMIT":       "EXEC_TIME_LIMIT_S",
		"SPOOL_QUERY_RESULT":    "SPOOL_QUERY_RESULTS",
		"MEM_LIMIT":             "",
		"mem_limit_executors":   "",
		"MT_DOPE":               "MT_DOP",
		"AN_OPTION_OF_TOMORROW": "",
		"DECIMAL_V1":            "",
		"":                      "",
	} {
		if got := Near(name); got != want {
			t.Errorf("Near(%q) = %q, want %q", name, got, want)
		}
	}
}

// The effective values are as Impala prints them: numbers for all but texts.
func TestContradictions(t *testing.T) {
	tests := []struct {
		rule, name, asked, effective string
		want                         bool
	}{
		{"a size is told in bytes", "MEM_LIMIT", "8g", "8589934592", false},
		{"another size", "MEM_LIMIT", "8g", "2147483648", true},
		{"a value that was dropped", "MEM_LIMIT", "8g", "", true},
		{"a share of an unknown limit", "MEM_LIMIT", "80%", "123", false},
		{"nothing was asked", "MEM_LIMIT", "", "123", false},
		{"a boolean is told as a number", "ABORT_ON_ERROR", "true", "1", false},
		{"another boolean", "ABORT_ON_ERROR", "true", "0", true},
		{"false is the same as unset", "ABORT_ON_ERROR", "false", "", false},
		{"a number with zeros before it", "EXEC_TIME_LIMIT_S", "0060", "60", false},
		{"another number", "EXEC_TIME_LIMIT_S", "60", "0", true},
		{"a word is told as its number", "EXPLAIN_LEVEL", "extended", "2", false},
		{"another word", "EXPLAIN_LEVEL", "extended", "STANDARD", true},
		{"another zone", "TIMEZONE", "Europe/Prague", "UTC", true},
		{"a pool by its full name", "REQUEST_POOL", "reports", "root.reports", false},
		{"a pool that was dropped", "REQUEST_POOL", "reports", "", true},
		{"an unknown option in another form", "OF_TOMORROW", "on", "1", false},
		{"a form that is not known", "MEM_LIMIT", "8g", "8 GiB", false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if got := Contradict(tt.name, tt.asked, tt.effective); got != tt.want {
				t.Errorf("%s=%q against %q: %v", tt.name, tt.asked, tt.effective, got)
			}
		})
	}
}

func FuzzValues(f *testing.F) {
	f.Add("MEM_LIMIT", "8g", "1")
	f.Add("TIMEZONE", "../x", "")
	f.Add("EXEC_TIME_LIMIT_S", "25m", "x")
	f.Fuzz(func(t *testing.T, name, asked, effective string) {
		if err := Check(name, asked); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		if Contradict(name, asked, asked) {
			t.Errorf("%s=%q contradicts itself", name, asked)
		}
		if len(name) < 200 {
			Near(name)
		}
	})
}
