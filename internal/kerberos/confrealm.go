package kerberos

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// maxKDCs bounds the addresses of a realm. The largest realms that people run have a tenth.
const maxKDCs = 500

func (c *conf) readRealms(root *relation) error {
	blocks := map[string][]*relation{}
	var names []string
	for _, realms := range root.values("realms") {
		for _, block := range realms.block {
			if !block.isMap {
				return &syntaxError{block.at, fmt.Sprintf("the realm %s has its settings on one line, so that it has no KDC", clip(block.tag)),
					"write { at the end of the line, each setting on a line of its own, and } alone on the last"}
			}
			if blocks[block.tag] == nil {
				names = append(names, block.tag)
			}
			blocks[block.tag] = append(blocks[block.tag], block)
		}
	}
	for _, name := range names {
		c.kdcs[name] = nil
		realm := relation{}
		for _, block := range untilFinal(blocks[name]) {
			realm.block = append(realm.block, block.block...)
		}
		for _, e := range realm.values("kdc") {
			c.addKDC(name, e)
		}
	}
	return nil
}

// addKDC adds the address of a line. One that cannot be read is left out, as in MIT's
// library: the realm may have others, and need not be ours.
func (c *conf) addKDC(realm string, e *relation) {
	if e.isMap {
		return
	}
	text := c.cutComment(e)
	if strings.HasPrefix(text, "http") && strings.Contains(text, "://") {
		c.warnings = append(c.warnings, e.at.String()+": a KDC proxy over HTTPS is not supported and left out")
		return
	}
	addr, err := kdcAddress(text)
	if err != nil {
		c.damaged(e.at.String() + ": " + err.Error() + " and is left out")
		if c.badKDCs[realm] == nil {
			c.badKDCs[realm] = &syntaxError{e.at, err.Error(), "write host or host:port, and an IPv6 address in brackets: [2001:db8::1]:88"}
		}
		return
	}
	if len(c.kdcs[realm]) < maxKDCs && !slices.Contains(c.kdcs[realm], addr) {
		c.kdcs[realm] = append(c.kdcs[realm], addr)
	}
}

// readDomains reads which host or domain is in which realm. Host names have no case.
func (c *conf) readDomains(root *relation) {
	for _, section := range root.values("domain_realm") {
		for _, e := range section.block {
			name := strings.ToLower(e.tag)
			if _, twice := c.realmOfName[name]; !twice && !e.isMap {
				c.realmOfName[name] = c.cutComment(e)
			}
		}
	}
}

// kdcAddress makes host:port of what people write: port 88 is added, and an IPv6
// address may stand without brackets when it has no port.
func kdcAddress(text string) (string, error) {
	host, port := text, "88"
	if h, p, err := net.SplitHostPort(text); err == nil {
		host, port = h, p
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, " \t/[]") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", fmt.Errorf("%q is not an address of a KDC", clip(text))
	}
	return net.JoinHostPort(host, port), nil
}

// realmOf is the realm of a host by [domain_realm], or "".
func (c *conf) realmOf(host string) string {
	name := strings.ToLower(host)
	for name != "" {
		if realm := c.realmOfName[name]; realm != "" {
			return realm
		}
		if name[0] == '.' {
			name = name[1:]
			continue
		}
		i := strings.IndexByte(name, '.')
		if i < 0 {
			return ""
		}
		name = name[i:]
	}
	return ""
}
