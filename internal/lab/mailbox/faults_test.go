package mailbox

import (
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	act := func(step Step, a Act) Faults { return Faults{At: map[Step]Act{step: a}} }
	tests := []struct {
		name   string
		faults Faults
		want   string
		kept   int
	}{
		{"cut at greeting", act(Greeting, Act{Cut: true}), "cut", 0},
		{"cut at EHLO", act(Hello, Act{Cut: true}), "220 cut", 0},
		{"cut at MAIL", act(Mail, Act{Cut: true}), "220 250 cut", 0},
		{"cut before 354", act(Data, Act{Cut: true}), "220 250 250 250 cut", 0},
		{"cut after 354", act(Opened, Act{Cut: true}), "220 250 250 250 354 cut", 0},
		{"cut in the content", act(Content, Act{Cut: true}), "220 250 250 250 354 cut", 0},
		{"cut after the dot", act(Dot, Act{Cut: true}), "220 250 250 250 354 cut", 0},
		{"cut before 250, kept", act(Kept, Act{Cut: true}), "220 250 250 250 354 cut", 1},
		{"cut after 250", act(Done, Act{Cut: true}), "220 250 250 250 354 250 cut", 1},
		{"another answer", act(Rcpt, Act{Reply: "450 4.0.0 no"}), "220 250 250 450 503 502 502 221", 0},
		{"refused at the end", act(Dot, Act{Reply: "554 no"}), "220 250 250 250 354 554 221", 0},
		{"a last word", act(Content, Act{Reply: "552 no", Cut: true}), "220 250 250 250 354 552 cut", 0},
		{"one recipient", Faults{Recipients: map[string]string{"b@example.com": "550 no"}}, "220 250 250 550 503 502 502 221", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, Options{Faults: tt.faults})
			// A server that never said 354 takes the content for commands.
			lines := strings.Replace(plainMessage, "hello\r\n.", "hello|.", 1)
			if strings.Contains(tt.want, "354") {
				lines = plainMessage
			}
			if got := talk(t, s, lines); got != tt.want || s.Accepted() != tt.kept {
				t.Errorf("answers %s, want %s; %d messages", got, tt.want, s.Accepted())
			}
		})
	}
}

func TestGreylistPassesTheSecondTime(t *testing.T) {
	s := start(t, Options{})
	s.SetFaults(Faults{Greylist: []string{"b@example.com"}, NoSTARTTLS: true})
	if got := talk(t, s, "EHLO c|STARTTLS|MAIL FROM:<a@example.com>|RCPT TO:<c@example.com>|RCPT TO:<b@example.com>"); got != "220 250 502 250 250 450" {
		t.Errorf("first: %s", got)
	}
	if got := talk(t, s, plainMessage); got != "220 250 250 250 354 250 221" {
		t.Errorf("second: %s", got)
	}
}

func TestHoldUntilReleased(t *testing.T) {
	s := start(t, Options{Faults: Faults{At: map[Step]Act{Kept: {Hold: true}}}})
	go func() {
		<-s.Held()
		if s.Accepted() != 1 {
			t.Errorf("%d messages while the answer is held", s.Accepted())
		}
		s.Release()
		s.Release() // once more does no harm
	}()
	if got := talk(t, s, plainMessage); got != "220 250 250 250 354 250 221" {
		t.Errorf("answers %s", got)
	}
}
