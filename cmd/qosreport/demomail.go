package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
)

// Who writes to whom in the demo.
const (
	demoSender = `"QoS reports" <qos@example.com>`
	demoReader = "noc@example.com"
)

// demoBox is the demo's mail server and the way to it: STARTTLS with an authority of its
// own, and a login.
type demoBox struct {
	server *mailbox.Server
	sender *deliver.SMTP
}

func openMailbox(ctx context.Context, dir string) (*demoBox, error) {
	const user = "report"
	password := rand.Text()
	server, err := mailbox.Start(context.WithoutCancel(ctx), mailbox.Options{Dir: dir, Users: map[string]string{user: password}})
	if err != nil {
		return nil, err
	}
	login, err := deliver.NewLogin(user, password)
	if err == nil {
		var sender *deliver.SMTP
		if sender, err = deliver.NewSMTP(deliver.Options{Host: server.Addr, CAFile: server.CAFile, Login: login}); err == nil {
			return &demoBox{server, sender}, nil
		}
	}
	server.Close()
	return nil, err
}

// send delivers the mail, and gives the file in which the mailbox keeps it.
func (b *demoBox) send(ctx context.Context, m *deliver.Message) (string, error) {
	if _, err := b.sender.Send(ctx, m, nil); err != nil {
		return "", err
	}
	kept := b.server.Messages()
	if len(kept) == 0 {
		return "", fault.New(fault.Internal, 0, fmt.Errorf("the mailbox at %s took a mail and does not have it", b.server.Addr))
	}
	return kept[len(kept)-1].Path, nil
}
