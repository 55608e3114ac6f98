package kerberos

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// What holds keys, tickets or tokens says in every form only whose it is: package fmt would
// else print the fields, which a key's own methods do not keep it from.

// String names who logged in.
func (c *Creds) String() string { return "login of " + c.Principal() }

// Format is String for every verb.
func (c *Creds) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is String.
func (c *Creds) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String names the service and the end.
func (t Ticket) String() string {
	return fmt.Sprintf("ticket for %s until %s", t.service, t.end.UTC().Format(time.RFC3339))
}

// Format is String for every verb.
func (t Ticket) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// MarshalText is String.
func (t Ticket) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue is String.
func (t Ticket) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String names the service.
func (s *SASL) String() string { return "SASL login at " + s.SPN() }

// Format is String for every verb.
func (s *SASL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s *SASL) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String names the service.
func (n *Negotiator) String() string { return "HTTP login at " + n.SPN() }

// Format is String for every verb.
func (n *Negotiator) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// LogValue is String.
func (n *Negotiator) LogValue() slog.Value { return slog.StringValue(n.String()) }
