package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/impala"
)

// piped is a secret that came through a pipe, as from the <(…) of a shell. A pipe gives its
// text once: it is kept for the sessions to come.
type piped struct {
	read   chan struct{} // closed when the rest is there
	secret config.Secret
	err    error
}

// secret reads the file of a secret, which somebody may have renewed since; a pipe is read
// once in the life of the process. The context ends the wait for who writes to it.
func (c *connector) secret(ctx context.Context, file string, read func() (config.Secret, error)) (config.Secret, error) {
	if info, err := os.Stat(file); err != nil || info.Mode().IsRegular() {
		return read()
	}
	c.mu.Lock()
	p := c.pipes[file]
	if p == nil {
		if c.pipes == nil {
			c.pipes = make(map[string]*piped)
		}
		p = &piped{read: make(chan struct{})}
		c.pipes[file] = p
		go func() {
			defer close(p.read)
			p.secret, p.err = read()
		}()
	}
	c.mu.Unlock()
	select {
	case <-p.read:
		return p.secret, p.err
	case <-ctx.Done():
		return "", fmt.Errorf("read %s: %w", file, context.Cause(ctx))
	}
}

// bearer is the token of impala.jwt_file in one session.
type bearer struct {
	connector *connector
	token     config.Secret // "" before the first login
}

// login gives the token. The file is read again when the token is not valid any more.
func (b *bearer) login(ctx context.Context, _ string) (impala.Authorization, error) {
	if b.token == "" || b.check(b.token) != nil {
		if err := b.renew(ctx); err != nil {
			return nil, err
		}
	}
	return &bearerLogin{authorization: impala.NewBearer(string(b.token)), renewed: func() bool {
		refused := b.token
		return b.renew(ctx) == nil && b.token != refused
	}}, nil
}

// renew reads the token, and keeps the one before if what is there is none.
func (b *bearer) renew(ctx context.Context) error {
	i := &b.connector.config.Impala
	token, err := b.connector.secret(ctx, i.JWTFile, i.JWT)
	if err == nil {
		err = b.check(token)
	}
	if err == nil {
		b.token = token
	}
	return err
}

func (b *bearer) check(token config.Secret) error {
	now := time.Now
	if b.connector.now != nil {
		now = b.connector.now
	}
	err := impala.CheckJWT(string(token), now())
	if err == nil {
		return nil
	}
	err = fmt.Errorf("impala.jwt_file: %w", err)
	if token == "" {
		return fault.Advise(err, "write the token alone into the file; a pipe gives it once, to one process")
	}
	return err
}

// bearerLogin may be better with the token that has come into the file since.
type bearerLogin struct {
	authorization
	renewed func() bool
}

type authorization = impala.Authorization // whose method has its name

// Stale reports whether the file holds another token than the one that was sent.
func (l *bearerLogin) Stale() bool { return l.renewed() }
