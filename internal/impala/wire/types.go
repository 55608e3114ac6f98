package wire

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"
)

// ProtocolV6 is TProtocolVersion HIVE_CLI_SERVICE_PROTOCOL_V6: columnar rows, BINARY.
// Impala answers no higher version.
const ProtocolV6 int32 = 5

// TypeID is TTypeId: the declared type of a column.
type TypeID int32

// The types of TTypeId that a server of this protocol can declare.
const (
	Boolean           TypeID = 0
	TinyInt           TypeID = 1
	SmallInt          TypeID = 2
	Int               TypeID = 3
	BigInt            TypeID = 4
	Float             TypeID = 5
	Double            TypeID = 6
	String            TypeID = 7
	Timestamp         TypeID = 8
	Binary            TypeID = 9
	Array             TypeID = 10
	Map               TypeID = 11
	Struct            TypeID = 12
	Union             TypeID = 13
	UserDefined       TypeID = 14
	Decimal           TypeID = 15
	Null              TypeID = 16
	Date              TypeID = 17
	Varchar           TypeID = 18
	Char              TypeID = 19
	IntervalYearMonth TypeID = 20
	IntervalDayTime   TypeID = 21
	TimestampLocalTZ  TypeID = 22
)

var typeNames = [...]string{"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "STRING", "TIMESTAMP", "BINARY",
	"ARRAY", "MAP", "STRUCT", "UNION", "USER_DEFINED", "DECIMAL", "NULL", "DATE", "VARCHAR", "CHAR",
	"INTERVAL_YEAR_MONTH", "INTERVAL_DAY_TIME", "TIMESTAMPLOCALTZ"}

func (t TypeID) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("type %d", int32(t))
	}
	return typeNames[t]
}

// Status codes of TStatus.
const (
	StatusSuccess         int32 = 0
	StatusSuccessWithInfo int32 = 1
	StatusStillExecuting  int32 = 2
	StatusError           int32 = 3
	StatusInvalidHandle   int32 = 4

	// StatusMissing stands for none in a reply to FetchResults or GetResultSetMetadata, which
	// must not pass for a good one without rows or columns: the end of a result, or none at all.
	StatusMissing int32 = -1
)

// State is TOperationState.
type State int32

// The states of an operation. Impala sends the first three, Error and Pending only.
const (
	StateInitialized State = 0
	StateRunning     State = 1
	StateFinished    State = 2
	StateCanceled    State = 3
	StateClosed      State = 4
	StateError       State = 5
	StateUnknown     State = 6
	StatePending     State = 7
	StateTimedOut    State = 8
)

// Status is TStatus.
type Status struct {
	Code     int32
	Info     []string
	SQLState string
	Message  string
}

func (s *Status) read(d *decoder) {
	*s = Status{}
	for d.next() {
		switch {
		case d.is(1, thrift.I32):
			s.Code = d.i32()
		case d.is(2, thrift.LIST):
			for n := d.list(thrift.STRING); n > 0 && d.err == nil; n-- {
				s.Info = append(s.Info, d.text())
			}
		case d.is(3, thrift.STRING):
			s.SQLState = d.text()
		case d.is(5, thrift.STRING):
			s.Message = d.text()
		default:
			d.skip()
		}
	}
}

func (s *Status) write(e *encoder) {
	e.i32(1, s.Code)
	if len(s.Info) > 0 {
		e.list(2, thrift.STRING, len(s.Info))
		for _, line := range s.Info {
			e.do(e.p.WriteString(noContext, line))
		}
	}
	e.optionalText(3, s.SQLState)
	e.optionalText(5, s.Message)
	e.stop()
}

// Handle is THandleIdentifier: an id and the secret that proves a right to it, 16 bytes each.
// The secret must not reach a log, so a handle prints as its id alone.
type Handle struct {
	GUID   []byte
	Secret []byte
}

func (h Handle) String() string { return fmt.Sprintf("%x", h.GUID) }

// GoString is String: %#v shows no secret either.
func (h Handle) GoString() string { return h.String() }

// ImpalaID is the id as Impala's logs, pages and errors write it: the two halves as
// little-endian numbers (debug-util.cc, PrintId). The id must have 16 bytes.
func ImpalaID(guid []byte) string {
	return fmt.Sprintf("%016x:%016x", binary.LittleEndian.Uint64(guid), binary.LittleEndian.Uint64(guid[8:]))
}

func (h *Handle) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRING):
			h.GUID = d.bytes()
		case d.is(2, thrift.STRING):
			h.Secret = d.bytes()
		default:
			d.skip()
		}
	}
}

func (h *Handle) write(e *encoder) {
	e.bytes(1, h.GUID)
	e.bytes(2, h.Secret)
	e.stop()
}

// SessionHandle is TSessionHandle.
type SessionHandle struct{ Handle }

func (h *SessionHandle) read(d *decoder) {
	for d.next() {
		if d.is(1, thrift.STRUCT) {
			h.Handle.read(d)
			continue
		}
		d.skip()
	}
}

func (h *SessionHandle) write(e *encoder) {
	e.begin(1)
	h.Handle.write(e)
	e.stop()
}

// OperationHandle is TOperationHandle.
type OperationHandle struct {
	Handle
	Type         int32 // TOperationType, 0 for a statement
	HasResultSet bool
}

func (h *OperationHandle) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			h.Handle.read(d)
		case d.is(2, thrift.I32):
			h.Type = d.i32()
		case d.is(3, thrift.BOOL):
			h.HasResultSet = d.boolean()
		default:
			d.skip()
		}
	}
}

func (h *OperationHandle) write(e *encoder) {
	e.begin(1)
	h.Handle.write(e)
	e.i32(2, h.Type)
	e.boolean(3, h.HasResultSet)
	e.stop()
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
