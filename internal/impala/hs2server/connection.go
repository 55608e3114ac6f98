package hs2server

import (
	"context"
	"errors"
	"time"

	"qosreport/internal/impala/wire"
)

// connection is one client's connection with the user that logged in on it.
type connection struct {
	server  *Server
	codec   *wire.Codec
	user    string                // "" on a plain socket
	doAs    *string               // of the query string, over HTTP
	deliver func(Delivery)        // sets how the next reply goes out
	within  func(d time.Duration) // bounds what is read and written from now on; 0 does not
	remote  string
	using   []*session        // by the call under way
	tied    map[*session]bool // used by any call
}

// close lets go of the sessions, which outlive the connection for a while.
func (c *connection) close() {
	for s := range c.tied {
		s.part(c)
	}
}

// answer serves one call. An error ends the connection.
func (c *connection) answer(ctx context.Context, method string, seq int32) error {
	if c.server.opts.Observe != nil {
		c.server.opts.Observe(method)
	}
	c.within(callTimeout)
	reply, err := c.dispatch(ctx, method, seq)
	c.release()
	c.within(callTimeout)
	var unknown *wire.Exception
	if errors.As(err, &unknown) {
		return c.codec.WriteException(method, seq, unknown)
	}
	if err != nil {
		return err
	}
	if c.server.opts.Deliver != nil {
		c.deliver(c.server.opts.Deliver(method))
	}
	return c.codec.WriteReply(method, seq, reply)
}

// release ends what the call did with sessions.
func (c *connection) release() {
	for _, s := range c.using {
		s.leave()
		if c.tied == nil {
			c.tied = make(map[*session]bool)
		}
		c.tied[s] = true
	}
	c.using = c.using[:0]
}

func (c *connection) dispatch(ctx context.Context, method string, seq int32) (wire.Message, error) {
	if answer := calls[method]; answer != nil {
		return answer(c, ctx, seq)
	}
	if err := c.read(method, seq, nil); err != nil {
		return nil, err
	}
	return nil, &wire.Exception{Kind: wire.ExceptionUnknownMethod, Text: "Invalid method name: '" + method + "'"}
}

// read takes the request of a call, which from then on has the time that it needs. A nil
// request is skipped.
func (c *connection) read(method string, seq int32, req wire.Message) error {
	if err := c.codec.ReadRequest(req); err != nil {
		return err
	}
	c.within(0)
	c.record(method, seq, req)
	return nil
}

// calls are the methods of ImpalaHiveServer2Service.
var calls = map[string]func(c *connection, ctx context.Context, seq int32) (wire.Message, error){
	"OpenSession":          serve("OpenSession", (*connection).openSession),
	"CloseSession":         serve("CloseSession", (*connection).closeSession),
	"PingImpalaHS2Service": serve("PingImpalaHS2Service", (*connection).ping),
	"GetInfo":              serve("GetInfo", (*connection).getInfo),
	"ExecuteStatement":     serveLong("ExecuteStatement", (*connection).execute),
	"GetOperationStatus":   serveLong("GetOperationStatus", (*connection).operationStatus),
	"GetResultSetMetadata": serve("GetResultSetMetadata", (*connection).metadata),
	"FetchResults":         serveLong("FetchResults", (*connection).fetch),
	"GetLog":               serve("GetLog", (*connection).getLog),
	"GetQueryId":           serve("GetQueryId", (*connection).queryID),
	"GetExecSummary":       serve("GetExecSummary", (*connection).execSummary),
	"GetRuntimeProfile":    serve("GetRuntimeProfile", (*connection).runtimeProfile),
	"CancelOperation":      serve("CancelOperation", (*connection).cancelOperation),
	"CloseOperation":       serve("CloseOperation", (*connection).closeOperation),
	"CloseImpalaOperation": serve("CloseImpalaOperation", (*connection).closeImpalaOperation),

	"GetTypeInfo":       serveMetadata("GetTypeInfo", wire.OpGetTypeInfo),
	"GetCatalogs":       serveMetadata("GetCatalogs", wire.OpGetCatalogs),
	"GetSchemas":        serveMetadata("GetSchemas", wire.OpGetSchemas),
	"GetTables":         serveMetadata("GetTables", wire.OpGetTables),
	"GetTableTypes":     serveMetadata("GetTableTypes", wire.OpGetTableTypes),
	"GetColumns":        serveMetadata("GetColumns", wire.OpGetColumns),
	"GetFunctions":      serveMetadata("GetFunctions", wire.OpGetFunctions),
	"GetPrimaryKeys":    serveMetadata("GetPrimaryKeys", wire.OpUnknown),
	"GetCrossReference": serveMetadata("GetCrossReference", wire.OpUnknown),

	"GetDelegationToken":    refusing("GetDelegationToken", notImplemented()),
	"CancelDelegationToken": refusing("CancelDelegationToken", notImplemented()),
	"RenewDelegationToken":  refusing("RenewDelegationToken", notImplemented()),
	"SetClientInfo":         refusing("SetClientInfo", notImplemented()),
	"UploadData":            refusing("UploadData", notImplemented()),
	"DownloadData":          refusing("DownloadData", notImplemented()),

	// These answer at a port for external planners alone, which this server has not.
	"InitQueryContext":        refusing("InitQueryContext", unsupported()),
	"ExecutePlannedStatement": refusing("ExecutePlannedStatement", unsupported()),
	"GetBackendConfig":        refusing("GetBackendConfig", unsupported()),
	"GetExecutorMembership":   refusing("GetExecutorMembership", unsupported()),
}

// serve reads a request of the method's type and answers it.
func serve[R any, P interface {
	*R
	wire.Message
}](name string, method func(*connection, P) wire.Message) func(*connection, context.Context, int32) (wire.Message, error) {
	return serveLong(name, func(c *connection, _ context.Context, req P) wire.Message { return method(c, req) })
}

// serveLong is serve for a method that may take its time.
func serveLong[R any, P interface {
	*R
	wire.Message
}](name string, method func(*connection, context.Context, P) wire.Message) func(*connection, context.Context, int32) (wire.Message, error) {
	return func(c *connection, ctx context.Context, seq int32) (wire.Message, error) {
		req := P(new(R))
		if err := c.read(name, seq, req); err != nil {
			return nil, err
		}
		return method(c, ctx, req), nil
	}
}

func serveMetadata(name string, typ int32) func(*connection, context.Context, int32) (wire.Message, error) {
	return serveLong(name, func(c *connection, ctx context.Context, req *wire.MetadataReq) wire.Message {
		return c.catalog(ctx, metadataCall{name: name, typ: typ, names: req.Names[:], types: req.TableTypes}, req.Session)
	})
}

func refusing(name string, err error) func(*connection, context.Context, int32) (wire.Message, error) {
	return func(c *connection, _ context.Context, seq int32) (wire.Message, error) {
		if err := c.read(name, seq, nil); err != nil {
			return nil, err
		}
		return &wire.StatusResp{Status: status(err)}, nil
	}
}

func (c *connection) openSession(req *wire.OpenSessionReq) wire.Message {
	session, err := c.server.openSession(c, req)
	if err != nil {
		return &wire.OpenSessionResp{Status: status(err), Protocol: min(req.Protocol, wire.ProtocolV6)}
	}
	reply := &wire.OpenSessionResp{Protocol: session.protocol, Session: wire.SessionHandle{Handle: session.handle}}
	if !c.server.opts.HiveFlags {
		reply.Configuration = session.options()
		reply.Configuration["http_addr"] = c.server.opts.WebServer
	}
	return reply
}

func (c *connection) closeSession(req *wire.SessionReq) wire.Message {
	s := c.server
	if err := malformed(req.Session.Handle); err != nil {
		return &wire.StatusResp{Status: status(err)}
	}
	s.mu.Lock()
	session := s.sessions[string(req.Session.GUID)]
	s.mu.Unlock()
	err := invalidSession(req.Session.Handle)
	if session != nil && sameSecret(session.handle, req.Session.Handle) {
		err = session.permits(c)
	}
	if err == nil { // one that has expired can be closed, too
		s.closeSession(session, "Session closed")
		delete(c.tied, session)
	}
	return &wire.StatusResp{Status: status(err)}
}

func (c *connection) ping(req *wire.SessionReq) wire.Message {
	if _, err := c.server.session(req.Session.Handle, c); err != nil {
		return &wire.PingResp{Status: status(err)}
	}
	return &wire.PingResp{Version: c.server.opts.Version, WebServer: c.server.opts.WebServer, Timestamp: int64(time.Since(c.server.started))}
}

// operationStatus answers with a good status when the statement failed: its error has
// fields of its own. An empty handle is that of a statement that is over.
func (c *connection) operationStatus(ctx context.Context, req *wire.OperationReq) wire.Message {
	if len(req.Operation.GUID) == 0 {
		return &wire.OperationStatusResp{State: wire.StateFinished}
	}
	o, err := c.server.operation(req.Operation, c)
	if err != nil {
		return &wire.OperationStatusResp{Status: status(err), State: wire.StateError}
	}
	state, err := o.poll(ctx)
	reply := &wire.OperationStatusResp{State: state}
	if err != nil {
		failure := status(err)
		reply.Message, reply.SQLState = failure.Message, failure.SQLState
	}
	return reply
}

func (c *connection) metadata(req *wire.OperationReq) wire.Message {
	o, err := c.server.operation(req.Operation, c)
	if err != nil {
		return &wire.MetadataResp{Status: status(err)}
	}
	return &wire.MetadataResp{Columns: o.result.Columns()}
}

func (c *connection) queryID(req *wire.OperationReq) wire.Message {
	o, err := c.server.operation(req.Operation, c)
	if err != nil {
		return &wire.QueryIDResp{} // the reply has no place for an error
	}
	return &wire.QueryIDResp{QueryID: o.id}
}

func (c *connection) cancelOperation(req *wire.OperationReq) wire.Message {
	o, err := c.server.operation(req.Operation, c)
	if err == nil && !o.over() { // what was read to its end stays as it is
		o.end(general("Cancelled"))
		c.server.log.Info("cancelled", "query_id", o.id)
	}
	return &wire.StatusResp{Status: status(err)}
}

func (c *connection) closeOperation(req *wire.OperationReq) wire.Message {
	_, err := c.closed(req)
	return &wire.StatusResp{Status: status(err)}
}

func (c *connection) closeImpalaOperation(req *wire.OperationReq) wire.Message {
	changed, err := c.closed(req)
	return &wire.CloseImpalaResp{Status: status(err), DML: changed}
}

// closed closes an operation, which cancels one that has not finished. What a statement
// has changed is told of one that has.
func (c *connection) closed(req *wire.OperationReq) (*wire.DMLResult, error) {
	o, err := c.server.operation(req.Operation, c)
	if err != nil {
		return nil, err
	}
	var changed *wire.DMLResult
	var why error
	if state, _ := o.state(); state == wire.StateFinished {
		changed = o.changed()
	} else {
		why = general("Cancelled")
	}
	c.server.forget(o, why)
	return changed, nil
}
