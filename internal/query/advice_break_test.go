package query

import (
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// Advice that does not help against the mistake is worse than none.
func TestOnlyNamesThatComeTwiceAreToBeRenamed(t *testing.T) {
	const rename = "give each column of the query a name of its own: SELECT ... AS name"
	text, number := wire.ColumnDesc{Name: "a", Type: wire.String}, wire.ColumnDesc{Name: "b", Type: wire.BigInt}
	tests := []struct {
		name    string
		columns []wire.ColumnDesc
		hash    string
		says    string
		try     string
	}{
		{"a name that comes twice", []wire.ColumnDesc{text, {Name: "A", Type: wire.BigInt}}, "a", "column A comes twice\ncolumn a has type BIGINT, and only texts are hashed: write CAST(… AS STRING)", rename},
		{"a column that is missing", []wire.ColumnDesc{text, number}, "c", "column c is missing, which is to be hashed: return it, or take it out of hash", ""},
		{"a column of numbers", []wire.ColumnDesc{text, number}, "b", "column b has type BIGINT, and only texts are hashed: write CAST(… AS STRING)", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := RowContract{Hash: []string{tt.hash}}.match(tt.columns)
			if err == nil || err.Error() != tt.says || fault.Remedy(err) != tt.try {
				t.Errorf("got %v, try %q", err, fault.Remedy(err))
			}
		})
	}
}
