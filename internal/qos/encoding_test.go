package qos

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

func encoded() *Table {
	return &Table{
		Dimensions: []string{"day", "site"}, Sums: []string{"n", "x"}, Minima: []string{"low"}, Maxima: []string{"high"},
		Scale: &Scale{Kind: Log, Alpha: 0.01, Min: 0.01, Max: 60000},
		States: []State{
			{Key: []Member{Text("2017-09-12"), Text("Zürich")}, Sums: []float64{3, 0.1}, Minima: []float64{math.NaN()}, Maxima: []float64{math.Inf(1)}, Bins: []Bin{{Index: NotFinite, N: 1}, {Index: -34, N: 2}, {Index: OverflowBin, N: 1 << 60}}},
			{Key: []Member{Text(""), Null()}, Sums: []float64{math.Copysign(0, -1), 1e300}, Minima: []float64{-1}, Maxima: []float64{0}},
			{Key: []Member{Number(math.MinInt64), Number(7)}, Sums: []float64{0, 0}, Minima: []float64{0}, Maxima: []float64{0}},
		},
	}
}

func TestATableReadsBack(t *testing.T) {
	for name, table := range map[string]*Table{"full": encoded(), "empty": {}, "no states": {Dimensions: []string{"day"}, Sums: []string{"n"}}} {
		data := AppendTable([]byte("x"), table)[1:]
		back, err := DecodeTable(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again := AppendTable(nil, back); !bytes.Equal(again, data) || len(back.States) != len(table.States) {
			t.Errorf("%s reads back as %+v", name, back)
		}
	}
	back, _ := DecodeTable(AppendTable(nil, encoded()))
	if s := back.States[0]; !math.IsNaN(s.Minima[0]) || s.Bins[2] != (Bin{OverflowBin, 1 << 60}) || s.Key[1] != Text("Zürich") || *back.Scale != *encoded().Scale {
		t.Errorf("got %+v", s)
	}
}

func TestBytesThatAreNoTable(t *testing.T) {
	good := AppendTable(nil, encoded())
	for n := range good {
		if _, err := DecodeTable(good[:n]); !errors.Is(err, ErrEncoding) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for name, data := range map[string][]byte{
		"another version":     append([]byte{2}, good[1:]...),
		"more than one":       append(bytes.Clone(good), 0),
		"endless names":       {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"more states than it": {1, 0, 0, 0, 0, 0, 0xff, 0x7f, 0},
	} {
		if _, err := DecodeTable(data); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeTable(f *testing.F) {
	f.Add(AppendTable(nil, encoded()))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := DecodeTable(data)
		if err != nil {
			return
		}
		if _, err := DecodeTable(AppendTable(nil, table)); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}
