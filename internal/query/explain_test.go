package query

import (
	"reflect"
	"strings"
	"testing"
)

func TestFullScansAreFound(t *testing.T) {
	tests := []struct {
		name, plan string
		want       []string // tables that are read whole, or of which the plan does not tell
	}{
		{"a predicate on the partitions", `PLAN-ROOT SINK
|
01:AGGREGATE [FINALIZE]
|  group by: site
|
00:SCAN HDFS [qos.call_quality]
   partition predicates: dt >= '2017-09-11', dt <= '2017-09-12'
   HDFS partitions=2/365 files=2 size=1.2GB
   predicates: final_code = 200`, nil},
		{"no predicate", `00:SCAN HDFS [qos.call_quality q, RANDOM]
   HDFS partitions=365/365 files=365 size=90GB`, []string{"qos.call_quality 365/365"}},
		{"a table without partitions", `00:SCAN HDFS [qos.sites]
   HDFS partitions=1/1 files=1`, nil},
		{"one of two scans", `02:HASH JOIN [INNER JOIN]
|--01:SCAN S3 [qos.loads l]
|     S3 partitions=30/30 files=30
|
00:SCAN HDFS [qos.call_quality]
   partition predicates: dt = '2017-09-12'
   HDFS partitions=1/365 files=1`, []string{"qos.loads 30/30"}},
		{"an old release", `00:SCAN HDFS [default.acme]
   partitions=30/30 files=30 size=1MB`, []string{"default.acme 30/30"}},
		{"a level that tells nothing", "02:HASH JOIN\n|--01:SCAN HDFS [qos.sites]\n00:SCAN KUDU [qos.loads]", []string{"qos.sites silent"}},
		{"a line of the node above is not of the scan", "00:SCAN HDFS [a.b]\n   partitions=3/3\n01:SORT\n   partition predicates: x", []string{"a.b 3/3"}},
		{"a plan of Spark", "== Physical Plan ==\n*(1) ColumnarToRow\n+- FileScan parquet [partitions=12/12]", nil},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, scan := range Scans(strings.Split(tt.plan, "\n")) {
				if scan.Full() {
					got = append(got, scan.Table+" "+scan.Partitions)
				}
				if scan.Silent() {
					got = append(got, scan.Table+" silent")
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Whatever a server prints as a plan, nothing breaks.
func FuzzScans(f *testing.F) {
	f.Add("00:SCAN HDFS [qos.calls]\n   HDFS partitions=2/99999999999999999999 files=2")
	f.Add("|--F1:SCAN S3 [a.b c, x]\npartition predicates:")
	f.Fuzz(func(t *testing.T, plan string) {
		for _, scan := range Scans(strings.Split(plan, "\n")) {
			if scan.Table == "" || scan.Full() && scan.Silent() {
				t.Errorf("%+v", scan)
			}
		}
	})
}
