package impala

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"qosreport/internal/fault"
)

// startTLS makes the handshake on a new connection to a host.
func startTLS(ctx context.Context, nc net.Conn, o Options, host string) (net.Conn, error) {
	config := o.TLS.Clone()
	config.ServerName = cmp.Or(config.ServerName, host)
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	handshake, stop := context.WithTimeout(ctx, o.SessionTimeout)
	defer stop()
	secured := tls.Client(nc, config)
	if err := secured.HandshakeContext(handshake); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Cause(ctx)
		}
		return nil, tlsFailure(err, config.ServerName)
	}
	return secured, nil
}

// tlsFailure says what went wrong in a TLS handshake in the words of its cause.
func tlsFailure(err error, name string) error {
	var (
		header    tls.RecordHeaderError
		hostname  x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
	)
	class := fault.Authentication
	switch {
	case errors.As(err, &header):
		err = fault.Advise(fmt.Errorf("the server does not speak TLS on this port: %w", err),
			"switch TLS off (impala.tls.enabled: false, --no-impala-tls) if this cluster has none")
	case errors.As(err, &hostname):
		err = fault.Advise(fmt.Errorf("the certificate is not for %s (it is for %s): %w", name, certificateNames(hostname.Certificate), err),
			"dial the name that the certificate holds, or set impala.tls.server_name to it")
	case errors.As(err, &authority):
		err = fault.Advise(fmt.Errorf("no known authority has signed the certificate of the server%s: %w", described(authority.Cert), err),
			"set impala.tls.ca_file to the PEM file of the authority that signed the cluster's certificates")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		err = fault.Advise(fmt.Errorf("a certificate of the server is not valid now%s: %w", described(invalid.Cert), err),
			"have the certificate renewed; see also whether this host's clock is right")
	case errors.As(err, &invalid):
		err = fault.Advise(fmt.Errorf("a certificate of the server is none for this%s: %w", described(invalid.Cert), err),
			"have the coordinator's certificate made anew, for a server and by an authority that may sign it")
	case refusedByPeer(err):
		err = fault.Advise(err, "%s", adviceRefused)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		class = fault.Network
		err = fault.Advise(fmt.Errorf("%w to the TLS handshake", errNoAnswer), "the server may not speak TLS (impala.tls.enabled: false), or has no thread left for the login")
	case hungUp(err):
		class = fault.Network
		err = fault.Advise(fmt.Errorf("the server closed the connection in the handshake: %w", err),
			"the server may not speak TLS on this port (impala.tls.enabled: false, --no-impala-tls), or be about to stop; its log has the reason")
	default:
		class = fault.Network
	}
	return fault.New(fault.Security, class, fmt.Errorf("TLS: %w", err))
}

// described tells of a certificate whose it is, who signed it and when it is valid.
func described(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf(" (of %s for %s, by %s, valid from %s to %s)", brief(c.Subject.String()), certificateNames(c), brief(c.Issuer.String()),
		c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339))
}

// hungUp reports whether the peer has closed the connection, orderly or not.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

const adviceRefused = "the server ends TLS: it may want a client certificate (impala.tls.cert_file, impala.tls.key_file) or another version (impala.tls.min_version)"

// refusedByPeer reports whether the server sent an alert, which it does in the middle of
// the first call when a client certificate is missing (RFC 8446 section 4.4.2.4).
func refusedByPeer(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func certificateNames(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name"
	}
	return brief(strings.Join(names, ", "))
}
