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

func TestReload(t *testing.T) {
	for _, tt := range []struct {
		name, sql string
		found     bool
		err       string
	}{
		{"a table", "REFRESH t;", true, ""},
		{"a table of another database", "refresh qos.site", true, ""},
		{"functions", "refresh functions qos", true, ""},
		{"all there is", "-- all\nINVALIDATE METADATA;", true, ""},
		{"all of one table", "invalidate metadata `qos`.`site`", true, ""},
		{"no table", "refresh site", true, "AnalysisException: Table does not exist: default.site"},
		{"no database", "refresh nope.t", true, "AnalysisException: Database does not exist: nope"},
		{"functions of no database", "refresh functions nope", true, "AnalysisException: Database does not exist: nope"},
		{"what the metastore does not know", "invalidate metadata nope", true, "TableNotFoundException: Table not found: default.nope"},
		{"privileges", "refresh authorization", true, "AnalysisException: Authorization is not enabled."},
		{"a partition", "refresh t partition (dt='2017-09-12')", true, "AnalysisException: REFRESH of a partition is not supported by the demo server"},
		{"nothing", "refresh", true, "ParseException: Syntax error in line 1"},
		{"too much", "refresh t now", true, "ParseException: Syntax error in line 1"},
		{"half", "invalidate t", true, "ParseException: Syntax error in line 1"},
		{"another statement", "select 1", false, ""},
		{"no text", "", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := New(fixture()).Reload(tt.sql, "default")
			text := ""
			if err != nil {
				text = err.Error()
			}
			if found != tt.found || !strings.HasPrefix(text, tt.err) || (err == nil) != (tt.err == "") {
				t.Errorf("got %t, %v", found, err)
			}
		})
	}
}
