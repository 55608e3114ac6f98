package kdc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
)

func TestFilesForClients(t *testing.T) {
	u := newUser(t, Options{})
	path := t.TempDir() + "/report.keytab"
	u.must(u.kdc.WriteKeytab(path, "report", "impala/host"))
	info, err := os.Stat(path)
	u.must(err)
	data, err := os.ReadFile(path)
	u.must(err)
	entries, err := krb5.ParseKeytab(data)
	if err != nil || len(entries) != 4 || info.Mode().Perm() != 0o600 {
		t.Errorf("got %d entries of mode %v, %v", len(entries), info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("%d files where one is due, %v", len(files), err)
	}
	if err := u.kdc.WriteKeytab(t.TempDir()+"/no/such/dir", "report"); err == nil {
		t.Error("a keytab in no directory")
	}
	conf := u.kdc.Conf([]string{"127.0.0.1:88", "127.0.0.1:89"}, "localhost")
	for _, line := range []string{"default_realm = EXAMPLE.COM", "kdc = 127.0.0.1:88", "kdc = 127.0.0.1:89", "localhost = EXAMPLE.COM"} {
		if !strings.Contains(conf, line+"\n") {
			t.Errorf("%q is missing", line)
		}
	}
}

func TestServe(t *testing.T) {
	u := newUser(t, Options{Now: time.Now, MaxUDP: 300})
	listener, packets, err := Listen()
	u.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- u.kdc.Serve(ctx, listener, packets) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	u.must(err)
	defer conn.Close()
	ask := func(request []byte) byte {
		u.must(conn.SetDeadline(time.Now().Add(10 * time.Second)))
		_, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...))
		u.must(err)
		var head [4]byte
		_, err = io.ReadFull(conn, head[:])
		u.must(err)
		reply := make([]byte, binary.BigEndian.Uint32(head[:]))
		_, err = io.ReadFull(conn, reply)
		u.must(err)
		return reply[0]
	}
	if first, second := ask([]byte("garbage")), ask(nil); first != 0x7e || second != 0x7e {
		t.Errorf("got %x, %x", first, second)
	}

	u.body.Till = time.Now().Add(time.Hour).UTC()
	req := messages.ASReq{KDCReqFields: messages.KDCReqFields{PVNO: 5, MsgType: 10, PAData: u.proof(time.Now().UTC()), ReqBody: u.body}}
	b, err := req.Marshal()
	u.must(err)
	if first := ask(b); first != 0x6b {
		t.Errorf("a login gets %x", first)
	}
	udp, err := net.Dial("udp", packets.LocalAddr().String())
	u.must(err)
	defer udp.Close()
	u.must(udp.SetDeadline(time.Now().Add(10 * time.Second)))
	_, err = udp.Write(b)
	u.must(err)
	reply := make([]byte, 4096)
	n, err := udp.Read(reply)
	u.must(err)
	if e := u.krbError(reply[:n]); e == nil || e.ErrorCode != errorcode.KRB_ERR_RESPONSE_TOO_BIG {
		t.Errorf("a long reply by UDP: %v", e)
	}

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if _, err := conn.Read(reply); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still there: %v", err)
	}
}

func TestRequestThatIsTooLong(t *testing.T) {
	u := newUser(t, Options{})
	ours, theirs := net.Pipe()
	go u.kdc.ServeConn(t.Context(), theirs)
	_, err := ours.Write([]byte{0x7f, 0xff, 0xff, 0xff})
	u.must(err)
	reply, err := io.ReadAll(ours)
	u.must(err)
	if e := u.krbError(reply[4:]); e == nil || e.ErrorCode != errorcode.KRB_ERR_FIELD_TOOLONG {
		t.Errorf("got %v", e)
	}
}
