package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/fault"
)

// Validate reports every mistake at once. Flags have been applied before.
func (c *Config) Validate() error {
	v := &mistakes{origin: c.origin}
	v.require("version", c.Version == 1, "is %d: write 1", c.Version)
	if _, err := c.Location(); err != nil {
		v.add("zone", err)
	}
	v.require("out", c.Out != "", "is empty: write a folder like out")
	v.require("log.format", slices.Contains([]string{"auto", "text", "json"}, c.Log.Format), "is %q: write auto, text or json", c.Log.Format)
	c.Impala.validate(v)
	c.Kerberos.validate(v, c.Impala.Auth == "kerberos")
	return fault.New(fault.Usage, 0, errors.Join(v.list...))
}

func (i *Impala) validate(v *mistakes) {
	v.require("impala.hosts", len(i.Hosts) > 0, "is missing: write a list of host:port like [impalad-1.example.com:21050], or pass --impala-host")
	for n, host := range i.Hosts {
		v.hostPort(fmt.Sprintf("impala.hosts[%d]", n), host)
	}
	v.oneOf("impala.transport", i.Transport, "sasl", "plain-socket")
	v.oneOf("impala.auth", i.Auth, "kerberos", "ldap", "none")
	v.oneOf("impala.sasl_qop", i.SASLQOP, "auto", "auth", "auth-int", "auth-conf")
	v.oneOf("impala.tls.min_version", i.TLS.MinVersion, "1.2", "1.3")
	v.require("impala.service", i.Service != "" && !strings.ContainsAny(i.Service, "/@ "), "is %q: write the first part of the service principal, like impala", i.Service)
	plain := i.Transport == "plain-socket"
	v.require("impala.auth", plain == (i.Auth == "none") || !known(i), "is %q with transport %q: a plain socket has no login (auth none), SASL has one (kerberos or ldap)", i.Auth, i.Transport)
	v.require("impala.tls.key_file", (i.TLS.CertFile == "") == (i.TLS.KeyFile == ""), "and impala.tls.cert_file belong together: write both or none")
	for _, t := range []struct {
		key   string
		value time.Duration
	}{{"dial", i.Timeouts.Dial}, {"session", i.Timeouts.Session}, {"rpc", i.Timeouts.RPC}} {
		v.require("impala.timeouts."+t.key, t.value >= time.Second, "is %s: write 1s or more", t.value)
	}
	if i.Auth == "ldap" {
		i.validatePassword(v)
	}
}

// known is false when transport or auth are no valid words, which is a mistake of its own.
func known(i *Impala) bool {
	return slices.Contains([]string{"sasl", "plain-socket"}, i.Transport) && slices.Contains([]string{"kerberos", "ldap", "none"}, i.Auth)
}

func (i *Impala) validatePassword(v *mistakes) {
	v.require("impala.user", i.User != "", "is missing: auth ldap needs a user")
	v.require("impala.password_file", (i.PasswordFile == "") != (i.PasswordEnv == ""), "or impala.password_env is needed with auth ldap: write exactly one")
	if i.TLS.Enabled {
		return
	}
	for _, host := range i.Hosts {
		v.require("impala.tls.enabled", loopback(host), "is false, and the password would cross the network to %s in clear: switch TLS on", host)
	}
}

func (k *Kerberos) validate(v *mistakes, used bool) {
	for n, kdc := range k.KDCs {
		v.require(fmt.Sprintf("kerberos.kdcs[%d]", n), kdc != "" && !strings.ContainsAny(kdc, " /"), "is %q: write host or host:port", kdc)
	}
	v.require("kerberos.realm", len(k.KDCs) == 0 || k.Realm != "", "is missing: kerberos.kdcs needs it")
	if used {
		v.require("kerberos.keytab", k.Keytab != "", "is missing: write the path of a keytab, or pass --kerberos-keytab")
	}
}

func loopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// mistakes collects what is wrong, each with its place.
type mistakes struct {
	origin *origin
	list   []error
}

func (v *mistakes) require(key string, ok bool, format string, args ...any) {
	if !ok {
		v.add(key, fmt.Errorf(key+" "+format, args...))
	}
}

func (v *mistakes) add(key string, err error) {
	v.list = append(v.list, fmt.Errorf("%s%w", v.origin.place(key), err))
}

func (v *mistakes) oneOf(key, value string, words ...string) {
	v.require(key, slices.Contains(words, value), "is %q: write %s", value, strings.Join(words, ", "))
}

func (v *mistakes) hostPort(key, value string) {
	host, port, err := net.SplitHostPort(value)
	number, portErr := strconv.Atoi(port)
	v.require(key, err == nil && host != "" && portErr == nil && number > 0 && number < 65536,
		"is %q: write host:port, like impalad-1.example.com:21050", value)
}
