package wire

import (
	"bytes"
	"testing"
)

// goldenRows is the golden batch in the form of protocols below V6, written by hand from
// the definitions of TRow and TColumnValue.
const goldenRows = `80010002 0000000c 4665746368526573756c7473 00000007
	0c 0000 0c 0001 08 0001 00000000 00 02 0002 00
	0c 0003 0a 0001 0000000000000000 0f 0002 0c 00000003
	0f 0001 0c 00000002 0c 0004 08 0001 00000001 00 00 0c 0007 0b 0001 00000001 61 00 00 00
	0f 0001 0c 00000002 0c 0004 00 00 0c 0007 00 00 00
	0f 0001 0c 00000002 0c 0004 08 0001 fffffffd 00 00 0c 0007 0b 0001 00000004 312e3530 00 00 00
	00 00 00`

func TestGoldenBytesOfRowsBelowV6(t *testing.T) {
	batch := goldenBatch()
	batch.ByRow = true
	got := encode(t, func(c *Codec) error { return c.WriteReply("FetchResults", 7, batch) })
	if want := unhex(t, goldenRows); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestBytesBelowV6AreText(t *testing.T) {
	column := ColumnBuilder{Kind: KindBinary}
	column.Text("\xff")
	got := encode(t, func(c *Codec) error {
		return c.WriteReply("F", 1, &FetchResultsResp{HasResults: true, ByRow: true, Build: []ColumnBuilder{column}})
	})
	if !bytes.Contains(got, unhex(t, "0c 0007 0b 0001 00000001 ff 00 00")) {
		t.Errorf("got %x", got)
	}
}

func TestRowsAreCopied(t *testing.T) {
	for _, kind := range []Kind{KindBool, KindI16, KindI64, KindDouble, KindString} {
		src := ColumnBuilder{Kind: kind}
		for i := range 20 {
			switch {
			case i%3 == 0:
				src.Null()
			case kind == KindString:
				src.Text("text"[:i%4])
			case kind == KindDouble:
				src.Float(float64(i))
			default:
				src.Int(int64(i & 1))
			}
		}
		whole := ColumnBuilder{Kind: kind}
		whole.AppendRows(&src, 0, 7)
		whole.AppendRows(&src, 7, 0)
		whole.AppendRows(&src, 7, 13)
		if whole.Len() != 20 || !bytes.Equal(whole.values, src.values) || !bytes.Equal(whole.nulls, src.nulls) {
			t.Errorf("kind %d: got %+v, want %+v", kind, whole, src)
		}
	}
}
