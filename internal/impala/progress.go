package impala

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

// Watch is who is told of a statement while it runs. Its functions are called by the
// goroutine that runs the statement; each may be nil.
type Watch struct {
	Started  func(queryID, link string) // as soon as the coordinator has given it an id
	Progress func(Progress)             // at most once a second, as long as there are no rows
	Profile  func(Profile)              // of a statement that failed on the server, or was slow
	Slow     time.Duration              // from here on it is slow; 0 means that none is
}

// progressPause is how often a statement is asked how far it is, which is a call more.
const progressPause = time.Second

// Progress is how far a statement is that has no rows yet.
type Progress struct {
	Queued         bool   // it waits for admission
	Pool           string // that was asked for, "" for that of the placement rules
	Reason         string // why it waits, in the server's words
	ScanRanges     int64  // parts of files to read; 0 when that is not known yet
	ScanRangesDone int64
	Instances      int64 // parts of the plan that run somewhere; 0 when not known
	InstancesDone  int64
}

var queueSize = regexp.MustCompile(`queue is not empty \(size (\d+)\)`)

// String is the progress in a few words.
func (p Progress) String() string {
	pool := ""
	if p.Pool != "" {
		pool = " in pool " + brief(p.Pool)
	}
	ahead := queueSize.FindStringSubmatch(p.Reason)
	switch {
	case p.Queued && ahead != nil:
		return fmt.Sprintf("queued%s: %s ahead", pool, ahead[1])
	case p.Queued && p.Reason != "":
		return fmt.Sprintf("queued%s: %s", pool, brief(p.Reason))
	case p.Queued:
		return "queued" + pool
	case p.ScanRanges > 0:
		return fmt.Sprintf("%d of %d scan ranges", p.ScanRangesDone, p.ScanRanges)
	case p.Instances > 0:
		return fmt.Sprintf("%d of %d instances", p.InstancesDone, p.Instances)
	}
	return "running"
}

// tellProgress asks how far the statement is and tells the watch. A server that does not
// say is not asked again. An error is one of the connection.
func (r *Rows) tellProgress(ctx context.Context) error {
	if r.watch.Progress == nil || !r.client.impala {
		return nil
	}
	summary, err := r.Summary(ctx)
	var refused *Error
	switch {
	case errors.As(err, &refused):
		r.watch.Progress = nil
		return nil
	case err != nil:
		return err
	case summary != nil:
		p := Progress{Queued: summary.Queued, Pool: r.client.pool(), Reason: strings.TrimSpace(summary.QueuedReason)}
		if done := summary.Progress; done != nil {
			p.ScanRanges, p.ScanRangesDone, p.Instances, p.InstancesDone = done.ScanRanges, done.ScanRangesDone, done.Instances, done.InstancesDone
		}
		r.watch.Progress(p)
	}
	return nil
}

// pool is the admission pool that the session asks for.
func (c *Client) pool() string {
	for name, value := range c.opts.Config {
		if strings.EqualFold(name, "REQUEST_POOL") {
			return value
		}
	}
	return ""
}

// Summary is what each node of the plan has done so far, until [Rows.Close]. It is nil
// while the server has none. HiveServer2 has no such method, which is an [*Error].
func (r *Rows) Summary(ctx context.Context) (*wire.ExecSummary, error) {
	c := r.client
	req := wire.ExecSummaryReq{Operation: r.operation, Session: c.session}
	var reply wire.ExecSummaryResp
	if err := c.call(ctx, c.opts.CallTimeout, "GetExecSummary", &req, &reply); err != nil {
		return nil, err
	}
	if err := c.check("GetExecSummary", reply.Status, r.queryID); err != nil {
		return nil, err
	}
	return reply.Summary, nil
}
