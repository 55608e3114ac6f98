package sql

import "fmt"

// Kind is a scalar type of Impala without its parameters.
type Kind uint8

// The kinds, narrowest first among numbers. Null is the type of a bare NULL.
const (
	Null Kind = iota
	Boolean
	TinyInt
	SmallInt
	Int
	BigInt
	Float
	Double
	Decimal
	String
	Varchar
	Char
	Timestamp
	Date
)

func (k Kind) String() string {
	names := [...]string{"NULL_TYPE", "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE",
		"DECIMAL", "STRING", "VARCHAR", "CHAR", "TIMESTAMP", "DATE"}
	if int(k) >= len(names) {
		return fmt.Sprintf("KIND(%d)", k)
	}
	return names[k]
}

func (k Kind) integer() bool { return k >= TinyInt && k <= BigInt }
func (k Kind) binary() bool  { return k == Float || k == Double }
func (k Kind) numeric() bool { return k >= TinyInt && k <= Decimal }
func (k Kind) text() bool    { return k >= String && k <= Char }

// Type is the type of a column or an expression.
type Type struct {
	Kind      Kind
	Precision int // digits of a DECIMAL, 1 to 38
	Scale     int // digits after the point of a DECIMAL
	Length    int // bytes of a VARCHAR or CHAR
}

// maxPrecision is the largest number of digits a DECIMAL can have.
const maxPrecision = 38

func (t Type) String() string {
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case Varchar, Char:
		return fmt.Sprintf("%s(%d)", t.Kind, t.Length)
	}
	return t.Kind.String()
}

func decimalType(precision, scale int) Type {
	return Type{Kind: Decimal, Precision: precision, Scale: scale}
}

// asDecimal is the DECIMAL that stands for a numeric type in an operation of DECIMAL
// (ScalarType.java, getMinResolutionDecimal). It holds every integer exactly.
func (t Type) asDecimal() Type {
	digits := map[Kind]int{Boolean: 1, TinyInt: 3, SmallInt: 5, Int: 10, BigInt: 19}
	switch t.Kind {
	case Decimal:
		return t
	case Float:
		return decimalType(maxPrecision, 9)
	case Double:
		return decimalType(maxPrecision, 17)
	}
	return decimalType(digits[t.Kind], 0)
}

// common is the type to which two branches of a CASE, two sides of a comparison
// or two operands of a UNION convert. It reports false where Impala has none: a string
// never becomes a number by itself, and a DECIMAL has at most 38 digits.
func common(a, b Type) (Type, bool) {
	switch {
	case a == b, b.Kind == Null:
		return a, true
	case a.Kind == Null:
		return b, true
	case a.Kind > b.Kind:
		a, b = b, a
	}
	switch {
	case a.Kind == Boolean:
		return b, b.Kind >= TinyInt && b.Kind <= Double
	case a.Kind.numeric() && b.Kind.numeric():
		return commonNumber(a, b)
	case a.Kind.text() && b.Kind.text():
		return Type{Kind: String}, true
	case a.Kind.text() || a.Kind == Timestamp:
		return commonTime(a, b)
	}
	return Type{}, false
}

// commonNumber expects a.Kind <= b.Kind.
func commonNumber(a, b Type) (Type, bool) {
	switch {
	case b.Kind.integer(), b.Kind == Float && a.Kind <= SmallInt:
		return b, true
	case b.Kind.binary(), a.Kind.binary():
		return Type{Kind: Double}, true
	}
	a = a.asDecimal()
	scale := max(a.Scale, b.Scale)
	whole := max(a.Precision-a.Scale, b.Precision-b.Scale)
	if whole+scale > maxPrecision {
		return Type{}, false
	}
	return decimalType(whole+scale, scale), true
}

// commonTime joins strings, timestamps and dates; a.Kind <= b.Kind.
func commonTime(a, b Type) (Type, bool) {
	if a.Kind == Timestamp && b.Kind == Date {
		return a, true
	}
	return b, b.Kind == Timestamp || b.Kind == Date
}

// adjusted is the DECIMAL for a result that may need more digits than there are:
// up to six digits after the point are kept, whole digits come first.
func adjusted(precision, scale int) Type {
	if precision <= maxPrecision {
		return decimalType(precision, scale)
	}
	least := min(scale, 6)
	return decimalType(maxPrecision, max(maxPrecision-(precision-scale), least))
}

// converts reports whether an argument of type from is taken, without a CAST,
// where a function wants type to.
func converts(from, to Type) bool {
	switch {
	case from.Kind == to.Kind, from.Kind == Null:
		return true
	case from.Kind == Date:
		return to.Kind == Timestamp
	case from.Kind.text():
		return to.Kind == String || to.Kind == Timestamp || to.Kind == Date
	case from.Kind == Decimal, from.Kind == Float:
		return to.Kind == Double
	case from.Kind.integer():
		return to.Kind > from.Kind && to.Kind <= Decimal
	}
	return false
}
