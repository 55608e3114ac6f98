package impala

import (
	"context"
	"net/url"
	"time"

	"qosreport/internal/impala/wire"
)

// Profile is Impala's account of where the time of a statement went.
type Profile struct {
	QueryID     string
	Coordinator string // host:port
	Text        string
	Took        time.Duration
	Err         error // why the statement failed; nil for a slow one
}

// Profile is the statement's runtime profile as text, until [Rows.Close]. HiveServer2 has
// none, which is an [*Error].
func (r *Rows) Profile(ctx context.Context) (string, error) {
	c := r.client
	req := wire.ProfileReq{Operation: r.operation, Session: c.session, Format: wire.ProfileFormatText}
	var reply wire.ProfileResp
	if err := c.call(ctx, c.opts.CallTimeout, "GetRuntimeProfile", &req, &reply); err != nil {
		return "", err
	}
	if err := c.check("GetRuntimeProfile", reply.Status, r.queryID); err != nil {
		return "", err
	}
	return reply.Profile, nil
}

// tellProfile hands the profile to the watch. That there is none spoils no statement.
func (r *Rows) tellProfile(ctx context.Context, failure error) {
	if r.watch.Profile == nil || !r.client.impala {
		return
	}
	took := time.Since(r.started)
	text, err := r.Profile(ctx)
	if err != nil {
		r.client.log.DebugContext(ctx, "no profile", "query_id", r.queryID, "reason", err)
		return
	}
	r.watch.Profile(Profile{QueryID: r.queryID, Coordinator: r.client.addr, Text: text, Took: took, Err: failure})
}

// Link is where the coordinator's web pages show the statement's plan, "" when that is not
// known. The pages may want a login or TLS of their own.
func (r *Rows) Link() string {
	c := r.client
	if c.web == "" || r.queryID == "" {
		return ""
	}
	return "http://" + c.web + "/query_plan?query_id=" + url.QueryEscape(r.queryID)
}
