package sql

// cells keeps tuples of values in chunks, so that growing copies nothing.
type cells struct {
	width  int
	chunks [][]Value
	count  int
}

// chunkRows is the number of tuples in a chunk.
const chunkRows = 1024

// add gives room for one more tuple.
func (c *cells) add() []Value {
	if c.count%chunkRows == 0 {
		c.chunks = append(c.chunks, make([]Value, chunkRows*c.width))
	}
	c.count++
	return c.tuple(c.count - 1)
}

func (c *cells) tuple(i int) []Value {
	at := i % chunkRows * c.width
	return c.chunks[i/chunkRows][at : at+c.width]
}

// A rowStore keeps copies of rows. It stores the needed columns only, close
// together, and loads a row back to where its columns belong.
type rowStore struct {
	cells
	columns []int // that are kept
	row     int   // columns of a whole row
}

func newRowStore(need []bool) *rowStore {
	s := &rowStore{row: len(need)}
	for i, wanted := range need {
		if wanted {
			s.columns = append(s.columns, i)
		}
	}
	s.width = len(s.columns)
	return s
}

// keep copies a row and returns its number.
func (s *rowStore) keep(row []Value) int {
	s.add()
	s.put(s.count-1, row)
	return s.count - 1
}

// put overwrites a stored row.
func (s *rowStore) put(at int, row []Value) {
	tuple := s.tuple(at)
	for i, c := range s.columns {
		tuple[i] = row[c]
	}
}

// load fills the needed columns of row.
func (s *rowStore) load(at int, row []Value) {
	for i, v := range s.tuple(at) {
		row[s.columns[i]] = v
	}
}
