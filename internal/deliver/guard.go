package deliver

import (
	"errors"
	"net"
	"time"
)

// maxAnswer is how much a server may say in one step. An answer has some hundred bytes,
// a chain of certificates some thousand.
const maxAnswer = 128 << 10

var errFlood = errors.New("the answer does not end")

// guard is a connection that bounds each step: by an absolute deadline, which trickling
// bytes do not move, and by the bytes that are read. The SMTP library would read lines
// and answers of any length.
type guard struct {
	net.Conn
	left int // bytes that may still be read in this step
}

// step allows one more step.
func (g *guard) step(timeout time.Duration) error {
	g.left = maxAnswer
	return g.SetDeadline(time.Now().Add(timeout))
}

func (g *guard) Read(p []byte) (int, error) {
	if g.left == 0 {
		return 0, errFlood
	}
	n, err := g.Conn.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}
