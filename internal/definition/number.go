package definition

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Number is a number in YAML that may be written as a percentage or a fraction: 0.03, 3%,
// 1/60. What cannot be read is kept until the definition is checked, which tells its place.
type Number struct {
	Value float64
	text  string // as written, when it is none
}

// UnmarshalYAML reads the text.
func (n *Number) UnmarshalYAML(data []byte) error {
	text := strings.Trim(strings.TrimSpace(string(data)), `"'`)
	value, err := parseNumber(text)
	*n = Number{Value: value}
	if err != nil || math.Abs(value) > largestNumber || math.IsNaN(value) || value != 0 && math.Abs(value) < 1/largestNumber {
		*n = Number{text: cmp.Or(text, "nothing")}
	}
	return nil
}

// largestNumber is beyond any limit or scale, and so is its inverse; within, no figure
// overflows.
const largestNumber = 1e30

func parseNumber(text string) (float64, error) {
	if part, found := strings.CutSuffix(text, "%"); found {
		// Not v / 100: 2.9 / 100 is less than 0.029, which a share of 29 in 1000 must not pass.
		if v, err := strconv.ParseFloat(part+"e-2", 64); err == nil {
			return v, nil
		}
		v, err := strconv.ParseFloat(part, 64)
		return v / 100, err
	}
	if above, below, found := strings.Cut(text, "/"); found {
		a, err := strconv.ParseFloat(strings.TrimSpace(above), 64)
		if err != nil {
			return 0, err
		}
		b, err := strconv.ParseFloat(strings.TrimSpace(below), 64)
		if err != nil || b == 0 {
			return 0, strconv.ErrSyntax
		}
		return a / b, nil
	}
	return strconv.ParseFloat(text, 64)
}
