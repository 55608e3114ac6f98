package hs2server

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The options that mean something to the server itself.
const (
	spoolResults       = "SPOOL_QUERY_RESULTS"
	execTimeLimit      = "EXEC_TIME_LIMIT_S"
	fetchRowsTimeout   = "FETCH_ROWS_TIMEOUT_MS"
	idleSessionTimeout = "IDLE_SESSION_TIMEOUT"
	longPollingTime    = "LONG_POLLING_TIME_MS"
	maxRowSize         = "MAX_ROW_SIZE"
	maxStatementLength = "MAX_STATEMENT_LENGTH_BYTES"
	memLimit           = "MEM_LIMIT"
	queryTimeout       = "QUERY_TIMEOUT_S"
	requestPool        = "REQUEST_POOL"
	timezone           = "TIMEZONE"

	// cacheSize is no query option but a property that ExecuteStatement alone takes.
	cacheSize = "impala.resultset.cache.size"
)

// level is how much a query option is for everybody (TQueryOptionLevel).
type level string

const (
	regular     level = "REGULAR"
	advanced    level = "ADVANCED"
	development level = "DEVELOPMENT"
	removed     level = "REMOVED"
)

// form is how the value of an option is written.
type form int

const (
	text   form = iota
	flag        // true, false, 1, 0
	number      // an integer
	count       // an integer from 0
	explainLevel
	memory // bytes, with a unit perhaps, or a percentage
	zone   // a name of the IANA data base
)

// option is a query option of Impala (query-options.h, Query.thrift). Its value is in the
// form in which Impala tells it.
type option struct {
	name  string
	level level
	form  form
	value string
}

// setOption sets an option of a session.
func (s *Server) setOption(session *session, name, value string) error {
	name, value, err := s.checkOption(name, value)
	if err != nil {
		return err
	}
	session.mu.Lock()
	defer session.mu.Unlock()
	session.values[name] = value
	return nil
}

// checkOption gives the name in upper case and the value in Impala's form. An empty value
// means the default.
func (s *Server) checkOption(name, value string) (string, string, error) {
	upper := strings.ToUpper(name)
	unset, known := s.defaults[upper]
	if !known {
		return "", "", general("Invalid query option: %s", name)
	}
	if value == "" {
		return upper, unset, nil
	}
	value, err := lookUp(upper).normal(value)
	return upper, value, err
}

// lookUp finds an option in the table. One that is not there takes any text.
func lookUp(name string) option {
	for _, o := range impalaOptions {
		if o.name == name {
			return o
		}
	}
	return option{name: name, level: regular}
}

func (o option) normal(value string) (string, error) {
	if o.level == removed {
		return o.value, nil
	}
	switch o.form {
	case flag:
		switch strings.ToLower(value) {
		case "true", "1":
			return "1", nil
		case "false", "0":
			return "0", nil
		}
		return "", general("Invalid value for query option %s: '%s'. Valid values are 'true', 'false', '1' and '0'.", o.name, value)
	case number, count:
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err == nil && n < 0 && o.form == count { // query-option-parser.h, NonNegative
			return "", general("Invalid value for query option %s: Value must be non-negative: %d", o.name, n)
		}
		if err != nil || n < -1 {
			return "", general("Invalid value for query option %s: '%s'. Only integers are allowed.", o.name, value)
		}
		return strconv.FormatInt(n, 10), nil
	case explainLevel:
		return normalLevel(value)
	case memory:
		bytes, ok := parseMemory(value)
		if !ok {
			return "", general("Failed to parse %s from '%s'.", strings.ToLower(o.name), value)
		}
		return strconv.FormatInt(bytes, 10), nil
	case zone:
		if _, err := time.LoadLocation(value); err != nil || value == "Local" {
			return "", general("Invalid timezone name '%s'.", value)
		}
	}
	return value, nil
}

// normalLevel takes a level of EXPLAIN by its number or its name in any case, as Impala
// reads all enumerations (query-options.cc, GetThriftEnum).
func normalLevel(value string) (string, error) {
	for i, name := range []string{"MINIMAL", "STANDARD", "EXTENDED", "VERBOSE"} {
		if value == strconv.Itoa(i) || strings.EqualFold(value, name) {
			return name, nil
		}
	}
	return "", general("Invalid explain level: '%s'. Valid values are MINIMAL(0), STANDARD(1), EXTENDED(2), VERBOSE(3).", value)
}

// processMemory is what a percentage of memory is taken of.
const processMemory = 16 << 30

// parseMemory reads a number of bytes as Impala does (parse-util.cc): 2g, 500mb, 10%.
func parseMemory(value string) (int64, bool) {
	digits := strings.ToLower(strings.TrimSpace(value))
	unit := 1.0
	if percent, ok := strings.CutSuffix(digits, "%"); ok {
		digits, unit = percent, processMemory/100.0
	} else {
		digits = strings.TrimSuffix(digits, "b")
		for suffix, size := range map[string]float64{"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40} {
			if number, ok := strings.CutSuffix(digits, suffix); ok {
				digits, unit = number, size
			}
		}
	}
	const most = 1 << 62 // anything near it would not survive the conversion
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n >= 0 && n*unit < most) {
		return 0, false
	}
	return int64(n * unit), true
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// duration is the value of an option that counts units; 0 is none.
func duration(options map[string]string, name string, unit time.Duration) time.Duration {
	n, err := strconv.ParseInt(options[name], 10, 64)
	if err != nil || n <= 0 || n > int64(100*365*24*time.Hour/unit) {
		return 0
	}
	return time.Duration(n) * unit
}

// PrettyTime writes a time as Impala does in profiles, summaries and errors
// (be/src/util/pretty-printer.h): the two largest units from a second on, and one below.
func PrettyTime(d time.Duration) string {
	hours, minutes := d/time.Hour, d%time.Hour/time.Minute
	seconds, millis := d%time.Minute/time.Second, d%time.Second/time.Millisecond
	switch {
	case hours > 0 && minutes == 0:
		return fmt.Sprintf("%dh", hours)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case minutes > 0 && seconds == 0:
		return fmt.Sprintf("%dm", minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%ds", minutes, seconds)
	case seconds > 0:
		return fmt.Sprintf("%ds%03dms", seconds, millis)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3fms", float64(d)/1e6)
	case d > time.Microsecond:
		return fmt.Sprintf("%.3fus", float64(d)/1e3)
	}
	return fmt.Sprintf("%.3fns", float64(d))
}

// prettyBytes writes a size as PrettyPrinter does with TUnit::BYTES.
func prettyBytes(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}} {
		if n >= unit.size {
			return fmt.Sprintf("%.2f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
