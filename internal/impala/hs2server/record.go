package hs2server

import (
	"maps"
	"strings"

	"qosreport/internal/impala/wire"
)

// Call is what a client asked, for tests that look over its shoulder. It holds neither
// passwords nor the secrets of handles.
type Call struct {
	Method    string
	Seq       int32
	User      string            // of the connection; "" on a plain socket
	Statement string            // of ExecuteStatement
	Options   map[string]string // of OpenSession and ExecuteStatement
}

// record tells of a call whose request was read; a nil request is one of an unknown method.
func (c *connection) record(method string, seq int32, req wire.Message) {
	if c.server.opts.Record == nil {
		return
	}
	call := Call{Method: method, Seq: seq, User: c.user}
	switch req := req.(type) {
	case *wire.OpenSessionReq:
		call.Options = withoutPasswords(req.Configuration)
	case *wire.ExecuteStatementReq:
		call.Statement, call.Options = req.Statement, withoutPasswords(req.ConfOverlay)
	}
	c.server.opts.Record(call)
}

func withoutPasswords(options map[string]string) map[string]string {
	options = maps.Clone(options)
	for name := range options {
		if strings.Contains(strings.ToLower(name), "password") {
			options[name] = "(secret)"
		}
	}
	return options
}
