package hs2server

import (
	"slices"
	"sync"

	"qosreport/internal/impala/wire"
)

// reported finds summary and profile of a statement that is open or was closed not long
// ago. They belong to the user of the statement.
func (c *connection) reported(h wire.OperationHandle, handle wire.SessionHandle) (*kept, error) {
	session, err := c.server.session(handle.Handle, c)
	if err != nil {
		return nil, err
	}
	if err := malformed(h.Handle); err != nil {
		return nil, err
	}
	var found *kept
	c.server.mu.Lock()
	o := c.server.operations[string(h.GUID)]
	c.server.mu.Unlock()
	if o != nil {
		found = newKept(o)
	} else if found = c.server.archive.find(h.Handle); found == nil {
		return nil, general("Query id %s not found.", wire.ImpalaID(h.GUID))
	}
	if found.user != session.user {
		return nil, general("User %s is not authorized to access the runtime profile or execution summary.", session.user)
	}
	if !sameSecret(found.handle, h.Handle) {
		return nil, unknownQuery(h.Handle)
	}
	return found, nil
}

// kept is what stays of a statement.
type kept struct {
	handle  wire.Handle
	user    string
	summary wire.ExecSummary
	profile string
}

func newKept(o *operation) *kept {
	return &kept{o.handle.Handle, o.session.user, o.summary(), o.profile()}
}

// archive is the query log: it keeps the last statements that were closed.
type archive struct {
	mu    sync.Mutex
	last  []*kept
	bytes int // of their profiles
}

const (
	maxKept      = 100
	maxKeptBytes = 32 << 20
)

func (a *archive) keep(k *kept) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = append(a.last, k)
	a.bytes += len(k.profile)
	for len(a.last) > maxKept || a.bytes > maxKeptBytes {
		a.bytes -= len(a.last[0].profile)
		a.last = slices.Delete(a.last, 0, 1)
	}
}

func (a *archive) find(h wire.Handle) *kept {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.last {
		if string(k.handle.GUID) == string(h.GUID) {
			return k
		}
	}
	return nil
}
