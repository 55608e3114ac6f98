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

// readSecret reads a secret from a file or the environment. One line end at the end of the
// file does not belong to it.
func readSecret(block, file, env string) (Secret, error) {
	if env != "" {
		value, found := os.LookupEnv(env)
		if !found {
			return "", fault.Errorf(fault.Usage, 0, "%s.password_env: the environment has no %s", block, env)
		}
		return Secret(value), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("%s.password_file: %w", block, err))
	}
	text := strings.TrimSuffix(string(data), "\n")
	return Secret(strings.TrimSuffix(text, "\r")), nil
}
