package impala

import (
	"errors"
	"fmt"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// mostText is how many bytes of a failure's text are kept. Impala's longest, that of a full
// memory with what each operator holds, has a few KiB, and its cause stands first.
const mostText = 32 << 10

// Error is a failure that the server reported.
type Error struct {
	Method      string // the call that it answered; "" when the statement failed by itself
	Text        string // the server's words, without the line that repeats the query id
	SQLState    string // HY000 for almost everything that Impala reports
	QueryID     string // "" before a statement has one
	Coordinator string // host:port
	Class       fault.Class
	Remedy      string // what the operator can do; "" where that is not known
}

func (e *Error) Error() string {
	text := e.Text
	if e.QueryID != "" {
		text = fmt.Sprintf("query %s on %s: %s", e.QueryID, e.Coordinator, text)
	}
	if e.Method != "" {
		text = e.Method + ": " + text
	}
	return text
}

// Unwrap gives what the failure means to those that know nothing of Impala.
func (e *Error) Unwrap() error {
	return &fault.Error{Area: fault.Impala, Class: e.Class, Try: e.Remedy, Err: errors.New(e.Text)}
}

// exception makes an [Error] of the exception by which a server answers what it cannot
// make sense of; other errors stay as they are.
func (c *Client) exception(method string, err error) error {
	if err == nil {
		return nil
	}
	if exception := (*wire.Exception)(nil); errors.As(err, &exception) {
		return &Error{Method: method, Text: shortened(exception.Text, mostText), Coordinator: c.addr, Remedy: adviceVersion}
	}
	return err
}

// check turns a status that is no success into an error.
func (c *Client) check(method string, s wire.Status, queryID string) error {
	switch s.Code {
	case wire.StatusSuccess, wire.StatusSuccessWithInfo:
		return nil
	}
	text := s.Message
	switch {
	case s.Code == wire.StatusMissing:
		text = "a reply without a status"
	case text == "":
		text = fmt.Sprintf("status %d without a text", s.Code)
	}
	return c.failed(method, text, s.SQLState, queryID)
}

func (c *Client) failed(method, text, sqlState, queryID string) error {
	if method == "ExecuteStatement" || method == "GetOperationStatus" || method == "FetchResults" {
		method = "" // the statement's own failure; which call met it says nothing
	}
	id, text := withoutFrame(shortened(text, mostText))
	if queryID == "" {
		queryID = id
	}
	class, remedy := classify(text)
	return &Error{Method: method, Text: text, SQLState: shortened(sqlState, len("HY000")), QueryID: queryID, Coordinator: c.addr, Class: class, Remedy: remedy}
}

// withoutFrame takes off the line "Query <id> failed:" that Impala 4.5 and later put first,
// and the stack trace that HiveServer2 puts last.
func withoutFrame(text string) (queryID, rest string) {
	if first, after, found := strings.Cut(text, "\n"); found {
		id, framed := strings.CutPrefix(strings.TrimSpace(first), "Query ")
		if id, failed := strings.CutSuffix(id, " failed:"); framed && failed && strings.Trim(id, "0123456789abcdef:-") == "" {
			queryID, text = id, after
		}
	}
	text, _, _ = strings.Cut(text, "\n\tat ") // a Java server adds its stack
	return queryID, strings.TrimSpace(text)
}

// unknownMethod reports whether a server lacks a method, as versions before it do.
func unknownMethod(err error) bool {
	var exception *wire.Exception
	return errors.As(err, &exception) && exception.Kind == wire.ExceptionUnknownMethod
}
