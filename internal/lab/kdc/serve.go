package kdc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
)

const (
	maxRequest  = 64 << 10
	idleTimeout = 30 * time.Second
)

// Listen opens one free port on loopback for TCP and UDP, as clients expect it.
func Listen() (net.Listener, net.PacketConn, error) {
	var last error
	for range 20 { // the port that TCP gets may be taken for UDP
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, p, nil
		}
		l.Close()
		last = err
	}
	return nil, nil, last
}

// Serve answers requests until the context ends, then closes listener, packets and all
// connections, and returns when nothing is under way any more. Either listener or
// packets may be nil.
func (k *KDC) Serve(ctx context.Context, listener net.Listener, packets net.PacketConn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var failures [2]error
	if listener != nil {
		defer context.AfterFunc(ctx, func() { listener.Close() })()
		wg.Go(func() {
			defer cancel()
			failures[0] = k.serveTCP(ctx, listener)
		})
	}
	if packets != nil {
		defer context.AfterFunc(ctx, func() { packets.Close() })()
		wg.Go(func() {
			defer cancel()
			failures[1] = k.serveUDP(packets)
		})
	}
	if listener == nil && packets == nil {
		return nil
	}
	<-ctx.Done()
	wg.Wait()
	for i, err := range failures {
		if errors.Is(err, net.ErrClosed) {
			failures[i] = nil
		}
	}
	return errors.Join(failures[:]...)
}

func (k *KDC) serveTCP(ctx context.Context, l net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		wg.Go(func() { k.ServeConn(ctx, conn) })
	}
}

// ServeConn answers the requests of one connection, each behind its length (RFC 4120
// section 7.2.2), until the client or the context ends it.
func (k *KDC) ServeConn(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	request := make([]byte, 0, 2048)
	for {
		if conn.SetDeadline(time.Now().Add(idleTimeout)) != nil {
			return
		}
		var head [4]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(head[:])
		tooLong := n > maxRequest
		var reply []byte
		if tooLong {
			reply = k.krbError(refuse(errorcode.KRB_ERR_FIELD_TOOLONG, "the request is too long"))
		} else {
			request = append(request[:0], make([]byte, n)...)
			if _, err := io.ReadFull(conn, request); err != nil {
				return
			}
			reply = k.Handle(request)
		}
		framed := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(reply)), uint32(len(reply)))
		if _, err := conn.Write(append(framed, reply...)); err != nil || tooLong {
			return
		}
	}
}

func (k *KDC) serveUDP(packets net.PacketConn) error {
	buf := make([]byte, maxRequest)
	for {
		n, from, err := packets.ReadFrom(buf)
		if err != nil {
			return err
		}
		reply := k.Handle(buf[:n])
		if len(reply) > k.opts.MaxUDP {
			reply = k.krbError(refuse(errorcode.KRB_ERR_RESPONSE_TOO_BIG, "ask again by TCP"))
		}
		if _, err := packets.WriteTo(reply, from); err != nil {
			k.log.Debug("reply not sent", "to", from.String(), "reason", err.Error())
		}
	}
}
