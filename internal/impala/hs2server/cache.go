package hs2server

import "qosreport/internal/impala/wire"

// resultCache keeps the first rows of a result, so that a client can fetch them again
// with FETCH_FIRST. It is there when the statement asked for one.
type resultCache struct {
	limit     int // rows; 0 without a cache
	columns   []wire.ColumnBuilder
	more      bool // rows beyond the cached ones
	replaying bool
	at        int // of the next row to show again
	exceeded  bool
}

// restart goes back to the first row. Its errors leave the statement as it is.
func (c *resultCache) restart() error {
	switch {
	case c.limit == 0:
		return general("Restarting of fetch requires enabling of query result caching.")
	case c.exceeded:
		return general("The query result cache exceeded its limit of %d rows. Restarting the fetch is not possible.", c.limit)
	}
	c.replaying, c.at = c.len() > 0, 0
	return nil
}

func (c *resultCache) len() int {
	if len(c.columns) == 0 {
		return 0
	}
	return c.columns[0].Len()
}

// keep adds a batch. A cache that is full is given up.
func (c *resultCache) keep(batch []wire.ColumnBuilder, more bool) {
	if c.limit == 0 || c.exceeded || len(batch) == 0 {
		return
	}
	c.more = more
	if c.len()+batch[0].Len() > c.limit {
		c.columns, c.exceeded = nil, true
		return
	}
	if c.columns == nil {
		c.columns = make([]wire.ColumnBuilder, len(batch))
		for i := range batch {
			c.columns[i].Kind = batch[i].Kind
		}
	}
	for i := range batch {
		c.columns[i].AppendRows(&batch[i], 0, batch[i].Len())
	}
}

func (c *resultCache) replays() bool { return c.replaying }

// replay shows cached rows again and tells whether more rows follow.
func (c *resultCache) replay(most int, into []wire.ColumnBuilder) (more bool) {
	n := min(most, c.len()-c.at)
	for i := range into {
		into[i].AppendRows(&c.columns[i], c.at, n)
	}
	c.at += n
	c.replaying = c.at < c.len()
	return c.replaying || c.more
}
