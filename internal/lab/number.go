package lab

import (
	"math"
	"strconv"

	"qosreport/internal/lab/sql"
)

// appendNumber appends the shortest text that reads back the same.
func appendNumber(dst []byte, v float64, kind sql.Kind) []byte {
	bits := 64
	if kind == sql.Float {
		bits = 32
	}
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}
