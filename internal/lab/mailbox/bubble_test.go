package mailbox

import (
	"errors"
	"io"
	"net/smtp"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/lab/pipenet"
)

// On a network in memory the mailbox lives in a bubble, whose time its certificate is of.
func TestAMailboxLivesInABubble(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * 365 * 24 * time.Hour)
		network := pipenet.New()
		s, err := Start(t.Context(), Options{Dir: dir, Listen: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		for day := range 3 {
			conn, err := network.DialContext(t.Context(), "tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			c, err := smtp.NewClient(conn, "localhost")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.Hello("client.example"), c.StartTLS(trusted(t, s)), c.Mail("a@example.com"), c.Rcpt("b@example.com")); err != nil {
				t.Fatal(err)
			}
			w, err := c.Data()
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.WriteString(w, "Subject: x\r\n\r\nhello\r\n")
			if err := errors.Join(err, w.Close(), c.Quit()); err != nil || s.Accepted() != day+1 {
				t.Fatalf("day %d: %v", day, err)
			}
			time.Sleep(24 * time.Hour)
		}
		if err := s.Close(); err != nil || network.Open() != 0 {
			t.Errorf("%v; %d connections are left", err, network.Open())
		}
	})
}
