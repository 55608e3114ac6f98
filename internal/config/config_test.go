package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"qosreport"
	"qosreport/internal/fault"
)

func load(text string) (*Config, error) {
	return Load(fstest.MapFS{"configs/qosreport.yaml": {Data: []byte(text)}}, "configs/qosreport.yaml")
}

const good = `version: 1
zone: Europe/Bratislava
impala: {hosts: ["impalad-1.example.com:21050"], options: {MEM_LIMIT: 8g}, timeouts: {rpc: 90s}}
kerberos: {keytab: /etc/report.keytab}
log: {level: debug}
`

func TestLoadFillsInDefaults(t *testing.T) {
	c, err := load(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Impala.Timeouts != (Timeouts{Dial: seconds(10), Session: seconds(30), RPC: seconds(90)}) || !c.Impala.TLS.Enabled ||
		c.Impala.Service != "impala" || c.Log.Level != "debug" || c.Out != "out" {
		t.Errorf("got %+v", c)
	}
}

// The embedded file shows every key with its default, and is the default.
func TestTheEmbeddedFileIsTheDefault(t *testing.T) {
	c, err := Load(qosreport.Files, "configs/qosreport.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.file, want.Impala.Hosts, want.Impala.Options, want.Kerberos.KDCs = c.file, []string{}, map[string]string{}, []string{}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "impala.hosts is missing") {
		t.Errorf("without a host: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"version", "version: 1", "version: 3", "qosreport.yaml:1:10: version is 3: write 1"},
		{"zone", "Europe/Bratislava", "Europe/Nowhere", `qosreport.yaml:2:7: zone is "Europe/Nowhere": write an IANA name`},
		{"local zone", "Europe/Bratislava", "Local", `zone is "Local"`},
		{"unknown key", "version: 1", "version: 1\nimpla: {}", `qosreport.yaml:2:1: unknown key "impla"`},
		{"unknown key inside", "{rpc: 90s}", "{rcp: 90s}", `unknown key "rcp"`},
		{"inline password", "{hosts:", "{password: geheim, hosts:", `unknown key "password"`},
		{"host without quotes in a flow mapping", `["impalad-1.example.com:21050"]`, "[impalad-1.example.com:21050]", "a value of type mapping where text is due; a text that holds a colon may need quotes"},
		{"host without port", "impalad-1.example.com:21050", "impalad-1.example.com", `impala.hosts[0] is "impalad-1.example.com": write host:port`},
		{"port", ":21050", ":210500", "write host:port"},
		{"transport", "{hosts:", "{transport: https, hosts:", `impala.transport is "https": write sasl, http, plain-socket`},
		{"auth", "{hosts:", "{auth: krb, hosts:", `impala.auth is "krb": write kerberos, ldap, jwt, none`},
		{"auth over a plain socket", "{hosts:", "{transport: plain-socket, hosts:", `impala.auth is "kerberos" with transport "plain-socket", which has the logins none`},
		{"qop", "{hosts:", "{sasl_qop: privacy, hosts:", `impala.sasl_qop is "privacy"`},
		{"service with a realm alone", "{hosts:", `{service: "impala@R", hosts:`, `impala.service is "impala@R": write the first part of the service principal`},
		{"service without a host", "{hosts:", `{service: "impala/@R", hosts:`, "like impala/_HOST@EXAMPLE.COM"},
		{"service with an empty realm", "{hosts:", `{service: "impala/h@", hosts:`, "impala.service is"},
		{"service of three parts", "{hosts:", "{service: impala/a/b, hosts:", "impala.service is"},
		{"service with two hosts", "{hosts:", `{service: "impala/lb@R", spn_host: other, hosts:`, `impala.spn_host is "other", and impala.service names the host "lb": write one of the two`},
		{"ldap without user", "{hosts:", "{auth: ldap, password_env: X, hosts:", "impala.user is missing"},
		{"ldap without password", "{hosts:", "{auth: ldap, user: u, hosts:", "write exactly one"},
		{"ldap in clear", "{hosts:", "{auth: ldap, user: u, password_env: X, tls: {enabled: false}, hosts:", "would cross the network to impalad-1.example.com:21050 in clear"},
		{"no login over SASL", "{hosts:", "{auth: none, hosts:", `impala.auth is "none" with transport "sasl", which has the logins kerberos, ldap`},
		{"JWT over SASL", "{hosts:", "{auth: jwt, jwt_file: x, hosts:", `impala.auth is "jwt" with transport "sasl", which has the logins kerberos, ldap`},
		{"JWT without a file", "{hosts:", "{transport: http, auth: jwt, hosts:", "impala.jwt_file is missing"},
		{"a file that nobody reads", "{hosts:", "{transport: http, jwt_file: x, hosts:", `impala.jwt_file is set, and impala.auth is "kerberos"`},
		{"JWT in clear", "{hosts:", "{transport: http, auth: jwt, jwt_file: x, tls: {enabled: false}, hosts:", "the token would cross the network to impalad-1.example.com:21050 in clear"},
		{"ldap in clear over HTTP", "{hosts:", "{transport: http, auth: ldap, user: u, password_env: X, tls: {enabled: false}, hosts:", "the password would cross the network"},
		{"layer over HTTP", "{hosts:", "{transport: http, sasl_qop: auth-conf, hosts:", `impala.sasl_qop is "auth-conf" with transport http`},
		{"rows in advance over HTTP", "{hosts:", "{transport: http, fetch_ahead: true, hosts:", "impala.fetch_ahead is true with transport http"},
		{"path with a query", "{hosts:", `{transport: http, http_path: "/x?doAs=y", hosts:`, `impala.http_path is "/x?doAs=y": write the path`},
		{"path with a blank", "{hosts:", `{transport: http, http_path: "/x y", hosts:`, "impala.http_path is"},
		{"URL for a path", "{hosts:", `{transport: http, http_path: "http://h/x#y", hosts:`, "impala.http_path is"},
		{"URL for a host", "impalad-1.example.com:21050", "http://impalad-1.example.com:28000", "write host:port, like impalad-1.example.com:21050"},
		{"host without port over HTTP", `["impalad-1.example.com:21050"]`, `["h"], transport: http`, "write host:port, like impalad-1.example.com:28000"},
		{"timeout", "rpc: 90s", "rpc: 5ms", "impala.timeouts.rpc is 5ms: write 1s or more"},
		{"timeout without a unit", "rpc: 90s", "rpc: ninety", `impala.timeouts.rpc is "ninety": write a time span like 30s`},
		{"tls version", "{hosts:", "{tls: {min_version: \"1.0\"}, hosts:", `impala.tls.min_version is "1.0"`},
		{"client certificate without key", "{hosts:", "{tls: {cert_file: x}, hosts:", "belong together"},
		{"kdcs without realm", "{keytab:", "{kdcs: [kdc1], keytab:", "kerberos.realm is missing"},
		{"kdc", "{keytab:", `{realm: A, kdcs: ["https://kdc/"], keytab:`, "write host or host:port"},
		{"log level", "level: debug", "level: loud", `qosreport.yaml:5:14: log.level is "loud"`},
		{"log format", "level: debug", "format: xml", `log.format is "xml": write auto, text or json`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.old, tt.new, 1)
			if text == good {
				t.Fatal("the row changes nothing")
			}
			c, err := load(text)
			if err == nil {
				err = c.Validate()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.AreaOf(err) != fault.Usage {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "geheim") {
				t.Error("the error shows the password")
			}
		})
	}
}

func TestServicePrincipals(t *testing.T) {
	tests := []struct {
		service, host string
		pins          bool
	}{
		{"impala", "", false}, {"impala", "lb", true}, {"impala/_HOST", "", false}, {"impala/_HOST@R", "", false},
		{"impala/_HOST@R", "lb", true}, {"impala/lb@R", "", true}, {"impala/lb", "", true},
	}
	for _, tt := range tests {
		c := Default()
		c.Impala.Hosts, c.Impala.Service, c.Impala.SPNHost = []string{"a:1"}, tt.service, tt.host
		if err := c.Validate(); err != nil || c.Impala.PinsHost() != tt.pins {
			t.Errorf("%s, %s: pins %t, %v", tt.service, tt.host, c.Impala.PinsHost(), err)
		}
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	c, err := load(strings.NewReplacer("version: 1", "version: 2", "Bratislava", "Nowhere", "level: debug", "format: xml").Replace(good))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v", err)
	}
}

func TestLDAPInClearIsAllowedOnLoopback(t *testing.T) {
	c, err := load("version: 1\nimpala: {hosts: [\"127.0.0.1:1\", \"[::1]:1\", \"localhost:1\", \"LocalHost:1\"], auth: ldap, user: u, password_env: X, tls: {enabled: false}}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil || !c.Impala.Loopback() {
		t.Error(err)
	}
}

func TestAMissingFileNamesTheFolder(t *testing.T) {
	_, err := Load(fstest.MapFS{}, "configs/qosreport.yaml")
	if fault.AreaOf(err) != fault.Usage || !strings.Contains(fault.Remedy(err), "--config-dir") {
		t.Errorf("got %v", err)
	}
}

func TestPasswords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(" geheim \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("QOS_TEST_PASSWORD", "aus der Umgebung")
	for _, tt := range []struct {
		from Impala
		want string
	}{{Impala{PasswordFile: file}, " geheim "}, {Impala{PasswordEnv: "QOS_TEST_PASSWORD"}, "aus der Umgebung"}} {
		if got, err := tt.from.Password(); err != nil || string(got) != tt.want {
			t.Errorf("got %q, %v", string(got), err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("QOS_TEST_EMPTY", "")
	for _, from := range []Impala{{PasswordFile: file + "x"}, {PasswordEnv: "QOS_TEST_NOTHING"}, {PasswordFile: empty}, {PasswordEnv: "QOS_TEST_EMPTY"}} {
		if _, err := from.Password(); fault.AreaOf(err) != fault.Usage {
			t.Errorf("%+v: %v", from, err)
		}
	}
}

func TestTokensAreReadEachTime(t *testing.T) {
	i := Impala{JWTFile: filepath.Join(t.TempDir(), "jwt")}
	if _, err := i.JWT(); fault.AreaOf(err) != fault.Usage || !strings.Contains(err.Error(), "impala.jwt_file: ") {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{"a.b.c", "d.e.f"} {
		if err := os.WriteFile(i.JWTFile, []byte(" "+want+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := i.JWT(); err != nil || string(got) != want {
			t.Errorf("got %q, %v", string(got), err)
		}
	}
}

func TestLoginsOverHTTP(t *testing.T) {
	for _, login := range []string{"auth: kerberos", "auth: none", "auth: ldap, user: u, password_env: X", "auth: jwt, jwt_file: x, http_path: gateway/default/impala"} {
		c, err := load("version: 1\nimpala: {hosts: [\"h:28000\"], transport: http, " + login + "}\n")
		if err == nil {
			err = c.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", login, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := Secret("geheim")
	quoted, err := json.Marshal(map[string]Secret{"password": s})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "password", s)
	if text := fmt.Sprintf("%v %s %#v %q", s, s, s, s) + string(quoted) + log.String(); strings.Contains(text, "geheim") {
		t.Errorf("printed %s", text)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := load(text); err == nil {
			_ = c.Validate()
		}
	})
}
