package query

import (
	"fmt"
	"strconv"
	"strings"

	"qosreport/internal/qos"
)

// Bins say what {{bin}} sorts into which bins.
type Bins struct {
	Column string
	Scale  qos.Scale
}

// maxDouble bounds the finite numbers. Engines disagree on NaN (Impala compares as IEEE
// does, others hold NaN greater than everything), but none of them puts it between these.
const maxDouble = "1.7976931348623157e308"

func finite(column string) string {
	return fmt.Sprintf("%s >= -%s AND %s <= %s", column, maxDouble, column, maxDouble)
}

// bin is the number of the bin that holds a value: of the scheme of DDSketch (Masson, Rim,
// Lee, PVLDB 12/12, 2019) on a log scale, with numbers of their own for what has no bin.
// Casting NaN, an infinity or a huge number to INT fails the statement (IMPALA-12035), and
// LN of 0 is -Inf: the branches above keep those away.
func (b Bins) bin() (string, error) {
	name, err := ParseIdentifier(b.Column)
	if err != nil {
		return "", err
	}
	c, s := bare(name), b.Scale
	below, number := fmt.Sprintf("WHEN %s < 0 THEN %d WHEN %s < %s THEN %d", c, qos.Negative, c, decimal(s.Min), qos.ZeroBin),
		fmt.Sprintf("CEIL(LN(CAST(%s AS DOUBLE)) * %s)", c, double(1/s.LnGamma()))
	if s.Kind == qos.Linear {
		below = fmt.Sprintf("WHEN %s < %s THEN %d", c, decimal(s.Min), qos.Negative)
		number = fmt.Sprintf("FLOOR((CAST(%s AS DOUBLE) - %s) / %s + %s)", c, double(s.Min), double(s.Width), double(qos.EdgeHair))
	}
	return fmt.Sprintf("CASE WHEN %s IS NULL THEN NULL WHEN NOT (%s) THEN %d %s WHEN %s > %s THEN %d ELSE CAST(%s AS INT) END",
		c, finite(c), qos.NotFinite, below, c, decimal(s.Max), qos.OverflowBin, number), nil
}

// quality counts what {{valid}} removes from a column, each value in exactly one of four
// sums.
func quality(column string, low, high any) (string, error) {
	name, from, to, err := ranged(column, low, high)
	if err != nil {
		return "", fmt.Errorf("quality: %w", err)
	}
	c, short := bare(name), string(name)[strings.LastIndexByte(string(name), '.')+1:]
	counts := []struct{ suffix, when string }{
		{"null", c + " IS NULL"},
		{"low", fmt.Sprintf("%s AND %s < %s", finite(c), c, from)},
		{"high", fmt.Sprintf("%s AND %s > %s", finite(c), c, to)},
		{"nonfinite", fmt.Sprintf("%s IS NOT NULL AND NOT (%s)", c, finite(c))},
	}
	lines := make([]string, len(counts))
	for i, n := range counts {
		lines[i] = fmt.Sprintf("SUM(CASE WHEN %s THEN 1 ELSE 0 END) AS %s", n.when, bare(Identifier(short+"__"+n.suffix)))
	}
	return strings.Join(lines, ",\n  "), nil
}

// double is a number of the type DOUBLE: a literal with a fraction is a DECIMAL.
func double(v float64) string { return "CAST(" + decimal(v) + " AS DOUBLE)" }

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
