package krb5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// The keytab file format of MIT Kerberos, version 2: big-endian, each entry behind its
// length, a negative length for a hole. Version 1, in the byte order of whatever machine
// wrote it, has not been written for decades and is refused.
const (
	keytabMagic   = 0x05
	keytabVersion = 0x02
	maxComponents = 32
)

// ErrKeytab says that bytes are no keytab. The text has an offset and no byte of the
// content, which may be a key.
var ErrKeytab = errors.New("not a keytab")

// KeytabEntry is one key of a principal.
type KeytabEntry struct {
	Principal Principal
	NameType  int32     // RFC 4120 section 6.2; of no consequence
	Written   time.Time // when the entry was made, in whole seconds
	KVNO      uint32    // key version; often wrong in files that ktutil or ktpass made
	Key       Key
}

// ParseKeytab reads a keytab file, with entries of every encryption type.
func ParseKeytab(data []byte) ([]KeytabEntry, error) {
	switch {
	case len(data) < 2 || data[0] != keytabMagic:
		return nil, fmt.Errorf("%w: it does not begin with 05 02", ErrKeytab)
	case data[1] != keytabVersion:
		return nil, fmt.Errorf("%w of version 2", ErrKeytab)
	}
	var entries []KeytabEntry
	r := reader{data: data, at: 2}
	for len(data)-r.at >= 4 {
		start := r.at
		n := int(int32(r.uint32()))
		if n == 0 { // padding to the end
			break
		}
		if n < 0 { // a hole, which may reach beyond the end of the file
			r.take(-n)
			continue
		}
		body := reader{data: r.take(n)}
		entry := readEntry(&body)
		if r.short || body.short {
			return nil, fmt.Errorf("%w: the entry at byte %d is cut short", ErrKeytab, start)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func readEntry(r *reader) KeytabEntry {
	var e KeytabEntry
	components := int(r.uint16())
	if components > maxComponents {
		r.short = true
		return e
	}
	e.Principal.Realm = string(r.take(int(r.uint16())))
	for range components {
		e.Principal.Components = append(e.Principal.Components, string(r.take(int(r.uint16()))))
	}
	e.NameType = int32(r.uint32())
	e.Written = time.Unix(int64(r.uint32()), 0)
	e.KVNO = uint32(r.byte())
	e.Key.Enctype = int32(int16(r.uint16()))
	e.Key.Value = append([]byte(nil), r.take(int(r.uint16()))...)
	// Old writers end here, with 8 bits of the version; 0 in the long form says the same.
	if len(r.data)-r.at >= 4 {
		if kvno := r.uint32(); kvno != 0 {
			e.KVNO = kvno
		}
	}
	return e
}

// AppendKeytab appends a keytab file of the entries to dst.
func AppendKeytab(dst []byte, entries []KeytabEntry) []byte {
	dst = append(dst, keytabMagic, keytabVersion)
	for _, e := range entries {
		start := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(e.Principal.Components)))
		dst = appendCounted(dst, e.Principal.Realm)
		for _, c := range e.Principal.Components {
			dst = appendCounted(dst, c)
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(e.NameType))
		dst = binary.BigEndian.AppendUint32(dst, uint32(e.Written.Unix()))
		dst = append(dst, byte(e.KVNO))
		dst = binary.BigEndian.AppendUint16(dst, uint16(e.Key.Enctype))
		dst = appendCounted(dst, string(e.Key.Value))
		dst = binary.BigEndian.AppendUint32(dst, e.KVNO)
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	}
	return dst
}

func appendCounted(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}

// reader walks over data; after the end it gives zeros and remembers that it was short.
type reader struct {
	data  []byte
	at    int
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.data)-r.at {
		r.short = true
		r.at = len(r.data)
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}
