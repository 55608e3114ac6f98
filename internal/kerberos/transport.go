package kerberos

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
)

const (
	maxReply    = 1 << 20
	maxDatagram = 1 << 16
	resendAfter = time.Second
)

var (
	errReplySize = errors.New("announced a reply that is too long")
	errReplyKind = errors.New("answered with something that is not Kerberos")
	errTooBig    = errors.New("has a reply that is too long for UDP, and refuses TCP")
	errNoService = errors.New("said that the service is not available")
)

// connect dials a KDC. The connection ends with the context, and after the time for an
// answer; the caller closes it with release.
func (k *kdcs) connect(ctx context.Context, network, addr string) (conn net.Conn, release func(), err error) {
	dialing, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err = k.dial(dialing, network, addr)
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		conn.Close()
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return conn, func() { stop(); conn.Close() }, nil
}

// askTCP sends a request behind its length and reads the reply behind its own
// (RFC 4120 section 7.2.2). Memory grows as bytes arrive, whatever length is announced.
func (k *kdcs) askTCP(ctx context.Context, addr string, request []byte) ([]byte, error) {
	conn, release, err := k.connect(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer release()
	framed := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(request)), uint32(len(request)))
	if _, err := conn.Write(append(framed, request...)); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxReply {
		return nil, errReplySize
	}
	var reply bytes.Buffer
	if _, err := io.CopyN(&reply, conn, int64(n)); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return reply.Bytes(), nil
}

// askUDP sends a request as a datagram, and again while nothing comes back: once where
// care is due, since the first one may have been counted.
func (k *kdcs) askUDP(ctx context.Context, addr string, q question) ([]byte, error) {
	conn, release, err := k.connect(ctx, "udp", addr)
	if err != nil {
		return nil, err
	}
	defer release()
	wait := resendAfter
	if q.care {
		wait = answerTimeout
	}
	reply := make([]byte, maxDatagram)
	for end := time.Now().Add(answerTimeout); ; {
		if _, err := conn.Write(q.request); err != nil {
			return nil, err
		}
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return nil, err
		}
		n, err := conn.Read(reply)
		if err == nil {
			return reply[:n], nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || !time.Now().Before(end) {
			return nil, err
		}
	}
}

// The first bytes of the three answers that a KDC gives (RFC 4120 section 5.10).
const (
	tagASRep    = 0x6b
	tagTGSRep   = 0x6d
	tagKRBError = 0x7e
)

// checkReply sorts out what is no answer of a KDC that works.
func checkReply(reply []byte) error {
	if len(reply) == 0 || reply[0] != tagASRep && reply[0] != tagTGSRep && reply[0] != tagKRBError {
		return errReplyKind
	}
	if errorCode(reply) == errorcode.KDC_ERR_SVC_UNAVAILABLE {
		return errNoService
	}
	return nil
}

// errorCode is the code of a reply that is a KRB-ERROR, or 0.
func errorCode(reply []byte) int32 {
	if len(reply) == 0 || reply[0] != tagKRBError {
		return errorcode.KDC_ERR_NONE
	}
	e, err := parseKRBError(reply)
	if err != nil {
		return errorcode.KDC_ERR_NONE
	}
	return e.ErrorCode
}

func parseKRBError(reply []byte) (*messages.KRBError, error) {
	e := new(messages.KRBError)
	if err := krb5.Guard("KRB-ERROR", func() error { return e.Unmarshal(reply) }); err != nil {
		return nil, err
	}
	return e, nil
}

// reason is why an attempt failed, in a word or two.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "name not found"
	case errors.As(err, &dns):
		return "name cannot be looked up"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "closed the connection in the middle of its answer"
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET):
		return "closed the connection"
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}
