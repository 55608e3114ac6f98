package sql

import (
	"testing"
	"time"
)

func TestOffsetsAreThoseOfTheZone(t *testing.T) {
	for _, name := range []string{"Europe/Bratislava", "America/Sao_Paulo", "UTC", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		o := &offsetter{zone: zone}
		// Forwards over changes of clocks, then far back and far ahead of all of them.
		instants := []int64{-9_999_999_999, 9_999_999_999, 0}
		for at := int64(1_490_486_400); at < 1_510_000_000; at += 3599 {
			instants = append(instants, at)
		}
		for _, at := range instants {
			_, want := time.Unix(at, 0).In(zone).Zone()
			if got := o.east(at); got != int64(want) {
				t.Fatalf("%s at %d: %d; want %d", name, at, got, want)
			}
		}
	}
}

func TestDatesAreWrittenAnew(t *testing.T) {
	d := &dater{}
	for _, tt := range []struct {
		day  int64
		want string
	}{{0, "1970-01-01"}, {0, "1970-01-01"}, {-1, "1969-12-31"}, {17421, "2017-09-12"}, {17421, "2017-09-12"}} {
		if got := d.text(tt.day).Bytes(); got != tt.want {
			t.Errorf("day %d is %s; want %s", tt.day, got, tt.want)
		}
	}
}

func TestMeetings(t *testing.T) {
	m := &meetings{slots: make([]uint32, 4)}
	const many = 3000
	for i := uint32(0); i < many; i++ {
		if !m.add(4*i + 4) {
			t.Fatalf("%d is not new", i)
		}
	}
	for i := uint32(0); i < many; i += 7 {
		if m.add(4*i + 4) {
			t.Fatalf("%d is new", i)
		}
	}
	for i := uint32(0); i < many; i++ {
		if got := m.twice(4*i + 4); got != (i%7 == 0) {
			t.Fatalf("%d was added twice: %v", i, got)
		}
	}
	if m.add(0) == m.add(1) {
		t.Error("0 and 1 are kept as one, and count as a repetition")
	}
}
