package kerberos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
)

const (
	hedgeDelay     = time.Second     // without an answer, before the next KDC is asked too
	connectTimeout = 2 * time.Second // one KDC
	answerTimeout  = 3 * time.Second // one KDC, once connected
	restTime       = time.Minute     // a KDC that failed is asked last for so long
)

// kdcs finds the KDCs of a realm and exchanges messages with them. It remembers which
// one answered and which ones did not.
type kdcs struct {
	conf     *conf
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	resolver Resolver
	now      func() time.Time
	log      *slog.Logger

	mu     sync.Mutex
	last   map[string]string    // realm to who answered last
	failed map[string]time.Time // when
}

// question is a request to the KDCs of a realm. Care is due with a proof of identity: a
// wrong key that is shown to three KDCs at once, or three times to one, counts three times
// towards a lock-out.
type question struct {
	realm   string
	request []byte
	care    bool
}

// attempt is what came of asking one KDC.
type attempt struct {
	network, addr string
	took          time.Duration
	reply         []byte
	err           error
}

func (a attempt) String() string {
	return fmt.Sprintf("%s/%s %s (%s)", a.addr, a.network, reason(a.err), a.took.Round(time.Millisecond))
}

// exchange sends a request to the KDCs of its realm and returns the first reply, which may
// be a KRB-ERROR. A short one goes by UDP first if krb5.conf says so; otherwise UDP is for
// KDCs that all refuse TCP.
func (k *kdcs) exchange(ctx context.Context, q question) ([]byte, error) {
	addrs, err := k.addresses(ctx, q.realm)
	if err != nil {
		return nil, err
	}
	var failed []attempt
	byUDP := len(q.request) <= k.conf.udpLimit
	if byUDP {
		reply, tries := k.race(ctx, "udp", addrs, q)
		if reply != nil && errorCode(reply) != errorcode.KRB_ERR_RESPONSE_TOO_BIG {
			return reply, nil
		}
		failed = append(failed, tries...)
	}
	reply, tries := k.race(ctx, "tcp", addrs, q)
	if reply != nil {
		return reply, nil
	}
	failed = append(failed, tries...)
	open := func(a attempt) bool { return !errors.Is(a.err, syscall.ECONNREFUSED) }
	if !byUDP && ctx.Err() == nil && !slices.ContainsFunc(tries, open) {
		reply, tries = k.race(ctx, "udp", addrs, q)
		if reply != nil && errorCode(reply) != errorcode.KRB_ERR_RESPONSE_TOO_BIG {
			return reply, nil
		}
		if reply != nil {
			tries = append(tries, attempt{network: "udp", addr: "a KDC", err: errTooBig})
		}
		failed = append(failed, tries...)
	}
	return nil, unreachable(ctx, q.realm, len(addrs), failed)
}

func unreachable(ctx context.Context, realm string, addrs int, failed []attempt) error {
	if errors.Is(ctx.Err(), context.Canceled) { // by somebody, for a cause of their own
		return fmt.Errorf("ask the KDCs of %s: %w", realm, context.Cause(ctx))
	}
	var each []string
	for _, a := range failed {
		each = append(each, a.String())
	}
	who := "the KDC of " + realm + " did not answer"
	if addrs > 1 {
		who = fmt.Sprintf("none of %d KDCs of %s answered", addrs, realm)
	}
	return fail(KDCUnreachable, nil, "see whether name resolution works and whether a firewall lets TCP (and UDP) port 88 through; other programs say \"Cannot contact any KDC\"",
		"%s: %s", who, strings.Join(each, ", "))
}

// addresses are the KDCs of a realm in the order in which to ask them.
func (k *kdcs) addresses(ctx context.Context, realm string) ([]string, error) {
	addrs := slices.Clone(k.conf.kdcs[realm])
	var lost error
	if bad := k.conf.badKDCs[realm]; bad != nil && len(addrs) == 0 {
		return nil, confFailure(bad)
	}
	if len(addrs) == 0 && k.conf.dnsLookupKDC {
		addrs, lost = k.fromDNS(ctx, realm)
	}
	if len(addrs) == 0 {
		return nil, cmp.Or(lost, k.unknownRealm(realm))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	rank := func(addr string) int {
		at, failed := k.failed[addr]
		switch {
		case addr == k.last[realm]:
			return 0
		case failed && k.now().Sub(at) < restTime:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(addrs, func(a, b string) int { return rank(a) - rank(b) })
	return addrs, nil
}

// fromDNS asks for the service records of a realm (RFC 4120 section 7.2.3.2). An error
// says that DNS did not answer, which is something else than that there are none.
func (k *kdcs) fromDNS(ctx context.Context, realm string) ([]string, error) {
	var lost error
	for _, proto := range []string{"tcp", "udp"} {
		_, records, err := k.resolver.LookupSRV(ctx, "kerberos", proto, realm)
		if err != nil {
			k.log.DebugContext(ctx, "no KDC in DNS", "realm", realm, "proto", proto, "reason", reason(err))
		}
		var dns *net.DNSError
		if err != nil && !(errors.As(err, &dns) && dns.IsNotFound) {
			lost = err
		}
		var addrs []string
		for _, r := range records {
			if host := strings.TrimSuffix(r.Target, "."); host != "" {
				addrs = append(addrs, net.JoinHostPort(host, strconv.Itoa(int(r.Port))))
			}
		}
		if len(addrs) > 0 {
			return addrs, nil
		}
	}
	switch {
	case lost == nil:
		return nil, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, fmt.Errorf("look up the KDCs of %s: %w", realm, context.Cause(ctx))
	}
	return nil, fail(KDCUnreachable, nil, "see whether name resolution works on this host, or write the realm's kdc lines into [realms] of krb5.conf",
		"DNS did not say which KDCs %s has: %s", realm, reason(lost))
}

func (k *kdcs) unknownRealm(realm string) error {
	var known []string
	text := "no KDC is known for realm " + printable(realm)
	for name := range k.conf.kdcs {
		if strings.EqualFold(name, realm) && name != realm {
			text += fmt.Sprintf(": did you mean %s?", name)
		}
		known = append(known, name)
	}
	slices.Sort(known)
	if len(known) > 0 {
		text += " (krb5.conf has: " + strings.Join(known[:min(len(known), 10)], ", ") + ")"
	}
	return fail(NoKDC, nil, "add the realm with its kdc lines to [realms], or give --kerberos-kdc; realm names are case-sensitive; other programs say \"Cannot find KDC for realm\"", "%s", text)
}

// race asks the KDCs one after the other, the next one when the last has failed or has
// not answered for a while, and takes the first reply. When it returns, no request is
// under way any more.
func (k *kdcs) race(ctx context.Context, network string, addrs []string, q question) ([]byte, []attempt) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan attempt)
	timer := time.NewTimer(hedgeDelay)
	defer timer.Stop()
	started, running := 0, 0
	start := func() {
		addr := addrs[started]
		started++
		running++
		timer.Reset(hedgeDelay)
		go func() { results <- k.ask(ctx, network, addr, q) }()
	}
	var reply []byte
	var failed []attempt
	start()
	for running > 0 {
		var hedge <-chan time.Time
		if reply == nil && started < len(addrs) && (!q.care || len(failed) > 0) {
			hedge = timer.C
		}
		select {
		case <-hedge:
			start()
		case a := <-results:
			running--
			switch {
			case reply != nil: // late: only waited for
			case a.err == nil:
				reply = a.reply
				cancel()
			default:
				failed = append(failed, a)
				if started < len(addrs) && ctx.Err() == nil {
					start()
				}
			}
		}
	}
	return reply, failed
}

// ask exchanges one request with one KDC.
func (k *kdcs) ask(ctx context.Context, network, addr string, q question) attempt {
	began := time.Now()
	a := attempt{network: network, addr: addr}
	if network == "udp" {
		a.reply, a.err = k.askUDP(ctx, addr, q)
	} else {
		a.reply, a.err = k.askTCP(ctx, addr, q.request)
	}
	if a.err == nil {
		a.err = checkReply(a.reply)
	}
	a.took = time.Since(began)
	if ctx.Err() == nil {
		k.remember(q.realm, addr, a.err == nil)
	} else if a.err != nil {
		a.err = context.Cause(ctx) // more to the point than a connection that is closed
	}
	k.log.DebugContext(ctx, "asked a KDC", "addr", addr, "network", network, "took", a.took, "result", reason(a.err))
	return a
}

func (k *kdcs) remember(realm, addr string, answered bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if answered {
		k.last[realm] = addr
		delete(k.failed, addr)
		return
	}
	if k.last[realm] == addr {
		delete(k.last, realm)
	}
	k.failed[addr] = k.now()
}
