package query

import (
	"reflect"
	"strings"
	"testing"
)

func TestFullScans(t *testing.T) {
	tests := []struct {
		name, plan string
		want       []string
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
   HDFS partitions=365/365 files=365 size=90GB`, []string{"qos.call_quality"}},
		{"a table without partitions", `00:SCAN HDFS [qos.sites]
   HDFS partitions=1/1 files=1`, nil},
		{"one of two scans", `02:HASH JOIN [INNER JOIN]
|--01:SCAN S3 [qos.loads l]
|     S3 partitions=30/30 files=30
|
00:SCAN HDFS [qos.call_quality]
   partition predicates: dt = '2017-09-12'
   HDFS partitions=1/365 files=1`, []string{"qos.loads"}},
		{"an old release", `00:SCAN HDFS [default.acme]
   partitions=30/30 files=30 size=1MB`, []string{"default.acme"}},
		{"a plan of Spark", "== Physical Plan ==\n*(1) ColumnarToRow\n+- FileScan parquet [partitions=12/12]", nil},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FullScans(strings.Split(tt.plan, "\n")); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
