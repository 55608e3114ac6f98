package hs2server

import (
	"context"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

func (c *connection) execute(ctx context.Context, req *wire.ExecuteStatementReq) wire.Message {
	o, err := c.start(ctx, req)
	if err != nil {
		return &wire.OperationResp{Status: status(err)}
	}
	return &wire.OperationResp{Operation: &o.handle}
}

// start plans a statement and begins it. Errors until then have no operation.
func (c *connection) start(ctx context.Context, req *wire.ExecuteStatementReq) (*operation, error) {
	s := c.server
	session, err := s.session(req.Session.Handle, c)
	if err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	overlay, cached, err := s.overlay(req.ConfOverlay)
	if err != nil {
		return nil, err
	}
	view := &Session{session: session, overlay: overlay}
	o := s.newOperation(view, req.Statement)
	o.cache.limit = cached
	if err := c.plan(ctx, o, view); err != nil {
		return nil, o.frame(err)
	}
	if err := s.add(o); err != nil {
		o.cancel()
		return nil, err
	}
	if err := o.begin(); err != nil {
		s.forget(o, nil)
		return nil, o.frame(err)
	}
	s.log.Info("statement", "query_id", o.id, "user", session.user)
	return o, nil
}

// overlay checks the statement's own options, which must all be good.
func (s *Server) overlay(asked map[string]string) (options map[string]string, cached int, err error) {
	if s.opts.HiveFlags {
		return nil, 0, nil
	}
	options = make(map[string]string)
	for name, value := range asked {
		if strings.EqualFold(name, cacheSize) {
			if cached, err = cacheRows(value); err != nil {
				return nil, 0, err
			}
			continue
		}
		name, value, err := s.checkOption(name, value)
		if err != nil {
			return nil, 0, err
		}
		options[name] = value
	}
	return options, cached, nil
}

func cacheRows(value string) (int, error) {
	const most = 100_000 // of --max_result_cache_size
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, general("Invalid value '%s' for '%s' option.", value, cacheSize)
	}
	if n > most {
		return 0, general("Requested result-cache size of %d exceeds Impala's maximum of %d.", n, most)
	}
	return max(n, 0), nil
}

func (s *Server) newOperation(view *Session, statement string) *operation {
	o := &operation{session: view.session, statement: statement, kind: kindOf(statement), options: view.Options(), started: time.Now(),
		framed: s.opts.QueryFrame, cancel: func() {}, ready: make(chan struct{})}
	o.handle.Handle = newHandle(view.handle.Secret)
	o.id = wire.ImpalaID(o.handle.GUID)
	view.queryID = o.id
	if s.opts.Script != nil {
		if script := s.opts.Script(statement); script != nil {
			o.script = *script
		}
	}
	return o
}

// plan is what happens while the client waits for the reply of ExecuteStatement.
func (c *connection) plan(ctx context.Context, o *operation, view *Session) error {
	s := c.server
	if limit := duration(o.options, maxStatementLength, 1); limit > 0 && len(o.statement) > int(limit) {
		return general("Statement length of %d bytes exceeds the maximum statement length (%d bytes)", len(o.statement), int(limit))
	}
	if err := pause(ctx, o.script.Plan); err != nil {
		return err
	}
	if o.script.Refuse != "" {
		return general("%s", o.script.Refuse)
	}
	var err error
	if set, ok := parseSet(o.statement); ok && !s.opts.HiveFlags {
		o.kind = "SET"
		o.result, err = s.set(view.session, set)
	} else {
		ctx, o.cancel = context.WithCancel(ctx)
		o.result, err = s.opts.Engine.Execute(ctx, view, o.statement)
	}
	if err != nil {
		o.cancel()
		return err
	}
	o.handle.HasResultSet = o.result.Columns() != nil
	if o.kind == "QUERY" || o.kind == "DML" {
		if o.pool, err = s.resolvePool(view.User(), o.options[requestPool]); err != nil {
			o.cancel()
		}
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kindOf tells the kind of a statement by its first word, as profiles name it.
func kindOf(statement string) string {
	statement = strings.TrimLeft(withoutComments(statement), "(")
	word := statement
	if end := strings.IndexAny(statement, " \t\r\n(;/"); end >= 0 {
		word = statement[:end]
	}
	switch strings.ToUpper(word) {
	case "":
		return "N/A"
	case "SELECT", "WITH", "VALUES":
		return "QUERY"
	case "INSERT", "UPSERT", "UPDATE", "DELETE", "MERGE":
		return "DML"
	case "EXPLAIN":
		return "EXPLAIN"
	}
	return "DDL"
}

// add makes the operation known.
func (s *Server) add(o *operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.session.mu.Lock()
	defer o.session.mu.Unlock()
	if o.session.closed {
		return general("Session has been closed, ignoring query.")
	}
	if len(s.operations) >= maxOperations {
		return general("too many open statements: %d", maxOperations)
	}
	o.session.operations[string(o.handle.GUID)] = o
	s.operations[string(o.handle.GUID)] = o
	return nil
}

// forget ends the operation and makes its handle unknown. Summary and profile stay for a
// while, as in Impala's query log.
func (s *Server) forget(o *operation, why error) {
	o.end(why)
	s.mu.Lock()
	delete(s.operations, string(o.handle.GUID))
	s.mu.Unlock()
	o.session.mu.Lock()
	delete(o.session.operations, string(o.handle.GUID))
	o.session.mu.Unlock()
	s.archive.keep(newKept(o))
}

// operation finds an operation and begins a call of its session.
func (s *Server) operation(h wire.OperationHandle, c *connection) (*operation, error) {
	if err := malformed(h.Handle); err != nil {
		return nil, err
	}
	s.mu.Lock()
	o := s.operations[string(h.GUID)]
	s.mu.Unlock()
	if o == nil || !sameSecret(o.handle.Handle, h.Handle) {
		return nil, unknownQuery(h.Handle)
	}
	if err := o.session.permits(c); err != nil {
		return nil, err
	}
	return o, o.session.enter(c)
}
