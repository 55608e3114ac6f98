package main

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/impala"
	"qosreport/internal/kerberos"
)

// connectionFlags are the settings of the connection that a person without a file needs.
type connectionFlags struct {
	ImpalaHost         []string          `group:"Impala" env:"QOSREPORT_IMPALA_HOST" placeholder:"HOST:PORT" help:"Coordinator; may be repeated."`
	ImpalaTransport    string            `group:"Impala" env:"QOSREPORT_IMPALA_TRANSPORT" placeholder:"KIND" help:"sasl, http or plain-socket."`
	ImpalaAuth         string            `group:"Impala" env:"QOSREPORT_IMPALA_AUTH" placeholder:"KIND" help:"kerberos, ldap, jwt or none."`
	ImpalaService      string            `group:"Impala" env:"QOSREPORT_IMPALA_SERVICE" placeholder:"NAME" help:"First part of the service principal, or all of it: impala/_HOST@REALM."`
	ImpalaSPNHost      string            `group:"Impala" name:"impala-spn-host" env:"QOSREPORT_IMPALA_SPN_HOST" placeholder:"HOST" help:"Second part, when it is not the dialled host."`
	ImpalaSASLQOP      string            `group:"Impala" name:"impala-sasl-qop" env:"QOSREPORT_IMPALA_SASL_QOP" placeholder:"QOP" help:"Least protection: auto, auth, auth-int or auth-conf."`
	ImpalaTLS          *bool             `group:"Impala" name:"impala-tls" negatable:"" env:"QOSREPORT_IMPALA_TLS" help:"Use TLS."`
	ImpalaTLSCA        string            `group:"Impala" name:"impala-tls-ca" env:"QOSREPORT_IMPALA_TLS_CA" placeholder:"FILE" help:"PEM file of the authority."`
	ImpalaTLSName      string            `group:"Impala" name:"impala-tls-server-name" env:"QOSREPORT_IMPALA_TLS_SERVER_NAME" placeholder:"NAME" help:"Name that the certificate must hold."`
	ImpalaUser         string            `group:"Impala" env:"QOSREPORT_IMPALA_USER" placeholder:"USER" help:"User of an LDAP login."`
	ImpalaPasswordFile string            `group:"Impala" env:"QOSREPORT_IMPALA_PASSWORD_FILE" placeholder:"FILE" help:"File that holds the password."`
	ImpalaJWTFile      string            `group:"Impala" name:"impala-jwt-file" env:"QOSREPORT_IMPALA_JWT_FILE" placeholder:"FILE" help:"File that holds the JWT."`
	ImpalaDatabase     string            `group:"Impala" env:"QOSREPORT_IMPALA_DATABASE" placeholder:"NAME" help:"Database of names without one."`
	ImpalaOption       map[string]string `group:"Impala" env:"QOSREPORT_IMPALA_OPTION" mapsep:"none" placeholder:"K=V" help:"Query option; may be repeated."`

	KerberosPrincipal string `group:"Kerberos" env:"QOSREPORT_KERBEROS_PRINCIPAL" placeholder:"NAME@REALM" help:"Who logs in."`
	KerberosKeytab    string `group:"Kerberos" env:"QOSREPORT_KERBEROS_KEYTAB" placeholder:"FILE" help:"Keytab with the key."`
	KerberosCCache    string `group:"Kerberos" name:"kerberos-ccache" env:"QOSREPORT_KERBEROS_CCACHE" placeholder:"NAME" help:"Credential cache of kinit, in place of a keytab."`
	kdcFlags
}

// The variables of the two flags of which one counts.
const (
	keytabEnv = "QOSREPORT_KERBEROS_KEYTAB"
	ccacheEnv = "QOSREPORT_KERBEROS_CCACHE"
)

// kdcFlags are where the KDCs are.
type kdcFlags struct {
	KerberosKRB5Conf string   `group:"Kerberos" name:"kerberos-krb5-conf" env:"QOSREPORT_KERBEROS_KRB5_CONF" placeholder:"FILE" help:"krb5.conf; default KRB5_CONFIG, then /etc/krb5.conf."`
	KerberosRealm    string   `group:"Kerberos" env:"QOSREPORT_KERBEROS_REALM" placeholder:"REALM" help:"With --kerberos-kdc, in place of krb5.conf."`
	KerberosKDC      []string `group:"Kerberos" name:"kerberos-kdc" env:"QOSREPORT_KERBEROS_KDC" placeholder:"HOST:PORT" help:"KDC; may be repeated."`
}

func (f *kdcFlags) apply(c *config.Config) {
	k := &c.Kerberos
	set := setter{c}
	set.text(&k.KRB5Conf, f.KerberosKRB5Conf, "kerberos.krb5_conf", "--kerberos-krb5-conf")
	set.text(&k.Realm, f.KerberosRealm, "kerberos.realm", "--kerberos-realm")
	set.list(&k.KDCs, f.KerberosKDC, "kerberos.kdcs", "--kerberos-kdc")
}

// apply puts the flags that were given over the file's values.
func (f *connectionFlags) apply(c *config.Config) {
	i, k := &c.Impala, &c.Kerberos
	set := setter{c}
	set.list(&i.Hosts, f.ImpalaHost, "impala.hosts", "--impala-host")
	set.text(&i.Transport, f.ImpalaTransport, "impala.transport", "--impala-transport")
	set.text(&i.Auth, f.ImpalaAuth, "impala.auth", "--impala-auth")
	set.text(&i.Service, f.ImpalaService, "impala.service", "--impala-service")
	set.text(&i.SPNHost, f.ImpalaSPNHost, "impala.spn_host", "--impala-spn-host")
	set.text(&i.SASLQOP, f.ImpalaSASLQOP, "impala.sasl_qop", "--impala-sasl-qop")
	if f.ImpalaTLS != nil {
		i.TLS.Enabled = *f.ImpalaTLS
		set.from("impala.tls.enabled", "--impala-tls")
	}
	set.text(&i.TLS.CAFile, f.ImpalaTLSCA, "impala.tls.ca_file", "--impala-tls-ca")
	set.text(&i.TLS.ServerName, f.ImpalaTLSName, "impala.tls.server_name", "--impala-tls-server-name")
	set.text(&i.User, f.ImpalaUser, "impala.user", "--impala-user")
	if f.ImpalaPasswordFile != "" {
		i.PasswordEnv = ""
	}
	set.text(&i.PasswordFile, f.ImpalaPasswordFile, "impala.password_file", "--impala-password-file")
	set.text(&i.JWTFile, f.ImpalaJWTFile, "impala.jwt_file", "--impala-jwt-file")
	set.text(&i.Database, f.ImpalaDatabase, "impala.database", "--impala-database")
	for name, value := range f.ImpalaOption {
		if i.Options = maps.Clone(i.Options); i.Options == nil {
			i.Options = make(map[string]string)
		}
		maps.DeleteFunc(i.Options, func(other, _ string) bool { return strings.EqualFold(other, name) })
		i.Options[name] = value
		set.from("impala.options."+name, "--impala-option")
	}
	set.text(&k.Principal, f.KerberosPrincipal, "kerberos.principal", "--kerberos-principal")
	keytab := f.KerberosKeytab
	if f.KerberosCCache != "" {
		k.Keytab = "" // the file's would go before the cache
		if f.KerberosCCache != os.Getenv(ccacheEnv) && keytab == os.Getenv(keytabEnv) {
			keytab = "" // and so would that of the environment, which a flag beats
		}
	}
	set.text(&k.Keytab, keytab, "kerberos.keytab", "--kerberos-keytab")
	set.text(&k.CCache, f.KerberosCCache, "kerberos.ccache", "--kerberos-ccache")
	f.kdcFlags.apply(c)
}

// setter replaces values of a configuration by those of flags, and remembers the flag, so
// that a mistake is told where it was made.
type setter struct{ config *config.Config }

func (s setter) from(key, flag string) {
	if s.config.Flags == nil {
		s.config.Flags = make(map[string]string)
	}
	s.config.Flags[key] = flag
}

func (s setter) text(to *string, value, key, flag string) {
	if value != "" {
		*to = value
		s.from(key, flag)
	}
}

func (s setter) list(to *[]string, value []string, key, flag string) {
	if len(value) > 0 {
		*to = value
		s.from(key, flag)
	}
}

// connector opens sessions as the configuration says, for any number of goroutines and for
// as long as the process runs: the login replaces tickets that end and reads the keytab
// each time.
type connector struct {
	config *config.Config
	log    *slog.Logger
	dial   dialer
	now    func() time.Time // nil means time.Now

	health impala.Health // of the coordinators

	mu    sync.Mutex
	creds *kerberos.Creds   // nil before the first session, and without Kerberos
	pipes map[string]*piped // by file
}

// connect logs in where that is wanted and opens a session. The coordinator shows its
// statements as those of work.
func (c *connector) connect(ctx context.Context, work string) (*impala.Client, error) {
	i := &c.config.Impala
	o := impala.Options{
		Hosts:          i.Hosts,
		Dial:           c.dial,
		Health:         &c.health,
		DoAs:           i.DoAsUser,
		Database:       i.Database,
		Client:         identifier(version(), work),
		Config:         i.Options,
		FetchAhead:     i.FetchAhead,
		DialTimeout:    i.Timeouts.Dial.Duration,
		SessionTimeout: i.Timeouts.Session.Duration,
		CallTimeout:    i.Timeouts.RPC.Duration,
		Logger:         c.log,
	}
	var err error
	if i.TLS.Enabled {
		if o.TLS, err = tlsConfig(&i.TLS); err != nil {
			return nil, err
		}
	} else if !i.Loopback() {
		c.log.WarnContext(ctx, "the connection to the cluster is not encrypted", "fix", "impala.tls.enabled: true")
	}
	if i.Transport == "http" {
		o.HTTP, err = c.overHTTP(ctx)
	} else {
		o.Auth, err = c.overSASL(ctx)
	}
	if err != nil {
		return nil, err
	}
	return impala.Connect(ctx, o)
}

// identifier is what coordinators show beside statements: the program, and the report or
// command that sends them.
func identifier(version, work string) string {
	number, _, _ := strings.Cut(version, " ") // without the compiler's
	return "qosreport/" + number + " " + work
}

// close forgets the credentials.
func (c *connector) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.creds != nil {
		c.creds.Close()
	}
}

// principal is who logged in, "" without Kerberos.
func (c *connector) principal() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.creds == nil {
		return ""
	}
	return c.creds.Principal()
}

// credentials are read once, by whoever comes first. The KDC is asked without the mutex,
// so that nobody waits for another's time-out.
func (c *connector) credentials(ctx context.Context) (*kerberos.Creds, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.creds != nil {
		return c.creds, nil
	}
	creds, err := kerberos.New(ctx, c.kerberosOptions())
	c.creds = creds
	return creds, err
}

func (c *connector) kerberosOptions() kerberos.Options {
	k := &c.config.Kerberos
	return kerberos.Options{
		Principal:         k.Principal,
		Keytab:            k.Keytab,
		CCache:            k.CCache,
		KRB5Conf:          k.KRB5Conf,
		Realm:             k.Realm,
		KDCs:              k.KDCs,
		StrictPermissions: k.StrictPermissions,
		PinSPN:            c.config.Impala.PinsHost(),
		Dial:              c.dial,
		Now:               c.now,
		Logger:            c.log,
	}
}
