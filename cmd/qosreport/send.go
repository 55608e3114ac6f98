package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/user"

	"qosreport/internal/config"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/store"
)

// booking is what a run needs to send its mail: the ledger and a mail server.
func booking(a *app, c *config.Config, ledger *store.Store) (*job.Booking, error) {
	if ledger == nil {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "--send needs a ledger, or the same mail could leave twice"), "write store.path into configs/qosreport.yaml, on a disk that lasts")
	}
	if c.SMTP.Host == "" {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "--send needs a mail server"), "write smtp.host into configs/qosreport.yaml, like mail.example.com:587")
	}
	sender, err := newSender(c, a.dial)
	if err != nil {
		return nil, err
	}
	return &job.Booking{Store: ledger, Owner: store.Self(), Actor: actor(), Sender: sender, Grace: a.grace(c)}, nil
}

// dialer reaches a host; nil means the network.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// newSender reads what the mail server asks for. It does not connect.
func newSender(c *config.Config, dial dialer) (*deliver.SMTP, error) {
	o := deliver.Options{Host: c.SMTP.Host, TLS: c.SMTP.TLS, CAFile: c.SMTP.CAFile, Helo: c.SMTP.Helo, Dial: dial}
	if c.SMTP.User != "" {
		password, err := c.SMTP.Password()
		if err != nil {
			return nil, err
		}
		if o.Login, err = deliver.NewLogin(c.SMTP.User, string(password)); err != nil {
			return nil, err
		}
	}
	return deliver.NewSMTP(o)
}

// actor is who runs the command, for the ledger.
func actor() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// printSent tells of each recipient how the mail ended.
func printSent(a *app, sent []job.Sent) {
	for _, s := range sent {
		switch s.State {
		case store.Sent:
			fmt.Fprintf(a.out, "  sent to %s\n", s.Recipient)
		default:
			fmt.Fprintf(a.out, "  %s: %s (delivery %d)\n", s.Recipient, s.State, s.Delivery)
		}
	}
}
