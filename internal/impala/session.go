package impala

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/queryoption"
	"qosreport/internal/impala/wire"
)

// Client is one session with one coordinator. It is for one goroutine.
type Client struct {
	opts      Options
	addr      string
	conn      conn
	session   wire.SessionHandle
	impala    bool              // what answers is Impala itself: hasMoreRows can be believed
	fetchWait time.Duration     // that a fetch may last by what the session asks the server for; 0 is not known
	web       string            // host:port of the coordinator's web pages, "" when not known
	overlay   map[string]string // options of each statement

	waitsForRows bool // a fetch waits at most firstFetchWait for rows

	plainClose bool // the server lacks Impala's own method of closing
	log        *slog.Logger
}

// open connects, logs in and opens the session, all within a time.
func (c *Client) open(ctx context.Context, within time.Duration) error {
	start := time.Now()
	o := c.opts
	o.SessionTimeout = within
	conn, err := dial(ctx, o, c.addr)
	if err != nil {
		return err
	}
	c.conn = conn
	req := wire.OpenSessionReq{Protocol: wire.ProtocolV6, Username: c.opts.User, Configuration: c.configuration()}
	var reply wire.OpenSessionResp
	err = c.call(ctx, within-time.Since(start), "OpenSession", &req, &reply)
	if err == nil {
		err = c.check("OpenSession", reply.Status, "")
	}
	if err == nil {
		c.session = reply.Session
		err = checkHandle("OpenSession", reply.Session.Handle)
	}
	if err != nil {
		conn.close()
		return adviseOpen(err, c.opts)
	}
	if err := c.learn(ctx, reply.Configuration); err != nil {
		ctx, stop := context.WithTimeout(ctx, cleanupTimeout)
		defer stop()
		_ = c.Close(ctx) // or the server would keep the session for a quarter of an hour
		return err
	}
	c.log.DebugContext(ctx, "session opened", "impala", c.impala, "security", conn.security(), "took", time.Since(start))
	return nil
}

// checkHandle refuses an id or a secret that is not 16 bytes long, or not there: every
// server of this protocol has such, and would only refuse it later and in other words.
func checkHandle(method string, h wire.Handle) error {
	if len(h.GUID) == 16 && len(h.Secret) == 16 {
		return nil
	}
	return fault.Errorf(fault.Impala, 0, "%s: %w: a handle with an id of %d bytes and a secret of %d in a good reply, 16 each are due",
		method, wire.ErrMalformed, len(h.GUID), len(h.Secret))
}

// configuration is what OpenSession asks for: the query options, the database and the
// user to run as. Both transports take them in the same way.
func (c *Client) configuration() map[string]string {
	asked := maps.Clone(c.opts.Config)
	if asked == nil {
		asked = make(map[string]string)
	}
	if c.opts.Database != "" {
		asked["use:database"] = c.opts.Database
	}
	if c.opts.DoAs != "" {
		asked["impala.doas.user"] = c.opts.DoAs
	}
	return asked
}

// learn takes from the reply of OpenSession who answers and with which options. Impala
// tells its effective options and drops what it does not know or cannot read without an
// error, so that the session would run without it.
func (c *Client) learn(ctx context.Context, reply map[string]string) error {
	c.impala = isImpala(reply)
	if !c.impala {
		return nil
	}
	effective := make(map[string]string, len(reply))
	for key, value := range reply {
		effective[strings.ToUpper(key)] = value
	}
	c.web = webAddress(effective["HTTP_ADDR"])
	var dropped []string
	for _, key := range slices.Sorted(maps.Keys(c.opts.Config)) {
		name, asked := strings.ToUpper(key), c.opts.Config[key]
		value, known := effective[name]
		switch {
		case !known:
			dropped = append(dropped, key)
		case queryoption.Contradict(name, asked, value):
			c.log.WarnContext(ctx, "the coordinator has another value of a query option", "option", key, "asked", asked, "has", value)
		}
	}
	if len(dropped) > 0 {
		return fault.Advise(fault.Errorf(fault.Impala, fault.SQL, "the coordinator does not know the query option %s", strings.Join(dropped, ", ")),
			"take %s out of impala.options, or correct the name: SET ALL lists the options of this version", strings.Join(dropped, ", "))
	}
	c.overlay = make(map[string]string)
	if c.settable(effective, clientIdentifier) && c.opts.Client != "" {
		c.overlay[clientIdentifier] = c.opts.Client
	}
	c.fetchWait = longestFetch(effective[fetchRowsTimeout], c.opts.PlanTimeout)
	if c.waitsForRows = c.settable(effective, fetchRowsTimeout); c.waitsForRows {
		c.overlay[fetchRowsTimeout] = strconv.FormatInt(firstFetchWait.Milliseconds(), 10)
	}
	return nil
}

// longestFetch is how long a fetch may take where the session waits at the server for so many
// milliseconds, as the user may want; 0 there means for ever, which is none here.
func longestFetch(millis string, forEver time.Duration) time.Duration {
	n, err := strconv.ParseUint(millis, 10, 31)
	switch {
	case err != nil:
		return 0
	case n == 0:
		return forEver
	}
	return time.Duration(n)*time.Millisecond + fetchMargin
}

// fetchMargin is what a fetch may take beside the wait for rows.
const fetchMargin = 30 * time.Second

// fetchTimeout bounds one fetch.
func (c *Client) fetchTimeout() time.Duration {
	if c.waitsForRows { // not as long as the session would
		return c.opts.CallTimeout
	}
	return max(c.opts.CallTimeout, c.fetchWait)
}

// settable reports whether the server knows a query option that the user has left alone.
func (c *Client) settable(effective map[string]string, name string) bool {
	for key := range c.opts.Config {
		if strings.EqualFold(key, name) {
			return false
		}
	}
	_, known := effective[name]
	return known
}

// Query options that are sent with each statement, to servers that said that they have
// them: HiveServer2 may refuse a session for a setting that it does not know.
const (
	clientIdentifier = "CLIENT_IDENTIFIER" // which Impala shows beside a statement in profiles and on its pages
	fetchRowsTimeout = "FETCH_ROWS_TIMEOUT_MS"
)

// firstFetchWait is how long a fetch waits for rows at the server. It is short so that a
// statement without rows is soon asked how far it is. Servers before Impala 3.4 lack the
// option and may wait for ever, so that only the statement's state is asked for there.
const firstFetchWait = progressPause

// isImpala tells Impala from HiveServer2 by the configuration that OpenSession returned:
// Impala's holds its query options and http_addr, HiveServer2's is empty or all hive.….
func isImpala(configuration map[string]string) bool {
	for key := range configuration {
		if strings.EqualFold(key, "http_addr") {
			return true
		}
	}
	return false
}

// Coordinator is the host:port of the session.
func (c *Client) Coordinator() string { return c.addr }

// Close ends the session and the connection. It takes at most the time of one call. An
// error is one that the server reports.
func (c *Client) Close(ctx context.Context) error {
	defer c.conn.close()
	if c.conn.broken() != nil {
		return nil
	}
	ctx, stop := closing(ctx)
	defer stop()
	var reply wire.StatusResp
	err := c.call(ctx, c.opts.CallTimeout, "CloseSession", &wire.SessionReq{Session: c.session}, &reply)
	if err == nil {
		err = c.check("CloseSession", reply.Status, "")
	}
	var refused *Error
	switch {
	case errors.As(err, &refused) && refused.Class != fault.Lost: // or it was closed before, which is what is wanted
		return fmt.Errorf("close session on %s: %w", c.addr, err)
	case err != nil && refused == nil: // what it was for has been done, and each statement was closed by itself
		c.log.WarnContext(ctx, "session may stay open on the coordinator", "reason", err)
	}
	return nil
}

// cleanupTimeout bounds what is done for the server after a context has ended.
const cleanupTimeout = 5 * time.Second

// closing is the context of what closes a statement or a session. It has the time of ctx,
// since a busy coordinator may take long and a result that is whole must not be lost for
// that; and a short time for cleaning up when ctx has ended, or ends meanwhile.
func closing(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(cleanupTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() {
		stop()
		cancel()
	}
}

// webAddress is the host:port of the coordinator's web pages as OpenSession tells it, ""
// when it is none that can stand in a link.
func webAddress(told string) string {
	host, port, err := net.SplitHostPort(told)
	if err != nil || host == "" || strings.Trim(port, "0123456789") != "" || strings.ContainsFunc(host, noHost) {
		return ""
	}
	return told
}

// noHost holds what ends a host in a URL, and what must not reach a terminal.
func noHost(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/?#@\"<>`, r) }
