package query

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	planNode   = regexp.MustCompile(`^[|\s-]*(?:F?\d+:)[A-Z]`)
	planScan   = regexp.MustCompile(`:SCAN ([A-Z0-9]+) \[([^\],\s]+)`)
	planCounts = regexp.MustCompile(`partitions=(\d+)/(\d+)`)
)

// ofFiles are the storages whose scan nodes say a number of partitions, unless the plan
// is of a lower level. Kudu, HBase and their like never do.
var ofFiles = map[string]bool{"HDFS": true, "S3": true, "ADLS": true, "GCS": true, "OZONE": true}

// Scan is a node of a plan that reads a table.
type Scan struct {
	Table      string
	Storage    string // as the plan names it, like HDFS or S3
	Partitions string // how many are read of how many, like 29/29; "" if the plan does not say
	Pruned     bool   // by a predicate on partition columns
	total      int
}

// Full reports whether the scan reads a table of several partitions without a predicate on
// its partition columns.
func (s Scan) Full() bool { return s.total > 1 && !s.Pruned }

// Silent reports whether the plan leaves out what [Scan.Full] rests on: its level is below
// STANDARD.
func (s Scan) Silent() bool { return s.Partitions == "" && ofFiles[s.Storage] }

// Scans are the scan nodes of a plan, which is Impala's EXPLAIN at level STANDARD or more:
// they hold "partitions=2/365" and, where there are some, "partition predicates:" (Impala:
// HdfsScanNode.getNodeExplainString). A plan of another form has none.
func Scans(plan []string) []Scan {
	var scans []Scan
	var node *Scan // that the line belongs to; nil in other nodes
	for _, line := range plan {
		if planNode.MatchString(line) {
			node = nil
		}
		if m := planScan.FindStringSubmatch(line); m != nil {
			scans = append(scans, Scan{Storage: m[1], Table: m[2]})
			node = &scans[len(scans)-1]
		}
		if node == nil {
			continue
		}
		node.Pruned = node.Pruned || strings.Contains(line, "partition predicates:")
		if m := planCounts.FindStringSubmatch(line); m != nil {
			node.Partitions = m[1] + "/" + m[2]
			node.total, _ = strconv.Atoi(m[2]) // digits; too many are no number of partitions
		}
	}
	return scans
}
