package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The batches that are replayed: ten columns, 133 bytes a row on average, lengths of texts included.
const (
	batchRows   = 8192
	batchCount  = 8 // different ones, so that no branch predictor learns the lengths
	batchMethod = "FetchResults"
	batchSeq    = 7
)

var batchKinds = []Kind{KindString, KindString, KindString, KindString, KindDouble, KindDouble, KindDouble, KindDouble, KindI64, KindI16}

// batches are the replies that are replayed in turn, equal in every process.
func batches() (replies [][]byte, err error) {
	random := rand.New(rand.NewPCG(1, 2))
	for range batchCount {
		m := &FetchResultsResp{HasResults: true, HasMoreRows: true}
		for column, kind := range batchKinds {
			m.Build = append(m.Build, randomColumn(random, kind, column == 0))
		}
		var out bytes.Buffer
		err = errors.Join(err, NewCodec(stream{Writer: &out}, 0).WriteReply(batchMethod, batchSeq, m))
		replies = append(replies, out.Bytes())
	}
	return replies, err
}

// randomColumn has texts of 36 bytes, as an id is long, or of 4 to 22.
func randomColumn(random *rand.Rand, kind Kind, ids bool) ColumnBuilder {
	b := ColumnBuilder{Kind: kind}
	text := strings.Repeat("0123456789abcdef", 3)
	for range batchRows {
		switch {
		case ids:
			b.Text(text[:36])
		case kind == KindString:
			b.Text(text[:4+random.IntN(19)])
		case kind == KindDouble && random.IntN(100) == 0:
			b.Null()
		case kind == KindDouble:
			b.Float(random.Float64())
		default:
			b.Int(random.Int64())
		}
	}
	return b
}

// replayVariable is set in the process that serves batches instead of running tests.
const replayVariable = "QOSREPORT_TEST_REPLAY"

func TestMain(m *testing.M) {
	if os.Getenv(replayVariable) == "" {
		os.Exit(m.Run())
	}
	if err := serveReplay(); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

// serveReplay prints its address and serves one connection.
func serveReplay() error {
	replies, err := batches()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	fmt.Println(l.Addr())
	nc, err := l.Accept()
	if err != nil {
		return err
	}
	defer nc.Close()
	return answerOrders(nc, replies)
}

// answerOrders sends as many batches as each four bytes ask for, as fast as the socket
// takes them.
func answerOrders(nc net.Conn, replies [][]byte) error {
	for next := 0; ; {
		nc.SetDeadline(time.Now().Add(time.Minute))
		var count uint32
		if err := binary.Read(nc, binary.BigEndian, &count); err != nil {
			return nil // the benchmark has ended
		}
		for range count {
			if _, err := nc.Write(replies[next]); err != nil {
				return nil // it ended within a round
			}
			next = (next + 1) % len(replies)
		}
	}
}

// replay is a connection to a replay server.
type replay struct {
	b      *testing.B
	conn   net.Conn
	sizes  []int  // of the batches
	buffer []byte // as long as the longest of them
	next   int
}

// dialReplay starts the server in a process of its own, which shares neither a scheduler
// nor a heap with what is measured.
func dialReplay(b *testing.B) *replay {
	b.Helper()
	replies, err := batches()
	if err != nil {
		b.Fatal(err)
	}
	r := &replay{b: b}
	for _, reply := range replies {
		r.sizes = append(r.sizes, len(reply))
		r.buffer = make([]byte, max(len(r.buffer), len(reply)))
	}
	server := exec.CommandContext(b.Context(), os.Args[0]) // killed when the benchmark ends
	server.Env = append(os.Environ(), replayVariable+"=1")
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	r.conn, err = net.DialTimeout("tcp", strings.TrimSpace(addr), 10*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.conn.Close() })
	return r
}

// order asks for batches, the first in turn first. All must be read before the next order.
func (r *replay) order(count int) {
	r.conn.SetDeadline(time.Now().Add(time.Minute))
	if err := binary.Write(r.conn, binary.BigEndian, uint32(count)); err != nil {
		r.b.Fatal(err)
	}
	r.next = 0
}

// readBare reads the next batch into the one buffer and looks at nothing.
func (r *replay) readBare() {
	if _, err := io.ReadFull(r.conn, r.buffer[:r.sizes[r.next]]); err != nil {
		r.b.Fatal(err)
	}
	r.next = (r.next + 1) % len(r.sizes)
}
