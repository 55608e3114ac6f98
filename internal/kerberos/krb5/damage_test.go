package krb5

import (
	"bytes"
	"testing"
)

// A token whose MAC is wrong is opened in place by the types whose MAC is over the message;
// nothing of it may stay where the caller could take it for a message.
func TestDamagedTokensLeaveNoMessageBehind(t *testing.T) {
	message := []byte("a message that nobody has vouched for")
	for _, e := range enctypes {
		w, u := pair(t, e.ID, true)
		token, err := w.Wrap(nil, message, true)
		if err != nil {
			t.Fatal(err)
		}
		token[len(token)-1] ^= 1 // in the MAC of AES, in the padding of RC4
		if plain, _, err := u.Unwrap(token); err == nil || plain != nil || bytes.Contains(token, message) {
			t.Errorf("%s: got %q, %v; left %q", e.Name, plain, err, token)
		}
	}
}
