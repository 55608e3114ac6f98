package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/yamlfile"
)

// Validate reports every mistake at once. Flags have been applied before.
func (c *Config) Validate() error {
	v := &yamlfile.Mistakes{File: c.file, Elsewhere: c.Flags}
	v.Require("version", c.Version == 1, "is %d: write 1", c.Version)
	if _, err := c.Location(); err != nil {
		v.Add("zone", err)
	}
	v.Require("out", c.Out != "", "is empty: write a folder like out")
	_, known := Levels[c.Log.Level]
	v.Require("log.level", known, "is %q: write debug, info, warn or error", c.Log.Level)
	v.Require("log.format", slices.Contains([]string{"auto", "text", "json"}, c.Log.Format), "is %q: write auto, text or json", c.Log.Format)
	c.Impala.validate(v)
	c.Kerberos.validate(v)
	c.Store.validate(v)
	c.SMTP.validate(v)
	if c.Web.Listen != "" {
		hostPort(v, "web.listen", c.Web.Listen, "127.0.0.1:8080")
	}
	v.Require("max_runs", c.MaxRuns >= 1 && c.MaxRuns <= 16, "is %d: write 1 to 16", c.MaxRuns)
	v.Require("shutdown_grace", c.ShutdownGrace.text == "" && c.ShutdownGrace.Duration > 0, "is %s: write a time span like 25s, below what ends the process from outside", c.ShutdownGrace.shown())
	c.validateSchedules(v)
	return fault.New(fault.Usage, 0, v.Err())
}

func (i *Impala) validate(v *yamlfile.Mistakes) {
	v.Require("impala.hosts", len(i.Hosts) > 0, "is missing: write a list of host:port like [impalad-1.example.com:21050], or pass --impala-host")
	for n, host := range i.Hosts {
		hostPort(v, fmt.Sprintf("impala.hosts[%d]", n), host, i.example())
	}
	i.validateLogin(v)
	oneOf(v, "impala.sasl_qop", i.SASLQOP, "auto", "auth", "auth-int", "auth-conf")
	v.Require("impala.doas_user", !strings.ContainsFunc(i.DoAsUser, blankOrControl), "is %q: write a user's name, which has no blanks", i.DoAsUser)
	i.validateOptions(v)
	oneOf(v, "impala.tls.min_version", i.TLS.MinVersion, "1.2", "1.3")
	i.validateService(v)
	v.Require("impala.max_sessions", i.MaxSessions >= 1 && i.MaxSessions <= 16, "is %d: write 1 to 16; coordinators have few service threads", i.MaxSessions)
	v.Require("impala.tls.key_file", (i.TLS.CertFile == "") == (i.TLS.KeyFile == ""), "and impala.tls.cert_file belong together: write both or none")
	for _, t := range []struct {
		key   string
		value Duration
	}{{"dial", i.Timeouts.Dial}, {"session", i.Timeouts.Session}, {"rpc", i.Timeouts.RPC}} {
		v.Require("impala.timeouts."+t.key, t.value.text == "", "is %q: write a time span like 30s or 10m", t.value.text)
		v.Require("impala.timeouts."+t.key, t.value.text != "" || t.value.Duration >= time.Second, "is %s: write 1s or more", t.value.Duration)
	}
}

// validateService checks the service principal: impala, impala/_HOST@REALM or impala/host@REALM.
func (i *Impala) validateService(v *yamlfile.Mistakes) {
	name, realm, withRealm := strings.Cut(i.Service, "@")
	service, host, whole := strings.Cut(name, "/")
	good := service != "" && whole == (host != "") && (whole || !withRealm) && withRealm == (realm != "") &&
		!strings.ContainsAny(host+realm, "/@") && !strings.ContainsAny(i.Service, " \t\\")
	v.Require("impala.service", good, "is %q: write the first part of the service principal, like impala, or all of it, like impala/_HOST@EXAMPLE.COM", i.Service)
	v.Require("impala.spn_host", !good || i.SPNHost == "" || i.serviceHost() == "", "is %q, and impala.service names the host %q: write one of the two", i.SPNHost, host)
}

// PinsHost reports whether the host of the service principal is a setting, and not the name
// that is dialled.
func (i *Impala) PinsHost() bool { return i.SPNHost != "" || i.serviceHost() != "" }

// serviceHost is the host that impala.service names, or "".
func (i *Impala) serviceHost() string {
	name, _, _ := strings.Cut(i.Service, "@")
	if _, host, _ := strings.Cut(name, "/"); !strings.EqualFold(host, "_HOST") {
		return host
	}
	return ""
}

func (k *Kerberos) validate(v *yamlfile.Mistakes) {
	for n, kdc := range k.KDCs {
		v.Require(fmt.Sprintf("kerberos.kdcs[%d]", n), kdc != "" && !strings.ContainsAny(kdc, " /"), "is %q: write host or host:port", kdc)
	}
	v.Require("kerberos.realm", len(k.KDCs) == 0 || k.Realm != "", "is missing: kerberos.kdcs needs it")
}

func blankOrControl(r rune) bool { return r <= ' ' || r == 0x7f }

// Loopback reports whether every coordinator is on this host, where nobody listens in.
func (i *Impala) Loopback() bool {
	for _, host := range i.Hosts {
		if !loopback(host) {
			return false
		}
	}
	return true
}

func loopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func oneOf(v *yamlfile.Mistakes, key, value string, words ...string) {
	v.Require(key, slices.Contains(words, value), "is %q: write %s", value, strings.Join(words, ", "))
}

func hostPort(v *yamlfile.Mistakes, key, value, example string) {
	host, port, err := net.SplitHostPort(value)
	number, portErr := strconv.Atoi(port)
	v.Require(key, err == nil && host != "" && portErr == nil && number > 0 && number < 65536,
		"is %q: write host:port, like %s", value, example)
}
