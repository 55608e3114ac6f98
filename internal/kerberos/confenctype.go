package kerberos

import (
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// The three lists of encryption types: of all purposes, of logins, of service tickets.
const (
	permittedList = "permitted_enctypes"
	loginList     = "default_tkt_enctypes"
	ticketList    = "default_tgs_enctypes"
)

// askForAES is what ends a life with RC4 (RFC 8429).
const askForAES = "ask the administrator of the KDC to give the account AES keys (aes256-cts-hmac-sha1-96) and export a new keytab, " +
	"then remove " + permittedList + ", " + loginList + " and " + ticketList

func (c *conf) readEnctypes(lib settings) error {
	allowRC4 := true
	if lib.boolean("allow_rc4", &allowRC4); !allowRC4 {
		lib.able = slices.DeleteFunc(slices.Clone(lib.able), func(id int32) bool { return id == etypeID.RC4_HMAC })
	}
	permitted, err := lib.enctypes(permittedList, lib.able)
	if err != nil {
		return err
	}
	login, err := lib.enctypes(loginList, permitted)
	if err != nil {
		return err
	}
	ticket, err := lib.enctypes(ticketList, permitted)
	if err != nil {
		return err
	}
	refused := func(id int32) bool { return !slices.Contains(permitted, id) }
	c.loginEnctypes = slices.DeleteFunc(login, refused)
	c.ticketEnctypes = slices.DeleteFunc(ticket, refused)
	if len(c.loginEnctypes) == 0 || len(c.ticketEnctypes) == 0 {
		return &syntaxError{lib.position(permittedList), permittedList + " and the default lists have no type in common",
			"remove the lists: the defaults are right for every current KDC"}
	}
	onlyRC4 := []int32{etypeID.RC4_HMAC}
	for _, list := range []struct {
		tag string
		ids []int32
	}{{permittedList, permitted}, {loginList, c.loginEnctypes}, {ticketList, c.ticketEnctypes}} {
		if r := lib.find(list.tag); r != nil && slices.Equal(list.ids, onlyRC4) {
			c.warnings = append(c.warnings, fmt.Sprintf("%s: only RC4 is allowed, which is broken and which new KDCs refuse: %s", r.at, askForAES))
			c.onlyRC4 = true
			break
		}
	}
	return nil
}

func supported() []int32 { return krb5.SupportedEnctypes() }

// enctypes reads a list of encryption types: names and families, separated by blanks or
// commas, with - to take one out. Names of which this program has nothing are skipped;
// a list without any of ours is a mistake, because no login can work with it.
func (s settings) enctypes(tag string, fallback []int32) ([]int32, error) {
	value := s.text(tag)
	if value == "" {
		return slices.Clone(fallback), nil
	}
	var list []int32
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(", \t", r) }) {
		remove := word[0] == '-'
		word = strings.TrimLeft(word, "+-")
		ids, known := enctypesNamed(word, s.able)
		if !known {
			s.conf.warnings = append(s.conf.warnings, fmt.Sprintf("%s: %s: the encryption type %s is not known", s.position(tag), tag, clip(word)))
		}
		for _, id := range ids {
			switch has := slices.Contains(list, id); {
			case remove:
				list = slices.DeleteFunc(list, func(other int32) bool { return other == id })
			case !has:
				list = append(list, id)
			}
		}
	}
	if len(list) == 0 {
		return nil, &syntaxError{s.position(tag), fmt.Sprintf("%s names no encryption type that this program has or may use: %s", tag, clip(value)), askForAES}
	}
	return list, nil
}

// enctypesNamed are the types of a name, an alias or a family, without those that are not
// in able.
func enctypesNamed(word string, able []int32) (ids []int32, known bool) {
	word = strings.ToLower(word)
	switch word {
	case "default":
		return able, true
	case "aes", "aes256", "aes128":
		ids, known = krb5.EnctypeFamily(word), true
	case "rc4":
		ids, known = []int32{etypeID.RC4_HMAC}, true
	case "des", "des3", "camellia":
		return nil, true
	default:
		var id int32
		if id, known = etypeID.ETypesByName[word]; known {
			ids = []int32{id}
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return !slices.Contains(able, id) }), known
}
