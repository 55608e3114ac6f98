package sample

import "math"

// Days with a fault of their own.
var (
	absentDay  = dayOf(date(2017, 9, 3))  // its partition was never loaded
	silentDay  = dayOf(date(2017, 9, 10)) // São Paulo, 03:00 to 04:59
	slowSince  = dayOf(date(2017, 9, 4))  // set-up over Blåtel grows slower
	slowestDay = slowSince + 13           // and stays as it is then
)

const (
	incidentFailures = .18  // share of attempts that get 503
	lateShare        = .015 // rows that are loaded two days late
	copyShare        = .003 // rows that are there twice
	conflictShare    = .0005
	junkShare        = .001 // of each kind of junk
)

// incident reports whether a call at a place falls into the incident.
func (g *generator) incident(c *call, place int) bool {
	i := g.options.Incident
	return sites[place].name == i.Site && c.hour >= i.FromHour && c.hour < i.ToHour && c.day.day == dayOf(i.Date)
}

// silent reports whether a call is missing since its site was cut off.
func silent(c *call) bool {
	return c.site == saoPaulo && c.day.day == silentDay && (c.hour == 3 || c.hour == 4)
}

// slowSetUp grows by 6 % a day for calls over Blåtel.
func slowSetUp(c *call) float64 {
	if c.carrier != blatel || c.day.day < slowSince {
		return 1
	}
	return math.Pow(1.06, float64(min(c.day.day, slowestDay)-slowSince+1))
}

// duplicate turns some legs into a second row of themselves: an exact copy loaded an
// hour later, or more rarely one that contradicts the first.
func duplicate(d draws, l *leg) bool {
	u := d.uniform(legDouble)
	if u >= copyShare+conflictShare {
		return false
	}
	if l.ingest != nullInt {
		l.ingest += 3600_000
	}
	if u >= copyShare && !math.IsNaN(l.duration) {
		l.duration = round3(l.duration + 1)
	}
	return true
}

// junk are the ways in which a value can be wrong, each in one row of a thousand.
var junk = []func(l *leg){
	func(l *leg) { l.jitter = -5 },
	func(l *leg) { l.rtt = 9.9e9 },
	func(l *leg) { l.loss = -1 },
	func(l *leg) { l.loss = 101 },
	func(l *leg) { l.mosCQ, l.mosLQ, l.r = 12.7, 12.7, 127 }, // RFC 3611: 127 is not available
	func(l *leg) { l.jitter = math.NaN() },
	func(l *leg) { l.rtt = math.Inf(1) },
	func(l *leg) { l.loss = math.Inf(-1) },
	func(l *leg) { l.duration = -1 },
	func(l *leg) { l.finalCode = 0 },
	func(l *leg) { l.finalCode = 999 },
	func(l *leg) { l.start = 0 },
	func(l *leg) { l.start = date(2099, 12, 31).UnixMilli() },
	func(l *leg) { l.stray(0) },
	func(l *leg) { l.stray(1) },
	func(l *leg) { l.site = 1 + uint16(len(sites)) + 2 },
	func(l *leg) { l.site = nullCode },
	func(l *leg) { l.endpoint = nullCode },
	func(l *leg) { l.network = nullCode },
	func(l *leg) { l.ingest = nullInt },
}

// stray gives a row of Zürich another spelling; elsewhere the name stays.
func (l *leg) stray(spelling int) {
	if l.site == 1+zurich {
		l.site = 1 + uint16(len(sites)+spelling)
	}
}

// spoil puts junk and hostile text into a row. Measured values are spoilt only
// where there are any.
func spoil(d draws, l *leg) {
	for i, change := range junk {
		if d.uniform(legJunk+uint64(i)) >= junkShare {
			continue
		}
		if measured := i < 8; !measured || l.codec != nullCode {
			change(l)
		}
	}
	switch u := d.uniform(legUser); {
	case u < .03:
		l.user = nullCode
	case u < .034:
		l.user = 1 + uint16(len(givenNames)*len(familyNames)+d.below(legHostile, hostileTexts))
	case u < .035:
		l.model = 1 + uint16(len(models)+d.below(legHostile, hostileTexts))
	}
}

// hostileTexts is the number of texts that hostile gives.
const hostileTexts = 16
