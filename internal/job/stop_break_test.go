package job

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// A run that is stopped while it draws leaves no file, also when it was drawing the last
// one, and does not draw on to the end of a large table.
func TestAStopWhileDrawingLeavesNoFile(t *testing.T) {
	stopped := fault.New(fault.Stopped, fault.Cancelled, errors.New("stopped by signal"))
	const large = 1 << 20 // writes; far more than anybody waits for
	tests := []struct {
		name   string
		drawAt int // which of two files is being drawn when the signal comes
		writes int // that this file still needs
		most   int // that are made
	}{
		{"the first file", 0, large, 1},
		{"the last file", 1, large, 1},
		{"after the last byte of the last file", 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			made := 0
			files := []file{{format: "html", name: "a.html"}, {format: "json", name: "a.json"}}
			for i := range files {
				files[i].draw = func(w io.Writer) error {
					if i != tt.drawAt {
						return nil
					}
					stop(stopped)
					for range tt.writes {
						made++
						if _, err := w.Write(make([]byte, 64<<10)); err != nil {
							return err
						}
					}
					return nil
				}
			}
			o := Options{Out: t.TempDir()}
			paths, err := write(ctx, o, files)
			if !errors.Is(err, stopped) || fault.AreaOf(err) != fault.Stopped {
				t.Errorf("got %v of area %v; want the cause of the stop", err, fault.AreaOf(err))
			}
			if left := listing(t, o.Out); len(left) > 0 || len(paths) > 0 {
				t.Errorf("%v stayed, %v was told", left, paths)
			}
			if made > tt.most {
				t.Errorf("%d writes after the stop; want %d", made, tt.most)
			}
		})
	}
}

// manyRows are a million that stop the run at the tenth.
type manyRows struct {
	stop func()
	seen *int
}

func (c manyRows) Len() int { return 1_000_000 }

func (c manyRows) Each(row func([]query.Cell) error) error {
	for range c.Len() {
		if *c.seen++; *c.seen == 10 {
			c.stop()
		}
		if err := row([]query.Cell{{Kind: query.CellText, Text: "x"}}); err != nil {
			return err
		}
	}
	return nil
}

// A workbook is kept in memory until it is whole, so that its writer cannot stop it.
func TestAStopEndsTheReadingOfRows(t *testing.T) {
	stopped := fault.New(fault.Stopped, fault.Cancelled, errors.New("stopped by signal"))
	tuesday := time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC)
	window := report.Day(tuesday, tuesday, time.UTC)
	for _, format := range Formats {
		t.Run(format, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			seen := 0
			rows := manyRows{func() { stop(stopped) }, &seen}
			page := &report.Page{Sections: []report.Section{
				{Name: "text", Kind: report.KindProvenance},
				{Name: "rows", Kind: report.KindTable, Table: &report.Table{Columns: []report.Column{{Name: "x", Type: "STRING"}}, Rows: rows}},
			}}
			stoppable(ctx, page)
			o := Options{Out: t.TempDir(), Definition: &definition.Definition{Name: "voice"}, Window: window, Formats: []string{format}}
			files, err := drawn(o, page)
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			if _, err := write(ctx, o, files); !errors.Is(err, stopped) {
				t.Errorf("got %v", err)
			}
			if left := listing(t, o.Out); seen != 10 || len(left) > 0 {
				t.Errorf("%d rows were read, %v stayed", seen, left)
			}
		})
	}
}
