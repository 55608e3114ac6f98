package krb5

import "fmt"

// Mechanism is a GSSAPI mechanism: the content of its object identifier in DER.
type Mechanism string

// The mechanisms that mean Kerberos 5. The second is what Windows 2000 made of the first
// by a mistake in one bit, and what servers on Windows may still answer.
const (
	Kerberos   Mechanism = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" // 1.2.840.113554.1.2.2
	MSKerberos Mechanism = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02" // 1.2.840.48018.1.2.2

	spnego Mechanism = "\x2b\x06\x01\x05\x05\x02" // 1.3.6.1.5.5.2
)

// NegState is what an acceptor says about a negotiation (RFC 4178 section 4.2.2).
type NegState byte

// The states of a negotiation. The last is how we write that none was given, as in later
// replies, or in those of old servers.
const (
	NegCompleted NegState = iota
	NegIncomplete
	NegReject
	NegRequestMIC
	NegUnsaid
)

// The tags of DER that negotiations use.
const (
	derOctets     = 0x04
	derOID        = 0x06
	derEnumerated = 0x0a
	derSequence   = 0x30
	derField      = 0xa0 // [0], explicit; the other fields count up
)

// maxMechanisms is more than any client has.
const maxMechanisms = 32

// NegotiationRequest is a client's first token of SPNEGO (NegTokenInit, RFC 4178 section
// 4.2.1).
type NegotiationRequest struct {
	Mechanisms []Mechanism // the preferred first
	Token      []byte      // of the first mechanism; may be empty
}

// NegotiationReply is the acceptor's answer (NegTokenResp, RFC 4178 section 4.2.2).
type NegotiationReply struct {
	State     NegState
	Mechanism Mechanism // that was chosen; "" when it is not said
	Token     []byte    // of that mechanism; may be empty
	MIC       []byte    // over SignedList of the request; mostly empty
}

// appendDER appends an element of DER.
func appendDER(dst []byte, tag byte, contents ...[]byte) []byte {
	n := 0
	for _, c := range contents {
		n += len(c)
	}
	dst = appendLength(append(dst, tag), n)
	for _, c := range contents {
		dst = append(dst, c...)
	}
	return dst
}

func makeDER(tag byte, contents ...[]byte) []byte { return appendDER(nil, tag, contents...) }

// SignedList is what the MIC of a negotiation is over: the mechanisms that the client
// offered, so that nobody takes out the best (RFC 4178 section 5).
func (r NegotiationRequest) SignedList() []byte {
	var list []byte
	for _, m := range r.Mechanisms {
		list = appendDER(list, derOID, []byte(m))
	}
	return makeDER(derSequence, list)
}

// Marshal encodes the request in the frame of RFC 2743 section 3.1.
func (r NegotiationRequest) Marshal() []byte {
	fields := makeDER(derField, r.SignedList())
	if len(r.Token) > 0 {
		fields = appendDER(fields, derField+2, makeDER(derOctets, r.Token))
	}
	return makeDER(initialContextTag, makeDER(derOID, []byte(spnego)), makeDER(derField, makeDER(derSequence, fields)))
}

// Marshal encodes the reply, which has no frame.
func (r NegotiationReply) Marshal() []byte {
	var fields []byte
	if r.State != NegUnsaid {
		fields = appendDER(fields, derField, makeDER(derEnumerated, []byte{byte(r.State)}))
	}
	if r.Mechanism != "" {
		fields = appendDER(fields, derField+1, makeDER(derOID, []byte(r.Mechanism)))
	}
	if len(r.Token) > 0 {
		fields = appendDER(fields, derField+2, makeDER(derOctets, r.Token))
	}
	if len(r.MIC) > 0 {
		fields = appendDER(fields, derField+3, makeDER(derOctets, r.MIC))
	}
	return makeDER(derField+1, makeDER(derSequence, fields))
}

// derReader takes elements off the front of DER. After the first that is not as it is due
// it stands still, and bad says so.
type derReader struct {
	rest []byte
	bad  bool
}

// next is the content of the next element, which has to be of the tag. Lengths have to be
// in their one right form.
func (r *derReader) next(tag byte) []byte {
	if r.bad || len(r.rest) < 2 || r.rest[0] != tag {
		r.bad = true
		return nil
	}
	head, n := 2, int(r.rest[1])
	if n >= 0x80 {
		digits := n - 0x80
		if digits < 1 || digits > 4 || len(r.rest) < 2+digits {
			r.bad = true
			return nil
		}
		head, n = 2+digits, 0
		for _, b := range r.rest[2:head] {
			n = n<<8 | int(b)
		}
	}
	if n > len(r.rest)-head || len(appendLength(nil, n)) != head-1 {
		r.bad = true
		return nil
	}
	content := r.rest[head : head+n]
	r.rest = r.rest[head+n:]
	return content
}

// only is the content of an element that is all there is.
func (r *derReader) only(tag byte) []byte {
	content := r.next(tag)
	r.end()
	return content
}

func (r *derReader) end() { r.bad = r.bad || len(r.rest) > 0 }

// enter reads on within the only element.
func (r *derReader) enter(tag byte) { r.rest = r.only(tag) }

// optional is the single element within field i of a sequence, or nil without the field.
func (r *derReader) optional(i, tag byte) []byte {
	if r.bad || len(r.rest) == 0 || r.rest[0] != derField+i {
		return nil
	}
	field := derReader{rest: r.next(derField + i), bad: r.bad}
	content := field.only(tag)
	r.bad = r.bad || field.bad
	return content
}

// ParseNegotiationRequest reads a client's first token. Flags, hints and a MIC, which
// mean nothing in a first token, are passed over.
func ParseNegotiationRequest(token []byte) (NegotiationRequest, error) {
	var req NegotiationRequest
	frame := derReader{rest: token}
	frame.enter(initialContextTag)
	named := frame.next(derOID)
	if !frame.bad && string(named) != string(spnego) {
		return req, fmt.Errorf("%w: not a negotiation of mechanisms", ErrToken)
	}
	frame.enter(derField)
	frame.enter(derSequence)
	list := derReader{rest: frame.optional(0, derSequence), bad: frame.bad}
	for len(list.rest) > 0 && !list.bad && len(req.Mechanisms) < maxMechanisms {
		req.Mechanisms = append(req.Mechanisms, Mechanism(list.next(derOID)))
	}
	frame.skip(1)
	req.Token = frame.optional(2, derOctets)
	frame.skip(3)
	frame.skip(4)
	frame.end()
	list.end()
	if frame.bad || list.bad || len(req.Mechanisms) == 0 {
		return NegotiationRequest{}, fmt.Errorf("%w: malformed negotiation request", ErrToken)
	}
	return req, nil
}

// skip passes over field i, if it is there.
func (r *derReader) skip(i byte) {
	if !r.bad && len(r.rest) > 0 && r.rest[0] == derField+i {
		r.next(derField + i)
	}
}

// ParseNegotiationReply reads an acceptor's answer. Its parts are parts of token.
func ParseNegotiationReply(token []byte) (NegotiationReply, error) {
	r := derReader{rest: token}
	r.enter(derField + 1)
	r.enter(derSequence)
	reply := NegotiationReply{State: NegUnsaid}
	state := r.optional(0, derEnumerated)
	reply.Mechanism = Mechanism(r.optional(1, derOID))
	reply.Token = r.optional(2, derOctets)
	reply.MIC = r.optional(3, derOctets)
	r.end()
	switch {
	case r.bad, state != nil && len(state) != 1:
		return NegotiationReply{}, fmt.Errorf("%w: malformed negotiation reply", ErrToken)
	case state == nil:
	case state[0] > byte(NegRequestMIC):
		return NegotiationReply{}, fmt.Errorf("%w: negotiation state %d", ErrToken, state[0])
	default:
		reply.State = NegState(state[0])
	}
	return reply, nil
}
