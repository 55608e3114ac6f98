package kerberos

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// keepKeys leaves only keys of some types in the keytab.
func (w *world) keepKeys(ids ...int32) {
	w.t.Helper()
	entries, err := w.Keys("report")
	must(w.t, func() error { return err })
	entries = slices.DeleteFunc(entries, func(e krb5.KeytabEntry) bool { return !slices.Contains(ids, e.Key.Enctype) })
	w.write(string(krb5.AppendKeytab(nil, entries)))
}

// permit writes a krb5.conf with settings of [libdefaults] and takes it.
func (w *world) permit(settings string) {
	w.t.Helper()
	w.opts.KRB5Conf = filepath.Join(w.t.TempDir(), "krb5.conf")
	w.opts.Realm = ""
	must(w.t, func() error {
		return os.WriteFile(w.opts.KRB5Conf, []byte("[libdefaults]\n"+settings+"\n"), 0o600)
	})
}

func TestLoginsWithRC4(t *testing.T) {
	tests := []struct {
		name    string
		kdc     kdc.Options
		change  func(*world)
		enctype string // of the session with the service
		warning string // "" means that there is none
	}{
		{"a realm of RC4 alone", kdc.Options{Enctypes: enctypes(23)}, nil, "rc4-hmac", "give report@EXAMPLE.COM AES keys"},
		{"a keytab of RC4 alone in a realm of AES", kdc.Options{Enctypes: enctypes(18, 23)}, func(w *world) { w.keepKeys(23) },
			"aes256-cts-hmac-sha1-96", "give report@EXAMPLE.COM AES keys"},
		{"a keytab of RC4 alone in a realm that makes no session keys of it", kdc.Options{Enctypes: enctypes(18, 23), Sessions: enctypes(18)},
			func(w *world) { w.keepKeys(23) }, "aes256-cts-hmac-sha1-96", "give report@EXAMPLE.COM AES keys"},
		{"a service with RC4 in its ticket", kdc.Options{Enctypes: enctypes(23, 18)}, nil,
			"aes256-cts-hmac-sha1-96", "give impala/coordinator.example.com@EXAMPLE.COM AES keys"},
		{"a service with RC4 in its sessions", kdc.Options{Sessions: enctypes(23)}, nil,
			"rc4-hmac", "give impala/coordinator.example.com@EXAMPLE.COM AES keys"},
		{"AES where there is both", kdc.Options{Enctypes: enctypes(18, 23)}, nil, "aes256-cts-hmac-sha1-96", ""},
		{"RC4 that krb5.conf prefers", kdc.Options{Enctypes: enctypes(18, 23)}, func(w *world) { w.permit("default_tgs_enctypes = rc4-hmac aes") },
			"rc4-hmac", "give impala/coordinator.example.com@EXAMPLE.COM AES keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.kdc)
			if tt.change != nil {
				tt.change(w)
			}
			c := w.login()
			for range 2 {
				client := newSASL(t, c, SASLOptions{QOP: AuthConf})
				server := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{Layers: 7})
				if ours, theirs := shake(client, server); ours != nil || theirs != nil {
					t.Fatal(ours, theirs)
				}
				talk(t, client, server)
				if got := client.gss.ticket.Enctype(); got != tt.enctype {
					t.Errorf("a session key of %s", got)
				}
				c.forget(client.gss.ticket)
			}
			want := 0
			if tt.warning != "" {
				want = 1
			}
			if n, named := w.logs.count("rc4-hmac is in use"), w.logs.count(tt.warning); n != want || want == 1 && named != 1 {
				t.Errorf("%d warnings: %s", n, w.logs.buf.String())
			}
		})
	}
}

func TestRC4ThatIsForbidden(t *testing.T) {
	tests := []struct {
		name    string
		conf    string
		kdc     kdc.Options
		keys    []int32
		mention string
	}{
		{"in the keytab", "permitted_enctypes = aes", kdc.Options{Enctypes: enctypes(18, 23)}, enctypes(23), "the keytab has kvno 1 rc4-hmac"},
		{"in the keytab, by its own switch", "allow_rc4 = false", kdc.Options{Enctypes: enctypes(18, 23)}, enctypes(23), "the keytab has kvno 1 rc4-hmac"},
		{"in the service's sessions", "permitted_enctypes = aes", kdc.Options{Sessions: enctypes(23)}, enctypes(18), "code 14"},
		{"in the service's sessions, by its own switch", "allow_rc4 = no", kdc.Options{Sessions: enctypes(23)}, enctypes(18), "code 14"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.kdc)
			w.permit(tt.conf)
			w.keepKeys(tt.keys...)
			c, err := New(t.Context(), w.opts)
			must(t, func() error { return err })
			_, err = c.NewSASL(t.Context(), SASLOptions{Host: "coordinator.example.com"})
			checkFailure(t, err, EtypeUnsupported, tt.mention)
			if w.logs.count("rc4-hmac is in use") > 0 {
				t.Error("a warning about what is forbidden")
			}
		})
	}
}

// The file that allows RC4 alone draws the one warning; what it leads to draws no other.
func TestOneWarningOfAFileWithRC4Alone(t *testing.T) {
	w := newWorld(t, kdc.Options{Enctypes: enctypes(23)})
	w.permit("default_tkt_enctypes = rc4-hmac\ndefault_tgs_enctypes = rc4-hmac\npermitted_enctypes = rc4-hmac")
	client := newSASL(t, w.login(), SASLOptions{QOP: AuthConf})
	if ours, theirs := shake(client, w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{Layers: 7})); ours != nil || theirs != nil {
		t.Fatal(ours, theirs)
	}
	if all, told := w.logs.count("level=WARN"), w.logs.count("ask the administrator of the KDC to give the account AES keys"); all != 1 || told != 1 {
		t.Errorf("%d warnings, %d of them with the remedy", all, told)
	}
}

// A service may choose another type for its own key than that of the session.
func TestKeyOfAnotherTypeThatTheServiceChooses(t *testing.T) {
	tests := []struct {
		name            string
		conf            string
		session, subkey int32
		refused         bool
	}{
		{"AES-128 for AES-256", "", 18, 17, false},
		{"AES with SHA-2 for SHA-1", "", 18, 20, false},
		{"AES for RC4", "", 23, 18, false},
		{"RC4 of its own for RC4", "", 23, 23, false},
		{"RC4 for AES", "", 18, 23, false},
		{"RC4 for AES, though forbidden", "permitted_enctypes = aes", 18, 23, true},
		{"AES beyond the list", "default_tgs_enctypes = aes256-cts-hmac-sha1-96", 18, 17, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{Sessions: enctypes(tt.session)})
			if tt.conf != "" {
				w.permit(tt.conf)
			}
			client := newSASL(t, w.login(), SASLOptions{})
			server := w.service(acceptor.Quirks{SubkeyEnctype: tt.subkey}).NewServer(acceptor.SASL{Layers: 7})
			ours, theirs := shake(client, server)
			if tt.refused {
				checkFailure(t, ours, EtypeUnsupported, "rc4-hmac is not allowed")
				return
			}
			if ours != nil || theirs != nil {
				t.Fatal(ours, theirs)
			}
			talk(t, client, server)
		})
	}
}

func TestSessionKeyThatNobodyAskedFor(t *testing.T) {
	w := newWorld(t, kdc.Options{Sessions: enctypes(23)})
	c := w.login()
	tgt, err := c.get(t.Context(), krb5.TGS("EXAMPLE.COM"))
	must(t, func() error { return err })
	service := krb5.Principal{Components: []string{"impala", "coordinator.example.com"}, Realm: "EXAMPLE.COM"}
	body, err := c.newBody(service, enctypes(23))
	must(t, func() error { return err })
	request, err := c.newTGSReq(tgt, body)
	must(t, func() error { return err })
	reply := w.Handle(request)
	if _, err := c.acceptTGS(reply, tgt, body); err != nil {
		t.Error(err)
	}
	body.EType = enctypes(18)
	_, err = c.acceptTGS(reply, tgt, body)
	if !errors.Is(err, EtypeUnsupported) {
		t.Errorf("got %v", err)
	}
}
