package kerberos

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// secrets are what must not be in any text.
type secrets [][]byte

func (s *secrets) add(more ...[]byte) {
	for _, b := range more {
		if len(b) >= 16 {
			*s = append(*s, bytes.Clone(b))
		}
	}
}

// leak is the form in which a text has the beginning of a secret, or "".
func (s secrets) leak(text string) string {
	for _, secret := range s {
		b := secret[:12]
		forms := map[string]string{
			"raw": string(b), "hexadecimal": hex.EncodeToString(b), "quoted": strings.Trim(fmt.Sprintf("%q", b), `"`),
			"decimal": strings.Trim(fmt.Sprint(b), "[]"), "base64": base64.StdEncoding.EncodeToString(b), "base64 of URLs": base64.URLEncoding.EncodeToString(b),
			"Go": strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte"), "{}"), "spaced": fmt.Sprintf("% x", b),
		}
		for name, form := range forms {
			if strings.Contains(text, form) || name != "raw" && strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				return name
			}
		}
	}
	return ""
}

func TestLeaksAreFound(t *testing.T) {
	key := []byte("\x00\x01secret \xff\xfe key of some length")
	s := secrets{key}
	for _, text := range []string{string(key), fmt.Sprintf("%x", key), fmt.Sprintf("%X", key), fmt.Sprintf("%q", key), fmt.Sprint(key), fmt.Sprintf("%#v", key),
		base64.StdEncoding.EncodeToString(key), base64.URLEncoding.EncodeToString(key), fmt.Sprintf("% x", key)} {
		if s.leak("before "+text+" behind") == "" {
			t.Errorf("not found in %s", text)
		}
	}
	if got := s.leak("key of some length"); got != "" {
		t.Errorf("found as %s", got)
	}
}

// spill is a login at a service from its beginning to its end, or to where it fails: all
// secrets that it had, and its error.
func spill(w *world, server *acceptor.Server) (secrets, error) {
	var s secrets
	for _, name := range []string{"report", serviceSPN, "krbtgt/EXAMPLE.COM"} {
		keys, err := w.Keys(name)
		must(w.t, func() error { return err })
		for _, e := range keys {
			s.add(e.Key.Value)
		}
	}
	if file, err := os.ReadFile(w.keytab); err == nil {
		if entries, err := krb5.ParseKeytab(file); err == nil {
			for _, e := range entries {
				s.add(e.Key.Value)
			}
		}
	}
	c, err := Login(w.t.Context(), w.opts)
	if err != nil {
		return s, err
	}
	defer c.Close()
	client, err := c.NewSASL(w.t.Context(), SASLOptions{Host: "coordinator.example.com", QOP: AuthConf})
	for _, t := range c.tickets {
		s.add(t.key.Value, t.wire.EncPart.Cipher)
		c.log.Error("a ticket", "ticket", t, "key", t.key, "text", fmt.Sprintf("%v %+v %#v", t, t, t.key))
	}
	if err != nil {
		return s, err
	}
	defer client.Close()
	s.add(client.gss.subkey.Value, client.first[len(client.first)-32:])
	c.log.Error("a login", "creds", c, "sasl", client.SPN(), "subkey", client.gss.subkey)
	ours, theirs := shake(client, server)
	if err := errors.Join(ours, theirs); err != nil {
		return s, err
	}
	token, err := client.Wrap(nil, []byte("a message that nobody may read"))
	must(w.t, func() error { return err })
	s.add(token, []byte("a message that nobody may read"))
	plain, err := server.Unwrap(token)
	must(w.t, func() error { return err })
	token, err = server.Wrap(nil, plain)
	must(w.t, func() error { return err })
	s.add(token)
	token[len(token)-1] ^= 1
	_, err = client.Unwrap(token)
	return s, err
}

// A whole login is logged at the lowest level, and one that fails at each of its steps;
// neither the log nor the error has a key, a ticket, a proof or a message.
func TestNoSecretIsInLogsOrErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*world)
		quirks acceptor.Quirks
		layers byte
		kind   Kind // of the error that ends it
	}{
		{"to its end, and a damaged token", nil, acceptor.Quirks{}, 7, Token},
		{"with RC4", func(w *world) { w.keepKeys(23) }, acceptor.Quirks{}, 7, Token},
		{"from a cache", func(w *world) { w.kinit(serviceSPN) }, acceptor.Quirks{}, 7, Token},
		{"with a keytab for everybody", func(w *world) { must(w.t, func() error { return os.Chmod(w.keytab, 0o644) }) }, acceptor.Quirks{}, 7, Token},
		{"with a stale keytab", func(w *world) { must(w.t, func() error { return w.Add("report") }) }, acceptor.Quirks{}, 7, KeytabStale},
		{"with a keytab that is cut off", func(w *world) {
			data, err := os.ReadFile(w.keytab)
			must(w.t, func() error { return err })
			w.write(string(data[:len(data)-3]))
		}, acceptor.Quirks{}, 7, KeytabFormat},
		{"with a keytab of other types", func(w *world) { must(w.t, func() error { return mixKeytab(w, clientName, 20) }) }, acceptor.Quirks{}, 7, EtypeUnsupported},
		{"with replies that are damaged", func(w *world) {
			w.rewrite = func(_, reply []byte) []byte { reply[len(reply)-1] ^= 1; return reply }
		}, acceptor.Quirks{}, 7, Internal},
		{"without a service ticket", func(w *world) { w.answerError(tagTGSReq, 12, "why", nil) }, acceptor.Quirks{}, 7, Policy},
		{"with a wrong proof of the service", nil, acceptor.Quirks{WrongTime: true}, 7, MutualFailed},
		{"without a proof of the service", nil, acceptor.Quirks{NoAPRep: true}, 7, MutualFailed},
		{"with a damaged offer", nil, acceptor.Quirks{Damage: func(b []byte) { b[len(b)-1] ^= 1 }}, 7, Token},
		{"without a common level", nil, acceptor.Quirks{}, 1, Layer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{Enctypes: enctypes(18, 17, 23)})
			level := &slog.HandlerOptions{Level: slog.LevelDebug - 100, AddSource: true}
			both := slog.NewMultiHandler(slog.NewTextHandler(w.logs, level), slog.NewJSONHandler(w.logs, level))
			w.opts.Logger = slog.New(both)
			if tt.change != nil {
				tt.change(w)
			}
			found, err := spill(w, w.service(tt.quirks).NewServer(acceptor.SASL{Layers: tt.layers}))
			if err == nil || tt.kind != Internal && !errors.Is(err, tt.kind) {
				t.Errorf("ended with %v", err)
			}
			log := w.logs.buf.String()
			if tt.kind == Token && (len(found) < 10 || !strings.Contains(log, "level=DEBUG") || !strings.Contains(log, `"msg":"logged in"`) && w.opts.CCache == "") {
				t.Errorf("%d secrets; the log:\n%s", len(found), log)
			}
			if form := found.leak(log); form != "" {
				t.Errorf("a secret, %s, is in the log:\n%s", form, log)
			}
			if form := found.leak(fmt.Sprintf("%v %+v %#v", err, err, err)); form != "" {
				t.Errorf("a secret, %s, is in the error %v", form, err)
			}
		})
	}
}

// Whatever verb somebody prints a login with, it names no more than whose it is.
func TestLoginsPrintNoSecrets(t *testing.T) {
	c := newWorld(t, kdc.Options{}).login()
	client := newSASL(t, c, SASLOptions{})
	n, err := c.NewNegotiator(t.Context(), serviceSPN)
	must(t, func() error { return err })
	defer n.Close()
	ticket := client.gss.ticket
	var s secrets
	s.add(ticket.key.Value, ticket.wire.EncPart.Cipher, client.first, client.gss.subkey.Value, n.gss.subkey.Value, n.request.Token, n.request.Token[len(n.request.Token)-32:])
	for want, value := range map[string]any{
		"login of report@EXAMPLE.COM":                   c,
		"ticket for " + serviceSPN + "@EXAMPLE.COM":     ticket,
		"ticket for " + serviceSPN + "@EXAMPLE.COM u":   *ticket,
		"SASL login at " + serviceSPN + "@EXAMPLE.COM":  client,
		"HTTP login at " + serviceSPN + "@EXAMPLE.COM":  n,
		"[ticket for " + serviceSPN + "@EXAMPLE.COM un": []*Ticket{ticket},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b"} {
			text := fmt.Sprintf(verb, value)
			if form := s.leak(text); form != "" || !strings.Contains(text, want) && verb != "%#v" {
				t.Errorf("%s of %T: %s secret in %s", verb, value, form, text)
			}
		}
	}
}

// Keys are overwritten when they have done their work: those of a keytab at once, those of a
// ticket that was lent and of the client's choice when the service has proved itself.
func TestKeysAreOverwritten(t *testing.T) {
	zero := func(b []byte) bool { return len(b) > 0 && bytes.Count(b, []byte{0}) == len(b) }
	w := newWorld(t, kdc.Options{})
	w.export("report", serviceSPN)
	c := w.login()
	entries, err := c.readKeytab(t.Context())
	must(t, func() error { return err })
	_, keys, err := c.pickKeys(entries)
	must(t, func() error { return err })
	keys.clear()
	for _, e := range entries {
		if zero(e.Key.Value) != e.Principal.Equal(c.client) {
			t.Errorf("the key of %s", e.Principal)
		}
	}
	client := newSASL(t, c, SASLOptions{})
	gss := client.gss
	if zero(gss.ticket.key.Value) || zero(gss.subkey.Value) {
		t.Fatal("no keys to begin with")
	}
	if ours, theirs := shake(client, w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{})); ours != nil || theirs != nil {
		t.Fatal(ours, theirs)
	}
	if !zero(gss.ticket.key.Value) || !zero(gss.subkey.Value) {
		t.Error("a key is left after the login at the service")
	}
	if t2 := c.tickets[serviceSPN+"@EXAMPLE.COM"]; zero(t2.key.Value) {
		t.Error("the ticket for the next login lost its key")
	}
}

func TestOpenKeytabIsAWarningOnce(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	must(t, func() error { return os.Chmod(w.keytab, 0o644) })
	w.login()
	if n := w.logs.count("keytab is not private"); n != 1 {
		t.Errorf("%d warnings", n)
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	client := newSASL(t, c, SASLOptions{})
	c.log.Info("state", "creds", c, "ticket", client.gss.ticket, "spn", client.SPN(), "mechanism", client.Name())
	keys, err := w.Keys("report", serviceSPN)
	must(t, func() error { return err })
	for _, e := range keys {
		for _, form := range []string{string(e.Key.Value), fmt.Sprintf("%x", e.Key.Value)} {
			if w.logs.count(form) > 0 {
				t.Error("a key was logged")
			}
		}
	}
	if w.logs.count("login of report@EXAMPLE.COM") != 1 || w.logs.count("ticket for "+serviceSPN+"@EXAMPLE.COM until ") != 1 {
		t.Error("the log does not say what it should")
	}
	text, err := client.gss.ticket.MarshalText()
	if err != nil || bytes.Contains(text, client.gss.subkey.Value) || !strings.HasPrefix(string(text), "ticket for ") {
		t.Errorf("got %s, %v", text, err)
	}
}
