package deliver

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
)

// impatient is a connection whose deadline has passed as soon as the server is silent, so
// that no test waits.
type impatient struct {
	net.Conn
	silent <-chan struct{}
}

func (c impatient) SetDeadline(at time.Time) error {
	select {
	case <-c.silent:
		at = time.Unix(1, 0)
	default:
	}
	return c.Conn.SetDeadline(at)
}

// dialImpatiently connects so that what the server holds ends at once.
func dialImpatiently(t *testing.T, server *mailbox.Server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		go func() {
			select {
			case <-server.Held():
				conn.SetDeadline(time.Unix(1, 0))
			case <-t.Context().Done():
			}
		}()
		return impatient{conn, server.Held()}, nil
	}
}

var held = []struct {
	step mailbox.Step
	text string // of the error when the time is over
	want string
}{
	{mailbox.Greeting, "greeting: no answer within 17s", "deferred"},
	{mailbox.Hello, "EHLO: no answer within 17s", "deferred"},
	{mailbox.StartTLS, "STARTTLS: no answer within 17s", "deferred"},
	{mailbox.Auth, "AUTH: no answer within 17s", "deferred"},
	{mailbox.Mail, "MAIL: no answer within 17s", "deferred"},
	{mailbox.Rcpt, "RCPT a@example.com: no answer within 17s", "deferred"},
	{mailbox.Data, "DATA: no answer within 17s; nobody knows", "unknown"},
	{mailbox.Dot, "end of content: no answer within 19s; nobody knows", "unknown"},
	{mailbox.Kept, "end of content: no answer within 19s; nobody knows", "unknown"},
	{mailbox.Quit, "", "sent 250"},
}

// A server that falls silent costs one step's time, whichever step it is.
func TestSilentServers(t *testing.T) {
	for _, tt := range held {
		t.Run(string(tt.step), func(t *testing.T) {
			t.Parallel()
			server := box(t, mailbox.Options{Faults: at(tt.step, mailbox.Act{Hold: true}), Users: map[string]string{"u": "p"}})
			s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile, Login: login(t, "u", "p"), StepTimeout: 17 * time.Second, DataTimeout: 19 * time.Second,
				Dial: dialImpatiently(t, server)})
			got, err := s.Send(t.Context(), small("a@example.com"), nil)
			if outcomes(got) != tt.want {
				t.Errorf("outcomes %s, want %s", outcomes(got), tt.want)
			}
			if tt.text == "" && err == nil {
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.text) || fault.ClassOf(err).Retry() != (tt.want == "deferred") {
				t.Errorf("got %v of class %v, want %q", err, fault.ClassOf(err), tt.text)
			}
		})
	}
}

// A context that ends is noticed at once in each step, and its cause is what is reported.
func TestStoppedWhileTheServerIsSilent(t *testing.T) {
	for _, tt := range held {
		t.Run(string(tt.step), func(t *testing.T) {
			t.Parallel()
			server := box(t, mailbox.Options{Faults: at(tt.step, mailbox.Act{Hold: true}), Users: map[string]string{"u": "p"}})
			s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile, Login: login(t, "u", "p")})
			ctx, stop := context.WithCancelCause(t.Context())
			sigterm := fault.Errorf(fault.Stopped, fault.Cancelled, "SIGTERM")
			go func() {
				<-server.Held()
				stop(sigterm)
			}()
			got, err := s.Send(ctx, small("a@example.com"), nil)
			want, area := tt.want, fault.DeliveryUnknown
			switch want {
			case "deferred":
				want, area = "not attempted", fault.Stopped
			case "sent 250":
				area = 0
			}
			if outcomes(got) != want || fault.AreaOf(err) != area || fault.ClassOf(err).Retry() {
				t.Errorf("%s, want %s: area %d, %v", outcomes(got), want, fault.AreaOf(err), err)
			}
			if area != 0 && (!errors.Is(err, sigterm) || !strings.Contains(err.Error(), "SIGTERM")) {
				t.Errorf("the cause is not in %v", err)
			}
		})
	}
}

func TestContextThatIsOver(t *testing.T) {
	server := box(t, mailbox.Options{})
	s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile})
	over, stop := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer stop()
	got, err := s.Send(over, small("a@example.com"), nil)
	if outcomes(got) != "deferred" || !errors.Is(err, context.DeadlineExceeded) || fault.ClassOf(err) != fault.Network {
		t.Errorf("%s, %v", outcomes(got), err)
	}
	// Ended while the caller wrote down that the message leaves: it does not leave.
	ctx, cancel := context.WithCancel(t.Context())
	got, err = s.Send(ctx, small("a@example.com"), func(context.Context, []string) error {
		cancel()
		return nil
	})
	if outcomes(got) != "not attempted" || !errors.Is(err, context.Canceled) || fault.AreaOf(err) != fault.Delivery || server.Accepted() != 0 {
		t.Errorf("%s, %v", outcomes(got), err)
	}
}
