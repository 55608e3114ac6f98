package kerberos

import (
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// BenchmarkContext is what a connection costs before its first token of data, without a
// network: once what the client works, which is to make the request and the keys out of the
// answer, and once a whole login with what the service does.
func BenchmarkContext(b *testing.B) {
	for _, id := range krb5.SupportedEnctypes() {
		w := newWorld(b, kdc.Options{Enctypes: enctypes(id)})
		c, err := Login(b.Context(), w.opts)
		must(b, func() error { return err })
		b.Cleanup(func() { c.Close() })
		service := w.service(acceptor.Quirks{})
		b.Run(krb5.EnctypeName(id)+"/client", func(b *testing.B) { benchClient(b, c, service) })
		b.Run(krb5.EnctypeName(id)+"/both", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				login, err := c.NewSASL(b.Context(), SASLOptions{Host: "coordinator.example.com"})
				if err != nil {
					b.Fatal(err)
				}
				if ours, theirs := shake(login, service.NewServer(acceptor.SASL{})); ours != nil || theirs != nil {
					b.Fatal(ours, theirs)
				}
				login.Close()
			}
		})
	}
}

// benchClient reads the answer to one request again and again, since each answer is good
// for its own request alone.
func benchClient(b *testing.B, c *Creds, service *acceptor.Acceptor) {
	ticket, err := c.Ticket(b.Context(), serviceSPN)
	must(b, func() error { return err })
	asked, request, err := c.newInitiator(ticket)
	must(b, func() error { return err })
	answer, _, err := service.NewServer(acceptor.SASL{}).Step(request)
	must(b, func() error { return err })
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.newInitiator(ticket); err != nil {
			b.Fatal(err)
		}
		if _, _, err := asked.accept(answer); err != nil {
			b.Fatal(err)
		}
	}
}
