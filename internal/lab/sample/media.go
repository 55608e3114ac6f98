package sample

import "math"

// noMedia makes everything NULL that is measured on packets.
func (l *leg) noMedia() {
	null := nullDouble()
	l.ptime, l.burst, l.gap = nullInt, nullInt, nullInt
	l.sent, l.received, l.lost, l.discarded = nullInt, nullInt, nullInt, nullInt
	l.loss, l.discard, l.burstDensity, l.gapDensity = null, null, null, null
	l.jitter, l.jitterMax, l.rtt, l.oneWay, l.buffer = null, null, null, null, null
	l.mosLQ, l.mosCQ, l.r = null, null, null
}

const packetMS = 20

// media draws the quality of an answered leg at a place.
func (g *generator) media(c *call, d draws, l *leg, place int) {
	jitter := d.lognormal(legJitter, 4, .7)
	rtt := d.lognormal(legRTT, sites[place].rtt, .35)
	loss := 0.0
	if d.uniform(legLoss) >= .70 {
		loss = d.lognormal(legLossLevel, .3, 1.1)
	}
	if g.incident(c, place) {
		jitter *= 6
		rtt += 80
		loss += d.lognormal(legSpoilt, 6, .5)
	}
	l.codec, l.ptime = 1+uint16(c.codec), packetMS
	l.jitter, l.jitterMax = round3(jitter), round3(jitter*(1.5+jitter/40))
	l.rtt, l.buffer = round3(rtt), 40
	l.loss = round3(min(loss, 100))
	l.discard = round3(max(0, jitter-25) / 50)
	l.oneWay = round3(rtt/2 + delayBesideNetwork)
	l.sent = int64(c.talk * 1000 / packetMS)
	l.lost = int64(math.Round(float64(l.sent) * l.loss / 100))
	l.received = l.sent - l.lost
	l.discarded = int64(math.Round(float64(l.received) * l.discard / 100))
	report := d.uniform(legReport)
	if report >= noReport {
		l.report(codecs[c.codec])
	}
	l.mosScale(codecs[c.codec], report)
}

// noReport is the share of legs whose endpoint sent no extended report.
const noReport = .04

// report fills in what endpoints report in RTCP-XR (RFC 3611 section 4.7).
func (l *leg) report(c codec) {
	l.burstDensity, l.gapDensity = round3(min(100, 4*l.loss)), round3(l.loss/4)
	l.burst, l.gap = int64(40*l.loss), int64(l.duration*1000)
	if math.IsNaN(l.duration) {
		l.gap = nullInt
	}
	if !c.narrow {
		return
	}
	impairment := equipmentImpairment(c, l.loss+l.discard)
	l.r = round3(93.2 - delayImpairment(l.oneWay) - impairment)
	l.mosCQ, l.mosLQ = round3(mos(l.r)), round3(mos(93.2-impairment))
}

func (l *leg) mosScale(c codec, report float64) {
	for i, scale := range scales {
		if scale == c.scale {
			l.scale = 1 + uint16(i)
		}
	}
	if report >= noReport && c.narrow {
		l.mosSource = 1
		if report > .9 { // computed by the probe
			l.mosSource = 2
		}
	}
}

// delayBesideNetwork is jitter buffer, packet and coder, one way.
const delayBesideNetwork = 60

// equipmentImpairment is Ie,eff of ITU-T G.107 section 7.5 for random loss, given
// in percent.
func equipmentImpairment(c codec, loss float64) float64 {
	return c.ie + (95-c.ie)*loss/(loss+c.bpl)
}

// delayImpairment is Id after Cole and Rosenbluth (2001), for a delay in ms.
func delayImpairment(oneWay float64) float64 {
	return .024*oneWay + .11*max(0, oneWay-177.3)
}

// mos is the estimate of ITU-T G.107 Annex B. Below 80 - sqrt(5400) the cubic would
// fall under 1.
func mos(r float64) float64 {
	switch {
	case r < 80-math.Sqrt(5400):
		return 1
	case r >= 100:
		return 4.5
	}
	return 1 + .035*r + 7e-6*r*(r-60)*(100-r)
}
