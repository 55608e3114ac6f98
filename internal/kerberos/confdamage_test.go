package kerberos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"
)

// plainConf is what every damaged file of these tests was meant to be.
const plainConf = `[libdefaults]
  default_realm = EXAMPLE.COM
[realms]
  EXAMPLE.COM = {
    kdc = kdc.example.com
  }
`

func utf16Bytes(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// meant reports whether a file was read as plainConf.
func meant(c *conf) bool {
	return c.defaultRealm == "EXAMPLE.COM" && slices.Equal(c.kdcs["EXAMPLE.COM"], []string{"kdc.example.com:88"})
}

func TestDamagedFilesAreReadAsTheyAreMeant(t *testing.T) {
	with := func(old, fresh string) string { return strings.Replace(plainConf, old, fresh, 1) }
	tests := []struct {
		name, text string
		want       string // the only warning; "" is none
	}{
		{"a byte order mark at the start", "\ufeff" + plainConf, "begins with a byte order mark (U+FEFF)"},
		{"UTF-16 with a mark, low byte first", utf16Bytes(binary.LittleEndian, "\ufeff"+plainConf), "is UTF-16"},
		{"UTF-16 with a mark, high byte first", utf16Bytes(binary.BigEndian, "\ufeff"+plainConf), "is UTF-16"},
		{"UTF-16 without a mark, low byte first", utf16Bytes(binary.LittleEndian, plainConf), "is UTF-16"},
		{"UTF-16 without a mark, high byte first", utf16Bytes(binary.BigEndian, plainConf), "is UTF-16"},
		{"a no-break space before a header", with("[realms]", "\u00a0[realms]"), "/etc/krb5.conf:3:1: U+00A0, which looks like a blank, is read as one"},
		{"a no-break space of Latin-1 before a header", with("[realms]", "\xa0[realms]"), ":3:1: U+00A0"},
		{"a zero-width space before a header", with("[realms]", "\u200b[realms]"), ":3:1: invisible character U+200B is left out"},
		{"a byte order mark inside the file", with("[realms]", "\ufeff[realms]"), ":3:1: invisible character U+FEFF"},
		{"a line with nothing but a no-break space", with("[realms]", "\u00a0\n[realms]"), ":3:1: U+00A0"},
		{"a line with nothing but a zero-width space", with("[realms]", "\u200b\n[realms]"), ":3:1: invisible character U+200B"},
		{"a no-break space before a brace", with("  }", "\u00a0 }"), ":6:1: U+00A0"},
		{"a no-break space before default_realm", with("  default", "\u00a0\u00a0default"), ":2:1: U+00A0, which looks like a blank, is read as one (and 1 more in this line)"},
		{"a zero-width space before default_realm", with("default_", "\u200bdefault_"), ":2:3: invisible character U+200B"},
		{"a no-break space before kdc", with("    kdc", "   \u00a0kdc"), ":5:4: U+00A0"},
		{"a zero-width space before kdc", with("kdc =", "\u200bkdc ="), ":5:5: invisible character U+200B"},
		{"a zero-width space at the end of a realm", with("EXAMPLE.COM\n", "EXAMPLE.COM\u200b\n"), ":2:30: invisible character U+200B"},
		{"a zero-width joiner at the end of a host", with("example.com\n", "example.com\u200d\n"), ":5:26: invisible character U+200D"},
		{"no-break spaces around the equals sign", with("_realm = ", "_realm\u00a0=\u00a0"), ":2:16: U+00A0"},
		{"a soft hyphen in a key", with("default_realm", "default\u00ad_realm"), ":2:10: invisible character U+00AD"},
		{"a control character", with("EXAMPLE.COM\n", "EXAMPLE.COM\x00\n"), ":2:30: invisible character U+0000"},
		{"a next-line control", with("EXAMPLE.COM\n", "EXAMPLE.COM\u0085\n"), ":2:30: invisible character U+0085"},
		{"typographic quotes", with("EXAMPLE.COM\n", "“EXAMPLE.COM”\n"), ":2:19: U+201C, as word processors write it, is read as \""},
		{"a full-width equals sign", with("realm =", "realm ＝"), ":2:17: U+FF1D, as word processors write it, is read as ="},
		{"CRLF", strings.ReplaceAll(plainConf, "\n", "\r\n"), ""},
		{"TAB, FF and VT for blanks", strings.ReplaceAll(plainConf, "  ", "\t\f\v"), ""},
		{"no final newline", strings.TrimSuffix(plainConf, "\n"), ""},
		{"the CR of old Macs", strings.ReplaceAll(plainConf, "\n", "\r"), ":1:1: the line ends in CR alone"},
		{"an odd character in a comment", "# caf\xe9 \u00a0 “x”\n" + plainConf, ""},
		{"an odd character before a comment", "\u200b# x\u00a0\n" + plainConf, ":1:1: invisible character U+200B"},
		{"an umlaut in a value that nobody reads", plainConf + "[logging]\nx = größe\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": tt.text})
			if err != nil || !meant(c) {
				t.Fatalf("got %+v, %v", c, err)
			}
			if tt.want == "" && len(c.damage) > 0 || tt.want != "" && (len(c.damage) != 1 || !strings.Contains(c.damage[0], tt.want)) {
				t.Errorf("warned %q; want %q", c.damage, tt.want)
			}
			if len(c.warnings) > 0 {
				t.Errorf("warned %q", c.warnings)
			}
		})
	}
}

// What makes other readers fail, and MIT's not.
func TestUnusualFilesAreRead(t *testing.T) {
	libdefaults := func(line string) string {
		return strings.Replace(plainConf, "[realms]", "  "+line+"\n[realms]", 1)
	}
	tests := []struct {
		name, text string
		check      func(*conf) bool
	}{
		{"dns_canonicalize_hostname = fallback", libdefaults("dns_canonicalize_hostname = Fallback"), func(c *conf) bool { return c.hostNames == hostFallback }},
		{"dns_canonicalize_hostname = false", libdefaults("dns_canonicalize_hostname = off"), func(c *conf) bool { return c.hostNames == hostAsTyped }},
		{"dns_canonicalize_hostname = true", libdefaults("dns_canonicalize_hostname = on"), func(c *conf) bool { return c.hostNames == hostCanonical }},
		{"the boolean on", libdefaults("forwardable = on"), func(c *conf) bool { return c.forwardable }},
		{"the boolean nil", libdefaults("dns_lookup_kdc = nil"), func(c *conf) bool { return !c.dnsLookupKDC }},
		{"a map of names in a realm", strings.Replace(plainConf, "    kdc", "    auth_to_local_names = {\n a = b\n }\n    kdc", 1), meant},
		{"a block in [libdefaults]", libdefaults("EXAMPLE.COM = {\n default_realm = WRONG\n }"), meant},
		{"a brace on a line of its own", strings.Replace(plainConf, "= {", "=\n  {", 1), meant},
		{"directives of Kerberos 4", libdefaults("v4_instance_resolve = false\n v4_name_convert = {\n host = {\n rcmd = host\n }\n }"), meant},
		{"two sections of realms", plainConf + "[realms]\nEXAMPLE.COM = {\nkdc = b\n}\nOTHER = {\nkdc = c\n}\n", func(c *conf) bool {
			return slices.Equal(c.kdcs["EXAMPLE.COM"], []string{"kdc.example.com:88", "b:88"}) && slices.Equal(c.kdcs["OTHER"], []string{"c:88"})
		}},
		{"default_realm given twice", libdefaults("default_realm = LATER"), meant},
		{"quotes around a value", strings.Replace(plainConf, "EXAMPLE.COM\n", "\"EXAMPLE.COM\"\n", 1), meant},
		{"enctypes with commas, families, exceptions and capitals", libdefaults("default_tkt_enctypes = AES,-aes256-sha2 ,rc4 -rc4"), func(c *conf) bool { return slices.Equal(c.loginEnctypes, []int32{18, 17, 19}) }},
		{"preferred_preauth_types with blanks", libdefaults("preferred_preauth_types = 17, 16"), meant},
		{"kdc_timesync = true", libdefaults("kdc_timesync = true"), func(c *conf) bool { return c.timeSync }},
		{"udp_preference_limit = 65535", libdefaults("udp_preference_limit = 65535"), func(c *conf) bool { return c.udpLimit == 65535 }},
		{"udp_preference_limit = 1", libdefaults("udp_preference_limit = 1"), func(c *conf) bool { return c.udpLimit == 0 }},
		{"a line longer than 64 KiB", "[appdefaults]\nx = " + strings.Repeat("y", 70_000) + "\n" + plainConf, meant},
		{"an IPv6 address without brackets", strings.Replace(plainConf, "kdc.example.com", "2001:db8::1", 1), func(c *conf) bool { return slices.Equal(c.kdcs["EXAMPLE.COM"], []string{"[2001:db8::1]:88"}) }},
		{"an IPv6 address with brackets and port", strings.Replace(plainConf, "kdc.example.com", "[2001:db8::1]:1088", 1), func(c *conf) bool {
			return slices.Equal(c.kdcs["EXAMPLE.COM"], []string{"[2001:db8::1]:1088"})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": tt.text})
			if err != nil || !tt.check(c) || len(c.damage)+len(c.warnings) > 0 {
				t.Errorf("got %+v, %v", c, err)
			}
		})
	}
}

// The files of clusters whose accounts are as old as Active Directory of 2003.
func TestListsOfRC4Alone(t *testing.T) {
	const old = "[libdefaults]\ndefault_tkt_enctypes = rc4-hmac\ndefault_tgs_enctypes = rc4-hmac\npermitted_enctypes = rc4-hmac\n"
	rc4 := []int32{23}
	tests := []struct {
		name, text string
		at         string // of the only warning; "" is none
		login      []int32
	}{
		{"all three", old, "/etc/krb5.conf:4:1: only RC4", rc4},
		{"of logins", "[libdefaults]\ndefault_tkt_enctypes = arcfour-hmac-md5 des3-cbc-sha1\n", ":2:1: only RC4", rc4},
		{"beside AES", "[libdefaults]\npermitted_enctypes = rc4-hmac aes256-cts\n", "", []int32{23, 18}},
		{"taken out", "[libdefaults]\nallow_rc4 = false\n", "", []int32{18, 17, 20, 19}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": tt.text})
			if err != nil || !slices.Equal(c.loginEnctypes, tt.login) {
				t.Fatalf("got %+v, %v", c, err)
			}
			if tt.at == "" {
				if len(c.warnings) > 0 {
					t.Errorf("warned %q", c.warnings)
				}
			} else if len(c.warnings) != 1 || !strings.Contains(c.warnings[0], tt.at) || !strings.Contains(c.warnings[0], "ask the administrator of the KDC to give the account AES keys") {
				t.Errorf("warned %q", c.warnings)
			}
		})
	}
}

func TestWarningsOfADamagedFileHaveALimit(t *testing.T) {
	c, err := readConf(t, map[string]string{"/etc/krb5.conf": plainConf + strings.Repeat("\u00a0\n", 1000)})
	if err != nil || len(c.damage) != maxConfWarnings || !strings.Contains(c.damage[maxConfWarnings-1], "more lines are damaged") {
		t.Errorf("%d warnings, %v", len(c.damage), err)
	}
}

func TestRepairsAreToldByALogin(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	path := w.keytab + ".conf"
	w.opts.KRB5Conf, w.opts.Realm, w.opts.KDCs = path, "", nil
	must(t, func() error { return os.WriteFile(path, []byte("\ufeff"+w.Conf([]string{"kdc"})), 0o600) })
	w.login()
	if w.logs.count("krb5.conf needs care") != 1 || w.logs.count("U+FEFF") != 1 {
		t.Error("the repair was not told")
	}
}

func TestSettingsWithoutEffectAreNamed(t *testing.T) {
	text := "[libdefaults]\ndefault_realm = X\nproxiable = false\nallow_weak_crypto = true\ndefault_ccache_name = KCM:\nX = {\nrdns = x\n}\n" +
		"[realms]\nX = {\nkdc = a\nadmin_server = b\n}\nY = {\nadmin_server = b\n}\n[logging]\ndefault = FILE:/x\n[capaths]\n[domain_realm]\na = X\n"
	c, err := readConf(t, map[string]string{"/etc/krb5.conf": text})
	want := "proxiable allow_weak_crypto X.rdns [realms] admin_server [logging] [capaths]"
	if err != nil || strings.Join(c.ignored, " ") != want || len(c.warnings) > 0 {
		t.Errorf("got %q, %q, %v", c.ignored, c.warnings, err)
	}
	var log bytes.Buffer
	path := filepath.Join(t.TempDir(), "krb5.conf")
	must(t, func() error { return os.WriteFile(path, []byte(text), 0o600) })
	o := Options{KRB5Conf: path, Keytab: "x", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if _, err := newCreds(t.Context(), o.withDefaults()); err != nil || !strings.Contains(log.String(), "level=DEBUG") || !strings.Contains(log.String(), "proxiable, allow_weak_crypto") {
		t.Errorf("got %v, %s", err, &log)
	}
}

func TestPathsInTheConfiguration(t *testing.T) {
	t.Setenv("HOME", "/home/report")
	me, err := user.Current()
	must(t, func() error { return err })
	tests := []struct{ name, path, want string }{
		{"a plain one", "FILE:/etc/report.keytab", "FILE:/etc/report.keytab"},
		{"the user's number", "/x/%{uid}.%{euid}", fmt.Sprintf("/x/%d.%d", os.Getuid(), os.Geteuid())},
		{"nothing", "/x%{null}/y", "/x/y"},
		{"a variable", "$HOME/a ${HOME}b", "/home/report/a /home/reportb"},
		{"the user's name and a place for a while", "%{username}:%{TEMP}", me.Username + ":" + os.TempDir()},
		{"no variable", "/x/$HOMES/$OTHER/$$", "/x/$HOMES/$OTHER/$$"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": "[libdefaults]\ndefault_keytab_name = other\ndefault_client_keytab_name = " + tt.path})
			if err != nil || c.clientKeytab != tt.want || c.defaultKeytab != "other" {
				t.Errorf("got %q, %v", c.clientKeytab, err)
			}
		})
	}
}

func TestRealmWhoseOnlyKDCCannotBeRead(t *testing.T) {
	c, err := readConf(t, map[string]string{"/etc/krb5.conf": strings.Replace(plainConf, "kdc.example.com", "kdc.example.com 88", 1)})
	if err != nil {
		t.Fatal(err)
	}
	k := network{}.kdcs(t, 0)
	k.conf = c
	_, err = k.addresses(t.Context(), "EXAMPLE.COM")
	if !errors.Is(err, ConfigSyntax) || !strings.Contains(err.Error(), `/etc/krb5.conf:5:5: "kdc.example.com 88" is not an address of a KDC`) || fault.Remedy(err) == "" {
		t.Errorf("got %v", err)
	}
}

// An included pipe would make the reading wait for ever, and files that include each
// other would go on for as long.
func TestFilesThatDoNotEnd(t *testing.T) {
	many := map[string]string{"/etc/krb5.conf": strings.Repeat("include /etc/a\n", 100), "/etc/a": strings.Repeat("include /etc/b\n", 100), "/etc/b": ""}
	if _, err := readConf(t, many); err == nil || !strings.Contains(err.Error(), "more than 1000 files") {
		t.Errorf("got %v", err)
	}
	if _, err := readLimited(t.TempDir()); err == nil {
		t.Error("a directory was read as a file")
	}
	if data, err := readLimited(os.DevNull); err != nil || len(data) != 0 {
		t.Errorf("the null device: got %d bytes, %v", len(data), err)
	}
	path := filepath.Join(t.TempDir(), "long")
	must(t, func() error { return os.WriteFile(path, make([]byte, maxConfBytes+1), 0o600) })
	if _, err := readLimited(path); err == nil || !strings.Contains(err.Error(), "longer than 1048576 bytes") {
		t.Errorf("got %v", err)
	}
}
