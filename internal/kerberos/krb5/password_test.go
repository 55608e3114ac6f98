package krb5

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestPasswordKey(t *testing.T) {
	const salt = "ATHENA.MIT.EDUraeburn"
	randomSalt := "\x10\xdf\x9d\xd7\x83\xe5\xbc\x8a\xce\xa1\x73\x0e\x74\x35\x5f\x61" + salt
	tests := []struct {
		name           string
		enctype        int32
		password, salt string
		params         []byte
		want           string // hexadecimal
	}{
		{"AES-128 of one iteration (RFC 3962 appendix B)", 17, "password", salt, []byte{0, 0, 0, 1}, "42263c6e89f4fc28b8df68ee09799f15"},
		{"AES-256 of one iteration", 18, "password", salt, []byte{0, 0, 0, 1}, "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161"},
		{"AES-128 of 1200", 17, "password", salt, []byte{0, 0, 4, 0xb0}, "4c01cd46d632d01e6dbe230a01ed642a"},
		{"AES-256 of 1200", 18, "password", salt, []byte{0, 0, 4, 0xb0}, "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a"},
		{"a letter beyond the basic plane", 18, "\U0001d11e", "EXAMPLE.COMpianist", []byte{0, 0, 0, 50}, "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e"},
		{"AES-128 with SHA-2 (RFC 8009 appendix A)", 19, "password", randomSalt, []byte{0, 0, 0x80, 0}, "089bca48b105ea6ea77ca5d2f39dc5e7"},
		{"AES-256 with SHA-2", 20, "password", randomSalt, nil, "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467"},
		{"RC4 takes no salt (RFC 4757)", 23, "foo", salt, nil, "ac8e657f83df82beea5d43bdaf7800cc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := PasswordKey(tt.enctype, tt.password, tt.salt, tt.params)
			if got := hex.EncodeToString(key.Value); err != nil || got != tt.want || key.Enctype != tt.enctype {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestPasswordKeyWithoutParametersIsOf4096(t *testing.T) {
	implied, err := PasswordKey(18, "x", "y", nil)
	if err != nil {
		t.Fatal(err)
	}
	said, err := PasswordKey(18, "x", "y", []byte{0, 0, 0x10, 0})
	if err != nil || string(implied.Value) != string(said.Value) {
		t.Errorf("the keys differ, %v", err)
	}
}

func TestPasswordKeyRefuses(t *testing.T) {
	tests := []struct {
		name, password string
		enctype        int32
		params         []byte
		want           string
	}{
		{"a type that is not ours", "x", 16, nil, "des3-cbc-sha1"},
		{"no password", "", 18, nil, "empty"},
		{"parameters of another form", "x", 18, []byte{1}, "1 bytes"},
		{"no iterations, which is 2^32", "x", 18, []byte{0, 0, 0, 0}, "iterations"},
		{"work without end", "x", 20, []byte{0xff, 0xff, 0xff, 0xff}, "4294967295 iterations"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := PasswordKey(tt.enctype, tt.password, "salt", tt.params); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDefaultSalt(t *testing.T) {
	p := Principal{[]string{"impala", "host.example.com"}, "EXAMPLE.COM"}
	if got := p.DefaultSalt(); got != "EXAMPLE.COMimpalahost.example.com" {
		t.Errorf("got %s", got)
	}
}
