// Package queryoption knows the query options of Apache Impala that a reporting job uses:
// which values each takes, and when two values say the same.
//
// Impala itself reads values leniently: 25m as a number of seconds is 25, and a word that
// is not true is false. What is written wrong would have another effect without a word,
// so it is refused here. Options that the package does not know are left to the server.
//
// Names and forms follow Query.thrift and query-options.cc of Apache Impala.
package queryoption

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// option is what one query option takes.
type option struct {
	kind      kind
	low, high int64             // of an integer or a time; high 0 means no bound
	unit      time.Duration     // of a time
	words     map[string]string // of an enumeration, with the number that stands for each
}

type kind int

const (
	text kind = iota
	boolean
	integer
	span // a time as a whole number of its unit
	size // bytes, or a number with a suffix
	enum
	zone
)

const maxInt32 = 1<<31 - 1

var (
	onOff   = option{kind: boolean}
	count   = option{kind: integer}
	bytes   = option{kind: size}
	seconds = option{kind: span, unit: time.Second, high: maxInt32}
	millis  = option{kind: span, unit: time.Millisecond, high: maxInt32}
)

// options are those whose values are checked.
var options = map[string]option{
	"REQUEST_POOL":      {},
	"CLIENT_IDENTIFIER": {},
	"TIMEZONE":          {kind: zone},

	"EXEC_TIME_LIMIT_S":     seconds,
	"QUERY_TIMEOUT_S":       seconds,
	"IDLE_SESSION_TIMEOUT":  seconds,
	"CPU_LIMIT_S":           seconds,
	"FETCH_ROWS_TIMEOUT_MS": millis,
	"LONG_POLLING_TIME_MS":  millis,

	"MEM_LIMIT":                       bytes,
	"MEM_LIMIT_EXECUTORS":             bytes,
	"MEM_LIMIT_COORDINATORS":          bytes,
	"MAX_RESULT_SPOOLING_MEM":         bytes,
	"MAX_SPILLED_RESULT_SPOOLING_MEM": bytes,
	"SCAN_BYTES_LIMIT":                bytes,
	"MAX_ROW_SIZE":                    bytes,
	"BUFFER_POOL_LIMIT":               bytes,

	"NUM_ROWS_PRODUCED_LIMIT":    count,
	"JOIN_ROWS_PRODUCED_LIMIT":   count,
	"MAX_STATEMENT_LENGTH_BYTES": {kind: integer, low: 1 << 10, high: maxInt32},
	"STATEMENT_EXPRESSION_LIMIT": {kind: integer, low: 1 << 10, high: maxInt32},
	"BATCH_SIZE":                 {kind: integer, high: 65_536},
	"MAX_ERRORS":                 {kind: integer, high: maxInt32},
	"MT_DOP":                     {kind: integer, high: 64},
	"NUM_NODES":                  {kind: integer, high: 1},
	"THREAD_RESERVATION_LIMIT":   {kind: integer, low: -1, high: maxInt32},
	"DEFAULT_NDV_SCALE":          {kind: integer, low: 1, high: 10},

	"SPOOL_QUERY_RESULTS":                         onOff,
	"SPOOL_ALL_RESULTS_FOR_RETRIES":               onOff,
	"RETRY_FAILED_QUERIES":                        onOff,
	"DECIMAL_V2":                                  onOff,
	"STRINGIFY_MAP_KEYS":                          onOff,
	"UTF8_MODE":                                   onOff,
	"EXPAND_COMPLEX_TYPES":                        onOff,
	"ABORT_ON_ERROR":                              onOff,
	"APPX_COUNT_DISTINCT":                         onOff,
	"DISABLE_CODEGEN":                             onOff,
	"USE_LOCAL_TZ_FOR_UNIX_TIMESTAMP_CONVERSIONS": onOff,

	"EXPLAIN_LEVEL":       {kind: enum, words: map[string]string{"MINIMAL": "0", "STANDARD": "1", "EXTENDED": "2", "VERBOSE": "3"}},
	"RUNTIME_FILTER_MODE": {kind: enum, words: map[string]string{"OFF": "0", "LOCAL": "1", "GLOBAL": "2"}},
	"REPLICA_PREFERENCE":  {kind: enum, words: map[string]string{"CACHE_LOCAL": "0", "DISK_LOCAL": "2", "REMOTE": "4"}},
}

// siblings are options of Impala whose names are close to those above, so that they are
// not taken for misspelt ones.
var siblings = []string{"MAX_NUM_RUNTIME_FILTERS", "MEM_ESTIMATE_SCALE_FOR_SPILLING_OPERATOR", "MAX_MEM_ESTIMATE_FOR_ADMISSION",
	"DECIMAL_V1", "SCRATCH_LIMIT", "PARQUET_FILE_SIZE", "MAX_IO_BUFFERS", "HBASE_CACHING", "SYNC_DDL"}

// Check says what to write instead of a value that the option does not take. Names are in
// either case. An option that is not known here takes every value, and an empty value
// unsets every option.
func Check(name, value string) error {
	o, known := options[strings.ToUpper(name)]
	if !known || value == "" {
		return nil
	}
	if _, ok := o.normal(value); ok {
		return nil
	}
	return fmt.Errorf("is %q: write %s", value, o.want(value))
}

// Near is the option that an unknown name seems to mean, "" for a name that is known or
// like no other.
func Near(name string) string {
	name = strings.ToUpper(name)
	if _, known := options[name]; known || slices.Contains(siblings, name) {
		return ""
	}
	found, least := "", 1
	if len(name) > 8 {
		least = 2
	}
	for _, candidate := range slices.Sorted(maps.Keys(options)) {
		if d := distance(name, candidate); d < least || d == least && found == "" {
			found, least = candidate, d
		}
	}
	return found
}

// Contradict reports whether the value that a server says to have is another than the one
// that was asked for. Where the two cannot be compared for sure it reports false.
func Contradict(name, asked, effective string) bool {
	o := options[strings.ToUpper(name)]
	if asked == "" || asked == effective {
		return false
	}
	want, ok := o.normal(asked)
	if !ok {
		return false
	}
	if effective == "" { // unset, which is 0 and false to those that have such a value
		return want != "0"
	}
	if o.kind == text {
		return false // a pool may answer to several names
	}
	got, ok := o.normal(effective)
	return ok && want != relative && got != want
}

// distance is the number of letters to insert, drop, change or swap with their neighbour
// to turn a into b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
