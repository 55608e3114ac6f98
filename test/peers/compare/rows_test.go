package compare

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"sync"

	"qosreport/internal/impala/wire"
)

// batches are replies of each size that was asked for, encoded once.
type batches struct {
	mu      sync.Mutex
	encoded map[int][][]byte // by rows
}

// of gives one of the batches of so many rows. There are several of each size, so that no
// branch predictor learns the lengths of texts.
func (b *batches) of(rows, nth int) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.encoded[rows] == nil {
		random := rand.New(rand.NewPCG(1, 2))
		for range 8 {
			var out bytes.Buffer
			to := struct {
				io.Reader
				io.Writer
			}{nil, &out}
			if err := wire.NewCodec(to, 0).WriteReply(fetchMethod, 0, batch(random, columns, rows, true)); err != nil {
				return nil, err
			}
			b.encoded[rows] = append(b.encoded[rows], out.Bytes())
		}
	}
	return b.encoded[rows][nth%len(b.encoded[rows])], nil
}

// batch makes rows whose column s holds 1, so that its sum is their number.
func batch(random *rand.Rand, columns []wire.ColumnDesc, rows int, more bool) *wire.FetchResultsResp {
	text := strings.Repeat("0123456789abcdef", 3)
	m := &wire.FetchResultsResp{HasResults: true, HasMoreRows: more, Build: make([]wire.ColumnBuilder, len(columns))}
	for i, column := range columns {
		b := &m.Build[i]
		b.Kind = map[wire.TypeID]wire.Kind{wire.String: wire.KindString, wire.Double: wire.KindDouble,
			wire.BigInt: wire.KindI64, wire.SmallInt: wire.KindI16}[column.Type]
		for range rows {
			switch {
			case column.Name == "id":
				b.Text(text[:36])
			case column.Type == wire.String:
				b.Text(text[:4+random.IntN(19)])
			case column.Type == wire.Double:
				b.Float(float64(random.IntN(100_000)) / 1000) // as measured: milliseconds and percents
			case column.Type == wire.BigInt:
				b.Int(random.Int64())
			default:
				b.Int(1)
			}
		}
	}
	return m
}
