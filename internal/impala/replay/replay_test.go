package replay_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"qosreport/internal/impala"
	"qosreport/internal/impala/replay"
	"qosreport/internal/impala/wire"
)

// numbers is a server of two batches, which hold 1, 1 and 2.
func numbers(t *testing.T, batches int) *replay.Server {
	s := &replay.Server{Columns: []wire.ColumnDesc{{Name: "n", Type: wire.Int}}, Batches: batches}
	s.Add(t, 2, func(into []wire.ColumnBuilder) { into[0].Int(1) })
	s.Add(t, 1, func(into []wire.ColumnBuilder) { into[0].Int(2) })
	return s
}

// read fetches at most so many batches.
func read(t *testing.T, client *impala.Client, most int) (values []int64, err error) {
	t.Helper()
	rows, err := client.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	for range most {
		var batch *impala.Batch
		if batch, err = rows.Next(t.Context()); err != nil {
			break
		}
		values = append(values, batch.Columns[0].Ints()...)
	}
	return values, errors.Join(err, rows.Close(t.Context()))
}

func TestEachStatementHasTheSameBatches(t *testing.T) {
	addr := numbers(t, 3).Start(t)
	for range 2 { // connections
		client, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{addr}})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // statements
			if values, err := read(t, client, 9); !slices.Equal(values, []int64{1, 1, 2, 1, 1}) || !errors.Is(err, io.EOF) {
				t.Errorf("got %v, %v", values, err)
			}
		}
		if err := client.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAResultWithoutEnd(t *testing.T) {
	client, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{numbers(t, 0).Start(t)}, FetchAhead: true})
	if err != nil {
		t.Fatal(err)
	}
	if values, err := read(t, client, 5); !slices.Equal(values, []int64{1, 1, 2, 1, 1, 2, 1, 1}) || err != nil {
		t.Errorf("got %v, %v", values, err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCallsHave133BytesARow(t *testing.T) {
	const rows = 500
	for _, rounded := range []bool{false, true} {
		s := replay.Calls(t, rows, rounded)
		// Bitmaps, and the heads of the message and its columns, are about one byte more.
		if size := len(s.Reply(0, 1)) / rows; size < 132 || size > 136 {
			t.Errorf("rounded %t: about %d bytes a row", rounded, size)
		}
	}
}
