package sql

// A rowStore keeps copies of rows. It stores the needed columns only, close
// together, and loads a row back to where its columns belong.
type rowStore struct {
	columns []int // that are kept
	width   int   // of a row
	cells   []Value
	count   int
}

func newRowStore(need []bool) *rowStore {
	s := &rowStore{width: len(need)}
	for i, wanted := range need {
		if wanted {
			s.columns = append(s.columns, i)
		}
	}
	return s
}

// add copies a row and returns its number.
func (s *rowStore) add(row []Value) int {
	for _, c := range s.columns {
		s.cells = append(s.cells, row[c])
	}
	s.count++
	return s.count - 1
}

// put overwrites a stored row.
func (s *rowStore) put(at int, row []Value) {
	cells := s.cells[at*len(s.columns):]
	for i, c := range s.columns {
		cells[i] = row[c]
	}
}

// load fills the needed columns of row.
func (s *rowStore) load(at int, row []Value) {
	cells := s.cells[at*len(s.columns):]
	for i, c := range s.columns {
		row[c] = cells[i]
	}
}
