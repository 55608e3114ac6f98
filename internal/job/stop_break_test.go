package job

import (
	"context"
	"errors"
	"io"
	"testing"

	"qosreport/internal/fault"
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
