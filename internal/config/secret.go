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

// Password reads impala.password_file or impala.password_env. One line end at the end
// of the file does not belong to the password.
func (i *Impala) Password() (Secret, error) {
	if i.PasswordEnv != "" {
		value, found := os.LookupEnv(i.PasswordEnv)
		if !found {
			return "", fault.Errorf(fault.Usage, 0, "impala.password_env: the environment has no %s", i.PasswordEnv)
		}
		return Secret(value), nil
	}
	data, err := os.ReadFile(i.PasswordFile)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("impala.password_file: %w", err))
	}
	text := strings.TrimSuffix(string(data), "\n")
	return Secret(strings.TrimSuffix(text, "\r")), nil
}
