package hs2server

import (
	"strings"
	"testing"
	"time"

	"qosreport/internal/impala/wire"
)

func TestOpenSessionAnswersAllOptions(t *testing.T) {
	c := connect(t, New(Options{Engine: &fixed{oneColumn}, WebServer: "coordinator:25000"}))
	got := c.tryOpen("me", map[string]string{
		"mem_limit": "2g", "set:hiveconf:Request_Pool": "etl", "no_such_option": "1", "batch_size": "many", "USE:database": "qos", "set:hivevar:x": "1",
	}).Configuration
	for name, want := range map[string]string{"MEM_LIMIT": "2147483648", "REQUEST_POOL": "etl", "BATCH_SIZE": "0", "DECIMAL_V2": "1", "TIMEZONE": "", "http_addr": "coordinator:25000"} {
		if value, found := got[name]; !found || value != want {
			t.Errorf("%s is %q, %t", name, value, found)
		}
	}
	for name := range got {
		if name != "http_addr" && name != strings.ToUpper(name) {
			t.Errorf("%s is not in upper case", name)
		}
	}
	if _, found := got["NO_SUCH_OPTION"]; found || len(got) != len(impalaOptions)+1 {
		t.Errorf("%d options, an unknown one among them: %t", len(got), found)
	}
}

func TestOptionsOfAStatementMustBeGood(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	tests := []struct{ name, option, value, text string }{
		{"an unknown one", "no_such_option", "1", "Invalid query option: no_such_option"},
		{"a number that is none", "MAX_ERRORS", "many", "Invalid value for query option MAX_ERRORS: 'many'. Only integers are allowed."},
		{"a count below zero", "num_rows_produced_limit", "-1", "Invalid value for query option NUM_ROWS_PRODUCED_LIMIT: Value must be non-negative: -1"},
		{"a level that is none", "explain_level", "4", "Invalid explain level: '4'. Valid values are MINIMAL(0), STANDARD(1), EXTENDED(2), VERBOSE(3)."},
		{"a flag that is none", "decimal_v2", "yes", "Invalid value for query option DECIMAL_V2: 'yes'. Valid values are 'true', 'false', '1' and '0'."},
		{"memory that is none", "mem_limit", "lots", "Failed to parse mem_limit from 'lots'."},
		{"a zone that is none", "timezone", "Mars/Olympus", "Invalid timezone name 'Mars/Olympus'."},
		{"a cache that is no number", "impala.resultset.cache.size", "all", "Invalid value 'all' for 'impala.resultset.cache.size' option."},
		{"a cache that is too large", "impala.resultset.cache.size", "100001", "Requested result-cache size of 100001 exceeds Impala's maximum of 100000."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, c.tryExecute(session, "SELECT", map[string]string{tt.option: tt.value}).Status, tt.text, "HY000")
		})
	}
}

func TestValuesHaveImpalasForm(t *testing.T) {
	s := server()
	for _, tt := range []struct{ name, value, want string }{
		{"MEM_LIMIT", "500mb", "524288000"}, {"MEM_LIMIT", "2G", "2147483648"}, {"MEM_LIMIT", "1.5k", "1536"}, {"MEM_LIMIT", "10%", "1717986918"},
		{"MEM_LIMIT", "1234", "1234"}, {"MEM_LIMIT", "", "0"}, {"DECIMAL_V2", "FALSE", "0"}, {"BATCH_SIZE", " 16 ", "16"}, {"SCRATCH_LIMIT", "1g", "1073741824"},
		{"V_CPU_CORES", "4", ""}, {"EXPLAIN_LEVEL", "3", "VERBOSE"}, {"EXPLAIN_LEVEL", "minimal", "MINIMAL"}, {"NUM_ROWS_PRODUCED_LIMIT", "12", "12"}, {"REQUEST_POOL", "root.etl", "root.etl"},
	} {
		if name, got, err := s.checkOption(strings.ToLower(tt.name), tt.value); name != tt.name || got != tt.want || err != nil {
			t.Errorf("%s=%s: %s=%s, %v", tt.name, tt.value, name, got, err)
		}
	}
	for _, value := range []string{"-1g", "NaN", "1e30g", "g", "%", "∞"} {
		if _, got, err := s.checkOption("MEM_LIMIT", value); err == nil {
			t.Errorf("%s: %s", value, got)
		}
	}
}

func TestSetIsAStatementOfTheSession(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	list := func(statement string) map[string][2]string {
		o := c.execute(session, statement, nil)
		var described wire.MetadataResp
		c.must("GetResultSetMetadata", &wire.OperationReq{Operation: o}, &described)
		rows := c.fetch(o, wire.FetchNext, 8192)
		if len(described.Columns) != 3 || described.Columns[2].Name != "level" || rows.HasMoreRows || !rows.HasResults {
			t.Fatalf("%s: %+v, more %t", statement, described.Columns, rows.HasMoreRows)
		}
		got := make(map[string][2]string)
		for i := range rows.Rows {
			got[string(rows.Columns[0].Text(i))] = [2]string{string(rows.Columns[1].Text(i)), string(rows.Columns[2].Text(i))}
		}
		return got
	}
	for _, statement := range []string{"SET mem_limit='2g'", "set TIMEZONE = Europe/Bratislava;", "/* why */ SET\nrequest_pool=\"root.etl\""} {
		if got := list(statement); len(got) != 0 {
			t.Errorf("%s has rows: %v", statement, got)
		}
	}
	refused(t, c.tryExecute(session, "SET nope=1", nil).Status, "Invalid query option: nope", "HY000")
	refused(t, c.tryExecute(session, "UNSET nope", nil).Status, "Invalid query option: nope", "HY000")
	list("SET max_row_size=1m")
	if got := list("-- back\nunset MAX_ROW_SIZE;"); len(got) != 0 || list("SET")["MAX_ROW_SIZE"][0] != lookUp("MAX_ROW_SIZE").value {
		t.Errorf("UNSET has rows %v, or the option is as it was: %v", got, list("SET")["MAX_ROW_SIZE"])
	}
	short, all := list("SET"), list("-- everything\nset all;")
	for name, want := range map[string][2]string{"MEM_LIMIT": {"2147483648", "REGULAR"}, "TIMEZONE": {"Europe/Bratislava", "REGULAR"},
		"REQUEST_POOL": {"root.etl", "REGULAR"}, "MAX_ERRORS": {"100", "ADVANCED"}} {
		if short[name] != want || all[name] != want {
			t.Errorf("%s: SET has %v, SET ALL %v", name, short[name], all[name])
		}
	}
	for name, level := range map[string]string{"BATCH_SIZE": "DEVELOPMENT", "V_CPU_CORES": "REMOVED"} {
		if _, shown := short[name]; shown || all[name][1] != level {
			t.Errorf("%s: SET shows it: %t, SET ALL has %v", name, shown, all[name])
		}
	}
	if len(all) != len(impalaOptions) {
		t.Errorf("SET ALL has %d options", len(all))
	}
}

func TestWhatIsNoSet(t *testing.T) {
	for _, statement := range []string{"", "SETTLE", "set_x", "SELECT 1", "SET nonsense", "SET a b=1", "UNSET", "UNSET a b", "/* open", "-- set"} {
		if set, ok := parseSet(statement); ok {
			t.Errorf("%q: %+v", statement, set)
		}
	}
}

func TestPrettyTimesAndSizes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.000ns", 12: "12.000ns", 1500: "1.500us", 2345678: "2.346ms",
		3 * time.Second: "3s000ms", 1234 * time.Millisecond: "1s234ms",
		time.Minute: "1m", 90 * time.Second: "1m30s", time.Minute + 5*time.Millisecond: "1m",
		time.Hour: "1h", 2*time.Hour + time.Second: "2h", 26*time.Hour + 3*time.Minute + 9*time.Second: "26h3m",
	} {
		if got := PrettyTime(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{5: "5 B", 1536: "1.50 KB", 3 << 20: "3.00 MB", 2 << 30: "2.00 GB", 1 << 40: "1.00 TB"} {
		if got := prettyBytes(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
