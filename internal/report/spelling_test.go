package report

import (
	"slices"
	"testing"

	"qosreport/internal/qos"
)

func TestSpellings(t *testing.T) {
	members := make(map[qos.Member]bool)
	for _, m := range []qos.Member{
		qos.Text("Z\u00fcrich"), qos.Text("Zu\u0308rich"), qos.Text("ZÜRICH "), qos.Text("Austin TX"), qos.Text("Straße"), qos.Text("STRASSE"),
		qos.Null(), qos.Number(1), qos.Text("1"), qos.Text(""), qos.Text("日本"),
	} {
		members[m] = true
	}
	extra, twice := spellings(members)
	slices.Sort(twice)
	if extra != 3 || !slices.Equal(twice, []string{"STRASSE", "Zu\u0308rich"}) {
		t.Errorf("got %d, %q", extra, twice)
	}
	if extra, twice := spellings(nil); extra != 0 || twice != nil {
		t.Errorf("of nothing: %d, %q", extra, twice)
	}
}
