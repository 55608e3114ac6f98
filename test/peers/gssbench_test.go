//go:build peers

package peers

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"
)

// BenchmarkGSSAgainstMIT is how long MIT's library in C takes for a token over how long we
// take, in rounds that alternate. Both ends are in one process, and the tokens of a round go
// from one end to the other.
func BenchmarkGSSAgainstMIT(b *testing.B) {
	dir := b.TempDir()
	build := "gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o $OUT/mit gssbench/mit.c $(krb5-config --cflags --libs gssapi)"
	if out, err := tool(b, []string{"OUT=" + dir}, "bash", "-ec", build); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	r := startRealm(b, "report")
	env := []string{"KRB5CCNAME=FILE:" + filepath.Join(dir, "cc")}
	r.mit(b, env, "kinit", "-kt", r.keytab("report"), "report")
	for _, id := range krb5.EnctypeFamily("aes") {
		service := fmt.Sprintf("%s/localhost", gssService(id))
		script(b, []string{"KDC_ENCTYPES=" + krb5.EnctypeName(id) + ":normal"}, "kdc.sh", "add", r.dir, service)
		script(b, nil, "kdc.sh", "session", r.dir, service, krb5.EnctypeName(id))
		r.mit(b, env, "kvno", service)
		b.Run(krb5.EnctypeName(id), func(b *testing.B) {
			theirs := r.startMITContext(b, filepath.Join(dir, "mit"), env, id)
			for _, sealed := range []bool{true, false} {
				for _, size := range []int{4 << 10, 64 << 10} {
					b.Run(fmt.Sprintf("sealed=%v/%dKiB", sealed, size>>10), func(b *testing.B) {
						compareTokens(b, theirs, newGSSPair(b, id, sealed, size))
					})
				}
			}
		})
	}
}

// roundBytes is how much a round wraps: little, so that most rounds are not interrupted.
const roundBytes = 64 << 10

// compareTokens reports how fast our tokens are, and how much faster than theirs.
func compareTokens(b *testing.B, theirs *mitContext, ours *gssPair) {
	var wraps, unwraps [2][]time.Duration
	for b.Loop() {
		for side, round := range []func(*testing.B) (time.Duration, time.Duration){
			func(b *testing.B) (time.Duration, time.Duration) { return theirs.round(b, ours) },
			ours.round,
		} {
			wrap, unwrap := round(b)
			wraps[side], unwraps[side] = append(wraps[side], wrap), append(unwraps[side], unwrap)
		}
	}
	b.ReportMetric(0, "ns/op")
	for what, took := range map[string]*[2][]time.Duration{"wrap": &wraps, "unwrap": &unwraps} {
		mits, own := undisturbed(took[0]), undisturbed(took[1])
		b.ReportMetric(float64(mits)/float64(own), what+"-x-MIT")
		b.ReportMetric(roundBytes/own.Seconds()/1e6, what+"-MB/s")
	}
}

// undisturbed is what the fastest tenth of the rounds take at most. Other work on the machine
// makes rounds slower, and long ones more often than short ones, which the median would show.
func undisturbed(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/10]
}

// mitContext is a running gssbench/mit.c.
type mitContext struct {
	in  io.Writer
	out *bufio.Reader
}

// startMITContext lets the program use one encryption type alone: two ends of MIT's library
// agree on the best that both permit (RFC 4537), whatever the ticket's is.
func (r *realm) startMITContext(b *testing.B, program string, env []string, id int32) *mitContext {
	b.Helper()
	conf := filepath.Join(b.TempDir(), "krb5.conf")
	text := strings.Replace(string(read(b, r.conf())), "[libdefaults]\n", "[libdefaults]\n    permitted_enctypes = "+krb5.EnctypeName(id)+"\n", 1)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, gssService(id)+"@localhost")
	cmd.Env = append(append(os.Environ(), env...), "KRB5_CONFIG="+conf, "KRB5RCACHEDIR="+filepath.Dir(conf),
		"KRB5_KTNAME=FILE:"+r.keytab(gssService(id)+"/localhost"))
	var words bytes.Buffer
	cmd.Stderr = &words
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			b.Errorf("MIT's context: %v: %s", err, words.String())
		}
	})
	c := &mitContext{in, bufio.NewReader(out)}
	var key int32
	if _, err := fmt.Fscanln(c.out, &key); err != nil || key != id {
		b.Fatalf("MIT's key is of type %d, not %d: %v", key, id, err)
	}
	return c
}

// round has as many tokens of the same size as one of ours.
func (c *mitContext) round(b *testing.B, like *gssPair) (wrap, unwrap time.Duration) {
	sealed := 0
	if like.sealed {
		sealed = 1
	}
	if _, err := fmt.Fprintln(c.in, sealed, len(like.message), len(like.tokens)); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Fscanln(c.out, &wrap, &unwrap); err != nil {
		b.Fatal(err)
	}
	return wrap, unwrap
}

// gssPair are both ends of one direction of a context of ours.
type gssPair struct {
	out     *krb5.Wrapper
	in      *krb5.Unwrapper
	sealed  bool
	message []byte
	tokens  [][]byte
	plains  [][]byte
}

func newGSSPair(b *testing.B, id int32, sealed bool, size int) *gssPair {
	b.Helper()
	key, err := krb5.NewKey(id, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	stream := krb5.Stream{Key: key, AcceptorSubkey: true}
	p := &gssPair{sealed: sealed, message: make([]byte, size), tokens: make([][]byte, roundBytes/size), plains: make([][]byte, roundBytes/size)}
	if p.out, err = krb5.NewWrapper(stream, rand.Reader); err != nil {
		b.Fatal(err)
	}
	if p.in, err = krb5.NewUnwrapper(stream); err != nil {
		b.Fatal(err)
	}
	rand.Read(p.message)
	return p
}

func (p *gssPair) round(b *testing.B) (wrap, unwrap time.Duration) {
	began := time.Now()
	for i := range p.tokens {
		var err error
		if p.tokens[i], err = p.out.Wrap(p.tokens[i][:0], p.message, p.sealed); err != nil {
			b.Fatal(err)
		}
	}
	wrapped := time.Now()
	for i, token := range p.tokens {
		var sealed bool
		var err error
		if p.plains[i], sealed, err = p.in.Unwrap(token); err != nil || sealed != p.sealed {
			b.Fatal(sealed, err)
		}
	}
	wrap, unwrap = wrapped.Sub(began), time.Since(wrapped)
	for _, plain := range p.plains {
		if !bytes.Equal(plain, p.message) {
			b.Fatal("another message came out")
		}
	}
	return wrap, unwrap
}
