package config

import (
	"net/url"
	"slices"
	"strings"

	"qosreport/internal/yamlfile"
)

// logins are those that each transport has.
var logins = map[string][]string{
	"sasl":         {"kerberos", "ldap"},
	"http":         {"kerberos", "ldap", "jwt", "none"},
	"plain-socket": {"none"},
}

// validateLogin checks transport, login, and what belongs to them.
func (i *Impala) validateLogin(v *yamlfile.Mistakes) {
	oneOf(v, "impala.transport", i.Transport, "sasl", "http", "plain-socket")
	oneOf(v, "impala.auth", i.Auth, logins["http"]...)
	has, known := logins[i.Transport]
	if known && slices.Contains(logins["http"], i.Auth) {
		v.Require("impala.auth", slices.Contains(has, i.Auth), "is %q with transport %q, which has the logins %s", i.Auth, i.Transport, strings.Join(has, ", "))
	}
	if i.Transport == "http" {
		path, err := url.ParseRequestURI("/" + strings.TrimPrefix(i.HTTPPath, "/"))
		v.Require("impala.http_path", err == nil && path.RawQuery == "" && !strings.ContainsAny(i.HTTPPath, "?#%\\") && !strings.ContainsFunc(i.HTTPPath, blankOrControl),
			"is %q: write the path of the URL alone, like /cliservice", i.HTTPPath)
		v.Require("impala.sasl_qop", i.SASLQOP != "auth-int" && i.SASLQOP != "auth-conf", "is %q with transport http, which has no protection but TLS: write auto", i.SASLQOP)
		v.Require("impala.fetch_ahead", !i.FetchAhead, "is true with transport http, where rows that are under way may be lost with their connection: write false")
	}
	switch i.Auth {
	case "ldap":
		v.Require("impala.user", i.User != "", "is missing: auth ldap needs a user")
		v.Require("impala.password_file", (i.PasswordFile == "") != (i.PasswordEnv == ""), "or impala.password_env is needed with auth ldap: write exactly one")
		i.requireTLS(v, "password")
	case "jwt":
		v.Require("impala.jwt_file", i.JWTFile != "", "is missing: auth jwt needs a file that holds the token")
		i.requireTLS(v, "token")
	}
	v.Require("impala.jwt_file", i.JWTFile == "" || i.Auth == "jwt", "is set, and impala.auth is %q: write auth jwt with transport http, or leave it out", i.Auth)
}

// requireTLS refuses to send a secret over the network in clear.
func (i *Impala) requireTLS(v *yamlfile.Mistakes, secret string) {
	if i.TLS.Enabled {
		return
	}
	for _, host := range i.Hosts {
		v.Require("impala.tls.enabled", loopback(host), "is false, and the %s would cross the network to %s in clear: switch TLS on", secret, host)
	}
}

// example is a coordinator with the port that Impala has for the transport.
func (i *Impala) example() string {
	if i.Transport == "http" {
		return "impalad-1.example.com:28000"
	}
	return "impalad-1.example.com:21050"
}
