package main

import (
	"strings"
	"testing"

	"qosreport/internal/impala/wire"
)

// A join of two scans on two hosts, as Impala sends it: three fragments, each depth first.
var joined = wire.ExecSummary{
	Nodes: []wire.PlanNode{
		{ID: 4, Label: "04:EXCHANGE", Detail: "UNPARTITIONED", Hosts: 1, Stats: []wire.NodeStats{{LatencyNanos: 12_345, Rows: 7}}, Estimated: &wire.NodeStats{Rows: 10, MemoryBytes: 16 << 10}},
		{ID: 2, Label: "02:HASH JOIN", Detail: "INNER JOIN", Children: 2, Hosts: 2, Stats: []wire.NodeStats{{LatencyNanos: 1_500_000, Rows: 3, MemoryBytes: 2 << 20}, {LatencyNanos: 2_500_000, Rows: 4}}},
		{ID: 0, Label: "00:SCAN HDFS", Detail: "voice.legs", Hosts: 2, Stats: []wire.NodeStats{{LatencyNanos: 3_210_000_000, Rows: 1_234_567}, {Rows: 1}}, Estimated: &wire.NodeStats{Rows: -1, MemoryBytes: -1}},
		{ID: 3, Label: "03:EXCHANGE", Detail: "BROADCAST", Hosts: 2, Broadcast: true, Stats: []wire.NodeStats{{Rows: 5}, {Rows: 5}}},
		{ID: 1, Label: "01:SCAN HDFS", Detail: "voice.\x1b[31msites", Hosts: 1},
	},
	Senders: map[int32]int32{0: 1, 3: 4},
}

func TestSummaryTextDrawsThePlan(t *testing.T) {
	want := `Operator         #Hosts  #Inst  Avg Time  Max Time  #Rows  Est. #Rows  Peak Mem  Est. Peak Mem  Detail
04:EXCHANGE      1       1      12.35µs   12.35µs   7      10          0 B       16.00 KB       UNPARTITIONED
02:HASH JOIN     2       2      2ms       2.5ms     7      -           2.00 MB   -              INNER JOIN
|--03:EXCHANGE   2       2      0s        0s        5      -           0 B       -              BROADCAST
|  01:SCAN HDFS  1       0      -         -         -      -           0 B       -              voice.\u001b[31msites
00:SCAN HDFS     2       2      1.61s     3.21s     1.23M  -           0 B       -              voice.legs
`
	if got := summaryText(&joined); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Each node is drawn once, whatever a server says of children and senders.
func TestSummaryTextOfNonsense(t *testing.T) {
	for name, s := range map[string]*wire.ExecSummary{
		"nothing":          nil,
		"no nodes":         {},
		"a circle":         {Nodes: []wire.PlanNode{{Label: "a"}, {Label: "b"}}, Senders: map[int32]int32{0: 1, 1: 0}},
		"a sender to self": {Nodes: []wire.PlanNode{{Label: "a"}}, Senders: map[int32]int32{0: 0}},
		"no such sender":   {Nodes: []wire.PlanNode{{Label: "a"}}, Senders: map[int32]int32{0: 9, -1: -5}},
		"too many inputs":  {Nodes: []wire.PlanNode{{Label: "a", Children: 1 << 30}, {Label: "b", Children: -1}, {Label: "c"}}},
	} {
		lines := strings.Count(summaryText(s), "\n")
		if s == nil || len(s.Nodes) == 0 {
			if lines != 0 {
				t.Errorf("%s: %d lines", name, lines)
			}
		} else if lines != 1+len(s.Nodes) {
			t.Errorf("%s: %d lines for %d nodes", name, lines, len(s.Nodes))
		}
	}
}
