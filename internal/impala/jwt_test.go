package impala

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

// jwt makes a token with claims; nobody looks at its signature.
func jwt(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("geheim"))
}

func TestTokensAreCheckedBeforeTheyAreSent(t *testing.T) {
	now := time.Unix(1_505_220_000, 0) // 2017-09-12T12:40:00Z
	tests := []struct {
		name, token, text string
		area              fault.Area
	}{
		{"without times", jwt(`{"sub":"report"}`), "", 0},
		{"good for a second", jwt(`{"exp":1505220001,"nbf":1505220000}`), "", 0},
		{"with a fraction", jwt(`{"exp":1505220000.5e1}`), "", 0},
		{"for ever, as good as", jwt(`{"exp":1e300}`), "", 0},
		{"encrypted", strings.Repeat("YQ.", 4) + "YQ", "its header is no JSON", fault.Usage},
		{"encrypted, with a header", "e30." + strings.Repeat("YQ.", 3) + "YQ", "", 0},
		{"expired this moment", jwt(`{"exp":1505220000}`), "the JWT expired at 2017-09-12T12:40:00Z, 0s ago", fault.Security},
		{"expired an hour ago", jwt(`{"exp":1505216400}`), "the JWT expired at 2017-09-12T11:40:00Z, 1h0m0s ago", fault.Security},
		{"not good yet", jwt(`{"nbf":1505220060}`), "the JWT is valid from 2017-09-12T12:41:00Z on, in 1m0s", fault.Security},
		{"empty", "", "the text is empty", fault.Usage},
		{"a password", "geheim", "1 parts between dots", fault.Usage},
		{"two lines", jwt("{}") + "\nabcd", "part 3 is not in base64url", fault.Usage},
		{"with the scheme", "Bearer " + jwt("{}"), "part 1 is not in base64url", fault.Usage},
		{"a file name", "impala.jwt.gz", "its header is no JSON", fault.Usage},
		{"a header that is none", "YQ.e30.YQ", "its header is no JSON", fault.Usage},
		{"claims that are none", jwt(`geheim`), "its claims are no JSON object", fault.Usage},
		{"a time that is text", jwt(`{"exp":"geheim"}`), "its claims are no JSON object with times", fault.Usage},
		{"far too long", strings.Repeat("a", maxJWT+1), "65537 bytes", fault.Usage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckJWT(tt.token, now)
			if (err == nil) != (tt.text == "") || !strings.Contains(fmt.Sprint(err), tt.text) || fault.AreaOf(err) != tt.area || strings.Contains(fmt.Sprint(err), "geheim") {
				t.Errorf("got %v, area %d", err, fault.AreaOf(err))
			}
			if err != nil && fault.Remedy(err) == "" {
				t.Error("nothing to do about it")
			}
		})
	}
}

func FuzzCheckJWT(f *testing.F) {
	for _, seed := range []string{"", "a.b.c", jwt(`{"exp":1}`), jwt(`{"exp":-1e308,"nbf":1e308}`), jwt(`[]`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if err := CheckJWT(token, time.Unix(1_505_220_000, 0)); err == nil && strings.ContainsAny(token, "\r\n ,;") {
			t.Errorf("%q would be sent in a header field", token)
		}
	})
}

func TestPasswordsOverHTTP(t *testing.T) {
	login, err := NewBasic("report", "päss: wörd")
	if err != nil || login.Authorization() != "Basic "+base64.StdEncoding.EncodeToString([]byte("report:päss: wörd")) {
		t.Errorf("%v, %v", login.Authorization(), err)
	}
	if text := fmt.Sprintf("%v %+v %#v", login, login, login); strings.Contains(text, "cmVw") {
		t.Errorf("printed %s", text)
	}
	if login.Close(); strings.Contains(login.Authorization(), "cmVw") {
		t.Error("the password is kept")
	}
	for _, bad := range [][2]string{{"re:port", "x"}, {"report", "a\nb"}, {"report\x00", "x"}} {
		if _, err := NewBasic(bad[0], bad[1]); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
