package kerberos

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

func TestEveryLayerWithEveryMake(t *testing.T) {
	makes := map[string]acceptor.Quirks{
		"MIT":     {},
		"Java":    {NoSubkey: true},
		"Heimdal": {Rotation: acceptor.LikeHeimdal},
		"Windows": {Rotation: 28, SealOffer: true},
		"far":     {Rotation: 1000},
		"most":    {Rotation: 65535, NoSubkey: true},
	}
	layers := map[string]struct {
		mask byte
		qop  QOP
	}{"auth": {1, Auth}, "auth-int": {2, Auto}, "auth-conf": {7, AuthConf}}
	for _, id := range krb5.SupportedEnctypes() {
		w := newWorld(t, kdc.Options{Enctypes: enctypes(id)})
		c := w.login()
		for name, quirks := range makes {
			service := w.service(quirks)
			for layer, wish := range layers {
				t.Run(fmt.Sprintf("%s %s %s", krb5.EnctypeName(id), name, layer), func(t *testing.T) {
					client := newSASL(t, c, SASLOptions{QOP: wish.qop})
					server := service.NewServer(acceptor.SASL{Layers: wish.mask})
					if ours, theirs := shake(client, server); ours != nil || theirs != nil {
						t.Fatal(ours, theirs)
					}
					if !client.Done() || client.Layer() != layer || server.Client() != clientName || server.User() != "report" {
						t.Fatalf("layer %s, client %s", client.Layer(), server.Client())
					}
					talk(t, client, server)
				})
			}
		}
	}
}

// talk sends messages of all sizes there and back.
func talk(t *testing.T, client *SASL, server *acceptor.Server) {
	t.Helper()
	if client.Chunk() == 0 {
		if _, err := client.Wrap(nil, []byte("x")); err == nil {
			t.Error("a token without a layer")
		}
		return
	}
	for _, size := range []int{0, 1, 15, 16, 17, 31, 32, 33, 64, 4096, client.Chunk()} {
		message := bytes.Repeat([]byte{byte(size), 1, 2}, size/3+1)[:size]
		token, err := client.Wrap(nil, message)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := server.Unwrap(token)
		if err != nil {
			t.Fatal(err)
		}
		if token, err = server.Wrap(nil, plain); err != nil {
			t.Fatal(err)
		}
		if plain, err = client.Unwrap(token); err != nil || !bytes.Equal(plain, message) {
			t.Fatalf("size %d: got %d bytes, %v", size, len(plain), err)
		}
	}
	if _, err := client.Wrap(nil, make([]byte, client.Chunk()+1)); err == nil {
		t.Error("a token that is longer than the server takes")
	}
}

func TestChoiceOfLayer(t *testing.T) {
	tests := []struct {
		name  string
		qop   QOP
		tls   bool
		offer byte
		want  string // "" means that there is none
	}{
		{"auto over TLS takes none", Auto, true, 7, "auth"},
		{"auto over TLS takes what there is", Auto, true, 6, "auth-int"},
		{"auto without TLS takes the strongest", Auto, false, 7, "auth-conf"},
		{"auto without TLS takes none from Impala", Auto, false, 1, "auth"},
		{"auth is a minimum", Auth, false, 4, "auth-conf"},
		{"auth takes no more than it must", Auth, false, 7, "auth"},
		{"auth-int takes no less", AuthInt, true, 7, "auth-int"},
		{"auth-int takes more", AuthInt, true, 5, "auth-conf"},
		{"auth-int from Impala", AuthInt, false, 1, ""},
		{"auth-conf from a signing server", AuthConf, false, 3, ""},
		{"an empty offer", Auto, false, 0, ""},
		{"an offer of unknown layers", Auto, false, 0xf8, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &SASL{opts: SASLOptions{QOP: tt.qop, TLS: tt.tls}}
			got, err := s.choose(tt.offer)
			if tt.want == "" {
				if !errors.Is(err, Layer) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if got.String() != tt.want || err != nil {
				t.Errorf("got %v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// What other servers may say, and no client has to mind.
func TestOffersThatAreUnusual(t *testing.T) {
	tests := []struct {
		name  string
		offer []byte
		chunk int
	}{
		{"a size without a layer", []byte{1, 0xff, 0xff, 0xff}, 0},
		{"a layer that nobody knows beside one", []byte{0x81, 0, 0, 0}, 0},
		{"bytes behind the size", []byte{1, 0, 0, 0, 'x'}, 0},
		{"room for one byte", []byte{2, 0, 0, 29}, 1},
		{"the largest size", []byte{4, 0xff, 0xff, 0xff}, maxChunk},
	}
	w := newWorld(t, kdc.Options{Enctypes: enctypes(18)})
	c := w.login()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newSASL(t, c, SASLOptions{})
			server := w.service(acceptor.Quirks{Offer: tt.offer}).NewServer(acceptor.SASL{Layers: 7})
			if ours, theirs := shake(client, server); ours != nil || theirs != nil {
				t.Fatal(ours, theirs)
			}
			if !client.Done() || client.Chunk() != tt.chunk {
				t.Errorf("layer %s, at most %d bytes in a token", client.Layer(), client.Chunk())
			}
			if tt.chunk > 0 {
				token, err := client.Wrap(nil, make([]byte, tt.chunk))
				if most := int(tt.offer[1])<<16 | int(tt.offer[2])<<8 | int(tt.offer[3]); err != nil || len(token) > most {
					t.Errorf("a token of %d bytes where %d are taken, %v", len(token), most, err)
				}
			}
		})
	}
}

// What the server is told fits the three bytes that there are for it.
func TestSizesThatTheServerIsTold(t *testing.T) {
	tests := []struct{ wish, chunk int }{{0, 1 << 16}, {-1, 1 << 16}, {1000, 1000 - 60}, {1 << 24, 1 << 16}, {1 << 30, 1 << 16}}
	w := newWorld(t, kdc.Options{Enctypes: enctypes(18)})
	c := w.login()
	for _, tt := range tests {
		client := newSASL(t, c, SASLOptions{QOP: AuthConf, MaxFrame: tt.wish})
		server := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{Layers: 4})
		if ours, theirs := shake(client, server); ours != nil || theirs != nil || server.Chunk() != tt.chunk {
			t.Errorf("%d: the server sends up to %d bytes, want %d; %v, %v", tt.wish, server.Chunk(), tt.chunk, ours, theirs)
		}
	}
}

// A token never exceeds what the server takes, and a byte more of room is a byte more of
// message, for each type and layer.
func TestSizesOfTokensAtTheLimit(t *testing.T) {
	for _, id := range krb5.SupportedEnctypes() {
		w := newWorld(t, kdc.Options{Enctypes: enctypes(id)})
		c := w.login()
		for _, layer := range []byte{2, 4} {
			for _, most := range []int{73, 128, 129, 200, 255, 256, 300, 4096, 65535, 65536, 65700} {
				client := newSASL(t, c, SASLOptions{})
				server := w.service(acceptor.Quirks{Offer: []byte{layer, byte(most >> 16), byte(most >> 8), byte(most)}}).NewServer(acceptor.SASL{Layers: layer})
				if ours, theirs := shake(client, server); ours != nil || theirs != nil {
					t.Fatal(ours, theirs)
				}
				token, err := client.Wrap(nil, make([]byte, client.Chunk()))
				slack := 0
				if id == 23 {
					slack = 4 // the length of the frame may be shorter than its room
				}
				if client.Chunk() == maxChunk {
					slack = most // the chunk is bounded by us
				}
				if err != nil || len(token) > most || len(token) < most-slack {
					t.Errorf("%d layer %d: a token of %d bytes where %d are taken, %v", id, layer, len(token), most, err)
				}
				if plain, err := server.Unwrap(token); err != nil || len(plain) != client.Chunk() {
					t.Errorf("%d layer %d: %d bytes, %v", id, layer, len(plain), err)
				}
			}
		}
	}
}

func TestReaderAndWriterRunInParallel(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	client := newSASL(t, w.login(), SASLOptions{QOP: AuthConf})
	server := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{Layers: acceptor.AuthConf})
	if ours, theirs := shake(client, server); ours != nil || theirs != nil {
		t.Fatal(ours, theirs)
	}
	carry := func(wrap func(dst, plain []byte) ([]byte, error), unwrap func([]byte) ([]byte, error)) {
		var token []byte
		for i := range 200 {
			message := bytes.Repeat([]byte{byte(i)}, i*7)
			var err error
			if token, err = wrap(token[:0], message); err != nil {
				t.Error(err)
				return
			}
			if plain, err := unwrap(token); err != nil || !bytes.Equal(plain, message) {
				t.Errorf("message %d: %v", i, err)
				return
			}
		}
	}
	var both sync.WaitGroup
	both.Go(func() { carry(client.Wrap, server.Unwrap) })
	both.Go(func() { carry(server.Wrap, client.Unwrap) })
	both.Wait()
}

func TestTokensDoNotAllocate(t *testing.T) {
	for _, id := range enctypes(18, 23) {
		w := newWorld(t, kdc.Options{Enctypes: enctypes(id)})
		c := w.login()
		for _, mask := range []byte{acceptor.AuthInt, acceptor.AuthConf} {
			client := newSASL(t, c, SASLOptions{})
			server := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{Layers: mask})
			if ours, theirs := shake(client, server); ours != nil || theirs != nil {
				t.Fatal(ours, theirs)
			}
			if n := allocations(t, client, server); n != 0 {
				t.Errorf("%s %s: %v allocations for two tokens", krb5.EnctypeName(id), client.Layer(), n)
			}
		}
	}
}

// allocations are those of one token there and one back.
func allocations(t *testing.T, client *SASL, server *acceptor.Server) float64 {
	t.Helper()
	message := make([]byte, client.Chunk())
	token := make([]byte, 0, len(message)+100)
	return testing.AllocsPerRun(20, func() {
		var err error
		if token, err = client.Wrap(token[:0], message); err != nil {
			t.Fatal(err)
		}
		if _, err = server.Unwrap(token); err != nil {
			t.Fatal(err)
		}
		if token, err = server.Wrap(token[:0], message); err != nil {
			t.Fatal(err)
		}
		if _, err = client.Unwrap(token); err != nil {
			t.Fatal(err)
		}
	})
}
