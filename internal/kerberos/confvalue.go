package kerberos

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings reads single values of [libdefaults], or of a realm's block in there. A value that cannot be read leaves the
// default and a warning, as in MIT's library, since a login may well work without it.
type settings struct {
	conf  *conf
	root  *relation
	block []string        // the tags that lead to the values
	used  map[string]bool // tags that were asked for, behind those of blocks in [libdefaults]
	able  []int32         // encryption types of this program
}

// in reads the block of a realm.
func (s settings) in(realm string) settings {
	s.block = []string{s.block[0], realm}
	return s
}

// find is the first value of a tag, or nil.
func (s settings) find(tag string) *relation {
	path := append(slices.Clone(s.block), tag)
	s.used[strings.Join(path[1:], ".")] = true
	for _, r := range s.root.values(path...) {
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
	if yes, ok := truth(value); ok {
		*into = yes
	} else if value != "" {
		s.doubt(tag, value)
	}
}

// truth reads the words that MIT's library has for true and false.
func truth(word string) (yes, ok bool) {
	switch strings.ToLower(word) {
	case "y", "yes", "t", "true", "1", "on":
		return true, true
	case "n", "no", "f", "false", "nil", "0", "off":
		return false, true
	}
	return false, false
}

// hostNames reads a boolean that knows "fallback", too.
func (s settings) hostNames(tag string, into *hostNames) {
	value := s.text(tag)
	canonical, ok := truth(value)
	switch {
	case value == "":
	case strings.EqualFold(value, "fallback"):
		*into = hostFallback
	case !ok:
		s.doubt(tag, value)
	case canonical:
		*into = hostCanonical
	default:
		*into = hostAsTyped
	}
}

// path reads the name of a file, with the tokens of MIT's library and the variables that
// people write.
func (s settings) path(tag string) string {
	r := s.find(tag)
	if r == nil {
		return ""
	}
	path, err := expandPath(r.value)
	if err != nil {
		s.conf.warnings = append(s.conf.warnings, fmt.Sprintf("%s: %s is not used: %v", r.at, tag, err))
	}
	return path
}

var (
	pathToken    = regexp.MustCompile(`%\{[^}]*\}`)
	pathVariable = regexp.MustCompile(`\$(?:HOME|USER|LOGNAME|TMPDIR)\b|\$\{(?:HOME|USER|LOGNAME|TMPDIR)\}`)
)

// expandPath replaces %{uid} and its like.
func expandPath(path string) (string, error) {
	var unknown error
	path = pathToken.ReplaceAllStringFunc(path, func(token string) string {
		switch strings.ToLower(token[2 : len(token)-1]) {
		case "uid":
			return strconv.Itoa(os.Getuid())
		case "euid":
			return strconv.Itoa(os.Geteuid())
		case "username":
			me, err := user.Current()
			if err != nil {
				unknown = errors.New("this user has no name")
				return ""
			}
			return me.Username
		case "temp":
			return os.TempDir()
		case "null":
			return ""
		}
		unknown = fmt.Errorf("%s is not known", clip(token))
		return ""
	})
	if unknown != nil {
		return "", unknown
	}
	return pathVariable.ReplaceAllStringFunc(path, os.ExpandEnv), nil
}

// wishes reads what a login asks for. A ticket that ends when it begins is nobody's wish.
func (s settings) wishes(into *ticketWishes) {
	lifetime := into.ticketLifetime
	if s.duration("ticket_lifetime", &lifetime); lifetime > 0 {
		into.ticketLifetime = lifetime
	} else {
		s.doubt("ticket_lifetime", "0")
	}
	s.duration("renew_lifetime", &into.renewLifetime)
	s.boolean("forwardable", &into.forwardable)
	s.boolean("canonicalize", &into.canonicalize)
	s.boolean("noaddresses", &into.noAddresses)
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

// damaged notes a fault that other programs stumble over, up to a number that can be read.
func (c *conf) damaged(text string) {
	if len(c.damage) < 10*maxConfWarnings {
		c.damage = append(c.damage, text)
	}
}

// cutComment cuts what MIT takes as a part of the value: there are no comments behind
// a value, but people write them.
func (c *conf) cutComment(e *relation) string {
	value, cut := e.value, -1
	for _, mark := range []string{" #", "\t#", " ;", "\t;"} {
		if i := strings.Index(value, mark); i >= 0 && (cut < 0 || i < cut) {
			cut = i
		}
	}
	if cut < 0 {
		return value
	}
	c.damaged(fmt.Sprintf("%s: kinit takes the comment behind %s as a part of the value: move it to a line of its own", e.at, clip(e.tag)))
	return strings.TrimRight(value[:cut], confBlanks)
}
