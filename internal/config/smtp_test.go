package config

import "testing"

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"20MB": 20_000_000, "512KiB": 524288, "1.5 MB": 1_500_000, "700": 700, `"1GB"`: 1e9} {
		var s Size
		if err := s.UnmarshalYAML([]byte(text)); err != nil || s != (Size{Bytes: want}) {
			t.Errorf("%s is %+v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "3TB", "20 M", "NaN", "9e99GB", "0"} {
		var s Size
		if s.UnmarshalYAML([]byte(text)); s.Bytes != 0 || text != "" && s.text == "" {
			t.Errorf("%q is %+v", text, s)
		}
	}
}

func TestAllowed(t *testing.T) {
	s := SMTP{Allow: []string{"@example.com", "noc@example.org"}}
	for address, want := range map[string]bool{
		"a@example.com": true, "A <a@EXAMPLE.com>": true, "NOC@example.org": true, "b@example.org": false,
		"a@sub.example.com": false, "a@example.com.invalid": false, "a@notexample.com": false,
	} {
		if s.Allowed(address) != want {
			t.Errorf("%s: allowed is %v", address, !want)
		}
	}
	if !(&SMTP{}).Allowed("anybody@example.net") {
		t.Error("an empty list allows nobody")
	}
}
