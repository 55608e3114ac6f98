//go:build peers

package peers

import (
	endian "encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
)

// gssEnctypes are the types of session keys, with the bytes that a token of theirs is
// longer than its message, signed and sealed (RFC 4121 section 4.2.4; RFC 4757 section 7.3
// with the two bytes of a short length).
var gssEnctypes = []struct {
	id             int32
	signed, sealed int
}{{17, 28, 60}, {18, 28, 60}, {19, 32, 64}, {20, 40, 72}, {23, 46, 46}}

var gssLevels = []struct {
	qop    kerberos.QOP
	offer  byte
	chosen int // the bit of RFC 4752 section 3.1
}{{kerberos.Auth, 1, 1}, {kerberos.AuthInt, 3, 2}, {kerberos.AuthConf, 4, 4}}

const (
	gssMost = 1 << 16
	gssHuge = 17 << 20 // more than the length of one token can say
)

// gssRealm is a realm with a service for each type of session keys.
type gssRealm struct {
	*realm
	keys  string // a keytab of all services
	creds *kerberos.Creds
}

// weakCrypto is the line of krb5.conf without which Java uses no RC4.
const weakCrypto = "    allow_weak_crypto = true"

func gssService(id int32) string { return fmt.Sprint("et", id) }

func newGSSRealm(t *testing.T) *gssRealm {
	t.Helper()
	names := []string{"report"}
	for _, e := range gssEnctypes {
		names = append(names, gssService(e.id)+"/localhost")
	}
	t.Setenv("KDC_LIBDEFAULTS", "    allow_rc4 = true\n"+weakCrypto)
	r := &gssRealm{realm: startRealm(t, names...)}
	r.keys = filepath.Join(r.dir, "services.keytab")
	merged := []byte{5, 2}
	for i, e := range gssEnctypes {
		script(t, nil, "kdc.sh", "session", r.dir, names[i+1], krb5.EnctypeName(e.id))
		merged = append(merged, read(t, r.keytab(names[i+1]))[2:]...)
	}
	if err := os.WriteFile(r.keys, merged, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	r.creds, err = kerberos.Login(t.Context(), kerberos.Options{Principal: "report", Keytab: r.keytab("report"), KRB5Conf: r.conf()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.creds.Close() })
	return r
}

func (r *gssRealm) acceptor(t *testing.T, name, conf string) gssAcceptor {
	t.Helper()
	if name == "ours" {
		return startOurs(t, r.keys)
	}
	return startGSSAcceptor(t, name, conf, r.keys)
}

var gssAcceptors = []string{"ours", "MIT", "Heimdal", "Cyrus", "Java"}

// gssCell is one cell of the matrix.
type gssCell struct {
	acceptor gssAcceptor
	enctype  int // index in gssEnctypes
	level    int // index in gssLevels
}

// Every layer with every type of keys carries messages of all sizes to every make of
// acceptor and back, and what a make cannot do it says itself.
func TestMessagesOfAllSizesAtEveryAcceptor(t *testing.T) {
	r := newGSSRealm(t)
	message := make([]byte, gssHuge)
	rand.NewChaCha8([32]byte{17}).Read(message)
	var mu sync.Mutex
	results := map[string]string{}
	t.Run("cells", func(t *testing.T) {
		for _, name := range gssAcceptors {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := r.acceptor(t, name, r.conf())
				for e, enctype := range gssEnctypes {
					for l, level := range gssLevels {
						key := fmt.Sprintf("%-8s %-26s %-9s", name, krb5.EnctypeName(enctype.id), level.qop)
						result := r.fill(t, gssCell{a, e, l}, key, message)
						mu.Lock()
						results[key] = result
						mu.Unlock()
					}
				}
			})
		}
	})
	var table strings.Builder
	for _, key := range slices.Sorted(maps.Keys(results)) {
		fmt.Fprintf(&table, "\n%s %s", key, results[key])
	}
	t.Log(table.String())
	if want := len(gssAcceptors) * len(gssEnctypes) * len(gssLevels); len(results) != want {
		t.Errorf("%d cells instead of %d", len(results), want)
	}
	r.checkSessions(t)
}

// fill logs in for a cell and sends messages of all sizes.
func (r *gssRealm) fill(t *testing.T, c gssCell, key string, message []byte) string {
	t.Helper()
	level, service := gssLevels[c.level], gssService(gssEnctypes[c.enctype].id)
	l, err := c.acceptor.login(t, r.creds, gssOffer{service, level.offer, gssMost}, level.qop)
	if err != nil {
		t.Errorf("%s: %v", key, err)
		return err.Error()
	}
	defer l.Close()
	client := "report@EXAMPLE.COM"
	if c.acceptor.name == "Cyrus" {
		client = "report" // without the realm of the service
	}
	if want := fmt.Sprint(client, " ", level.chosen); l.welcome != want || l.sasl.Layer() != level.qop.String() {
		t.Errorf("%s: the acceptor says %q, want %q; the layer is %s", key, l.welcome, want, l.sasl.Layer())
	}
	// Not the empty one first: after that Cyrus' library never comes back from the next one
	// (its buffer of no bytes stays at none, however often it is doubled).
	sizes := []int{1, 0, 15, 16, 17, 31, 32, 33, 63, 64, 65, 4095, gssMost, gssHuge}
	if limit := l.sasl.Chunk(); limit > 0 {
		sizes = append(sizes, limit, limit+1)
		if _, err := l.sasl.Wrap(nil, message[:limit+1]); err == nil {
			t.Errorf("%s: a token that is longer than the acceptor takes", key)
		}
	}
	result := "all sizes"
	for _, size := range sizes {
		err := l.echo(message[:size])
		if want := c.words(size); want != "" {
			var words acceptorSays
			if !errors.As(err, &words) || !strings.Contains(string(words), want) {
				t.Errorf("%s: %d bytes: got %v, want the words %q", key, size, err, want)
			}
			result += fmt.Sprintf(", but of %d bytes: %v", size, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %d bytes: %v", key, size, err)
			return fmt.Sprintf("%d bytes: %v", size, err)
		}
		c.checkTokens(t, key, l, size)
	}
	return result
}

// words are those of an acceptor that cannot take a message of the size.
func (c gssCell) words(size int) string {
	if c.acceptor.name == "Cyrus" && size == 0 && gssLevels[c.level].qop != kerberos.Auth {
		return "Parameter error in"
	}
	return ""
}

// checkTokens looks at the form of the last tokens: how much longer than the message ours
// is, and how far the acceptor turned its own.
func (c gssCell) checkTokens(t *testing.T, key string, l *gssLogin, size int) {
	t.Helper()
	enctype, qop := gssEnctypes[c.enctype], gssLevels[c.level].qop
	overhead, rotation := 0, 0
	switch qop {
	case kerberos.AuthInt:
		overhead, rotation = enctype.signed, enctype.signed-16
	case kerberos.AuthConf:
		overhead, rotation = enctype.sealed, enctype.sealed-32
	}
	if size < 64 && l.sent != size+overhead {
		t.Errorf("%s: %d bytes travel as %d", key, size, l.sent)
	}
	// A token of RC4 may have a longer length before it, for which room is left.
	if size == l.sasl.Chunk() && overhead > 0 && (l.sent > gssMost || l.sent < gssMost-4) {
		t.Errorf("%s: %d bytes travel as %d, the acceptor takes %d", key, size, l.sent, gssMost)
	}
	if qop == kerberos.Auth || enctype.id == 23 {
		return
	}
	if c.acceptor.name != "Heimdal" {
		rotation = 0
	}
	if got := int(endian.BigEndian.Uint16(l.header[6:])); got != rotation {
		t.Errorf("%s: the acceptor turns tokens by %d, want %d", key, got, rotation)
	}
}

// checkSessions reads in the KDC's log which type of session key each service had.
func (r *gssRealm) checkSessions(t *testing.T) {
	t.Helper()
	log := string(read(t, filepath.Join(r.dir, "kdc.log")))
	for _, e := range gssEnctypes {
		issued := regexp.MustCompile(fmt.Sprintf(`TGS_REQ .* ISSUE: .* ses=\S+\(%d\)\}, report@EXAMPLE.COM for %s/localhost@`, e.id, gssService(e.id)))
		if !issued.MatchString(log) {
			t.Errorf("the KDC issued no ticket of type %d:\n%s", e.id, log)
		}
	}
}

// Of the layers that an acceptor offers, the client takes one that its options allow.
func TestOffersOfEveryAcceptor(t *testing.T) {
	const most = 1 << 20
	none := map[kerberos.QOP]string{kerberos.Auto: "auth", kerberos.Auth: "auth", kerberos.AuthInt: "", kerberos.AuthConf: ""}
	tests := []struct {
		offer byte
		most  int
		want  map[kerberos.QOP]string // "": there is none in common
	}{
		{1, 0, none},
		{1, most, none}, // makes differ in what they send without a layer
		{2, most, map[kerberos.QOP]string{kerberos.Auto: "auth-int", kerberos.Auth: "auth-int", kerberos.AuthInt: "auth-int", kerberos.AuthConf: ""}},
		{3, most, map[kerberos.QOP]string{kerberos.Auto: "auth-int", kerberos.Auth: "auth", kerberos.AuthInt: "auth-int", kerberos.AuthConf: ""}},
		{4, most, map[kerberos.QOP]string{kerberos.Auto: "auth-conf", kerberos.Auth: "auth-conf", kerberos.AuthInt: "auth-conf", kerberos.AuthConf: "auth-conf"}},
		{6, most, map[kerberos.QOP]string{kerberos.Auto: "auth-conf", kerberos.Auth: "auth-int", kerberos.AuthInt: "auth-int", kerberos.AuthConf: "auth-conf"}},
		{7, most, map[kerberos.QOP]string{kerberos.Auto: "auth-conf", kerberos.Auth: "auth", kerberos.AuthInt: "auth-int", kerberos.AuthConf: "auth-conf"}},
	}
	r := newGSSRealm(t)
	for _, name := range gssAcceptors {
		a := r.acceptor(t, name, r.conf())
		for _, tt := range tests {
			for qop, want := range tt.want {
				l, err := a.login(t, r.creds, gssOffer{gssService(20), tt.offer, tt.most}, qop)
				if want == "" {
					if !errors.Is(err, kerberos.Layer) {
						t.Errorf("%s offers %d, %s is demanded: got %v", name, tt.offer, qop, err)
					}
					continue
				}
				if err == nil {
					err = l.echo([]byte("message"))
					l.Close()
				}
				if err != nil || l.sasl.Layer() != want {
					t.Errorf("%s offers %d, %s is demanded: %v; want %s", name, tt.offer, qop, err, want)
				}
			}
		}
	}
}

// Where krb5.conf does not let RC4 through, the makes that mind refuse in their own words.
func TestAcceptorsThatRefuseRC4(t *testing.T) {
	tests := []struct{ name, conf, words string }{
		{"MIT", "", ""}, // up to 1.20
		{"MIT", "permitted_enctypes = aes", "Encryption type arcfour-hmac not permitted"},
		{"Cyrus", "", ""},
		{"Cyrus", "permitted_enctypes = aes", "GSSAPI Failure: gss_accept_sec_context"},
		{"Heimdal", "", ""},
		{"Heimdal", "permitted_enctypes = aes", ""},
		{"Java", "", "RC4 with HMAC encryption type not in permitted_enctypes list"},
	}
	r := newGSSRealm(t)
	for _, tt := range tests {
		conf := filepath.Join(t.TempDir(), "krb5.conf")
		text := strings.Replace(string(read(t, r.conf())), weakCrypto, tt.conf, 1)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := r.acceptor(t, tt.name, conf).login(t, r.creds, gssOffer{gssService(23), 1, 0}, kerberos.Auth)
		t.Logf("%-8s %q: %v", tt.name, tt.conf, err)
		var words acceptorSays
		if tt.words == "" && err != nil || tt.words != "" && (!errors.As(err, &words) || !strings.Contains(string(words), tt.words)) {
			t.Errorf("%s with %q: got %v, want the words %q", tt.name, tt.conf, err, tt.words)
		}
	}
}
