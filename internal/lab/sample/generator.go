package sample

import "math"

// A generator makes calls by local day. A partition, a UTC day, gets calls of the
// local day of the same date and of the next one, which has begun by then.
type generator struct {
	options  Options
	calendar calendar
}

// Rows of a day that draw what the whole day shares.
const dayRow = 1 << 40

// Columns that calls draw from; both legs of a call share them. A lognormal takes
// two.
const (
	callHour = iota
	callSecond
	callSite
	callCarrier
	callCodec
	callFinal
	callSpoiled
	callDirection
	callTrunk
	callRinging
	callReleaser
	callTalk
	callPDD = callTalk + 2
)

// Columns of a leg.
const (
	legSite = iota + 32
	legEndpoint
	legModel
	legNetwork
	legUser
	legHostile
	legLoss
	legReport
	legIngest
	legLate
	legOpen
	legJitter
	legRTT       = legJitter + 2
	legLossLevel = legRTT + 2
	legSpoilt    = legLossLevel + 2
	legDouble    = legSpoilt + 2
	legJunk      = 64 // one column for each kind of junk
)

// A localDay is what the calls of a day have in common.
type localDay struct {
	day     int64
	key     dayKey
	hours   []hour
	weights weighted
	calls   int
}

func (g *generator) localDay(day int64) localDay {
	d := localDay{day: day, key: keyOf(g.options.Seed, day), hours: g.calendar.hours(day)}
	d.weights = weights(d.hours)
	noise := 1 + .03*(2*d.key.row(dayRow).uniform(0)-1)
	legs := float64(g.options.LegsPerDay) * weekdayFactors[weekday(day)] * noise * d.weights.total() / normalWeight
	d.calls = int(math.Round(legs / 2))
	return d
}

// A call is what its legs share.
type call struct {
	draws
	day         *localDay
	number      int
	hour        int // local
	start       int64
	site        int
	carrier     int // -1: on-net
	codec       int
	code        finalCode
	pdd, answer int64 // ms since 1970, or nullInt
	talk        float64
}

// partition makes the rows of a UTC day.
func (g *generator) partition(day int64, add func(leg)) {
	var l leg // one for all: it would be allocated for each row
	for _, local := range []int64{day, day + 1} {
		d := g.localDay(local)
		for number := range d.calls {
			c := call{draws: d.key.row(uint64(2 * number)), day: &d, number: number}
			at := d.hours[d.weights.pick(c.uniform(callHour))]
			c.hour, c.start = at.local, at.start*1000+int64(c.uniform(callSecond)*3_600_000)
			if c.start/1000/secondsPerDay != day {
				continue
			}
			g.legs(&c, &l, add)
		}
	}
}

var (
	siteWeights    = cumulate(shares(sites, func(s site) float64 { return s.share })...)
	carrierWeights = cumulate(shares(carriers, func(c carrier) float64 { return c.share })...)
	codecWeights   = cumulate(shares(codecs, func(c codec) float64 { return c.share })...)
	codeWeights    = cumulate(shares(finalCodes, func(c finalCode) float64 { return c.share })...)
	networkWeights = cumulate(.52, .30, .12, .06)
)

func shares[T any](list []T, share func(T) float64) []float64 {
	result := make([]float64, len(list))
	for i, one := range list {
		result[i] = share(one)
	}
	return result
}

func (g *generator) legs(c *call, l *leg, add func(leg)) {
	g.setUp(c)
	if silent(c) {
		return
	}
	for number := range 2 {
		d := c.day.key.row(uint64(2*c.number + number))
		*l = g.leg(c, d, number)
		spoil(d, l)
		add(*l)
		if duplicate(d, l) {
			add(*l)
		}
	}
}

// onNet is the share of calls without a carrier.
const onNet = .06

// setUp draws how a call was set up.
func (g *generator) setUp(c *call) {
	c.site = siteWeights.pick(c.uniform(callSite))
	c.carrier = -1
	if c.uniform(callDirection) >= onNet {
		c.carrier = carrierWeights.pick(c.uniform(callCarrier))
	}
	c.codec = codecWeights.pick(c.uniform(callCodec))
	c.code = finalCodes[codeWeights.pick(c.uniform(callFinal))]
	if g.incident(c, c.site) && c.uniform(callSpoiled) < incidentFailures {
		c.code = finalCodes[serviceUnavailable]
	}
	c.pdd, c.answer = nullInt, nullInt
	if c.code.rang {
		c.pdd = int64(c.lognormal(callPDD, 1800*slowSetUp(c), .5))
	}
	if c.code.sip == 200 {
		c.answer = c.start + c.pdd + int64(1000+14_000*c.uniform(callRinging))
		c.talk = round3(c.lognormal(callTalk, 95, 1.1))
	}
}

// leg makes the row of one side of a call.
func (g *generator) leg(c *call, d draws, number int) leg {
	place := c.site
	if number == 1 && c.carrier < 0 {
		place = siteWeights.pick(d.uniform(legSite)) // on-net calls join two sites
	}
	endpoint := place*endpointsPerSite + d.below(legEndpoint, endpointsPerSite)
	l := leg{
		call: c.day.day<<32 | int64(c.number), number: int64(number + 1),
		start: c.start, ring: nullInt, answer: c.answer,
		site: 1 + uint16(place), endpoint: 1 + uint16(endpoint),
		model:     1 + uint16(mix(uint64(endpoint))%uint64(len(models))),
		user:      1 + uint16(mix(uint64(endpoint)+1)%uint64(len(givenNames)*len(familyNames))),
		network:   1 + uint16(networkWeights.pick(d.uniform(legNetwork))),
		direction: 3, finalCode: c.code.sip, cause: c.code.cause, pdd: c.pdd, duration: c.talk,
	}
	if c.carrier >= 0 {
		l.direction = 1 + uint16(c.below(callTrunk, 2))
		l.carrier, l.country = 1+uint16(c.carrier), 1+uint16(c.carrier)
		l.trunk = 1 + uint16(c.carrier*maxTrunks+c.below(callTrunk, carriers[c.carrier].trunks))
	}
	if l.cause == 0 {
		l.cause = nullInt
	}
	g.times(c, d, &l)
	l.noMedia()
	if c.answer != nullInt {
		g.media(c, d, &l, place)
	}
	return l
}

// times fills in when the call rang and ended and when the row was loaded.
func (g *generator) times(c *call, d draws, l *leg) {
	if c.pdd != nullInt {
		l.ring = c.start + c.pdd
	}
	switch {
	case c.answer != nullInt:
		l.end = c.answer + int64(c.talk*1000)
		l.releasedBy = 1 + uint16(c.below(callReleaser, 2))
	case l.ring != nullInt:
		l.end = l.ring + int64(25_000*c.uniform(callRinging))
	default:
		l.end = c.start + 500
	}
	for i, by := range releasers {
		if by == c.code.by {
			l.releasedBy = 1 + uint16(i)
		}
	}
	l.ingest = l.end + 30_000 + int64(600_000*d.uniform(legIngest))
	if d.uniform(legLate) < lateShare {
		l.ingest += 2 * secondsPerDay * 1000
	}
	if d.uniform(legOpen) < .001 { // the end was not reported
		l.end, l.duration = nullInt, nullDouble()
	}
}
