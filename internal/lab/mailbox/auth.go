package mailbox

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
)

// errCancelled is a client's "*" in the middle of a login (RFC 4954 section 4).
var errCancelled = errors.New("cancelled")

// auth takes a login by PLAIN (RFC 4616) or LOGIN, under TLS alone.
func (c *session) auth(rest string) error {
	mechanism, initial, _ := strings.Cut(rest, " ")
	switch {
	case len(c.server.opts.Users) == 0:
		return c.reply("502 5.5.1 no logins here")
	case !c.greeted:
		return c.reply("503 5.5.1 say EHLO first")
	case !c.secure:
		return c.reply("538 5.7.11 encryption required for login")
	case c.user != "" || c.open:
		return c.reply("503 5.5.1 too late for a login")
	}
	var user, password string
	var err error
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		user, password, err = c.plain(initial)
	case "LOGIN":
		user, err = c.ask("Username:", initial)
		if err == nil {
			password, err = c.ask("Password:", "")
		}
	default:
		return c.reply("504 5.5.4 mechanism not known")
	}
	var malformed base64.CorruptInputError
	switch {
	case errors.Is(err, errCancelled), errors.As(err, &malformed):
		return c.reply("501 5.5.2 no login")
	case err != nil:
		return err
	}
	known, found := c.server.opts.Users[user]
	if subtle.ConstantTimeCompare([]byte(password), []byte(known)) == 1 && found {
		c.user = user
		return c.reply("235 2.7.0 welcome")
	}
	if c.failed++; c.failed >= 3 {
		return errors.Join(errCut, c.reply("421 4.7.0 too many logins"))
	}
	return c.reply("535 5.7.8 user or password is wrong")
}

// plain reads authorisation id, user and password; the id is of no use here.
func (c *session) plain(initial string) (user, password string, err error) {
	text, err := c.ask("", initial)
	if err != nil {
		return "", "", err
	}
	parts := strings.Split(text, "\x00")
	if len(parts) != 3 {
		return "", "", errCancelled
	}
	return parts[1], parts[2], nil
}

// ask has the client's next text: what came with the command, or an answer to a question.
func (c *session) ask(question, initial string) (string, error) {
	if initial == "" {
		if err := c.reply("334 %s", base64.StdEncoding.EncodeToString([]byte(question))); err != nil {
			return "", err
		}
		line, err := c.command()
		if err != nil {
			return "", err
		}
		initial = line
	}
	switch initial {
	case "*":
		return "", errCancelled
	case "=": // an empty initial response
		return "", nil
	}
	text, err := base64.StdEncoding.DecodeString(initial)
	return string(text), err
}
