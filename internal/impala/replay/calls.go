package replay

import (
	"math/rand/v2"
	"strings"
	"testing"

	"qosreport/internal/impala/wire"
)

// callBatches is how many different batches of calls there are.
const callBatches = 8

// Calls serves batches of so many rows of the kind for which every speed is told: ten
// columns, 133 bytes a row with the lengths of texts, which are an id of 36 bytes and three
// of 4 to 22. Rounded doubles have three decimals, six times in seven; the others are
// random to the last bit.
func Calls(tb testing.TB, rows int, rounded bool) *Server {
	tb.Helper()
	s := &Server{Columns: []wire.ColumnDesc{
		{Name: "id", Type: wire.String}, {Name: "a", Type: wire.String}, {Name: "b", Type: wire.String}, {Name: "c", Type: wire.String},
		{Name: "d", Type: wire.Double}, {Name: "e", Type: wire.Double}, {Name: "f", Type: wire.Double}, {Name: "g", Type: wire.Double},
		{Name: "n", Type: wire.BigInt}, {Name: "s", Type: wire.SmallInt},
	}}
	random := rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("0123456789abcdef", 3)
	for range callBatches {
		s.Add(tb, rows, func(into []wire.ColumnBuilder) {
			into[0].Text(text[:36])
			for i := 1; i < 4; i++ {
				into[i].Text(text[:4+random.IntN(19)])
			}
			for i := 4; i < 8; i++ {
				v := random.Float64()
				if rounded && random.IntN(7) > 0 {
					v = float64(random.IntN(1_000_000)) / 1000
				}
				into[i].Float(v)
			}
			into[8].Int(random.Int64())
			into[9].Int(int64(random.IntN(1 << 15)))
		})
	}
	return s
}
