package config

import (
	"fmt"
	"math"
	"net/mail"
	"strconv"
	"strings"

	"qosreport/internal/yamlfile"
)

// SMTP says how mail is sent, what it looks like and who may get it.
type SMTP struct {
	Host         string   `yaml:"host"` // host:port; "" sends nothing
	TLS          string   `yaml:"tls"`  // starttls | implicit | none
	CAFile       string   `yaml:"ca_file"`
	User         string   `yaml:"user"` // "" sends without a login
	PasswordFile string   `yaml:"password_file"`
	PasswordEnv  string   `yaml:"password_env"`
	From         string   `yaml:"from"` // name@example.com or "Name <name@example.com>"
	Helo         string   `yaml:"helo"`
	MaxSize      Size     `yaml:"max_size"` // of the encoded message; above it attachments are left out
	Allow        []string `yaml:"allow"`    // addresses, or domains like @example.com; empty allows everybody
}

// Size is a number of bytes, written like 20MB or 512KiB. What cannot be read is kept
// until [Config.Validate] tells it with its place.
type Size struct {
	Bytes int64
	text  string // as written, when it is none
}

var sizeUnits = []struct {
	suffix string
	factor float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

// UnmarshalYAML reads the text.
func (s *Size) UnmarshalYAML(data []byte) error {
	text := strings.Trim(strings.TrimSpace(string(data)), `"'`)
	for _, unit := range sizeUnits {
		number, found := strings.CutSuffix(text, unit.suffix)
		if !found {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err == nil && v >= 1 && v*unit.factor < math.MaxInt32 {
			*s = Size{Bytes: int64(v * unit.factor)}
			return nil
		}
		break
	}
	*s = Size{text: text}
	return nil
}

func (s *SMTP) validate(v *yamlfile.Mistakes) {
	oneOf(v, "smtp.tls", s.TLS, "starttls", "implicit", "none")
	if s.Host != "" {
		hostPort(v, "smtp.host", s.Host, "mail.example.com:587")
		v.Require("smtp.tls", s.TLS != "none" || loopback(s.Host), "is none, and the mail would cross the network to %s in clear: write starttls or implicit", s.Host)
	}
	v.Require("smtp.password_file", (s.User == "") == (s.PasswordFile == "" && s.PasswordEnv == ""), "or smtp.password_env goes with smtp.user: write both or none")
	v.Require("smtp.password_file", s.PasswordFile == "" || s.PasswordEnv == "", "and smtp.password_env: write one of them")
	if s.From != "" {
		_, err := mail.ParseAddress(s.From)
		v.Require("smtp.from", err == nil, `is %q: write an address like "QoS reports <qos@example.com>"`, s.From)
	}
	v.Require("smtp.max_size", s.MaxSize.text == "", "is %q: write a size from 1B to 2GB, like 20MB", s.MaxSize.text)
	for i, allowed := range s.Allow {
		_, domain, found := strings.Cut(allowed, "@")
		v.Require(fmt.Sprintf("smtp.allow[%d]", i), found && domain != "" && !strings.ContainsAny(allowed, "<> ,"), "is %q: write an address, or a domain like @example.com", allowed)
	}
}

// Allowed reports whether an address may get a mail. Domains do not hold for domains
// below them.
func (s *SMTP) Allowed(address string) bool {
	if len(s.Allow) == 0 {
		return true
	}
	if parsed, err := mail.ParseAddress(address); err == nil {
		address = parsed.Address
	}
	for _, allowed := range s.Allow {
		if strings.EqualFold(allowed, address) {
			return true
		}
		at := strings.LastIndexByte(address, '@')
		if strings.HasPrefix(allowed, "@") && at >= 0 && strings.EqualFold(allowed, address[at:]) {
			return true
		}
	}
	return false
}
