package krb5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
	"time"
)

func sampleCCache() *CCache {
	client := Principal{[]string{"report"}, "EXAMPLE.COM"}
	at := time.Unix(1700000000, 0)
	return &CCache{Client: client, Offset: -90*time.Second - 5*time.Microsecond, Credentials: []Credential{
		{Client: client, Service: TGS("EXAMPLE.COM"), Key: Key{18, bytes.Repeat([]byte{7}, 32)}, AuthTime: at, Start: at,
			End: at.Add(time.Hour), RenewTill: at.Add(24 * time.Hour), Flags: FlagRenewable, Ticket: []byte("ticket")},
		{Client: client, Service: Principal{[]string{"impala", "host"}, "EXAMPLE.COM"}, Key: Key{23, bytes.Repeat([]byte{8}, 16)},
			AuthTime: at, End: time.Unix(1<<32-2, 0), UserToUser: true, Ticket: []byte{}},
	}}
}

func TestCCacheReadsWhatWasWritten(t *testing.T) {
	want := sampleCCache()
	got, err := ParseCCache(AppendCCache(nil, want))
	want.Credentials[1].Ticket = nil
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if !got.Credentials[0].Has(FlagRenewable) || got.Credentials[0].Has(FlagInvalid) {
		t.Errorf("flags %x", got.Credentials[0].Flags)
	}
}

// version3 is a cache as old programs wrote it: no header, and the key's type twice.
func version3(c *CCache) []byte {
	data := appendPrincipal([]byte{ccacheMagic, ccacheVersion3}, c.Client)
	for _, cred := range c.Credentials {
		names := len(appendPrincipal(appendPrincipal(nil, cred.Client), cred.Service))
		b := cred.appendTo(nil)
		data = append(append(data, b[:names+2]...), b[names:]...)
	}
	return data
}

// withHeader is a cache of version 4 with header fields of our choice.
func withHeader(c *CCache, header ...byte) []byte {
	data := binary.BigEndian.AppendUint16([]byte{ccacheMagic, ccacheVersion4}, uint16(len(header)))
	return append(append(data, header...), version3(&CCache{Client: c.Client})[2:]...)
}

func TestParseCCache(t *testing.T) {
	sample := sampleCCache()
	whole := AppendCCache(nil, sample)
	config := sampleCCache()
	config.Credentials[0].Service = Principal{[]string{"krb5_ccache_conf_data", "pa_type"}, configRealm}
	removed := sampleCCache()
	removed.Credentials[1].AuthTime, removed.Credentials[1].End = time.Unix(1<<32-1, 0), time.Time{}
	address := bytes.Clone(whole)
	flags := bytes.Index(address, []byte("ticket")) - 12 // counts of addresses and data, length of the ticket
	address = append(address[:flags], append([]byte{0, 0, 0, 1, 0, 2, 0, 0, 0, 4, 127, 0, 0, 1}, address[flags+4:]...)...)
	nobody := appendPrincipal([]byte{5, 3}, Principal{Realm: "EXAMPLE.COM"})
	tests := []struct {
		name        string
		data        []byte
		credentials int
		offset      time.Duration
		err         bool
	}{
		{"version 4", whole, 2, sample.Offset, false},
		{"version 3", version3(sample), 2, 0, false},
		{"an entry of the library for itself", AppendCCache(nil, config), 1, sample.Offset, false},
		{"an entry that was removed", AppendCCache(nil, removed), 1, sample.Offset, false},
		{"a ticket with an address", address, 2, sample.Offset, false},
		{"a client and no ticket", withHeader(sample), 0, 0, false},
		{"an unknown field before the offset", withHeader(sample, 0, 9, 0, 1, 7, 0, 1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0), 0, 2 * time.Second, false},
		{"an offset that is too short", withHeader(sample, 0, 1, 0, 4, 0, 0, 0, 2), 0, 0, false},
		{"a header field beyond the header", withHeader(sample, 0, 1, 0, 200), 0, 0, false},
		{"a header beyond the file", []byte{5, 4, 0xff, 0xff, 0}, 0, 0, true},
		{"nothing behind the header", []byte{5, 4, 0, 0}, 0, 0, true},
		{"a name without parts", nobody, 0, 0, true},
		{"too many name parts", []byte{5, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, 0, 0, true},
		{"a realm of four gigabytes", []byte{5, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}, 0, 0, true},
		{"four billion addresses", append(bytes.Clone(whole[:flags]), 0xff, 0xff, 0xff, 0xff), 0, 0, true},
		{"version 2", []byte{5, 2, 0, 0}, 0, 0, true},
		{"version 1", []byte{5, 1, 0, 0}, 0, 0, true},
		{"text", []byte("FILE:/tmp/krb5cc_0"), 0, 0, true},
		{"nothing", nil, 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseCCache(tt.data)
			if errors.Is(err, ErrCCache) != tt.err || (err == nil) == tt.err {
				t.Fatalf("got %v", err)
			}
			if err == nil && (len(c.Credentials) != tt.credentials || c.Offset != tt.offset || !c.Client.Equal(sample.Client)) {
				t.Errorf("got %d tickets of %s, offset %s", len(c.Credentials), c.Client, c.Offset)
			}
		})
	}
}

func TestACCacheThatIsCutShort(t *testing.T) {
	whole := AppendCCache(nil, sampleCCache())
	ends := map[int]bool{len(whole): true, // where an entry ends, the rest may be missing
		len(whole) - len(sampleCCache().Credentials[1].appendTo(nil)):  true,
		len(AppendCCache(nil, &CCache{Client: sampleCCache().Client})): true}
	for n := range len(whole) + 1 {
		if _, err := ParseCCache(whole[:n]); (err == nil) != ends[n] {
			t.Errorf("the first %d bytes of %d: %v", n, len(whole), err)
		}
	}
}

func TestClearOverwritesTheKeys(t *testing.T) {
	c := sampleCCache()
	c.Clear()
	for _, cred := range c.Credentials {
		if !bytes.Equal(cred.Key.Value, make([]byte, len(cred.Key.Value))) {
			t.Errorf("the key for %s is still there", cred.Service)
		}
	}
}

func FuzzParseCCache(f *testing.F) {
	f.Add(AppendCCache(nil, sampleCCache()))
	f.Add(version3(sampleCCache()))
	f.Add(withHeader(sampleCCache(), 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCCache(data)
		if err != nil {
			return
		}
		again, err := ParseCCache(AppendCCache(nil, c))
		if err != nil || len(again.Credentials) != len(c.Credentials) || !again.Client.Equal(c.Client) {
			t.Fatalf("%d tickets became %+v, %v", len(c.Credentials), again, err)
		}
		for i, want := range c.Credentials {
			if got := again.Credentials[i]; !reflect.DeepEqual(got, want) {
				t.Errorf("ticket %d changed: %+v, was %+v", i, got, want)
			}
		}
	})
}
