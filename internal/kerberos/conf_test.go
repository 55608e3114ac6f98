package kerberos

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"qosreport/internal/fault"
)

// readConf reads files that exist only here; the first is the one that is asked for.
func readConf(t testing.TB, files map[string]string) (*conf, error) {
	t.Helper()
	r := newProfileReader()
	r.readFile = func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
	r.readDir = func(dir string) ([]string, error) {
		var names []string
		for path := range files {
			if d, name := filepath.Split(path); d == dir+"/" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if names == nil {
			return nil, fs.ErrNotExist
		}
		return names, nil
	}
	if err := r.read("/etc/krb5.conf"); err != nil {
		return nil, confFailure(err)
	}
	return newConf(r, enctypes(18, 17, 20, 19, 23))
}

const wholeConf = `# comment
[libdefaults]
  default_realm = EXAMPLE.COM
	dns_lookup_kdc = off
  clockskew = 10m
  kdc_timesync = 0
  ticket_lifetime = 1d 2h
  renew_lifetime = 7d
  forwardable = YES
  udp_preference_limit = 1465
  default_keytab_name = "FILE:/etc/my \"key\"tab"
  unknown = { whatever
; comment
[realms]
  EXAMPLE.COM = {
    kdc = kdc-1.example.com
    kdc = kdc-2.example.com:8888
    kdc* = [2001:db8::1]:89
    kdc = ::1
    admin_server = x
    auth_to_local_names = {
      a = b
    }
  }
  OTHER.COM =
  {
    kdc = other
  }
[domain_realm]
  .Example.com = EXAMPLE.COM
  host.other.com = OTHER.COM
[realms]
  EXAMPLE.COM = {
    kdc = kdc-3
    kdc = kdc-1.example.com:88
  }
`

func TestConfTakesWhatMITTakes(t *testing.T) {
	for name, text := range map[string]string{
		"with LF": wholeConf, "with CRLF": strings.ReplaceAll(wholeConf, "\n", "\r\n"), "with a byte order mark": "\ufeff" + wholeConf,
		"without the last LF": strings.TrimSuffix(wholeConf, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": text})
			if err != nil {
				t.Fatal(err)
			}
			if c.defaultRealm != "EXAMPLE.COM" || c.dnsLookupKDC || c.timeSync || !c.forwardable || c.udpLimit != 1465 || c.defaultKeytab != `FILE:/etc/my "key"tab` {
				t.Errorf("got %+v", c)
			}
			if c.clockSkew != 10*time.Minute || c.ticketLifetime != 26*time.Hour || c.renewLifetime != 7*24*time.Hour {
				t.Errorf("durations: got %v, %v, %v", c.clockSkew, c.ticketLifetime, c.renewLifetime)
			}
			want := []string{"kdc-1.example.com:88", "kdc-2.example.com:8888", "[2001:db8::1]:89", "[::1]:88", "kdc-3:88"}
			if !slices.Equal(c.kdcs["EXAMPLE.COM"], want) || !slices.Equal(c.kdcs["OTHER.COM"], []string{"other:88"}) {
				t.Errorf("KDCs: got %q", c.kdcs)
			}
		})
	}
}

func TestConfNamesThePlaceOfAMistake(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"a realm on one line", "[realms]\n X = { kdc = h }\n", "/etc/krb5.conf:2:2: the realm X has its settings on one line"},
		{"a block that is never closed", "[realms]\n  X = {\n kdc = h\n", "/etc/krb5.conf:2:3: the block X is never closed"},
		{"a section inside a block", "[realms]\nX = {\n[domain_realm]\n}\n", "/etc/krb5.conf:2:1: the block X is not closed before [domain_realm] in line 3"},
		{"a brace too many", "[realms]\nX = {\n}\n\t}\n", "/etc/krb5.conf:4:2: closing brace without a block"},
		{"a line that is nothing", "[libdefaults]\nzürich\n", `/etc/krb5.conf:2:1: neither a section nor a setting: "zürich"`},
		{"a section without its bracket", "[libdefaults\n", "/etc/krb5.conf:1:1: malformed section"},
		{"a section with a tail", "[libdefaults] x\n", "/etc/krb5.conf:1:1: malformed section"},
		{"a value that is missing", "[libdefaults]\n a =\n b = c\n", "/etc/krb5.conf:2:2: a has no value"},
		{"a value that is missing at the end", "[libdefaults]\n a =", "/etc/krb5.conf:2:2: a has no value"},
		{"open quotes", "[libdefaults]\na = \"b\n", "/etc/krb5.conf:2:1: a: the quotes are not closed"},
		{"a file that is not there", "include /nowhere\n", "/etc/krb5.conf:1:1: include /nowhere: "},
		{"a directory that is not there", "\nincludedir /nowhere\n", "/etc/krb5.conf:2:1: includedir /nowhere: "},
		{"a relative include", "include x.conf\n", "/etc/krb5.conf:1:1: include needs an absolute path"},
		{"a file that includes itself", "include /etc/krb5.conf\n", "/etc/krb5.conf:1:1: include /etc/krb5.conf: /etc/krb5.conf includes itself"},
		{"only types that nobody has", "[libdefaults]\npermitted_enctypes = des3 des-cbc-crc\n", "/etc/krb5.conf:2:1: permitted_enctypes names no encryption type"},
		{"only a type that the file forbids", "[libdefaults]\npermitted_enctypes = rc4\nallow_rc4 = false", "/etc/krb5.conf:2:1: permitted_enctypes names no encryption type that this program has or may use: rc4"},
		{"lists without a common type", "[libdefaults]\npermitted_enctypes = aes256-cts\ndefault_tkt_enctypes = aes128-cts\n", "/etc/krb5.conf:2:1: permitted_enctypes and the default lists"},
		{"blocks without end", "[realms]\n" + strings.Repeat("a = {\n", 200), "/etc/krb5.conf:102:1: blocks are nested deeper than 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readConf(t, map[string]string{"/etc/krb5.conf": tt.text})
			if !errors.Is(err, ConfigSyntax) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

func TestConfIncludes(t *testing.T) {
	c, err := readConf(t, map[string]string{
		"/etc/krb5.conf":      "includedir /etc/krb5.d\n[libdefaults]\n default_realm = LATE\ninclude /etc/more\n forwardable = true\n",
		"/etc/krb5.d/a":       "[libdefaults]\ndefault_realm = EARLY\n",
		"/etc/krb5.d/b.conf":  "[realms]\nEARLY = {\nkdc = b\n}\n",
		"/etc/krb5.d/c~":      "nonsense",
		"/etc/krb5.d/.d.conf": "nonsense",
		"/etc/more":           "[realms]\nEARLY = {\nkdc = c\n}\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.defaultRealm != "EARLY" || !c.forwardable || !slices.Equal(c.kdcs["EARLY"], []string{"b:88", "c:88"}) {
		t.Errorf("got %q, %v, %q", c.defaultRealm, c.forwardable, c.kdcs)
	}
}

func TestMistakeInAnIncludedFileIsNamedThere(t *testing.T) {
	_, err := readConf(t, map[string]string{"/etc/krb5.conf": "include /etc/a\n", "/etc/a": "[x]\ny\n"})
	if err == nil || !strings.Contains(err.Error(), "/etc/a:2:1: neither") {
		t.Errorf("got %v", err)
	}
}

func TestConfWarns(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"of a byte order mark", "\ufeff[libdefaults]\n", "byte order mark"},
		{"of text before a section", "default_realm = X\n[libdefaults]\n", ":1:1: text before"},
		{"of a comment behind a value", "[libdefaults]\ndefault_realm = X # main\n", ":2:1: kinit takes the comment"},
		{"of a module", "module /x.so:y\n", "not loaded"},
		{"of an unknown type", "[libdefaults]\npermitted_enctypes = aes foo\n", "foo is not known"},
		{"of a proxy", "[realms]\nX = {\nkdc = https://h/\n}\n", "HTTPS"},
		{"of a number out of range", "[libdefaults]\nudp_preference_limit = x\n", "the default is used"},
		{"of an unclear way to name hosts", "[libdefaults]\ndns_canonicalize_hostname = perhaps\n", ":2:1: dns_canonicalize_hostname = perhaps cannot be read: the default is used"},
		{"of an unknown token in a path", "[libdefaults]\ndefault_keytab_name = /x/%{home}\n", ":2:1: default_keytab_name is not used: %{home} is not known"},
		{"of text after a brace", "[realms]\nX = {\n} Y\n", ":3:1: text after a closing brace is ignored"},
		{"of a comment behind a brace", "[realms]\nX = { # main\nkdc = h\n}\n", ":2:1: kinit takes the brace and the comment behind it as the value of X"},
		{"of a name with a blank", "[libdefaults]\ndefault realm = X\n", `:2:1: "default realm" is no name of a setting`},
		{"of a port that is too high", "[realms]\nX = {\n kdc = h:99999\n}\n", `:3:2: "h:99999" is not an address of a KDC and is left out`},
		{"of an address with a blank", "[realms]\nX = {\n kdc = h 88\n}\n", `:3:2: "h 88" is not an address of a KDC`},
		{"of a bad boolean", "[libdefaults]\nforwardable = maybe\n", "the default is used"},
		{"of a bad duration", "[libdefaults]\nclockskew = soon\n", "the default is used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": tt.text})
			if err != nil {
				t.Fatal(err)
			}
			if all := slices.Concat(c.damage, c.warnings); len(all) != 1 || !strings.Contains(all[0], tt.want) {
				t.Fatalf("got %q, %v", all, err)
			}
			if strings.HasPrefix(c.defaultRealm, "X ") {
				t.Errorf("the realm keeps its comment: %q", c.defaultRealm)
			}
		})
	}
}

func TestFinalSettingsEndTheList(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	site := write("site", "[realms]\nX = {\nkdc = a\nkdc* = b\n}\nY = {\nkdc = y\n}\n")
	other := write("other", "[libdefaults]\ndefault_realm = X\n[realms]\nX = {\nkdc = c\n}\nY = {\nkdc = z\n}\n")
	c, err := loadConf(site + "::" + filepath.Join(dir, "missing") + ":" + other)
	if err != nil {
		t.Fatal(err)
	}
	if c.defaultRealm != "X" || !slices.Equal(c.kdcs["Y"], []string{"y:88", "z:88"}) || !slices.Equal(c.kdcs["X"], []string{"a:88", "b:88"}) {
		t.Errorf("got %q, %q", c.defaultRealm, c.kdcs)
	}
	if c, err = loadConf(dir); err != nil || c.defaultRealm != "X" {
		t.Errorf("a directory: got %v, %v", c, err)
	}
	_, err = loadConf(filepath.Join(dir, "missing"))
	if !errors.Is(err, ConfigMissing) || fault.Remedy(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestWhereTheConfigurationIs(t *testing.T) {
	const usual = "/etc/krb5.conf:/usr/local/etc/krb5.conf"
	for _, tt := range []struct{ option, env, want string }{{"", "", usual}, {"", "/a:/b", "/a:/b"}, {"/c", "/a:/b", "/c"}} {
		t.Setenv("KRB5_CONFIG", tt.env)
		if got := (Options{KRB5Conf: tt.option}).withDefaults().KRB5Conf; got != tt.want {
			t.Errorf("option %q and variable %q: got %q", tt.option, tt.env, got)
		}
	}
}

func TestDurations(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration // -1 means an error
	}{
		{"300", 300 * time.Second}, {"0", 0}, {"5m", 5 * time.Minute}, {"1d2h3m4s", 26*time.Hour + 3*time.Minute + 4*time.Second},
		{"1d 2h", 26 * time.Hour}, {"2h30", 2*time.Hour + 30*time.Second}, {"10:30", 10*time.Hour + 30*time.Minute}, {"1:02:03", time.Hour + 2*time.Minute + 3*time.Second},
		{"", -1}, {"x", -1}, {"5x", -1}, {"3m2h", -1}, {"1:60", -1}, {"1:2:3:4", -1}, {"99999999d", -1}, {"-5", -1}, {"1.5h", -1}, {"m", -1},
	}
	for _, tt := range tests {
		got, err := parseDuration(tt.text)
		if tt.want < 0 && err == nil || tt.want >= 0 && (got != tt.want || err != nil) {
			t.Errorf("%q: got %v, %v", tt.text, got, err)
		}
	}
}

func TestEnctypeLists(t *testing.T) {
	tests := []struct {
		name, list string
		want       []int32
	}{
		{"names", "aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha1-96", []int32{17, 18}},
		{"commas, tabs and capitals", "AES128-CTS,aes256-cts,\tAES256-SHA2", []int32{17, 18, 20}},
		{"a family", "aes256", []int32{18, 20}},
		{"all but one", "DEFAULT -aes128-cts-hmac-sha1-96", []int32{18, 20, 19, 23}},
		{"a family but one, and another", "aes -aes128 rc4 aes128-sha2", []int32{18, 20, 23, 19}},
		{"RC4 by its names", "rc4-hmac arcfour-hmac arcfour-hmac-md5 -foo des3", []int32{23}},
		{"one named twice", "aes256-cts +aes256-cts-hmac-sha1-96", []int32{18}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": "[libdefaults]\npermitted_enctypes = " + tt.list})
			if err != nil || !slices.Equal(c.loginEnctypes, tt.want) || !slices.Equal(c.ticketEnctypes, tt.want) {
				t.Errorf("got %v, %v", c, err)
			}
		})
	}
}

func TestRealmOfAHost(t *testing.T) {
	c := defaultConf()
	c.realmOfName = map[string]string{"one.example.com": "ONE", ".example.com": "ALL", "other.com": "OTHER"}
	for host, want := range map[string]string{
		"one.example.com": "ONE", "ONE.Example.COM": "ONE", "two.example.com": "ALL", "deep.two.example.com": "ALL",
		"example.com": "", "other.com": "OTHER", "x.other.com": "OTHER", "localhost": "", "": "", ".": "",
	} {
		if got := c.realmOf(host); got != want {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}

func FuzzConf(f *testing.F) {
	f.Add(wholeConf)
	f.Add("[a]*\nb* = {\n}*\n")
	f.Add("include /etc/krb5.conf\nincludedir /etc\nmodule x\n[")
	f.Add("\ufeff\u00a0[libdefaults]\u200b\r permitted_enctypes = “rc4–hmac”, -aes \xa0\r\n allow_rc4 = 0\n")
	f.Add(utf16Bytes(binary.LittleEndian, wholeConf))
	f.Add("[libdefaults]\ndefault_keytab_name = %{uid}%{x}$HOME\ndns_canonicalize_hostname = fallback\n[realms]\nX = { # y\nkdc = [::1]:0\n} z\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readConf(t, map[string]string{"/etc/krb5.conf": text, "/etc/other": text})
		if err != nil && !errors.Is(err, ConfigSyntax) && !errors.Is(err, ConfigMissing) {
			t.Errorf("an error without a kind: %v", err)
		}
		if err != nil {
			checkPeerError(t, err)
			return
		}
		if len(c.loginEnctypes) == 0 {
			t.Error("no encryption types are left")
		}
		if n := len(c.damage); n > 10*len(text) || len(c.ignored) > maxIgnored {
			t.Errorf("%d faults and %d settings are named", n, len(c.ignored))
		}
		for _, w := range slices.Concat(c.damage, c.warnings) {
			if !utf8.ValidString(w) || len(w) > 1000 {
				t.Errorf("a warning of %d bytes: %.100q", len(w), w)
			}
		}
	})
}
