// Package authority makes the certificates with which the servers of the lab speak TLS.
//
// An authority signs one certificate and its key is forgotten; the key of that certificate
// is in the settings of the server alone. Neither is written anywhere.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"time"
)

// Certify makes an authority of that name, which is returned as PEM, and the settings of a
// server with a certificate for the hosts. They are names and addresses; none means
// localhost with its addresses. Certificates are valid for a year.
func Certify(name string, hosts ...string) (authority []byte, server *tls.Config, err error) {
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	now := time.Now()
	from, to := now.Add(-time.Hour), now.AddDate(1, 0, 0)
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: name + " authority"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err == nil {
		ca, err = x509.ParseCertificate(der) // with the name of its key, which clients look for
	}
	if err != nil {
		return nil, nil, err
	}
	certificate, err := issue(ca, caKey, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, hosts)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		&tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}, nil
}

// issue signs a certificate for the hosts, with a new key.
func issue(ca *x509.Certificate, caKey *ecdsa.PrivateKey, leaf *x509.Certificate, hosts []string) (tls.Certificate, error) {
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
