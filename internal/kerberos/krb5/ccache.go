package krb5

import (
	"errors"
	"fmt"
	"time"
)

// The file format of MIT Kerberos for credential caches, versions 3 and 4: big-endian;
// version 4 has a header. Versions 1 and 2, in the byte order of whatever machine wrote
// them, have not been written for decades and are refused.
const (
	ccacheMagic     = 0x05
	ccacheVersion3  = 0x03
	ccacheVersion4  = 0x04
	ccacheTagOffset = 1 // header field: seconds and microseconds, 32 bits each

	// What MIT's library keeps for itself stands among the credentials, as tickets for
	// services of this realm.
	configRealm = "X-CACHECONF:"
)

// The ticket flags that matter to who finds a ticket in a cache (RFC 4120 section 5.3).
const (
	FlagInvalid   uint32 = 1 << (31 - 7)
	FlagRenewable uint32 = 1 << (31 - 8)
)

// ErrCCache says that bytes are no credential cache. The text has an offset and no byte of
// the content, which may be a key.
var ErrCCache = errors.New("not a credential cache")

// CCache is what a credential cache file holds.
type CCache struct {
	Client      Principal     // who ran kinit
	Offset      time.Duration // by how much the KDC's clock was ahead of this host's
	Credentials []Credential  // in the order of the file, as a rule the oldest first
}

// Credential is a ticket with its session key.
type Credential struct {
	Client, Service Principal
	Key             Key
	AuthTime        time.Time // of the login, in whole seconds as all the times
	Start           time.Time // zero: the time of the login
	End             time.Time
	RenewTill       time.Time // zero: not renewable
	UserToUser      bool      // made for another user's session key; nobody else can use it
	Flags           uint32    // of the ticket, the first flag in the highest bit
	Ticket          []byte    // DER
}

// Has reports whether all of the ticket flags are set.
func (c *Credential) Has(flags uint32) bool { return c.Flags&flags == flags }

// Clear overwrites the session keys.
func (c *CCache) Clear() {
	for _, cred := range c.Credentials {
		cred.Key.Clear()
	}
}

// ParseCCache reads a credential cache file. Entries of MIT's library for itself and those
// that were removed are left out.
func ParseCCache(data []byte) (*CCache, error) {
	if len(data) < 2 || data[0] != ccacheMagic {
		return nil, fmt.Errorf("%w: it does not begin with 05 04 or 05 03", ErrCCache)
	}
	r := reader{data: data, at: 2}
	c := new(CCache)
	switch data[1] {
	case ccacheVersion4:
		c.readHeader(r.take(int(r.uint16())))
	case ccacheVersion3:
	default:
		return nil, fmt.Errorf("%w of version 3 or 4", ErrCCache)
	}
	c.Client = r.principal()
	if r.short || len(c.Client.Components) == 0 {
		return nil, fmt.Errorf("%w: it is cut short before the first ticket", ErrCCache)
	}
	for r.at < len(data) {
		start := r.at
		cred := r.credential(data[1])
		if r.short {
			return nil, fmt.Errorf("%w: the ticket at byte %d is cut short", ErrCCache, start)
		}
		if cred.Service.Realm != configRealm && !cred.removed() {
			c.Credentials = append(c.Credentials, cred)
		}
	}
	return c, nil
}

// readHeader takes what it knows. A field that is too short ends the header.
func (c *CCache) readHeader(header []byte) {
	r := reader{data: header}
	for !r.short && r.at < len(header) {
		tag := r.uint16()
		field := reader{data: r.take(int(r.uint16()))}
		seconds, micros := int32(field.uint32()), int32(field.uint32())
		if tag == ccacheTagOffset && !field.short {
			c.Offset = time.Duration(seconds)*time.Second + time.Duration(micros)*time.Microsecond
		}
	}
}

// removed reports whether MIT's library has taken the entry out: it overwrites times
// instead of moving what follows.
func (c *Credential) removed() bool {
	return c.End.IsZero() && c.AuthTime.Equal(time.Unix(1<<32-1, 0))
}

func (r *reader) principal() Principal {
	var p Principal
	r.uint32() // the name type
	components := r.uint32()
	if components > maxComponents {
		r.short = true
		return p
	}
	p.Realm = string(r.long())
	for range components {
		p.Components = append(p.Components, string(r.long()))
	}
	return p
}

func (r *reader) credential(version byte) Credential {
	var c Credential
	c.Client, c.Service = r.principal(), r.principal()
	c.Key.Enctype = int32(int16(r.uint16()))
	if version == ccacheVersion3 {
		r.uint16() // the type once more
	}
	c.Key.Value = append([]byte(nil), r.long()...)
	c.AuthTime, c.Start, c.End, c.RenewTill = r.time(), r.time(), r.time(), r.time()
	c.UserToUser = r.byte() != 0
	c.Flags = r.uint32()
	for range 2 { // addresses, then authorization data
		for n := r.uint32(); n > 0 && !r.short; n-- {
			r.uint16()
			r.long()
		}
	}
	c.Ticket = append([]byte(nil), r.long()...)
	r.long() // the other user's ticket
	return c
}

// long takes what stands behind its length of 32 bits.
func (r *reader) long() []byte {
	n := r.uint32()
	if uint64(n) > uint64(len(r.data)-r.at) {
		r.short = true
		r.at = len(r.data)
		return nil
	}
	return r.take(int(n))
}

// time takes seconds since 1970, which MIT's library reads as without a sign: up to 2106.
func (r *reader) time() time.Time {
	if seconds := r.uint32(); seconds != 0 {
		return time.Unix(int64(seconds), 0)
	}
	return time.Time{}
}
