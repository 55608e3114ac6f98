package query

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	planNode   = regexp.MustCompile(`^[|\s-]*(?:F?\d+:)[A-Z]`)
	planScan   = regexp.MustCompile(`:SCAN [A-Z0-9]+ \[([^\],\s]+)`)
	planCounts = regexp.MustCompile(`partitions=(\d+)/(\d+)`)
)

// FullScans are the tables that a plan reads without a predicate on their partition
// columns, though they have several partitions. The plan is Impala's EXPLAIN at level
// STANDARD or more, whose scan nodes hold "partitions=2/365" and, where there are some,
// "partition predicates:" (Impala: HdfsScanNode.getNodeExplainString). A plan of another
// form names none.
func FullScans(plan []string) []string {
	var tables []string
	table, predicate, total := "", false, 0
	end := func() {
		if table != "" && total > 1 && !predicate {
			tables = append(tables, table)
		}
		table, predicate, total = "", false, 0
	}
	for _, line := range plan {
		if planNode.MatchString(line) {
			end()
		}
		if m := planScan.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		predicate = predicate || strings.Contains(line, "partition predicates:")
		if m := planCounts.FindStringSubmatch(line); m != nil {
			total, _ = strconv.Atoi(m[2]) // digits; too many are no number of partitions
		}
	}
	end()
	return tables
}
