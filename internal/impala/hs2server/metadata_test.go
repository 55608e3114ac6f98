package hs2server

import (
	"slices"
	"strings"
	"testing"

	"qosreport/internal/impala/wire"
)

// list runs a metadata call and gives its columns and its rows, cells separated by bars.
func (c *client) list(method string, req *wire.MetadataReq) (columns []string, rows []string) {
	c.t.Helper()
	var reply wire.OperationResp
	c.must(method, req, &reply)
	if reply.Operation == nil {
		c.t.Fatalf("%s: %+v", method, reply.Status)
	}
	if got := c.state(*reply.Operation); got.State != wire.StateFinished || !reply.Operation.HasResultSet {
		c.t.Errorf("%s has not finished: %+v", method, got)
	}
	var described wire.MetadataResp
	c.must("GetResultSetMetadata", &wire.OperationReq{Operation: *reply.Operation}, &described)
	for _, column := range described.Columns {
		columns = append(columns, column.Name)
	}
	batch := c.fetch(*reply.Operation, wire.FetchNext, 0)
	for row := range batch.Rows {
		var cells []string
		for i := range batch.Columns {
			column := &batch.Columns[i]
			switch {
			case column.Null(row):
				cells = append(cells, "NULL")
			case column.Kind() == wire.KindString:
				cells = append(cells, string(column.Text(row)))
			default:
				cells = append(cells, strings.Repeat("-", max(0, int(-column.Ints()[row])))+strings.Repeat("+", min(9, max(0, int(column.Ints()[row])))))
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return columns, rows
}

func TestMetadataCalls(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	ask := func(names ...string) *wire.MetadataReq {
		req := &wire.MetadataReq{Session: session}
		for i, name := range names {
			if name != "-" {
				req.Names[i] = &name
			}
		}
		return req
	}
	views := ask("-", "voice")
	views.TableTypes = []string{"view"}
	tests := []struct {
		name, method string
		req          *wire.MetadataReq
		columns      int
		rows         []string
	}{
		{"all schemas, in order", "GetSchemas", ask(), 2, []string{"default|", "voice|"}},
		{"schemas by a pattern", "GetSchemas", ask("-", "V_ic%"), 2, []string{"voice|"}},
		{"schemas by a regular expression, as impyla asks", "GetSchemas", ask("-", ".*"), 2, []string{"default|", "voice|"}},
		{"tables of a schema", "GetTables", ask("-", "voice", "%"), 5, []string{"|voice|days|VIEW|", "|voice|legs|TABLE|calls"}},
		{"tables of a type", "GetTables", views, 5, []string{"|voice|days|VIEW|"}},
		{"an escaped underscore is itself", "GetTables", ask("-", "-", `leg\_`), 5, nil},
		{"columns of a table", "GetColumns", ask("-", "voice", "legs", "p%"), 23,
			[]string{"NULL|voice|legs|price|+++|DECIMAL|+++++++++|NULL|++|+++++++++|+|NULL|NULL|NULL|NULL|NULL|++|YES|NULL|NULL|NULL|NULL|NO"}},
		{"the remarks of a column", "GetColumns", ask("-", "voice", "legs", "id"), 23,
			[]string{"NULL|voice|legs|id|-----|BIGINT|+++++++++|NULL||+++++++++|+|key|NULL|NULL|NULL|NULL|+|YES|NULL|NULL|NULL|NULL|NO"}},
		{"functions, which are in each database here", "GetFunctions", ask("-", "%", "c%"), 6, []string{"NULL|default|count||+|count(BIGINT)", "NULL|voice|count||+|count(BIGINT)"}},
		{"functions of a schema", "GetFunctions", ask("-", "default", "c%"), 6, nil},
		{"schemas of a catalog", "GetSchemas", ask("main"), 2, nil},
		{"tables of any catalog", "GetTables", ask("%", "voice", "legs"), 5, []string{"|voice|legs|TABLE|calls"}},
		{"columns of a catalog", "GetColumns", ask("main", "voice", "legs", "id"), 23, nil},
		{"there is no catalog", "GetCatalogs", ask(), 1, nil},
		{"the types of tables", "GetTableTypes", ask(), 1, []string{"TABLE", "VIEW"}},
		{"no primary keys", "GetPrimaryKeys", ask("-", "voice", "legs"), 6, nil},
		{"no foreign keys", "GetCrossReference", ask("-", "a", "b", "-", "c", "d"), 14, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns, rows := c.list(tt.method, tt.req)
			if len(columns) != tt.columns || !slices.Equal(rows, tt.rows) {
				t.Errorf("%d columns, rows %q", len(columns), rows)
			}
		})
	}
	t.Run("the types", func(t *testing.T) {
		columns, rows := c.list("GetTypeInfo", ask())
		var names []string
		for _, row := range rows {
			name, _, _ := strings.Cut(row, "|")
			names = append(names, name)
		}
		if want := "BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE TIMESTAMP DATE STRING VARCHAR BINARY DECIMAL CHAR ARRAY MAP STRUCT"; len(columns) != 18 || strings.Join(names, " ") != want {
			t.Fatalf("%v, %q", columns, names)
		}
		for i, want := range map[int]string{
			1:  "TINYINT|------|+++|NULL|NULL|NULL|+||+++||||NULL|||NULL|NULL|+++++++++",
			9:  "STRING|+++++++++|NULL|NULL|NULL|NULL|+|+|+++|+|||NULL|||NULL|NULL|NULL",
			12: "DECIMAL|+++|-|NULL|NULL|NULL|+||+++||||NULL|||NULL|NULL|+++++++++",
		} {
			if rows[i] != want {
				t.Errorf("got  %s\nwant %s", rows[i], want)
			}
		}
	})
	t.Run("an engine without a catalog has no rows", func(t *testing.T) {
		c := connect(t, New(Options{Engine: everyType{}}))
		if _, rows := c.list("GetTables", &wire.MetadataReq{Session: c.open(nil)}); len(rows) != 0 {
			t.Errorf("rows %q", rows)
		}
	})
}

func TestPatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "x", true}, {"%", "", true}, {"a_c", "ABC", true}, {"a_c", "ac", false}, {`a\_c`, "a_c", true}, {`a\_c`, "abc", false}, {`a\%`, "a%", true},
		{"a.c", "abc", true}, {"(", "(", true}, {"(", "x", false}, {`\\`, `\`, true}, {"a", "ab", false}, {`x\`, "x", true},
		{strings.Repeat(".", maxPattern), strings.Repeat("x", maxPattern), true}, {strings.Repeat("%", maxPattern+1), "x", false},
	} {
		if got := patternMatcher(tt.pattern)(tt.name); got != tt.want {
			t.Errorf("%q on %q: %t", tt.pattern, tt.name, got)
		}
	}
}

func TestGetInfo(t *testing.T) {
	c := connect(t, server())
	session := c.open(map[string]string{"max_row_size": "1m"})
	ask := func(kind int32) wire.GetInfoResp {
		var reply wire.GetInfoResp
		c.must("GetInfo", &wire.GetInfoReq{Session: session, Kind: kind}, &reply)
		return reply
	}
	for kind, want := range map[int32]string{wire.InfoServerName: "Impala", wire.InfoDBMSName: "Impala", wire.InfoDBMSVer: "v", 29: "`", 14: `\`, 47: "me"} {
		if got := ask(kind); got.Value != want || got.Status.Code != wire.StatusSuccess {
			t.Errorf("kind %d: %+v", kind, got)
		}
	}
	for kind, want := range map[int32]wire.GetInfoResp{
		28: {Field: wire.InfoSmall, Number: 2}, 115: {Field: wire.InfoBitmask, Number: 127}, 35: {Field: wire.InfoLength, Number: 128},
		104: {Field: wire.InfoLength, Number: 1 << 20}, 105: {Field: wire.InfoLength, Number: 16 << 20},
	} {
		if got := ask(kind); got.Field != want.Field || got.Number != want.Number {
			t.Errorf("kind %d: %+v", kind, got)
		}
	}
	c.execute(session, "SET max_row_size=0", nil)
	if got := ask(104); got.Number != 512<<10 {
		t.Errorf("rows without a limit: %+v", got)
	}
	for _, kind := range []int32{0, 10004, -1, 99999} {
		refused(t, ask(kind).Status, "Unsupported operation", "HYC00")
	}
	var ping wire.PingResp
	c.must("PingImpalaHS2Service", &wire.SessionReq{Session: session}, &ping)
	if ping.Version != "v" || ping.WebServer != "localhost:25000" || ping.Timestamp < 0 {
		t.Errorf("ping %+v", ping)
	}
}
