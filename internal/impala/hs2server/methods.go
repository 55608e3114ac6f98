package hs2server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

// connection is one client's connection with the user that logged in on it.
type connection struct {
	server *Server
	codec  *wire.Codec
	user   string // "" on a plain socket
}

// answer serves one call. An error ends the connection.
func (c *connection) answer(ctx context.Context, method string, seq int32) error {
	if c.server.opts.Observe != nil {
		c.server.opts.Observe(method)
	}
	reply, err := c.dispatch(ctx, method)
	var unknown *wire.Exception
	if errors.As(err, &unknown) {
		return c.codec.WriteException(method, seq, unknown)
	}
	if err != nil {
		return err
	}
	return c.codec.WriteReply(method, seq, reply)
}

func (c *connection) dispatch(ctx context.Context, method string) (wire.Message, error) {
	switch method {
	case "OpenSession":
		return serve(c, c.openSession)
	case "CloseSession":
		return serve(c, c.closeSession)
	case "PingImpalaHS2Service":
		return serve(c, c.ping)
	case "GetInfo":
		return serve(c, c.getInfo)
	case "ExecuteStatement":
		return serve(c, func(req *wire.ExecuteStatementReq) wire.Message { return c.execute(ctx, req) })
	case "GetOperationStatus":
		return serve(c, c.operationStatus)
	case "GetResultSetMetadata":
		return serve(c, c.metadata)
	case "FetchResults":
		return serve(c, func(req *wire.FetchResultsReq) wire.Message { return c.fetch(ctx, req) })
	case "GetLog":
		return serve(c, c.getLog)
	case "CancelOperation":
		return serve(c, c.cancelOperation)
	case "CloseOperation", "CloseImpalaOperation":
		return serve(c, c.closeOperation)
	}
	if err := c.codec.ReadRequest(nil); err != nil {
		return nil, err
	}
	return nil, &wire.Exception{Kind: wire.ExceptionUnknownMethod, Text: fmt.Sprintf("Invalid method name: '%s'", method)}
}

// serve reads a request of the method's type and answers it.
func serve[R any, P interface {
	*R
	wire.Message
}](c *connection, method func(P) wire.Message) (wire.Message, error) {
	req := P(new(R))
	if err := c.codec.ReadRequest(req); err != nil {
		return nil, err
	}
	return method(req), nil
}

// status is how an error is told: in a good reply, as a status.
func status(err error) wire.Status {
	if err == nil {
		return wire.Status{}
	}
	var known *serverError
	if errors.As(err, &known) {
		return wire.Status{Code: wire.StatusError, Message: known.text, SQLState: known.state}
	}
	return wire.Status{Code: wire.StatusError, Message: err.Error(), SQLState: "HY000"}
}

func (c *connection) openSession(req *wire.OpenSessionReq) wire.Message {
	user := c.user
	if user == "" {
		user = req.Username
	}
	session, err := c.server.openSession(user, req)
	if err != nil {
		return &wire.OpenSessionResp{Status: status(err)}
	}
	reply := &wire.OpenSessionResp{Protocol: min(req.Protocol, wire.ProtocolV6), Session: wire.SessionHandle{Handle: session.handle}}
	if !c.server.opts.HiveFlags {
		reply.Configuration = session.Options()
		if reply.Configuration == nil {
			reply.Configuration = make(map[string]string)
		}
		reply.Configuration["http_addr"] = "localhost:25000"
	}
	return reply
}

func (c *connection) closeSession(req *wire.SessionReq) wire.Message {
	session, err := c.server.session(req.Session.Handle, c.user)
	if err == nil {
		c.server.closeSession(session)
	}
	return &wire.StatusResp{Status: status(err)}
}

func (c *connection) ping(req *wire.SessionReq) wire.Message {
	_, err := c.server.session(req.Session.Handle, c.user)
	return &wire.PingResp{Status: status(err), Version: c.server.opts.Version, WebServer: "localhost:25000", Timestamp: time.Now().UnixNano()}
}

func (c *connection) getInfo(req *wire.GetInfoReq) wire.Message {
	_, err := c.server.session(req.Session.Handle, c.user)
	reply := &wire.GetInfoResp{}
	switch req.Kind {
	case wire.InfoServerName, wire.InfoDBMSName:
		reply.Value = "Impala"
	case wire.InfoDBMSVer:
		reply.Value = c.server.opts.Version
	default:
		if err == nil {
			err = &serverError{"Unsupported operation", "HYC00"}
		}
	}
	reply.Status = status(err)
	return reply
}

func (c *connection) execute(ctx context.Context, req *wire.ExecuteStatementReq) wire.Message {
	o, err := c.start(ctx, req)
	if err != nil {
		return &wire.OperationResp{Status: status(err)}
	}
	return &wire.OperationResp{Operation: &o.handle}
}

func (c *connection) start(ctx context.Context, req *wire.ExecuteStatementReq) (*operation, error) {
	session, err := c.server.session(req.Session.Handle, c.user)
	if err != nil {
		return nil, err
	}
	if !c.server.opts.HiveFlags {
		options := session.Options()
		for name := range req.ConfOverlay {
			if _, known := options[strings.ToUpper(name)]; !known {
				return nil, general("Invalid query option: %s", name)
			}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	result, err := c.server.opts.Engine.Execute(ctx, session, req.Statement)
	if err != nil {
		cancel()
		return nil, err
	}
	o := &operation{result: result, cancel: cancel}
	o.handle.Handle = newHandle(session.handle.Secret)
	o.handle.HasResultSet = result.Columns() != nil
	if err := session.add(o); err != nil {
		cancel()
		return nil, err
	}
	c.server.log.Info("statement", "query_id", wire.ImpalaID(o.handle.GUID), "user", session.user)
	return o, nil
}

func (c *connection) operationStatus(req *wire.OperationReq) wire.Message {
	_, o, err := c.server.operation(req.Operation.Handle, c.user)
	if err != nil {
		return &wire.OperationStatusResp{Status: status(err), State: wire.StateError}
	}
	ready, err := o.result.Poll()
	if ended := o.ended(); ended != nil {
		err = ended
	}
	reply := &wire.OperationStatusResp{State: wire.StateRunning}
	switch {
	case err != nil:
		failure := status(err)
		reply.State, reply.Message, reply.SQLState = wire.StateError, failure.Message, failure.SQLState
	case ready:
		reply.State = wire.StateFinished
	}
	return reply
}

func (c *connection) metadata(req *wire.OperationReq) wire.Message {
	_, o, err := c.server.operation(req.Operation.Handle, c.user)
	if err != nil {
		return &wire.MetadataResp{Status: status(err)}
	}
	return &wire.MetadataResp{Columns: o.result.Columns()}
}

func (c *connection) getLog(req *wire.OperationReq) wire.Message {
	_, o, err := c.server.operation(req.Operation.Handle, c.user)
	if err != nil {
		return &wire.LogResp{Status: status(err)}
	}
	return &wire.LogResp{Log: o.result.Log()}
}

func (c *connection) cancelOperation(req *wire.OperationReq) wire.Message {
	_, o, err := c.server.operation(req.Operation.Handle, c.user)
	if err == nil {
		o.end(errCancelled)
		c.server.log.Info("cancelled", "query_id", wire.ImpalaID(o.handle.GUID))
	}
	return &wire.StatusResp{Status: status(err)}
}

func (c *connection) closeOperation(req *wire.OperationReq) wire.Message {
	session, o, err := c.server.operation(req.Operation.Handle, c.user)
	if err == nil {
		o.end(errCancelled)
		session.remove(o)
	}
	return &wire.StatusResp{Status: status(err)}
}
