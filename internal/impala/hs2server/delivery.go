package hs2server

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// Delivery is how a reply goes out. The zero value sends it as Impala does. The others
// are what networks and balancers do to a reply, which a client must bear or notice.
type Delivery struct {
	Piece  int  // most bytes of a write and of a frame; 0 means whole replies and frames of 128 KiB
	Empty  bool // send an empty frame before each frame; only behind a login
	Stop   int  // stop after so many bytes of the message; 0 sends it whole
	HangUp bool // close the connection there; else be silent until the client goes
}

// deliverer sends replies as planned for each.
type deliverer struct {
	io.ReadWriter
	conn   net.Conn
	framed bool
	next   Delivery
}

var errStopped = errors.New("stopped in the middle of a reply, as told")

func (d *deliverer) plan(next Delivery) { d.next = next }

// Write sends one reply, since a codec writes each at once.
func (d *deliverer) Write(p []byte) (int, error) {
	plan := d.next
	if plan == (Delivery{}) {
		return d.ReadWriter.Write(p)
	}
	whole := len(p)
	if plan.Stop > 0 && plan.Stop < len(p) {
		p = p[:plan.Stop]
	}
	if plan.Piece <= 0 {
		plan.Piece = len(p)
	}
	for rest := p; len(rest) > 0; {
		piece := rest[:min(len(rest), plan.Piece)]
		rest = rest[len(piece):]
		if plan.Empty && d.framed {
			if _, err := d.conn.Write(make([]byte, frameHead)); err != nil {
				return 0, err
			}
		}
		if _, err := d.ReadWriter.Write(piece); err != nil {
			return 0, err
		}
	}
	if len(p) == whole {
		return whole, nil
	}
	if !plan.HangUp {
		io.Copy(io.Discard, d.conn) // until the client goes, or the deadline of the call
	}
	return len(p), errStopped
}

// frameHead is the length of a frame's length.
const frameHead = 4

// heads sends the length of each frame in a write of its own, as TSaslTransport does. A
// client that expects both from one read fails here as it would there.
type heads struct{ net.Conn }

func (h heads) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if _, err := h.Conn.Write(rest[:frameHead]); err != nil {
			return 0, err
		}
		n := int(binary.BigEndian.Uint32(rest))
		if _, err := h.Conn.Write(rest[frameHead : frameHead+n]); err != nil {
			return 0, err
		}
		rest = rest[frameHead+n:]
	}
	return len(p), nil
}
