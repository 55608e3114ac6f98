package config

import (
	"fmt"
	"os"
	"strings"

	"qosreport/internal/fault"
)

// Secret is a password. It prints as (secret) wherever it is shown.
type Secret string

const hidden = "(secret)"

// String hides the value.
func (s Secret) String() string { return hidden }

// GoString hides the value.
func (s Secret) GoString() string { return hidden }

// MarshalText hides the value, in logs and in JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Password reads impala.password_file or impala.password_env.
func (i *Impala) Password() (Secret, error) {
	return readSecret("impala", i.PasswordFile, i.PasswordEnv)
}

// Password reads smtp.password_file or smtp.password_env.
func (s *SMTP) Password() (Secret, error) {
	return readSecret("smtp", s.PasswordFile, s.PasswordEnv)
}

// JWT reads impala.jwt_file. White space around the token does not belong to it.
func (i *Impala) JWT() (Secret, error) {
	data, err := os.ReadFile(i.JWTFile)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("impala.jwt_file: %w", err))
	}
	return Secret(strings.TrimSpace(string(data))), nil
}

// readSecret reads a secret from a file or the environment. One line end at the end of the
// file does not belong to it. An empty one is a mistake: to LDAP it is a login as nobody,
// which succeeds (RFC 4513 section 5.1.2).
func readSecret(block, file, env string) (Secret, error) {
	if env != "" {
		value, found := os.LookupEnv(env)
		if !found {
			return "", fault.Errorf(fault.Usage, 0, "%s.password_env: the environment has no %s", block, env)
		}
		if value == "" {
			return "", fault.Errorf(fault.Usage, 0, "%s.password_env: %s is empty", block, env)
		}
		return Secret(value), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("%s.password_file: %w", block, err))
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", fault.Errorf(fault.Usage, 0, "%s.password_file: %s is empty", block, file)
	}
	return Secret(text), nil
}
