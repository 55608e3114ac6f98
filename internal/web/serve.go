package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"qosreport/internal/fault"
)

// What a client gets: all its requests are short, and no answer is long.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 10 * time.Second
	answerTimeout  = 10 * time.Second // to find out what is told
	writeTimeout   = 30 * time.Second // from the request's header to the answer's end
	idleTimeout    = time.Minute
	stopTimeout    = 5 * time.Second // for answers that are on their way
	maxHeaderBytes = 16 << 10
)

// Listen opens the address web.listen, a host and a port. Its errors say what to write
// there instead.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	try := "write web.listen as host:port, like 127.0.0.1:8080"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		try = "another program listens there: end it, or write another port in web.listen"
	case errors.Is(err, syscall.EACCES):
		try = "this user may not take the port: write one above 1023 in web.listen"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		try = "this host has no such address: write 127.0.0.1, or 0.0.0.0 for all, in web.listen"
	}
	var reason *net.OpError // its text would name the address once more
	if errors.As(err, &reason) {
		err = reason.Err
	}
	return nil, fault.Advise(fault.New(fault.Usage, 0, fmt.Errorf("web.listen %s: %w", address, err)), "%s", try)
}

// Serve answers requests until the context ends, and then gives those that are on their
// way 5 seconds. It closes the listener, and no goroutine of its own is left. An end that
// was not asked for is an error.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	s := newSite(o)
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),

		DisableGeneralOptionsHandler: true, // it would answer without our headers
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		stop(ctx, server, s.Logger)
		return fault.New(fault.Output, 0, fmt.Errorf("status page on %s: %w", l.Addr(), err))
	case <-ctx.Done():
	}
	stop(ctx, server, s.Logger)
	<-failed
	return nil
}

// stop lets the answers that are on their way finish, within bounds.
func stop(ctx context.Context, server *http.Server, log *slog.Logger) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		log.WarnContext(bounded, "requests cut off", "error", errors.Join(err, server.Close()))
	}
}
