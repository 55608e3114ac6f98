package krb5

import (
	"encoding/binary"
	"time"
)

// AppendCCache appends a credential cache file of version 4 to dst. The client never
// writes one; labs and tests do, as kinit would.
func AppendCCache(dst []byte, c *CCache) []byte {
	dst = append(dst, ccacheMagic, ccacheVersion4)
	seconds := c.Offset.Truncate(time.Second)
	for _, n := range []uint16{12, ccacheTagOffset, 8} {
		dst = binary.BigEndian.AppendUint16(dst, n)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(seconds/time.Second))
	dst = binary.BigEndian.AppendUint32(dst, uint32((c.Offset-seconds)/time.Microsecond))
	dst = appendPrincipal(dst, c.Client)
	for _, cred := range c.Credentials {
		dst = cred.appendTo(dst)
	}
	return dst
}

func (c *Credential) appendTo(dst []byte) []byte {
	dst = appendPrincipal(appendPrincipal(dst, c.Client), c.Service)
	dst = binary.BigEndian.AppendUint16(dst, uint16(c.Key.Enctype))
	dst = appendLong(dst, c.Key.Value)
	for _, t := range []time.Time{c.AuthTime, c.Start, c.End, c.RenewTill} {
		var seconds uint32
		if !t.IsZero() {
			seconds = uint32(t.Unix())
		}
		dst = binary.BigEndian.AppendUint32(dst, seconds)
	}
	var userToUser byte
	if c.UserToUser {
		userToUser = 1
	}
	dst = append(dst, userToUser)
	dst = binary.BigEndian.AppendUint32(dst, c.Flags)
	dst = append(dst, make([]byte, 8)...) // no addresses, no authorization data
	return appendLong(appendLong(dst, c.Ticket), nil)
}

func appendPrincipal(dst []byte, p Principal) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.Wire().NameType))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(p.Components)))
	dst = appendLong(dst, []byte(p.Realm))
	for _, c := range p.Components {
		dst = appendLong(dst, []byte(c))
	}
	return dst
}

func appendLong(dst, b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(b))), b...)
}
