package config

import (
	"strings"
	"testing"

	"qosreport/internal/fault"
)

func TestQueryOptionsAreCheckedBeforeConnecting(t *testing.T) {
	tests := []struct{ name, options, want string }{
		{"values of each kind", "{MEM_LIMIT: 8g, exec_time_limit_s: 1500, ABORT_ON_ERROR: true, TIMEZONE: Europe/Bratislava, REQUEST_POOL: root.reports}", ""},
		{"an option that is not known here", "{OF_TOMORROW: 1}", ""},
		{"an empty value unsets", `{MEM_LIMIT: ""}`, ""},
		{"a time with a unit", "{EXEC_TIME_LIMIT_S: 25m}", `qosreport.yaml:2:55: impala.options.EXEC_TIME_LIMIT_S is "25m": write the seconds as a whole number: 1500`},
		{"a size", "{MEM_LIMIT: 8 GB}", `impala.options.MEM_LIMIT is "8 GB": write a size like 8g`},
		{"a boolean", "{ABORT_ON_ERROR: yes}", `impala.options.ABORT_ON_ERROR is "yes": write true or false`},
		{"a zone", "{TIMEZONE: CEST/Nowhere}", `impala.options.TIMEZONE is "CEST/Nowhere": write an IANA name`},
		{"a word", "{EXPLAIN_LEVEL: full}", "write MINIMAL, STANDARD, EXTENDED, VERBOSE"},
		{"a misspelt name", "{MEM_LIMITT: 8g}", "qosreport.yaml:2:48: impala.options.MEM_LIMITT is not known: did you mean MEM_LIMIT?"},
		{"a name twice", "{MEM_LIMIT: 8g, mem_limit: 9g}", "impala.options.mem_limit is also there as MEM_LIMIT"},
		{"the user to run as", "{impala.doas.user: alice}", "impala.options.impala.doas.user is no query option: write impala.doas_user"},
		{"a name with a blank", `{"MEM LIMIT": 8g}`, "is no name of a query option"},
		{"a name with a verb of a format", `{"%s%d=": 8g}`, "impala.options.%s%d= is no name of a query option"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := load("version: 1\nimpala: {hosts: [\"h:1\"], options: " + tt.options + "}\n")
			if err == nil {
				err = c.Validate()
			}
			if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || fault.AreaOf(err) != fault.Usage) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestTheUserToRunAs(t *testing.T) {
	for user, works := range map[string]bool{"alice": true, "svc-report": true, `" "`: false, `"a\nb"`: false} {
		c, err := load("version: 1\nimpala: {hosts: [\"h:1\"], doas_user: " + user + "}\n")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); (err == nil) != works || err != nil && !strings.Contains(err.Error(), "qosreport.yaml:2:37: impala.doas_user is") {
			t.Errorf("%s: %v", user, err)
		}
	}
}
