package wire

import "github.com/apache/thrift/lib/go/thrift"

// OpenSessionReq is TOpenSessionReq.
type OpenSessionReq struct {
	Protocol      int32 // TProtocolVersion
	Username      string
	Password      string // never sent by our client: the transport authenticates
	Configuration map[string]string
}

func (m *OpenSessionReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I32):
			m.Protocol = d.i32()
		case d.is(2, thrift.STRING):
			m.Username = d.text()
		case d.is(4, thrift.MAP):
			m.Configuration = d.stringMap()
		default:
			d.skip()
		}
	}
}

func (m *OpenSessionReq) write(e *encoder) {
	e.i32(1, m.Protocol)
	e.optionalText(2, m.Username)
	e.optionalText(3, m.Password)
	if len(m.Configuration) > 0 {
		e.texts(4, m.Configuration)
	}
}

// OpenSessionResp is TOpenSessionResp.
type OpenSessionResp struct {
	Status        Status
	Protocol      int32
	Session       SessionHandle
	Configuration map[string]string
}

func (m *OpenSessionResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.I32):
			m.Protocol = d.i32()
		case d.is(3, thrift.STRUCT):
			m.Session.read(d)
		case d.is(4, thrift.MAP):
			m.Configuration = d.stringMap()
		default:
			d.skip()
		}
	}
}

func (m *OpenSessionResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.i32(2, m.Protocol)
	if m.Session.GUID != nil {
		e.begin(3)
		m.Session.write(e)
	}
	if m.Configuration != nil {
		e.texts(4, m.Configuration)
	}
}

// SessionReq is the request of the methods that take a session alone: CloseSession and
// PingImpalaHS2Service.
type SessionReq struct{ Session SessionHandle }

func (m *SessionReq) read(d *decoder) {
	for d.next() {
		if d.is(1, thrift.STRUCT) {
			m.Session.read(d)
			continue
		}
		d.skip()
	}
}

func (m *SessionReq) write(e *encoder) {
	e.begin(1)
	m.Session.write(e)
}

// StatusResp is the reply of the methods that answer with a status alone: CloseSession,
// CancelOperation, CloseOperation and CloseImpalaOperation of a statement that is no DML.
type StatusResp struct{ Status Status }

func (m *StatusResp) read(d *decoder) {
	for d.next() {
		if d.is(1, thrift.STRUCT) {
			m.Status.read(d)
			continue
		}
		d.skip()
	}
}

func (m *StatusResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
}

// PingResp is TPingImpalaHS2ServiceResp.
type PingResp struct {
	Status    Status
	Version   string
	WebServer string // address of the coordinator's web pages
	Timestamp int64  // nanoseconds of the coordinator's monotonic clock
}

func (m *PingResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRING):
			m.Version = d.text()
		case d.is(3, thrift.STRING):
			m.WebServer = d.text()
		case d.is(4, thrift.I64):
			m.Timestamp = d.i64()
		default:
			d.skip()
		}
	}
}

func (m *PingResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.text(2, m.Version)
	e.text(3, m.WebServer)
	e.i64(4, m.Timestamp)
}

// Kinds of information that GetInfo gives on every server (TGetInfoType).
const (
	InfoServerName int32 = 13
	InfoDBMSName   int32 = 17
	InfoDBMSVer    int32 = 18
)

// GetInfoReq is TGetInfoReq.
type GetInfoReq struct {
	Session SessionHandle
	Kind    int32
}

func (m *GetInfoReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Session.read(d)
		case d.is(2, thrift.I32):
			m.Kind = d.i32()
		default:
			d.skip()
		}
	}
}

func (m *GetInfoReq) write(e *encoder) {
	e.begin(1)
	m.Session.write(e)
	e.i32(2, m.Kind)
}

// Fields of the union TGetInfoValue that hold numbers.
const (
	InfoSmall   int16 = 2
	InfoBitmask int16 = 3
	InfoLength  int16 = 6
)

// GetInfoResp is TGetInfoResp. The portable answers are texts.
type GetInfoResp struct {
	Status Status
	Value  string
	IsText bool  // write Value though it is empty
	Field  int16 // write Number in this field, where it is not 0
	Number int64
}

func (m *GetInfoResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRUCT):
			m.readValue(d)
		default:
			d.skip()
		}
	}
}

func (m *GetInfoResp) readValue(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRING):
			m.Value, m.IsText = d.text(), true
		case d.is(InfoSmall, thrift.I16):
			m.Field, m.Number = d.id, int64(d.i16())
		case d.is(InfoBitmask, thrift.I32):
			m.Field, m.Number = d.id, int64(d.i32())
		case d.is(InfoLength, thrift.I64):
			m.Field, m.Number = d.id, d.i64()
		default:
			d.skip()
		}
	}
}

func (m *GetInfoResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.begin(2)
	switch {
	case m.Field == InfoSmall:
		e.i16(m.Field, int16(m.Number))
	case m.Field == InfoBitmask:
		e.i32(m.Field, int32(m.Number))
	case m.Field == InfoLength:
		e.i64(m.Field, m.Number)
	case m.IsText || m.Value != "":
		e.text(1, m.Value)
	}
	e.end()
}
