package query

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// Cell is one value of a row: NULL, an integer, a number, a truth value or a text.
type Cell struct {
	Kind CellKind
	Int  int64 // CellInt; 0 or 1 of CellBool
	Num  float64
	Text string // CellText, CellDecimal
}

// CellKind tells which field of a Cell counts.
type CellKind byte

// The kinds of cells.
const (
	CellNull CellKind = iota
	CellInt
	CellNumber
	CellBool
	CellText
	CellDecimal // Text holds exact digits
	CellTime    // Text is a timestamp or date as the server wrote it
)

// Spool holds the rows of a dataset in a temporary file, so that every renderer can read
// them and memory stays flat whatever their number. The file has no name any more once
// it is open: nothing is left behind when the process dies.
type Spool struct {
	Columns []wire.ColumnDesc
	rows    int
	file    *os.File
	hash    []bool // columns whose texts are replaced by a hash
}

// RowContract says what rows may come, and what must not be kept of them.
type RowContract struct {
	Limit int      // more is an error, since a table that is cut short must not look whole
	Hash  []string // columns of personal data: texts are replaced by Pseudonym
}

// Pseudonym stands for a text that names a person: equal texts have equal pseudonyms, so
// that rows of one person can be told. It keeps a reader from seeing a number; it does not
// keep one who has a list of numbers from finding it again.
func Pseudonym(text []byte) string {
	sum := sha256.Sum256(text)
	return "#" + hex.EncodeToString(sum[:5])
}

// ReadRows reads all rows.
func ReadRows(ctx context.Context, from Source, c RowContract) (*Spool, error) {
	hash, err := c.match(from.Columns())
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "qosreport-rows-*")
	if err != nil {
		return nil, spoolError(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, spoolError(err)
	}
	s := &Spool{Columns: from.Columns(), file: f, hash: hash}
	if err := s.fill(ctx, from, c.Limit); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// match finds the columns that are hashed, and sees that no two have one name.
func (c RowContract) match(columns []wire.ColumnDesc) ([]bool, error) {
	hash, seen := make([]bool, len(columns)), make(map[string]bool)
	var mistakes []error
	for i, d := range columns {
		name := strings.ToLower(d.Name)
		if seen[name] {
			mistakes = append(mistakes, fmt.Errorf("column %s comes twice", Printable(d.Name)))
		}
		seen[name] = true
		if hash[i] = slices.Contains(c.Hash, name); hash[i] && !isText(d.Type) {
			mistakes = append(mistakes, fmt.Errorf("column %s has type %s, and only texts are hashed: write CAST(… AS STRING)", name, d.TypeName()))
		}
	}
	for _, name := range c.Hash {
		if !seen[name] {
			mistakes = append(mistakes, fmt.Errorf("column %s is missing, which is to be hashed: return it, or take it out of hash", name))
		}
	}
	if len(mistakes) == 0 {
		return hash, nil
	}
	err := fault.New(fault.Impala, fault.Contract, errors.Join(mistakes...))
	if len(seen) < len(columns) {
		err = fault.Advise(err, "give each column of the query a name of its own: SELECT ... AS name")
	}
	return nil, err
}

func spoolError(err error) error {
	return fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("keep rows in a temporary file: %w", err)),
		"make room in %s, or set TMPDIR to a folder with room", os.TempDir())
}

func (s *Spool) fill(ctx context.Context, from Source, limit int) error {
	out := bufio.NewWriterSize(s.file, 256<<10)
	var record []byte
	for {
		batch, err := from.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if s.rows += batch.Rows; s.rows > limit {
			return fault.Advise(fault.Errorf(fault.Impala, fault.Contract, "more than %d rows", limit),
				"write a LIMIT into the query, or raise the dataset's limit")
		}
		for row := range batch.Rows {
			record = record[:0]
			for column := range batch.Columns {
				record = s.append(record, batch, column, row)
			}
			if _, err := out.Write(record); err != nil {
				return spoolError(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return spoolError(err)
	}
	return nil
}

func (s *Spool) append(dst []byte, b *impala.Batch, column, row int) []byte {
	if b.Null(column, row) {
		return append(dst, byte(CellNull))
	}
	c := &b.Columns[column]
	switch c.Kind() {
	case wire.KindBool:
		return append(dst, byte(CellBool), byte(c.Ints()[row]))
	case wire.KindDouble:
		v := c.Floats()[row]
		if s.Columns[column].Type == wire.Float { // 1.1 and not the widened 1.100000023841858
			v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
		}
		dst = append(dst, byte(CellNumber))
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	case wire.KindString, wire.KindBinary:
		dst = append(dst, byte(textKind(s.Columns[column].Type)))
		at := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = b.Append(dst, column, row)
		if s.hash[column] {
			dst = append(dst[:at+4], Pseudonym(dst[at+4:])...)
		}
		binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		return dst
	}
	dst = append(dst, byte(CellInt))
	return binary.LittleEndian.AppendUint64(dst, uint64(c.Ints()[row]))
}

func isText(t wire.TypeID) bool { return t == wire.String || t == wire.Varchar || t == wire.Char }

func textKind(t wire.TypeID) CellKind {
	switch t {
	case wire.Decimal:
		return CellDecimal
	case wire.Timestamp, wire.Date:
		return CellTime
	}
	return CellText
}

// Len is the number of rows.
func (s *Spool) Len() int { return s.rows }

// Each shows the rows in their order. The cells are valid until the next row.
func (s *Spool) Each(row func(cells []Cell) error) error {
	in := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, math.MaxInt64), 256<<10)
	cells := make([]Cell, len(s.Columns))
	for range s.rows {
		for i := range cells {
			if err := readCell(in, &cells[i]); err != nil {
				return spoolError(err)
			}
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

func readCell(in *bufio.Reader, c *Cell) error {
	kind, err := in.ReadByte()
	if err != nil {
		return err
	}
	*c = Cell{Kind: CellKind(kind)}
	var word [8]byte
	switch c.Kind {
	case CellNull:
	case CellBool:
		value, err := in.ReadByte()
		c.Int = int64(value)
		return err
	case CellInt, CellNumber:
		if _, err := io.ReadFull(in, word[:]); err != nil {
			return err
		}
		bits := binary.LittleEndian.Uint64(word[:])
		c.Int, c.Num = int64(bits), math.Float64frombits(bits)
	default:
		if _, err := io.ReadFull(in, word[:4]); err != nil {
			return err
		}
		text := make([]byte, binary.LittleEndian.Uint32(word[:4]))
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		c.Text = string(text)
	}
	return nil
}

// Close frees the rows.
func (s *Spool) Close() error { return s.file.Close() }
