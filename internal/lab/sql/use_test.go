package sql

import (
	"strings"
	"testing"
)

func TestUse(t *testing.T) {
	for _, tt := range []struct {
		name, sql, database string
		found               bool
		err                 string
	}{
		{"a database", "USE qos", "qos", true, ""},
		{"the reserved word that is a name", "use default;", "default", true, ""},
		{"in backticks, behind comments", "-- the other\n/* one */ use `QOS` ;;", "qos", true, ""},
		{"the database of functions", "use _impala_builtins", "_impala_builtins", true, ""},
		{"none that exists", "use nowhere", "nowhere", true, "AnalysisException: Database does not exist: nowhere"},
		{"nothing", "use", "", true, "ParseException: Syntax error in line 1"},
		{"too much", "use qos now", "", true, "ParseException: Syntax error in line 1"},
		{"another statement", "select 1", "", false, ""},
		{"a column of that name", "`use` qos", "", false, ""},
		{"no text", "", "", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			database, found, err := New(fixture()).Use(tt.sql)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if database != tt.database || found != tt.found || !strings.HasPrefix(text, tt.err) || (err == nil) != (tt.err == "") {
				t.Errorf("got %q, %t, %v", database, found, err)
			}
		})
	}
}
