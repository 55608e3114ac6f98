package krb5

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"fmt"
	"slices"
	"testing"
	"time"
)

// contest is the same work done in two ways, in rounds that alternate.
type contest struct {
	prepare      func() // before our round, and not timed
	ours, theirs func() error
}

// run reports how often our time goes into that of the others. It is what the fastest tenth
// of the rounds take at most: other work on the machine makes rounds slower, and long ones
// more often than short ones.
func (c contest) run(b *testing.B, unit string, bytes int) {
	var ours, theirs []time.Duration
	timed := func(work func() error) time.Duration {
		began := time.Now()
		if err := work(); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for b.Loop() {
		c.prepare()
		ours = append(ours, timed(c.ours))
		theirs = append(theirs, timed(c.theirs))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	own := ours[len(ours)/10]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(theirs[len(theirs)/10])/float64(own), unit)
	b.ReportMetric(float64(bytes)/own.Seconds()/1e6, "MB/s")
}

// tokens are those of one round, with a pair for it.
type tokens struct {
	w       *Wrapper
	u       *Unwrapper
	sealed  bool
	message []byte
	all     [][]byte
}

// A round is short, so that other work on the machine seldom comes into one.
const (
	mostBytes  = 64 << 10
	mostTokens = 32
)

func newTokens(b *testing.B, id int32, sealed bool, size int) *tokens {
	b.Helper()
	t := &tokens{sealed: sealed, message: make([]byte, size), all: make([][]byte, min(mostBytes/size, mostTokens))}
	t.w, t.u = pair(b, id, false)
	return t
}

func (t *tokens) wrap() (err error) {
	for i := range t.all {
		if t.all[i], err = t.w.Wrap(t.all[i][:0], t.message, t.sealed); err != nil {
			return err
		}
	}
	return nil
}

func (t *tokens) unwrap() error {
	for _, token := range t.all {
		if _, _, err := t.u.Unwrap(token); err != nil {
			return err
		}
	}
	return nil
}

// each does something as often as there are tokens.
func (t *tokens) each(work func() error) func() error {
	return func() error {
		for range t.all {
			if err := work(); err != nil {
				return err
			}
		}
		return nil
	}
}

// BenchmarkAgainstLibrary is how long the functions of the messages' library take for what
// is in a token, over how long the token takes. Theirs derive the keys each time.
func BenchmarkAgainstLibrary(b *testing.B) {
	for _, id := range SupportedEnctypes() {
		et, key := librarysType(b, id), make([]byte, enctypeOf(b, id).KeyBytes)
		for _, size := range []int{64, 4 << 10, mostBytes} {
			run := func(name string, sealed bool, theirs func() error, unwrap bool) {
				b.Run(fmt.Sprintf("%s/%s/%d", EnctypeName(id), name, size), func(b *testing.B) {
					t := newTokens(b, id, sealed, size)
					c := contest{func() {}, t.wrap, t.each(theirs)}
					if unwrap {
						c.prepare, c.ours = func() { t.wrap() }, t.unwrap
					}
					c.run(b, "x-library", len(t.all)*size)
				})
			}
			message := make([]byte, size+headerBytes) // what is sealed with AES
			_, sealed, err := et.EncryptMessage(key, message, usageInitiatorSeal)
			if err != nil {
				b.Fatal(err)
			}
			run("seal", true, func() error { _, _, err := et.EncryptMessage(key, message, usageInitiatorSeal); return err }, false)
			run("open", true, func() error { _, err := et.DecryptMessage(key, sealed, usageInitiatorSeal); return err }, true)
			run("sign", false, func() error { _, err := et.GetChecksumHash(key, message, usageInitiatorSeal); return err }, false)
			run("verify", false, func() error { _, err := et.GetChecksumHash(key, message, usageInitiatorSeal); return err }, true)
		}
	}
}

// BenchmarkAgainstParts is the same against the ciphers and MACs of the standard library
// alone, which no token can be faster than.
func BenchmarkAgainstParts(b *testing.B) {
	const size = mostBytes
	for _, id := range EnctypeFamily("aes") {
		e := enctypeOf(b, id)
		block, err := aes.NewCipher(make([]byte, e.KeyBytes))
		if err != nil {
			b.Fatal(err)
		}
		data, zero, mac := make([]byte, size), make([]byte, aes.BlockSize), hmac.New(e.hash, make([]byte, e.KeyBytes))
		sum := make([]byte, 0, 64)
		sign := func() error {
			mac.Reset()
			mac.Write(data)
			sum = mac.Sum(sum[:0])
			return nil
		}
		with := func(mode cipher.BlockMode) func() error {
			return func() error {
				mode.CryptBlocks(data, data)
				return sign()
			}
		}
		for _, r := range []struct {
			name           string
			sealed, unwrap bool
			parts          func() error
		}{
			{"seal", true, false, with(cipher.NewCBCEncrypter(block, zero))},
			{"open", true, true, with(cipher.NewCBCDecrypter(block, zero))},
			{"sign", false, false, sign},
			{"verify", false, true, sign},
		} {
			b.Run(fmt.Sprintf("%s/%s", e.Name, r.name), func(b *testing.B) {
				t := newTokens(b, id, r.sealed, size)
				c := contest{func() {}, t.wrap, r.parts}
				if r.unwrap {
					c.prepare, c.ours = func() { t.wrap() }, t.unwrap
				}
				c.run(b, "x-parts", size)
			})
		}
	}
}
