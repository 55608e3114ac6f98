package main

import (
	"context"
	"crypto/rand"
	"errors"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
)

// Who writes to whom in the demo.
const (
	demoSender = `"QoS reports" <qos@example.com>`
	demoReader = "noc@example.com"
)

// sendToMailbox starts a mail server that keeps mail in dir, sends the mail there by
// STARTTLS with an authority of the server's own and a login, and gives the file in which
// it lies. The server is opened only now: a report that failed leaves no mailbox.
func sendToMailbox(ctx context.Context, dir string, m *deliver.Message) (path string, err error) {
	const user = "report"
	password := rand.Text()
	server, err := mailbox.Start(context.WithoutCancel(ctx), mailbox.Options{Dir: dir, Users: map[string]string{user: password}})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	login, err := deliver.NewLogin(user, password)
	if err != nil {
		return "", err
	}
	sender, err := deliver.NewSMTP(deliver.Options{Host: server.Addr, CAFile: server.CAFile, Login: login})
	if err != nil {
		return "", err
	}
	if _, err := sender.Send(ctx, m, nil); err != nil {
		return "", err
	}
	kept := server.Messages()
	if len(kept) == 0 {
		return "", fault.Errorf(fault.Internal, 0, "the mailbox at %s took a mail and does not have it", server.Addr)
	}
	return kept[len(kept)-1].Path, nil
}
