package pipenet

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// conn is one end of a connection.
type conn struct {
	in, out       *stream
	local, remote *net.TCPAddr
	network       *Network // that counts the connection, at the server's end; or nil
}

// connect makes the two ends of a connection.
func connect(n *Network, client, server *net.TCPAddr) (ours, theirs *conn) {
	there, back := newStream(), newStream()
	return &conn{in: back, out: there, local: client, remote: server},
		&conn{in: there, out: back, local: server, remote: client, network: n}
}

// Read reads what has arrived.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.readInto(p)
	return n, c.failure("read", err)
}

// Write hands over all bytes, and waits while the peer is far behind.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.failure("write", err)
}

// Close ends both directions. What was written still arrives.
func (c *conn) Close() error {
	if c.network != nil {
		c.network.mu.Lock()
		delete(c.network.conns, c)
		c.network.mu.Unlock()
	}
	c.out.endWriting()
	if !c.in.endReading() {
		return c.failure("close", net.ErrClosed)
	}
	return nil
}

// CloseWrite ends the direction to the peer, who reads the end when all has arrived.
func (c *conn) CloseWrite() error {
	if !c.out.endWriting() {
		return c.failure("close", net.ErrClosed)
	}
	return nil
}

// reset loses what is under way. Both ends fail from now on.
func (c *conn) reset() {
	c.in.reset()
	c.out.reset()
}

// LocalAddr is a *net.TCPAddr on loopback.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is a *net.TCPAddr on loopback.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; the zero time is none.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets when reads fail.
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.failure("set", c.in.setDeadline(&c.in.reading, t))
}

// SetWriteDeadline sets when writes fail.
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.failure("set", c.out.setDeadline(&c.out.writing, t))
}

// failure makes of an error what package net makes of it.
func (c *conn) failure(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
		err = os.NewSyscallError(op, err)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
