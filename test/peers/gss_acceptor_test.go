//go:build peers

package peers

import (
	"bufio"
	"bytes"
	"cmp"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
)

// gssAcceptor is a running acceptor of the folder acceptors, or ours.
type gssAcceptor struct {
	name, addr string
}

// gssMakes are how to build the acceptors that others' libraries serve.
var gssMakes = map[string]string{
	"MIT":     "gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o $OUT/MIT acceptors/gss.c $(krb5-config --cflags --libs gssapi)",
	"Heimdal": "gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o $OUT/Heimdal acceptors/gss.c $(krb5-config.heimdal --cflags --libs gssapi)",
	"Cyrus":   "gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o $OUT/Cyrus acceptors/cyrus.c -lsasl2",
	"Java":    "javac -Xlint:all -d $OUT acceptors/JavaAcceptor.java",
}

// startGSSAcceptor builds and starts one, with the keys of a keytab and a krb5.conf.
func startGSSAcceptor(t *testing.T, name, conf, keytab string) gssAcceptor {
	t.Helper()
	dir := folder(t)
	if out, err := tool(t, []string{"OUT=" + dir}, "bash", "-ec", gssMakes[name]); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	args := []string{filepath.Join(dir, name)}
	if name == "Java" {
		args = []string{"java", "-Djava.security.krb5.conf=" + conf, "-cp", dir, "JavaAcceptor", keytab}
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+conf, "KRB5_KTNAME=FILE:"+keytab, "KRB5RCACHEDIR="+dir)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%s does not say its port: %v\n%s", name, err, read(t, log.Name()))
	}
	return gssAcceptor{name, "127.0.0.1:" + strings.TrimSpace(port)}
}

// startOurs serves the same from this process.
func startOurs(t *testing.T, keytab string) gssAcceptor {
	t.Helper()
	keys, err := krb5.ParseKeytab(read(t, keytab))
	if err != nil {
		t.Fatal(err)
	}
	a, err := acceptor.New(acceptor.Options{Keys: keys, RC4: true})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if err := serveOurs(a, &frames{Conn: conn}); err != nil {
					(&frames{Conn: conn}).write(isWords, []byte(err.Error()))
				}
			}()
		}
	}()
	return gssAcceptor{"ours", listener.Addr().String()}
}

func serveOurs(a *acceptor.Acceptor, f *frames) error {
	first, err := f.read()
	if err != nil {
		return err
	}
	var service string
	var offer acceptor.SASL
	if _, err := fmt.Sscan(string(first), &service, &offer.Layers, &offer.MaxToken); err != nil {
		return err
	}
	if offer.Layers == 0 {
		return negotiateOurs(a, f)
	}
	server := a.NewServer(offer)
	for done := false; !done; {
		token, err := f.read()
		if err != nil {
			return err
		}
		if token, done, err = server.Step(token); err != nil {
			return err
		}
		if !done {
			if err := f.write(0, token); err != nil {
				return err
			}
		}
	}
	if err := f.write(0, fmt.Appendf(nil, "%s %d", server.Client(), server.Layer())); err != nil {
		return err
	}
	for {
		message, err := f.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && server.Layer() != acceptor.Auth {
			if message, err = server.Unwrap(message); err == nil {
				message, err = server.Wrap(nil, message)
			}
		}
		if err != nil {
			return err
		}
		if err := f.write(0, message); err != nil {
			return err
		}
	}
}

// isWords marks the length of a frame with the words of an acceptor that refuses something.
const isWords = 1 << 31

// acceptorSays are those words.
type acceptorSays string

func (a acceptorSays) Error() string { return string(a) }

// frames are what acceptors/frames.h describes.
type frames struct {
	net.Conn
	in, out []byte
}

func (f *frames) write(mark uint32, payload []byte) error {
	f.out = endian.BigEndian.AppendUint32(f.out[:0], uint32(len(payload))|mark)
	f.out = append(f.out, payload...)
	_, err := f.Write(f.out)
	return err
}

// read returns bytes that are valid until the next call.
func (f *frames) read() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return nil, err
	}
	n := endian.BigEndian.Uint32(head[:])
	length := int(n &^ isWords)
	if length > 32<<20 {
		return nil, fmt.Errorf("a frame of %d bytes", length)
	}
	if cap(f.in) < length {
		f.in = make([]byte, length)
	}
	f.in = f.in[:length]
	if _, err := io.ReadFull(f, f.in); err != nil {
		return nil, err
	}
	if n&isWords != 0 {
		return nil, acceptorSays(f.in)
	}
	return f.in, nil
}

// gssLogin is a login of ours at an acceptor.
type gssLogin struct {
	*frames
	sasl    *kerberos.SASL
	welcome string // the client and the layer, as the acceptor has them
	sent    int    // bytes of the last token
	header  []byte // of the last token that came
}

// gssOffer is what an acceptor is told to offer.
type gssOffer struct {
	service string
	layers  byte
	most    int
}

// login dials and logs in. The error may be what the acceptor says.
func (a gssAcceptor) login(t *testing.T, c *kerberos.Creds, offer gssOffer, qop kerberos.QOP) (*gssLogin, error) {
	t.Helper()
	sasl, err := c.NewSASL(t.Context(), kerberos.SASLOptions{Service: offer.service, Host: "localhost", QOP: qop})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { sasl.Close() })
	conn, err := net.DialTimeout("tcp", a.addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	l := &gssLogin{frames: &frames{Conn: conn}, sasl: sasl}
	if err := l.shake(offer); err != nil {
		conn.Close() // acceptors serve one at a time
		return nil, err
	}
	return l, nil
}

func (l *gssLogin) shake(offer gssOffer) error {
	if err := l.write(0, fmt.Appendf(nil, "%s %d %d", offer.service, offer.layers, offer.most)); err != nil {
		return err
	}
	var challenge []byte
	for {
		answer, err := l.sasl.Step(challenge)
		if err != nil {
			return err
		}
		if err := l.write(0, answer); err != nil {
			return err
		}
		if challenge, err = l.read(); err != nil {
			return err
		}
		if l.sasl.Done() {
			l.welcome = string(challenge)
			return nil
		}
	}
}

// echo sends a message in as many frames as it takes, while it reads what comes back.
func (l *gssLogin) echo(message []byte) error {
	l.SetDeadline(time.Now().Add(20 * time.Second))
	sent := make(chan error, 1)
	go func() { sent <- l.send(message) }()
	err := l.receive(message)
	if err != nil {
		l.SetDeadline(time.Now().Add(time.Second)) // the sender is not waited for any longer
	}
	return errors.Join(err, <-sent)
}

// gssChunk is the most bytes of a frame where no layer says less.
const gssChunk = 64 << 10

func (l *gssLogin) send(message []byte) error {
	chunk := min(cmp.Or(l.sasl.Chunk(), gssChunk), gssChunk)
	var token []byte
	for {
		part := message[:min(len(message), chunk)]
		message = message[len(part):]
		token = append(token[:0], part...)
		if l.sasl.Chunk() > 0 {
			var err error
			if token, err = l.sasl.Wrap(token[:0], part); err != nil {
				return err
			}
		}
		l.sent = len(token)
		if err := l.write(0, token); err != nil || len(message) == 0 {
			return err
		}
	}
}

func (l *gssLogin) receive(message []byte) error {
	for {
		token, err := l.read()
		if err != nil {
			return err
		}
		l.header = append(l.header[:0], token[:min(len(token), 16)]...)
		plain := token
		if l.sasl.Chunk() > 0 {
			if plain, err = l.sasl.Unwrap(token); err != nil {
				return err
			}
		}
		if !bytes.HasPrefix(message, plain) {
			return fmt.Errorf("%d other bytes come back with %d left", len(plain), len(message))
		}
		if message = message[len(plain):]; len(message) == 0 {
			return nil
		}
	}
}
