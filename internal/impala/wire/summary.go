package wire

import (
	"fmt"
	"maps"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"
)

// ExecSummaryReq is TGetExecSummaryReq. Both handles are needed.
type ExecSummaryReq struct {
	Operation OperationHandle
	Session   SessionHandle
	Attempts  bool // include the summaries of attempts that failed and were repeated
}

func (m *ExecSummaryReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Operation.read(d)
		case d.is(2, thrift.STRUCT):
			m.Session.read(d)
		case d.is(3, thrift.BOOL):
			m.Attempts = d.boolean()
		default:
			d.skip()
		}
	}
}

func (m *ExecSummaryReq) write(e *encoder) {
	e.begin(1)
	m.Operation.write(e)
	e.begin(2)
	m.Session.write(e)
	e.boolean(3, m.Attempts)
}

// ExecSummaryResp is TGetExecSummaryResp without the summaries of failed attempts.
type ExecSummaryResp struct {
	Status  Status
	Summary *ExecSummary // nil when there is none yet
}

func (m *ExecSummaryResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRUCT):
			m.Summary = new(ExecSummary)
			m.Summary.read(d)
		default:
			d.skip()
		}
	}
}

func (m *ExecSummaryResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	if m.Summary != nil {
		e.begin(2)
		m.Summary.write(e)
	}
}

// ExecSummary is TExecSummary: how far a statement is and what each node of its plan did.
type ExecSummary struct {
	State        ExecState
	Nodes        []PlanNode
	Senders      map[int32]int32 // index of a node that receives rows: that of the fragment's root that sends them
	Progress     *ExecProgress   // nil before the statement runs
	Queued       bool            // it waits for admission
	QueuedReason string
}

// ExecState is TExecState.
type ExecState int32

// The states of TExecState.
const (
	ExecRegistered ExecState = 0
	ExecPlanning   ExecState = 1
	ExecQueued     ExecState = 2
	ExecRunning    ExecState = 3
	ExecFinished   ExecState = 4
	ExecCancelled  ExecState = 5
	ExecFailed     ExecState = 6
)

func (s *ExecSummary) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I32):
			s.State = ExecState(d.i32())
		case d.is(3, thrift.LIST):
			for n := d.nodes(); n > 0 && d.err == nil; n-- {
				var node PlanNode
				node.read(d)
				s.Nodes = append(s.Nodes, node)
			}
		case d.is(4, thrift.MAP):
			s.readSenders(d)
		case d.is(6, thrift.STRUCT):
			s.Progress = new(ExecProgress)
			s.Progress.read(d)
		case d.is(7, thrift.BOOL):
			s.Queued = d.boolean()
		case d.is(8, thrift.STRING):
			s.QueuedReason = d.text()
		default:
			d.skip()
		}
	}
}

func (s *ExecSummary) readSenders(d *decoder) {
	key, value, n, err := d.p.ReadMapBegin(noContext)
	if err == nil && n > 0 && (key != thrift.I32 || value != thrift.I32 || n > maxNodes) {
		err = fmt.Errorf("%w: %d senders of types %d and %d", ErrMalformed, n, key, value)
	}
	s.Senders = make(map[int32]int32)
	for d.err = err; n > 0 && d.err == nil; n-- {
		receiver := d.i32()
		s.Senders[receiver] = d.i32()
	}
}

func (s *ExecSummary) writeSenders(e *encoder) {
	e.field(thrift.MAP, 4)
	e.do(e.p.WriteMapBegin(noContext, thrift.I32, thrift.I32, len(s.Senders)))
	for _, receiver := range slices.Sorted(maps.Keys(s.Senders)) {
		e.do(e.p.WriteI32(noContext, receiver))
		e.do(e.p.WriteI32(noContext, s.Senders[receiver]))
	}
}

func (s *ExecSummary) write(e *encoder) {
	e.i32(1, int32(s.State))
	if len(s.Nodes) > 0 {
		e.list(3, thrift.STRUCT, len(s.Nodes))
		for i := range s.Nodes {
			s.Nodes[i].write(e)
		}
	}
	if len(s.Senders) > 0 {
		s.writeSenders(e)
	}
	if s.Progress != nil {
		e.begin(6)
		s.Progress.write(e)
	}
	e.boolean(7, s.Queued)
	e.optionalText(8, s.QueuedReason)
	e.stop()
}

// ExecProgress is TExecProgress. A count that the server does not send is 0.
type ExecProgress struct {
	ScanRanges, ScanRangesDone int64
	Instances, InstancesDone   int64 // of plan fragments
}

func (p *ExecProgress) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I64):
			p.ScanRanges = d.i64()
		case d.is(2, thrift.I64):
			p.ScanRangesDone = d.i64()
		case d.is(3, thrift.I64):
			p.Instances = d.i64()
		case d.is(4, thrift.I64):
			p.InstancesDone = d.i64()
		default:
			d.skip()
		}
	}
}

func (p *ExecProgress) write(e *encoder) {
	for i, v := range []int64{p.ScanRanges, p.ScanRangesDone, p.Instances, p.InstancesDone} {
		e.i64(int16(i+1), v)
	}
	e.stop()
}

// PlanNode is TPlanNodeExecSummary. The nodes of a fragment stand in depth-first order, and
// [ExecSummary.Senders] joins the fragments.
type PlanNode struct {
	ID        int32
	Fragment  int32
	Label     string
	Detail    string
	Children  int32
	Estimated *NodeStats  // nil without an estimate
	Stats     []NodeStats // one for each instance
	Broadcast bool
	Hosts     int32
}

func (n *PlanNode) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I32):
			n.ID = d.i32()
		case d.is(2, thrift.I32):
			n.Fragment = d.i32()
		case d.is(3, thrift.STRING):
			n.Label = d.text()
		case d.is(4, thrift.STRING):
			n.Detail = d.text()
		case d.is(5, thrift.I32):
			n.Children = d.i32()
		case d.is(6, thrift.STRUCT):
			n.Estimated = new(NodeStats)
			n.Estimated.read(d)
		case d.is(7, thrift.LIST):
			for count := d.nodes(); count > 0 && d.err == nil; count-- {
				var s NodeStats
				s.read(d)
				n.Stats = append(n.Stats, s)
			}
		case d.is(8, thrift.BOOL):
			n.Broadcast = d.boolean()
		case d.is(9, thrift.I32):
			n.Hosts = d.i32()
		default:
			d.skip()
		}
	}
}

func (n *PlanNode) write(e *encoder) {
	e.i32(1, n.ID)
	e.i32(2, n.Fragment)
	e.text(3, n.Label)
	e.text(4, n.Detail) // sent even when it is empty: impala-shell prints None for what is missing
	e.i32(5, n.Children)
	if n.Estimated != nil {
		e.begin(6)
		n.Estimated.write(e)
	}
	if len(n.Stats) > 0 {
		e.list(7, thrift.STRUCT, len(n.Stats))
		for i := range n.Stats {
			n.Stats[i].write(e)
		}
	}
	e.boolean(8, n.Broadcast)
	e.i32(9, n.Hosts)
	e.stop()
}

// NodeStats is TExecStats. What was not measured is -1 in Impala's messages.
type NodeStats struct {
	LatencyNanos int64
	CPUNanos     int64
	Rows         int64 // cardinality
	MemoryBytes  int64
}

func (s *NodeStats) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I64):
			s.LatencyNanos = d.i64()
		case d.is(2, thrift.I64):
			s.CPUNanos = d.i64()
		case d.is(3, thrift.I64):
			s.Rows = d.i64()
		case d.is(4, thrift.I64):
			s.MemoryBytes = d.i64()
		default:
			d.skip()
		}
	}
}

func (s *NodeStats) write(e *encoder) {
	for i, v := range []int64{s.LatencyNanos, s.CPUNanos, s.Rows, s.MemoryBytes} {
		e.i64(int16(i+1), v)
	}
	e.stop()
}

// The nodes of a plan, the instances of a node, and all of them together are bounded, since
// each takes far more memory than the few bytes that announce it.
const (
	maxNodes     = 1 << 14
	maxInstances = 1 << 20 // 1000 nodes on 1000 hosts
)

func (d *decoder) nodes() int {
	n := d.list(thrift.STRUCT)
	if d.planned += n; n > maxNodes || d.planned > maxInstances {
		d.err = fmt.Errorf("%w: a plan of %d nodes or instances", ErrMalformed, max(n, d.planned))
		return 0
	}
	return n
}
