package kerberos

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// settings reads single values of [libdefaults]. A value that cannot be read leaves the
// default and a warning, as in MIT's library, since a login may well work without it.
type settings struct {
	conf *conf
	root *relation
}

// find is the first value of a tag, or nil.
func (s settings) find(tag string) *relation {
	for _, r := range s.root.values("libdefaults", tag) {
		if !r.isMap {
			return r
		}
	}
	return nil
}

func (s settings) position(tag string) position {
	if r := s.find(tag); r != nil {
		return r.at
	}
	return position{}
}

func (s settings) plain(tag string) string {
	if r := s.find(tag); r != nil {
		return r.value
	}
	return ""
}

func (s settings) text(tag string) string {
	if r := s.find(tag); r != nil {
		return s.conf.cutComment(r)
	}
	return ""
}

func (s settings) doubt(tag, value string) {
	s.conf.warnings = append(s.conf.warnings, fmt.Sprintf("%s: %s = %s cannot be read: the default is used", s.position(tag), tag, clip(value)))
}

func (s settings) boolean(tag string, into *bool) {
	value := s.text(tag)
	switch strings.ToLower(value) {
	case "":
	case "y", "yes", "t", "true", "1", "on":
		*into = true
	case "n", "no", "f", "false", "nil", "0", "off":
		*into = false
	default:
		s.doubt(tag, value)
	}
}

func (s settings) number(tag string, into *int, low, high int) {
	value := s.text(tag)
	if value == "" {
		return
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low {
		s.doubt(tag, value)
		return
	}
	*into = min(n, high)
}

func (s settings) duration(tag string, into *time.Duration) {
	value := s.text(tag)
	if value == "" {
		return
	}
	d, err := parseDuration(value)
	if err != nil {
		s.doubt(tag, value)
		return
	}
	*into = d
}

var (
	errDuration   = errors.New("not a duration")
	unitsDuration = regexp.MustCompile(`^(?:(\d{1,9})\s*d)?\s*(?:(\d{1,9})\s*h)?\s*(?:(\d{1,9})\s*m)?\s*(?:(\d{1,9})\s*s?)?$`)
	clockDuration = regexp.MustCompile(`^()(\d{1,9}):([0-5]?\d)(?::([0-5]?\d))?$`)
)

const maxSeconds = 1<<31 - 1 // what the protocol's and MIT's numbers hold

// parseDuration reads seconds, "1d 2h 3m 4s" with or without blanks, and "h:m[:s]".
func parseDuration(text string) (time.Duration, error) {
	parts := unitsDuration.FindStringSubmatch(text)
	if parts == nil {
		parts = clockDuration.FindStringSubmatch(text)
	}
	if parts == nil || text == "" {
		return 0, errDuration
	}
	total := 0
	for i, seconds := range []int{86400, 3600, 60, 1} {
		n, err := strconv.Atoi("0" + parts[i+1])
		if err != nil || n > (maxSeconds-total)/seconds {
			return 0, errDuration
		}
		total += n * seconds
	}
	return time.Duration(total) * time.Second, nil
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
		ids, known := enctypesNamed(word)
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
		return nil, &syntaxError{s.position(tag), fmt.Sprintf("%s names no encryption type that this program has", tag),
			"remove the line, or add aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96"}
	}
	return list, nil
}

// enctypesNamed are the types of a name, an alias or a family, without those that this
// program does not have.
func enctypesNamed(word string) (ids []int32, known bool) {
	word = strings.ToLower(word)
	switch word {
	case "default":
		return supported(), true
	case "aes", "aes256", "aes128":
		return krb5.EnctypeFamily(word), true
	case "rc4", "des", "des3", "camellia", "arcfour-hmac", "arcfour-hmac-md5", "aes256-sha2", "aes128-sha2":
		known = true
	}
	aliases := map[string]int32{
		"aes256-sha2": etypeID.AES256_CTS_HMAC_SHA384_192,
		"aes128-sha2": etypeID.AES128_CTS_HMAC_SHA256_128,
	}
	id, ok := aliases[word]
	if !ok {
		id, ok = etypeID.ETypesByName[word]
	}
	if ours := slices.Contains(supported(), id); ours {
		return []int32{id}, true
	}
	return nil, known || ok
}
