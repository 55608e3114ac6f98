package wire

import (
	"fmt"

	"github.com/apache/thrift/lib/go/thrift"
)

// ExecuteStatementReq is TExecuteStatementReq.
type ExecuteStatementReq struct {
	Session     SessionHandle
	Statement   string
	ConfOverlay map[string]string // options of this statement
	Async       bool              // HiveServer2 waits for the end without it; Impala ignores it
}

func (m *ExecuteStatementReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Session.read(d)
		case d.is(2, thrift.STRING):
			m.Statement = d.text()
		case d.is(3, thrift.MAP):
			m.ConfOverlay = d.stringMap()
		case d.is(4, thrift.BOOL):
			m.Async = d.boolean()
		default:
			d.skip()
		}
	}
}

func (m *ExecuteStatementReq) write(e *encoder) {
	e.begin(1)
	m.Session.write(e)
	e.text(2, m.Statement)
	if len(m.ConfOverlay) > 0 {
		e.texts(3, m.ConfOverlay)
	}
	e.boolean(4, m.Async)
}

// OperationResp is the reply that carries a new operation.
type OperationResp struct {
	Status    Status
	Operation *OperationHandle // nil after an error
}

func (m *OperationResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRUCT):
			m.Operation = new(OperationHandle)
			m.Operation.read(d)
		default:
			d.skip()
		}
	}
}

func (m *OperationResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	if m.Operation != nil {
		e.begin(2)
		m.Operation.write(e)
	}
}

// OperationReq is the request of the methods that take an operation alone:
// GetOperationStatus, CancelOperation, CloseOperation, GetResultSetMetadata, GetLog.
type OperationReq struct{ Operation OperationHandle }

func (m *OperationReq) read(d *decoder) {
	for d.next() {
		if d.is(1, thrift.STRUCT) {
			m.Operation.read(d)
			continue
		}
		d.skip()
	}
}

func (m *OperationReq) write(e *encoder) {
	e.begin(1)
	m.Operation.write(e)
}

// OperationStatusResp is TGetOperationStatusResp. A statement that failed answers with
// a good status, [StateError] and its text in Message.
type OperationStatusResp struct {
	Status   Status
	State    State
	SQLState string
	Message  string
}

func (m *OperationStatusResp) read(d *decoder) {
	m.State = StateUnknown
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.I32):
			m.State = State(d.i32())
		case d.is(3, thrift.STRING):
			m.SQLState = d.text()
		case d.is(5, thrift.STRING):
			m.Message = d.text()
		default:
			d.skip()
		}
	}
}

func (m *OperationStatusResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.i32(2, int32(m.State))
	e.optionalText(3, m.SQLState)
	e.optionalText(5, m.Message)
}

// LogResp is TGetLogResp.
type LogResp struct {
	Status Status
	Log    string
}

func (m *LogResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRING):
			m.Log = d.text()
		default:
			d.skip()
		}
	}
}

func (m *LogResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.text(2, m.Log)
}

// ColumnDesc is TColumnDesc with its type taken out of TTypeDesc.
type ColumnDesc struct {
	Name      string
	Type      TypeID
	Precision int32 // DECIMAL, else 0
	Scale     int32 // DECIMAL, else 0
	MaxLength int32 // CHAR and VARCHAR in bytes, else 0
	Position  int32
}

// TypeName is the declared type as SQL writes it, as in DECIMAL(10,2).
func (c ColumnDesc) TypeName() string {
	switch c.Type {
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", c.Precision, c.Scale)
	case Char, Varchar:
		return fmt.Sprintf("%s(%d)", c.Type, c.MaxLength)
	}
	return c.Type.String()
}

func (c *ColumnDesc) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRING):
			c.Name = d.text()
		case d.is(2, thrift.STRUCT):
			c.readTypeDesc(d)
		case d.is(3, thrift.I32):
			c.Position = d.i32()
		default:
			d.skip()
		}
	}
}

// readTypeDesc takes the first entry of TTypeDesc, which stands for the whole: nested
// types arrive as text. An entry that is not primitive counts as STRING.
func (c *ColumnDesc) readTypeDesc(d *decoder) {
	c.Type = String
	for d.next() {
		if !d.is(1, thrift.LIST) {
			d.skip()
			continue
		}
		n := d.list(thrift.STRUCT)
		for i := 0; i < n && d.err == nil; i++ {
			for d.next() {
				if i == 0 && d.is(1, thrift.STRUCT) {
					c.readPrimitive(d)
					continue
				}
				d.skip()
			}
		}
	}
}

func (c *ColumnDesc) readPrimitive(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I32):
			c.Type = TypeID(d.i32())
		case d.is(2, thrift.STRUCT):
			c.readQualifiers(d)
		default:
			d.skip()
		}
	}
}

func (c *ColumnDesc) readQualifiers(d *decoder) {
	for d.next() {
		if !d.is(1, thrift.MAP) {
			d.skip()
			continue
		}
		key, value, n, err := d.p.ReadMapBegin(noContext)
		if err == nil && n > 0 && (key != thrift.STRING || value != thrift.STRUCT) {
			err = fmt.Errorf("%w: type qualifiers of types %d and %d", ErrMalformed, key, value)
		}
		for d.err = err; n > 0 && d.err == nil; n-- {
			name := d.text()
			for d.next() {
				if !d.is(1, thrift.I32) {
					d.skip()
					continue
				}
				c.qualify(name, d.i32())
			}
		}
	}
}

func (c *ColumnDesc) qualify(name string, v int32) {
	switch name {
	case "precision":
		c.Precision = v
	case "scale":
		c.Scale = v
	case "characterMaximumLength":
		c.MaxLength = v
	}
}

func (c *ColumnDesc) write(e *encoder) {
	e.text(1, c.Name)
	e.begin(2)
	e.list(1, thrift.STRUCT, 1)
	e.begin(1)
	e.i32(1, int32(c.Type))
	switch c.Type {
	case Decimal:
		c.writeQualifiers(e, []string{"precision", "scale"}, c.Precision, c.Scale)
	case Char, Varchar:
		c.writeQualifiers(e, []string{"characterMaximumLength"}, c.MaxLength)
	}
	e.end()
	e.stop()
	e.end()
	e.i32(3, c.Position)
	e.stop()
}

func (c *ColumnDesc) writeQualifiers(e *encoder, names []string, values ...int32) {
	e.begin(2)
	e.field(thrift.MAP, 1)
	e.do(e.p.WriteMapBegin(noContext, thrift.STRING, thrift.STRUCT, len(names)))
	for i, name := range names {
		e.do(e.p.WriteString(noContext, name))
		e.i32(1, values[i])
		e.stop()
	}
	e.end()
}

// MetadataResp is TGetResultSetMetadataResp.
type MetadataResp struct {
	Status  Status
	Columns []ColumnDesc // nil when the statement has no result
}

func (m *MetadataResp) read(d *decoder) {
	*m = MetadataResp{Status: Status{Code: StatusMissing}} // a reply is read once more when the one before broke off
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRUCT):
			m.readSchema(d)
		default:
			d.skip()
		}
	}
}

func (m *MetadataResp) readSchema(d *decoder) {
	for d.next() {
		if !d.is(1, thrift.LIST) {
			d.skip()
			continue
		}
		for n := d.columns(); n > 0 && d.err == nil; n-- {
			var c ColumnDesc
			c.read(d)
			m.Columns = append(m.Columns, c)
		}
	}
}

func (m *MetadataResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	if m.Columns == nil {
		return
	}
	e.begin(2)
	e.list(1, thrift.STRUCT, len(m.Columns))
	for i := range m.Columns {
		m.Columns[i].write(e)
	}
	e.stop()
}
