package deliver

import (
	"context"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
)

var (
	cut     = mailbox.Act{Cut: true}
	garbage = say("\x00\xff\x1b[31m")
)

func say(reply string) mailbox.Act { return mailbox.Act{Reply: reply} }

const unknown = "unknown, unknown"

// faulty has one fault of the server a row, with a message to a@ and b@example.com.
var faulty = []struct {
	name    string
	faults  mailbox.Faults
	want    string // outcomes
	text    string // of the error
	remedy  string
	area    fault.Area
	class   fault.Class
	arrived int // messages that the server has taken
	asked   bool
}{
	{"cut at greeting", at(mailbox.Greeting, cut), "deferred, deferred", "greeting: the server closed the connection", "log", fault.Delivery, fault.Network, 0, false},
	{"cut at EHLO", at(mailbox.Hello, cut), "deferred, deferred", "EHLO: the server closed the connection", "log", fault.Delivery, fault.Network, 0, false},
	{"cut at STARTTLS", at(mailbox.StartTLS, cut), "deferred, deferred", "STARTTLS: the server closed the connection", "log", fault.Delivery, fault.Network, 0, false},
	{"cut at AUTH", at(mailbox.Auth, cut), "deferred, deferred", "AUTH: the server closed the connection", "log", fault.Delivery, fault.Network, 0, false},
	{"cut at MAIL", at(mailbox.Mail, cut), "deferred, deferred", "MAIL: the server closed the connection", "log", fault.Delivery, fault.Network, 0, false},
	{"cut at RCPT", at(mailbox.Rcpt, cut), "deferred, deferred", "RCPT a@example.com: the server closed the connection", "log", fault.Delivery, fault.Network, 0, false},
	{"cut before 354", at(mailbox.Data, cut), unknown, "DATA: the server closed the connection; nobody knows", "resolve", fault.DeliveryUnknown, 0, 0, true},
	{"cut after 354", at(mailbox.Opened, cut), unknown, "nobody knows whether the message was taken", "3f2a91c0.r1@reports.example.com", fault.DeliveryUnknown, 0, 0, true},
	{"cut in the content", at(mailbox.Content, cut), unknown, "nobody knows whether the message was taken", "resolve", fault.DeliveryUnknown, 0, 0, true},
	{"cut after the dot", at(mailbox.Dot, cut), unknown, "end of content: the server closed the connection; nobody knows", "resolve", fault.DeliveryUnknown, 0, 0, true},
	{"cut before 250 of a message that was taken", at(mailbox.Kept, cut), unknown, "end of content: the server closed the connection; nobody knows", "resolve", fault.DeliveryUnknown, 0, 1, true},
	{"cut after 250", at(mailbox.Done, cut), "sent 250, sent 250", "", "", 0, 0, 1, true},
	{"cut at QUIT", at(mailbox.Quit, cut), "sent 250, sent 250", "", "", 0, 0, 1, true},

	{"greeting 554", at(mailbox.Greeting, say("554 5.7.1 your address is listed")), "not attempted 554, not attempted 554", "greeting: 554 5.7.1 your address is listed", "takes no mail from this host", fault.Delivery, fault.Refused, 0, false},
	{"greeting 421", at(mailbox.Greeting, say("421 4.3.2 busy")), "deferred 421, deferred 421", "greeting: 421 4.3.2 busy", "later", fault.Delivery, fault.Deferred, 0, false},
	{"EHLO 502", at(mailbox.Hello, say("502 5.5.1 not known")), "not attempted, not attempted", "STARTTLS: the server does not offer STARTTLS", "", fault.Delivery, fault.Authentication, 0, false},
	{"server goes down at EHLO", at(mailbox.Hello, mailbox.Act{Reply: "421 4.3.2 bye", Cut: true}), "deferred, deferred", "EHLO: the server closed the connection", "", fault.Delivery, fault.Network, 0, false},
	{"STARTTLS 454", at(mailbox.StartTLS, say("454 4.3.0 no keys")), "deferred 454, deferred 454", "STARTTLS: 454 4.3.0 no keys", "", fault.Delivery, fault.Deferred, 0, false},
	{"no STARTTLS", mailbox.Faults{NoSTARTTLS: true}, "not attempted, not attempted", "STARTTLS: the server does not offer STARTTLS", "465", fault.Delivery, fault.Authentication, 0, false},
	{"certificate for another name", mailbox.Faults{WrongName: true}, "not attempted, not attempted", "STARTTLS: tls: failed to verify certificate", "smtp.host", fault.Delivery, fault.Authentication, 0, false},
	{"AUTH 535", at(mailbox.Auth, say("535 5.7.8 wrong")), "not attempted 535, not attempted 535", "AUTH: 535 5.7.8 wrong", "smtp.password_file", fault.Delivery, fault.Authentication, 0, false},
	{"AUTH 454", at(mailbox.Auth, say("454 4.7.0 directory is down")), "deferred 454, deferred 454", "AUTH: 454 4.7.0", "later", fault.Delivery, fault.Deferred, 0, false},
	{"MAIL 451", at(mailbox.Mail, say("451 4.3.0 later")), "deferred 451, deferred 451", "MAIL: 451 4.3.0 later", "later", fault.Delivery, fault.Deferred, 0, false},
	{"MAIL 550", at(mailbox.Mail, say("550 5.7.1 not your address")), "refused 550, refused 550", "MAIL: 550 5.7.1 not your address", "smtp.from", fault.Delivery, fault.Refused, 0, false},
	{"MAIL 530", at(mailbox.Mail, say("530 5.7.0 log in")), "refused 530, refused 530", "MAIL: 530 5.7.0 log in", "smtp.user", fault.Delivery, fault.Authentication, 0, false},
	{"one recipient 550", mailbox.Faults{Recipients: map[string]string{"a@example.com": "550 5.1.1 unknown user"}}, "refused 550, sent 250",
		"RCPT a@example.com: 550 5.1.1 unknown user; 1 of 2 recipients got the message", "correct the address", fault.Delivery, fault.Refused, 1, true},
	{"one recipient greylisted", mailbox.Faults{Greylist: []string{"b@example.com"}}, "sent 250, deferred 450",
		"RCPT b@example.com: 450 4.2.0 greylisted, come again; 1 of 2 recipients got the message", "later", fault.Delivery, fault.Deferred, 1, true},
	{"one later counts more than one never", mailbox.Faults{Recipients: map[string]string{"a@example.com": "550 5.1.1 no", "b@example.com": "452 4.2.2 full"}}, "refused 550, deferred 452",
		"RCPT b@example.com: 452 4.2.2 full; 0 of 2", "later", fault.Delivery, fault.Deferred, 0, false},
	{"all recipients 550", at(mailbox.Rcpt, say("550 5.1.1 no")), "refused 550, refused 550", "RCPT a@example.com: 550 5.1.1 no; 0 of 2", "correct", fault.Delivery, fault.Refused, 0, false},
	{"relaying denied", at(mailbox.Rcpt, say("554 5.7.1 relay access denied")), "refused 554, refused 554", "RCPT a@example.com: 554", "smtp.user", fault.Delivery, fault.Refused, 0, false},
	{"server goes down at RCPT", at(mailbox.Rcpt, mailbox.Act{Reply: "421 4.3.2 bye", Cut: true}), "deferred 421, deferred 421", "RCPT a@example.com: 421 4.3.2 bye", "later", fault.Delivery, fault.Deferred, 0, false},
	{"DATA 451", at(mailbox.Data, say("451 4.3.0 later")), "deferred 451, deferred 451", "DATA: 451 4.3.0 later", "later", fault.Delivery, fault.Deferred, 0, true},
	{"DATA 554", at(mailbox.Data, say("554 5.5.1 no")), "refused 554, refused 554", "DATA: 554 5.5.1 no", "filter", fault.Delivery, fault.Refused, 0, true},
	{"DATA answered with 250", at(mailbox.Data, say("250 2.0.0 ok")), "unknown 250, unknown 250", "DATA: 250 2.0.0 ok", "resolve", fault.DeliveryUnknown, 0, 0, true},
	{"content 451", at(mailbox.Dot, say("451 4.7.1 scanner is busy")), "deferred 451, deferred 451", "end of content: 451 4.7.1 scanner is busy", "later", fault.Delivery, fault.Deferred, 0, true},
	{"content 554", at(mailbox.Dot, say("554 5.6.0 found something")), "refused 554, refused 554", "end of content: 554 5.6.0 found something", "filter", fault.Delivery, fault.Refused, 0, true},
	{"another kind of yes", at(mailbox.Kept, say("251 2.1.5 forwarded, queued as X1")), "sent 251, sent 251", "", "", 0, 0, 1, true},

	{"garbage at greeting", at(mailbox.Greeting, garbage), "not attempted, not attempted", "greeting: the answer is not SMTP", "mail server", fault.Delivery, 0, 0, false},
	{"garbage at MAIL", at(mailbox.Mail, garbage), "not attempted, not attempted", "MAIL: the answer is not SMTP", "mail server", fault.Delivery, 0, 0, false},
	{"garbage before 354", at(mailbox.Data, garbage), unknown, "DATA: the answer is not SMTP", "resolve", fault.DeliveryUnknown, 0, 0, true},
	{"garbage after the dot", at(mailbox.Kept, garbage), unknown, "end of content: the answer is not SMTP", "resolve", fault.DeliveryUnknown, 0, 1, true},
	{"a line without end at greeting", at(mailbox.Greeting, mailbox.Act{Reply: "220", Flood: true}), "not attempted, not attempted", "greeting: the answer does not end", "mail server", fault.Delivery, 0, 0, false},
	{"lines without end at EHLO", at(mailbox.Hello, mailbox.Act{Reply: "250-\x1b]0;evil\x07\r\n", Flood: true}), "not attempted, not attempted", "EHLO: the answer does not end", "mail server", fault.Delivery, 0, 0, false},
	{"lines without end at RCPT", at(mailbox.Rcpt, mailbox.Act{Reply: "250-ok\r\n", Flood: true}), "not attempted, not attempted", "RCPT a@example.com: the answer does not end", "mail server", fault.Delivery, 0, 0, false},
	{"lines without end after the dot", at(mailbox.Dot, mailbox.Act{Reply: "250-ok\r\n", Flood: true}), unknown, "end of content: ", "resolve", fault.DeliveryUnknown, 0, 0, true},
	{"control characters in an answer", at(mailbox.Mail, say("550-5.7.1 a\x1b[31mb\r\n550 5.7.1 \xff\u202eend\x07")), "refused 550, refused 550", "MAIL: 550 5.7.1 a\uFFFD[31mb 5.7.1 \uFFFD\uFFFDend\uFFFD", "smtp.from", fault.Delivery, fault.Refused, 0, false},
}

func TestSendAtFaultyServers(t *testing.T) {
	for _, tt := range faulty {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := box(t, mailbox.Options{Faults: tt.faults, Users: map[string]string{"u": "p"}})
			s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile, Login: login(t, "u", "p"), StepTimeout: 20 * time.Second, DataTimeout: 20 * time.Second})
			asked := false
			got, err := s.Send(t.Context(), small("a@example.com", "b@example.com"), func(context.Context, []string) error {
				asked = true
				return nil
			})
			if outcomes(got) != tt.want || len(got) != 2 || got[0].Recipient != "a@example.com" || got[1].Recipient != "b@example.com" {
				t.Errorf("outcomes %s, want %s", outcomes(got), tt.want)
			}
			checkError(t, err, tt.text, tt.remedy)
			if area, class := fault.AreaOf(err), fault.ClassOf(err); area != tt.area || class != tt.class {
				t.Errorf("area %d, class %v; want %d, %v: %v", area, class, tt.area, tt.class, err)
			}
			if asked != tt.asked {
				t.Errorf("asked before DATA: %t, want %t", asked, tt.asked)
			}
			if n := server.Accepted(); n != tt.arrived {
				t.Errorf("the server took %d messages, want %d", n, tt.arrived)
			}
		})
	}
}
