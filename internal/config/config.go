// Package config reads qosreport.yaml: connection, identity and where things go.
//
// A file is read strictly: an unknown or repeated key is a mistake, and all mistakes
// are reported at once, each with its place, its value and what to write instead.
// Secrets are named by file or environment, never written into the file, and are read
// when they are used.
package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/yamlfile"
)

// Config is qosreport.yaml with its defaults filled in.
type Config struct {
	Version  int      `yaml:"version"`
	Instance string   `yaml:"instance"` // which installation this is; "" means the host name
	Zone     string   `yaml:"zone"`     // IANA name; report days are days there
	Out      string   `yaml:"out"`      // folder of the files
	Impala   Impala   `yaml:"impala"`
	Kerberos Kerberos `yaml:"kerberos"`
	Store    Store    `yaml:"store"`
	SMTP     SMTP     `yaml:"smtp"`
	Web      Web      `yaml:"web"`
	Log      Log      `yaml:"log"`

	MaxRuns       int                  `yaml:"max_runs"`       // of schedules at a time
	ShutdownGrace Duration             `yaml:"shutdown_grace"` // for deliveries when the process is stopped
	Schedules     map[string]*Schedule `yaml:"schedules"`

	// Flags name the flag for each key, like impala.hosts, whose value a flag has replaced.
	Flags map[string]string `yaml:"-"`

	file *yamlfile.File // where the other values stand, for mistakes found later
}

// Impala says how to reach the cluster.
type Impala struct {
	Hosts        []string          `yaml:"hosts"`     // host:port
	Transport    string            `yaml:"transport"` // sasl | http | plain-socket
	Auth         string            `yaml:"auth"`      // kerberos | ldap | jwt | none
	Service      string            `yaml:"service"`   // service part of the SPN, or all of it with _HOST or a host
	SPNHost      string            `yaml:"spn_host"`  // host part of the SPN; "" means the dialled host
	SASLQOP      string            `yaml:"sasl_qop"`  // auto | auth | auth-int | auth-conf
	User         string            `yaml:"user"`
	PasswordFile string            `yaml:"password_file"`
	PasswordEnv  string            `yaml:"password_env"`
	JWTFile      string            `yaml:"jwt_file"`
	HTTPPath     string            `yaml:"http_path"` // of the URL, with transport http
	DoAsUser     string            `yaml:"doas_user"` // whom statements run as; "" means who logs in
	Database     string            `yaml:"database"`
	TLS          TLS               `yaml:"tls"`
	Options      map[string]string `yaml:"options"` // query options
	Timeouts     Timeouts          `yaml:"timeouts"`
	FetchAhead   bool              `yaml:"fetch_ahead"`  // ask for rows before those that came are worked on
	MaxSessions  int               `yaml:"max_sessions"` // statements of one run at a time
}

// TLS of the connection to the cluster.
type TLS struct {
	Enabled    bool   `yaml:"enabled"`
	CAFile     string `yaml:"ca_file"`     // PEM; "" means the system's authorities
	ServerName string `yaml:"server_name"` // "" means the dialled host
	CertFile   string `yaml:"cert_file"`   // client certificate, PEM
	KeyFile    string `yaml:"key_file"`
	MinVersion string `yaml:"min_version"` // "1.2" | "1.3"
}

// Timeouts of the steps of a connection.
type Timeouts struct {
	Dial    Duration `yaml:"dial"`
	Session Duration `yaml:"session"` // TLS, login, OpenSession
	RPC     Duration `yaml:"rpc"`
}

// Duration is a time span as Go writes it: 30s, 10m. What cannot be read is kept until
// [Config.Validate] tells it with its place.
type Duration struct {
	time.Duration
	text string // as written, when it is none
}

// UnmarshalYAML reads the text. Days, which Go does not know, are a number and d.
func (d *Duration) UnmarshalYAML(data []byte) error {
	text := strings.Trim(strings.TrimSpace(string(data)), `"'`)
	value, err := time.ParseDuration(text)
	if number, found := strings.CutSuffix(text, "d"); found {
		var n uint16
		_, err = fmt.Sscanf(number+"\n", "%d\n", &n)
		value = time.Duration(n) * 24 * time.Hour
	}
	*d = Duration{Duration: value}
	if err != nil {
		d.text = text
	}
	return nil
}

// shown is the span as it was written, or would be.
func (d Duration) shown() string {
	if d.text != "" {
		return strconv.Quote(d.text)
	}
	return d.String()
}

// Kerberos says who logs in and where the KDCs are.
type Kerberos struct {
	Principal         string   `yaml:"principal"` // "" means the only one of the keytab
	Keytab            string   `yaml:"keytab"`    // "" means KRB5_CLIENT_KTNAME, KRB5_KTNAME, then krb5.conf's default
	CCache            string   `yaml:"ccache"`    // of kinit; a keytab that is named here goes before it
	KRB5Conf          string   `yaml:"krb5_conf"` // "" means KRB5_CONFIG, then /etc/krb5.conf
	Realm             string   `yaml:"realm"`     // with kdcs, instead of krb5_conf
	KDCs              []string `yaml:"kdcs"`
	StrictPermissions bool     `yaml:"strict_permissions"`
}

// Web is where serve shows its status.
type Web struct {
	Listen string `yaml:"listen"` // host:port; "" switches it off
}

// Log says what is logged and how.
type Log struct {
	Level  string `yaml:"level"`  // debug | info | warn | error
	Format string `yaml:"format"` // auto | text | json
}

// Levels are the words that log.level takes.
var Levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// Default is the configuration of an empty file.
func Default() *Config {
	return &Config{
		Version: 1,
		Zone:    "UTC",
		Out:     "out",
		Impala: Impala{
			Transport: "sasl",
			Auth:      "kerberos",
			Service:   "impala",
			SASLQOP:   "auto",
			Database:  "default",
			HTTPPath:  "/cliservice",
			TLS:       TLS{Enabled: true, MinVersion: "1.2"},
			Timeouts:  Timeouts{Dial: seconds(10), Session: seconds(30), RPC: seconds(60)},

			MaxSessions: 2,
		},
		Store: Store{KeepStates: days(400), KeepRuns: days(400), KeepDeliveries: days(800)},
		SMTP:  SMTP{TLS: "starttls", MaxSize: Size{Bytes: 20_000_000}, Allow: []string{}},
		Web:   Web{Listen: "127.0.0.1:8080"},
		Log:   Log{Level: "info", Format: "auto"},

		MaxRuns:       2,
		ShutdownGrace: seconds(25),
	}
}

func days(n int) Duration { return Duration{Duration: time.Duration(n) * 24 * time.Hour} }

func seconds(n int) Duration { return Duration{Duration: time.Duration(n) * time.Second} }

// Location is the zone of the report days.
func (c *Config) Location() (*time.Location, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "Local" {
		return nil, fmt.Errorf("zone is %q: write an IANA name like Europe/Bratislava", c.Zone)
	}
	return zone, nil
}
