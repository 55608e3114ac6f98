package main

import (
	"context"
	"errors"
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

// resolveCmd ends a delivery of which nobody knows whether it was taken.
type resolveCmd struct {
	Delivery int64 `arg:"" help:"Number of the delivery, as run --send told it."`
	Sent     bool  `xor:"how" required:"" help:"The mail arrived."`
	NotSent  bool  `name:"not-sent" xor:"how" required:"" help:"It did not: the next run with --send sends it."`
	fileFlags
}

// Run writes into the ledger what a person found out.
func (r *resolveCmd) Run(ctx context.Context, a *app) (err error) {
	c, err := r.load()
	if err != nil {
		return err
	}
	if c.Store.Path == "" {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "there is no ledger"), "name the configuration that has store.path: --config-dir DIR")
	}
	ledger, err := store.Open(ctx, c.Store.Path, store.Options{Now: a.now})
	if err != nil {
		return fmt.Errorf("store.path: %w", err)
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	d, err := ledger.Resolve(ctx, r.Delivery, r.Sent, actor())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "delivery %d to %s is %s\n", d.ID, d.Recipient, d.State)
	return outputError(err)
}
