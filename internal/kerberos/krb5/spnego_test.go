package krb5

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestNegotiationRequests(t *testing.T) {
	ntlm := Mechanism("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")
	tests := []struct {
		name string
		req  NegotiationRequest
	}{
		{"Kerberos and a token", NegotiationRequest{[]Mechanism{Kerberos, MSKerberos}, []byte("token")}},
		{"another first", NegotiationRequest{[]Mechanism{ntlm, Kerberos}, []byte("NTLMSSP")}},
		{"no token", NegotiationRequest{[]Mechanism{MSKerberos}, nil}},
		{"a long token", NegotiationRequest{[]Mechanism{Kerberos}, bytes.Repeat([]byte{1}, 70000)}},
	}
	for _, tt := range tests {
		token := tt.req.Marshal()
		got, err := ParseNegotiationRequest(token)
		if err != nil || !slices.Equal(got.Mechanisms, tt.req.Mechanisms) || !bytes.Equal(got.Token, tt.req.Token) {
			t.Errorf("%s: got %d mechanisms, %d bytes, %v", tt.name, len(got.Mechanisms), len(got.Token), err)
		}
		if !bytes.Contains(token, got.SignedList()) {
			t.Errorf("%s: what is signed is not what was sent", tt.name)
		}
		if _, _, err := ParseToken(token); err == nil {
			t.Errorf("%s: taken for a token of Kerberos", tt.name)
		}
	}
}

// The first token as RFC 4178 appendix A and Windows' clients have it, written by hand.
func TestNegotiationRequestOnTheWire(t *testing.T) {
	want := unhex(t, "60"+"2d"+"06062b0601050502"+"a023"+"3021"+
		"a018"+"3016"+"06092a864886f712010202"+"06092a864882f712010202"+
		"a205"+"0403"+"010203")
	got := NegotiationRequest{[]Mechanism{Kerberos, MSKerberos}, []byte{1, 2, 3}}.Marshal()
	if !bytes.Equal(got, want) {
		t.Errorf("got %x\nwant %x", got, want)
	}
	// With flags, the hints of Windows in field 3 and a MIC behind them.
	hints := unhex(t, "60"+"34"+"06062b0601050502"+"a02a"+"3028"+
		"a00d"+"300b"+"06092a864886f712010202"+"a104"+"03020206"+
		"a205"+"0403"+"010203"+"a305"+"3003"+"a00100"+"a403"+"040161")
	if req, err := ParseNegotiationRequest(hints); err != nil || len(req.Mechanisms) != 1 || string(req.Token) != "\x01\x02\x03" {
		t.Errorf("got %v, %v", req, err)
	}
}

func TestNegotiationReplies(t *testing.T) {
	tests := []struct {
		name string
		r    NegotiationReply
	}{
		{"completed", NegotiationReply{NegCompleted, Kerberos, []byte("token"), nil}},
		{"completed and signed", NegotiationReply{NegCompleted, MSKerberos, []byte("token"), []byte("mic")}},
		{"incomplete", NegotiationReply{NegIncomplete, Kerberos, nil, nil}},
		{"rejected", NegotiationReply{State: NegReject}},
		{"a wish for a signature", NegotiationReply{State: NegRequestMIC, Mechanism: Kerberos}},
		{"no state", NegotiationReply{NegUnsaid, "", []byte("token"), nil}},
		{"nothing at all", NegotiationReply{State: NegUnsaid}},
	}
	for _, tt := range tests {
		token := tt.r.Marshal()
		got, err := ParseNegotiationReply(token)
		if err != nil || got.State != tt.r.State || got.Mechanism != tt.r.Mechanism || !bytes.Equal(got.Token, tt.r.Token) || !bytes.Equal(got.MIC, tt.r.MIC) {
			t.Errorf("%s: got %+v, %v", tt.name, got, err)
		}
		for n := range token {
			if _, err := ParseNegotiationReply(token[:n]); !errors.Is(err, ErrToken) {
				t.Errorf("%s: %d bytes of %d: %v", tt.name, n, len(token), err)
			}
		}
		checkWithLibrary(t, tt.name, token, tt.r)
	}
}

// checkWithLibrary reads a reply with another decoder.
func checkWithLibrary(t *testing.T, name string, token []byte, want NegotiationReply) {
	t.Helper()
	var got struct {
		State     asn1.Enumerated       `asn1:"explicit,optional,tag:0"`
		Mechanism asn1.ObjectIdentifier `asn1:"explicit,optional,tag:1"`
		Token     []byte                `asn1:"explicit,optional,tag:2"`
		MIC       []byte                `asn1:"explicit,optional,tag:3"`
	}
	rest, err := asn1.UnmarshalWithParams(token, &got, "explicit,tag:1")
	if err != nil || len(rest) > 0 || !bytes.Equal(got.Token, want.Token) || !bytes.Equal(got.MIC, want.MIC) ||
		want.State != NegUnsaid && NegState(got.State) != want.State || (want.Mechanism != "") != (len(got.Mechanism) > 0) {
		t.Errorf("%s: the library reads %+v, %v", name, got, err)
	}
}

func TestNegotiationsAreRefused(t *testing.T) {
	reply := NegotiationReply{NegCompleted, Kerberos, []byte("token"), nil}.Marshal()
	request := NegotiationRequest{[]Mechanism{Kerberos}, []byte("token")}.Marshal()
	replies := []struct{ name, hex string }{
		{"nothing", ""},
		{"a request", "a0023000"},
		{"a byte behind", "a102300000"},
		{"a length in two forms", "a18102" + "3000"},
		{"a length with a leading zero", "a1820002" + "3000"},
		{"an indefinite length", "a180" + "30000000"},
		{"a length of five bytes", "a1850000000002" + "3000"},
		{"a length beyond the end", "a1033000"},
		{"a huge length", "a184ffffffff"},
		{"an empty state", "a1063004a0020a00"},
		{"a state of two bytes", "a1083006a0040a020000"},
		{"a state that is not known", "a1073005a0030a0104"},
		{"a state that is an integer", "a1073005a003020100"},
		{"two states", "a10c300aa0030a0100a0030a0100"},
		{"fields out of order", "a10c300a" + "a203040161" + "a0030a0100"},
		{"a field that is not known", "a1073005a403040161"},
		{"two elements in a field", "a10a3008a206040161040161"},
		{"an empty field", "a1043002a200"},
		{"bytes behind the sequence", "a1073000a0030a0100"},
	}
	for _, tt := range replies {
		if _, err := ParseNegotiationReply(unhex(t, tt.hex)); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := ParseNegotiationRequest(reply); !errors.Is(err, ErrToken) {
		t.Errorf("a reply as a request: %v", err)
	}
	for n := range request {
		if _, err := ParseNegotiationRequest(request[:n]); !errors.Is(err, ErrToken) {
			t.Errorf("%d bytes of a request: %v", n, err)
		}
	}
	requests := []struct {
		name string
		req  []byte
	}{
		{"no mechanism", NegotiationRequest{Token: []byte("x")}.Marshal()},
		{"too many mechanisms", NegotiationRequest{Mechanisms: slices.Repeat([]Mechanism{Kerberos}, maxMechanisms+1)}.Marshal()},
		{"a token of Kerberos", FrameToken(TokenAPReq, []byte("body"))},
		{"a byte behind", append(bytes.Clone(request), 0)},
	}
	for _, tt := range requests {
		if _, err := ParseNegotiationRequest(tt.req); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// readReplies reads what acceptors of other makes replied, by make.
func readReplies(tb testing.TB) map[string][]byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/negotiations.txt")
	if err != nil {
		tb.Fatal(err)
	}
	replies := map[string][]byte{}
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); words[0] != "#" {
			replies[words[0]] = unhex(tb, words[2])
		}
	}
	return replies
}

func TestRepliesOfOtherMakes(t *testing.T) {
	replies := readReplies(t)
	if len(replies) != 2 {
		t.Fatalf("%d replies", len(replies))
	}
	for name, token := range replies {
		reply, err := ParseNegotiationReply(token)
		if err != nil || reply.State != NegCompleted || reply.Mechanism != Kerberos || len(reply.MIC) != 0 {
			t.Errorf("%s: got %+v, %v", name, reply, err)
		}
		if kind, _, err := ParseToken(reply.Token); kind != TokenAPRep || err != nil {
			t.Errorf("%s: a token of kind %04x inside, %v", name, kind, err)
		}
		if !bytes.Equal(reply.Marshal(), token) {
			t.Errorf("%s: we would write %x", name, reply.Marshal())
		}
	}
}

func FuzzNegotiation(f *testing.F) {
	f.Add(NegotiationRequest{[]Mechanism{Kerberos, MSKerberos}, []byte("token")}.Marshal())
	f.Add(NegotiationReply{NegCompleted, Kerberos, []byte("token"), []byte("mic")}.Marshal())
	f.Add(NegotiationReply{State: NegUnsaid}.Marshal())
	for _, reply := range readReplies(f) {
		f.Add(reply)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		if reply, err := ParseNegotiationReply(token); err == nil {
			again, err := ParseNegotiationReply(reply.Marshal())
			if err != nil || again.State != reply.State || again.Mechanism != reply.Mechanism ||
				!bytes.Equal(again.Token, reply.Token) || !bytes.Equal(again.MIC, reply.MIC) {
				t.Errorf("%+v became %+v, %v", reply, again, err)
			}
		}
		if req, err := ParseNegotiationRequest(token); err == nil {
			again, err := ParseNegotiationRequest(req.Marshal())
			if err != nil || !slices.Equal(again.Mechanisms, req.Mechanisms) || !bytes.Equal(again.Token, req.Token) {
				t.Errorf("%v became %v, %v", req, again, err)
			}
		}
	})
}
