package job

import (
	"context"
	"io"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// A large table is drawn for a minute, and nobody waits so long for a run to stop: what a
// renderer writes and the rows that it reads, for one may keep all it draws to the end,
// fail when the context is done.

// writerFunc is a function as a writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// until is w as long as the context lasts.
func until(ctx context.Context, w io.Writer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		return w.Write(p)
	})
}

// stoppable lets the rows of the page's tables fail when the context is done.
func stoppable(ctx context.Context, page *report.Page) {
	for i := range page.Sections {
		t := page.Sections[i].Table
		if t == nil {
			continue
		}
		rows := t.Rows
		t.Rows = rowSet{rows.Len(), func(row func([]query.Cell) error) error {
			return rows.Each(func(cells []query.Cell) error {
				if err := context.Cause(ctx); err != nil {
					return err
				}
				return row(cells)
			})
		}}
	}
}

// rowSet is a function as rows.
type rowSet struct {
	n    int
	each func(row func(cells []query.Cell) error) error
}

func (r rowSet) Len() int                                      { return r.n }
func (r rowSet) Each(row func(cells []query.Cell) error) error { return r.each(row) }
