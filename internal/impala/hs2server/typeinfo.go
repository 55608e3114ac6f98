package hs2server

import "qosreport/internal/impala/wire"

// jdbcType is what java.sql says of a type (Type.java). Sizes that make no sense are nil.
type jdbcType struct {
	typ    int // java.sql.Types
	size   any // digits or characters
	digits any // after the point
	radix  any // of numbers
}

const (
	maxText  = 1<<31 - 1 // characters of a STRING
	wildcard = -1        // what Impala says of DECIMAL without its numbers
)

// jdbcTypes are the types in the order in which GetTypeInfo lists them.
var jdbcTypes = []struct {
	id wire.TypeID
	jdbcType
}{
	{wire.Boolean, jdbcType{typ: 16, digits: 0}},
	{wire.TinyInt, jdbcType{-6, 3, 0, 10}},
	{wire.SmallInt, jdbcType{5, 5, 0, 10}},
	{wire.Int, jdbcType{4, 10, 0, 10}},
	{wire.BigInt, jdbcType{-5, 19, 0, 10}},
	{wire.Float, jdbcType{6, 7, 7, 10}},
	{wire.Double, jdbcType{8, 15, 15, 10}},
	{wire.Timestamp, jdbcType{typ: 93, size: 29, digits: 9}},
	{wire.Date, jdbcType{typ: 91, size: 10, digits: 0}},
	{wire.String, jdbcType{typ: 12, size: maxText}},
	{wire.Varchar, jdbcType{typ: 12}},
	{wire.Binary, jdbcType{typ: -2, size: maxText}},
	{wire.Decimal, jdbcType{3, wildcard, wildcard, 10}},
	{wire.Char, jdbcType{typ: 1}},
	{wire.Array, jdbcType{typ: 2003}},
	{wire.Map, jdbcType{typ: 2003}}, // as Hive: java.sql has no maps
	{wire.Struct, jdbcType{typ: 2002}},
}

// jdbcOf describes the type of a column.
func jdbcOf(c wire.ColumnDesc) jdbcType {
	for _, t := range jdbcTypes {
		if t.id != c.Type {
			continue
		}
		j := t.jdbcType
		switch c.Type {
		case wire.Decimal:
			j.size, j.digits = int(c.Precision), int(c.Scale)
		case wire.Char, wire.Varchar:
			j.size = int(c.MaxLength)
		}
		return j
	}
	const other = 1111
	return jdbcType{typ: other}
}

// typeInfo is the answer to GetTypeInfo (MetadataOp.java).
func typeInfo() *listing {
	l := &listing{columns: columnsOf("TYPE_NAME DATA_TYPE:i PRECISION:i LITERAL_PREFIX LITERAL_SUFFIX CREATE_PARAMS NULLABLE:i CASE_SENSITIVE:b " +
		"SEARCHABLE:s UNSIGNED_ATTRIBUTE:b FIXED_PREC_SCALE:b AUTO_INCREMENT:b LOCAL_TYPE_NAME MINIMUM_SCALE:s MAXIMUM_SCALE:s " +
		"SQL_DATA_TYPE:i SQL_DATETIME_SUB:i NUM_PREC_RADIX:i")}
	const (
		nullable   = 1
		searchable = 3
		no, yes    = 0, 1
	)
	for _, t := range jdbcTypes {
		caseSensitive, unsigned := no, yes
		switch t.id {
		case wire.String, wire.Varchar, wire.Binary, wire.Char:
			caseSensitive = yes
		}
		var precision any // which numbers alone have
		if t.radix != nil {
			precision, unsigned = t.size, no
		}
		l.add(t.id.String(), t.typ, precision, nil, nil, nil, nullable, caseSensitive, searchable, unsigned, no, no, nil, 0, 0, nil, nil, t.radix)
	}
	return l
}
