package job

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"qosreport/internal/deliver"
	"qosreport/internal/store"
)

// A bug in one report ends its run and nothing else.
func TestAPanicEndsTheRun(t *testing.T) {
	bug := func() { panic("index out of range") }
	tests := []struct {
		name     string
		arrange  func(w *trial)
		attempt  string
		delivery []store.DeliveryState
		reason   string
	}{
		{"before the query", func(w *trial) { w.options.Progress = at{w.options.Progress, "query", bug} }, "failed  internal", nil, "internal: "},
		{"while rows are read", func(w *trial) { w.options.Progress = rowsBug{w.options.Progress} }, "failed query internal", nil, "internal: dataset legs: "},
		{"before rendering", func(w *trial) { w.options.Progress = at{w.options.Progress, "render", bug} }, "failed query internal", nil, "internal: "},
		{"while the page is made", func(w *trial) {
			w.options.Progress = at{w.options.Progress, "render", func() { w.options.Definition.Measures["pcr"] = nil }}
		}, "failed render internal", nil, "internal: "},
		{"before a mail", func(w *trial) {
			w.post.answers[boss] = []transaction{func(context.Context, func() error) (deliver.Receipt, error) { panic("nil map") }}
		}, "failed mail internal", []store.DeliveryState{store.Sent, store.Pending}, "internal: "},
		{"in the content of a mail", func(w *trial) {
			w.post.answers[boss] = []transaction{func(_ context.Context, before func() error) (deliver.Receipt, error) {
				noError(w.t, before())
				panic("nil map")
			}}
		}, "failed mail internal", []store.DeliveryState{store.Sent, store.Unknown}, store.ReasonUnknown + "; internal: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				tt.arrange(w)
				var log bytes.Buffer
				w.booking.Logger = slog.New(slog.NewTextHandler(&log, nil))
				exits(t, w.run(), 1, "a bug in qosreport: ")
				if !strings.Contains(log.String(), "run panicked") || !strings.Contains(log.String(), "_test.go:") {
					t.Errorf("the log says %s; want the stack", log.String())
				}
				w.want(store.Failed, tt.reason+"a bug in qosreport: ", tt.attempt)
				if tt.delivery != nil {
					w.mail(tt.delivery[0], tt.delivery[1])
				}
				if len(w.failed) != 1 || w.failed[0].Attempts != 1 {
					t.Errorf("the owner was told %+v", w.failed)
				}
				synctest.Wait()
				w.stillOurs() // nothing that was begun is left behind
			})
		})
	}
}

// rowsBug panics in the goroutine that reads rows.
type rowsBug struct{ Progress }

func (rowsBug) Rows(string, int) { panic("index out of range") }
