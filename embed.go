// Package qosreport holds the configuration, reports and queries that the binary brings
// along, so that it works without a file beside it.
package qosreport

import "embed"

// Files are the folders configs and queries. A folder given by --config-dir, laid out
// alike, takes their place.
//
//go:embed configs all:queries
var Files embed.FS
