package wire

import "github.com/apache/thrift/lib/go/thrift"

// Types of an operation (TOperationType), which are also those of the metadata calls.
const (
	OpExecuteStatement int32 = 0
	OpGetTypeInfo      int32 = 1
	OpGetCatalogs      int32 = 2
	OpGetSchemas       int32 = 3
	OpGetTables        int32 = 4
	OpGetTableTypes    int32 = 5
	OpGetColumns       int32 = 6
	OpGetFunctions     int32 = 7
	OpUnknown          int32 = 8
)

// maxNames is how many names a metadata call can have: those of GetCrossReference.
const maxNames = 6

// MetadataReq is the request of any metadata call, from TGetTypeInfoReq to
// TGetCrossReferenceReq: a session, then names or patterns in the order of their fields.
// They are catalog, schema, table or function, and column; GetCrossReference has catalog,
// schema and table twice.
type MetadataReq struct {
	Session    SessionHandle
	Names      [maxNames]*string // nil where the field is not set
	TableTypes []string          // of GetTables
}

func (m *MetadataReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Session.read(d)
		case d.id >= 2 && d.id < 2+maxNames && d.typ == thrift.STRING:
			name := d.text()
			m.Names[d.id-2] = &name
		case d.is(5, thrift.LIST):
			for n := d.list(thrift.STRING); n > 0 && d.err == nil; n-- {
				m.TableTypes = append(m.TableTypes, d.text())
			}
		default:
			d.skip()
		}
	}
}

func (m *MetadataReq) write(e *encoder) {
	e.begin(1)
	m.Session.write(e)
	for i, name := range m.Names {
		if name != nil {
			e.text(int16(i)+2, *name)
		}
	}
	if len(m.TableTypes) > 0 {
		e.list(5, thrift.STRING, len(m.TableTypes))
		for _, t := range m.TableTypes {
			e.do(e.p.WriteString(noContext, t))
		}
	}
}

// QueryIDResp is TGetQueryIdResp, which has no status.
type QueryIDResp struct{ QueryID string }

func (m *QueryIDResp) read(d *decoder) {
	for d.next() {
		if d.is(1, thrift.STRING) {
			m.QueryID = d.text()
			continue
		}
		d.skip()
	}
}

func (m *QueryIDResp) write(e *encoder) { e.text(1, m.QueryID) }
