package krb5

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func sampleKeytab() []KeytabEntry {
	return []KeytabEntry{
		{Principal: Principal{[]string{"report"}, "EXAMPLE.COM"}, NameType: 1, Written: time.Unix(1600000000, 0), KVNO: 3, Key: Key{18, bytes.Repeat([]byte{7}, 32)}},
		{Principal: Principal{[]string{"impala", "host"}, "EXAMPLE.COM"}, NameType: 3, Written: time.Unix(1700000000, 0), KVNO: 300, Key: Key{17, bytes.Repeat([]byte{8}, 16)}},
	}
}

func sameEntry(a, b KeytabEntry) bool {
	return a.Principal.Equal(b.Principal) && a.NameType == b.NameType && a.Written.Equal(b.Written) &&
		a.KVNO == b.KVNO && a.Key.Enctype == b.Key.Enctype && bytes.Equal(a.Key.Value, b.Key.Value)
}

func TestKeytabReadsWhatWasWritten(t *testing.T) {
	want := sampleKeytab()
	got, err := ParseKeytab(AppendKeytab(nil, want))
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %d entries, %v", len(got), err)
	}
	for i := range want {
		if !sameEntry(got[i], want[i]) {
			t.Errorf("entry %d differs: %v", i, got[i])
		}
	}
}

func TestParseKeytab(t *testing.T) {
	whole := AppendKeytab(nil, sampleKeytab()[:1])
	short := bytes.Clone(whole[:len(whole)-4]) // old writers leave out the long version
	short[5] -= 4
	zero := bytes.Clone(whole) // as writers do that know eight bits alone
	clear(zero[len(zero)-4:])
	hole := append([]byte{5, 2, 0xff, 0xff, 0xff, 0xfc, 1, 2, 3, 4}, whole[2:]...)
	tests := []struct {
		name    string
		data    []byte
		entries int
		err     bool
	}{
		{"one entry", whole, 1, false},
		{"one entry with a short version", short, 1, false},
		{"one entry whose long version is zero", zero, 1, false},
		{"a hole before an entry", hole, 1, false},
		{"a hole beyond the end", append(bytes.Clone(whole), 0x80, 0, 0, 0), 1, false},
		{"zeros at the end", append(bytes.Clone(whole), make([]byte, 20)...), 1, false},
		{"no entry", whole[:2], 0, false},
		{"an entry that is cut short", whole[:len(whole)-5], 0, true},
		{"a length beyond the end", []byte{5, 2, 0x7f, 0xff, 0xff, 0xff}, 0, true},
		{"too many name parts", []byte{5, 2, 0, 0, 0, 4, 0xff, 0xff, 0, 0}, 0, true},
		{"version 1", append([]byte{5, 1}, whole[2:]...), 0, true},
		{"text", []byte("principal: report"), 0, true},
		{"nothing", nil, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			entries, err := ParseKeytab(tt.data)
			if len(entries) != tt.entries || errors.Is(err, ErrKeytab) != tt.err {
				t.Errorf("got %d entries, %v", len(entries), err)
			}
			if len(entries) > 0 && entries[0].KVNO != 3 {
				t.Errorf("version %d", entries[0].KVNO)
			}
		})
	}
}

func FuzzParseKeytab(f *testing.F) {
	f.Add(AppendKeytab(nil, sampleKeytab()))
	f.Add([]byte{5, 2, 0xff, 0xff, 0xff, 0xfc})
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ParseKeytab(data)
		if err != nil {
			return
		}
		again, err := ParseKeytab(AppendKeytab(nil, entries))
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d entries became %d, %v", len(entries), len(again), err)
		}
		for i := range entries {
			if !sameEntry(again[i], entries[i]) {
				t.Errorf("entry %d changed", i)
			}
		}
	})
}
