package sample

import "qosreport/internal/lab/sql"

// A leg is one row of qos.call_quality: one endpoint of a call. Times are
// milliseconds since 1970; nullInt, nullDouble and nullCode are NULL.
type leg struct {
	call                                                    int64 // day<<32 | number
	number                                                  int64
	start, ring, answer, end, ingest                        int64
	site, endpoint, model, user                             uint16
	carrier, trunk, country                                 uint16
	direction, network, codec, releasedBy, scale, mosSource uint16
	ptime, finalCode, cause                                 int64
	pdd                                                     int64
	duration                                                float64
	sent, received, lost, discarded                         int64
	loss, discard, burstDensity, gapDensity                 float64
	burst, gap                                              int64
	jitter, jitterMax, rtt, oneWay, buffer                  float64
	mosLQ, mosCQ, r                                         float64
}

// legColumns are the columns of the table, in order, without dt.
func legColumns() []definition[leg] {
	people, types := userNames(), append(append([]string(nil), models...), hostile()...)
	return []definition[leg]{
		texts("call_id", func(l *leg) int64 { return l.call }, callID),
		tinyInts("leg_no", func(l *leg) int64 { return l.number }),
		timestamps("start_ts", func(l *leg) int64 { return l.start }),
		timestamps("ring_ts", func(l *leg) int64 { return l.ring }),
		timestamps("answer_ts", func(l *leg) int64 { return l.answer }),
		timestamps("end_ts", func(l *leg) int64 { return l.end }),
		timestamps("ingest_ts", func(l *leg) int64 { return l.ingest }),
		codes("site", siteNames(), func(l *leg) uint16 { return l.site }),
		codes("endpoint_id", endpointIDs(), func(l *leg) uint16 { return l.endpoint }),
		codes("endpoint_model", types, func(l *leg) uint16 { return l.model }),
		codes("user_name", people, func(l *leg) uint16 { return l.user }),
		codes("carrier", carrierNames(), func(l *leg) uint16 { return l.carrier }),
		codes("trunk", trunkNames(), func(l *leg) uint16 { return l.trunk }),
		codes("country", countries(), func(l *leg) uint16 { return l.country }),
		codes("direction", directions, func(l *leg) uint16 { return l.direction }),
		codes("network_type", networkTypes, func(l *leg) uint16 { return l.network }),
		codes("codec", codecNames(), func(l *leg) uint16 { return l.codec }),
		smallInts("ptime_ms", func(l *leg) int64 { return l.ptime }),
		smallInts("final_code", func(l *leg) int64 { return l.finalCode }),
		smallInts("release_cause", func(l *leg) int64 { return l.cause }),
		codes("released_by", releasers, func(l *leg) uint16 { return l.releasedBy }),
		ints("pdd_ms", func(l *leg) int64 { return l.pdd }),
		doubles("duration_s", func(l *leg) float64 { return l.duration }),
		bigInts("packets_tx", func(l *leg) int64 { return l.sent }),
		bigInts("packets_rx", func(l *leg) int64 { return l.received }),
		bigInts("packets_lost", func(l *leg) int64 { return l.lost }),
		bigInts("packets_discarded", func(l *leg) int64 { return l.discarded }),
		doubles("loss_pct", func(l *leg) float64 { return l.loss }),
		doubles("discard_pct", func(l *leg) float64 { return l.discard }),
		doubles("burst_density_pct", func(l *leg) float64 { return l.burstDensity }),
		doubles("gap_density_pct", func(l *leg) float64 { return l.gapDensity }),
		ints("burst_ms", func(l *leg) int64 { return l.burst }),
		ints("gap_ms", func(l *leg) int64 { return l.gap }),
		doubles("jitter_ms", func(l *leg) float64 { return l.jitter }),
		doubles("jitter_max_ms", func(l *leg) float64 { return l.jitterMax }),
		doubles("rtt_ms", func(l *leg) float64 { return l.rtt }),
		doubles("owd_ms", func(l *leg) float64 { return l.oneWay }),
		doubles("jb_ms", func(l *leg) float64 { return l.buffer }),
		doubles("mos_lq", func(l *leg) float64 { return l.mosLQ }),
		doubles("mos_cq", func(l *leg) float64 { return l.mosCQ }),
		doubles("r_factor", func(l *leg) float64 { return l.r }),
		codes("mos_scale", scales, func(l *leg) uint16 { return l.scale }),
		codes("mos_source", mosSources, func(l *leg) uint16 { return l.mosSource }),
	}
}

// callID is day and number of a call in hexadecimal, spread like real identifiers.
func callID(call int64) string {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 24)
	day, number := uint64(call)>>32, uint64(call)&0xffffffff
	for shift := 12; shift >= 0; shift -= 4 {
		text = append(text, digits[day>>shift&15])
	}
	text = append(text, '-')
	for shift := 20; shift >= 0; shift -= 4 {
		text = append(text, digits[number>>shift&15])
	}
	return string(append(text, "@demo.invalid"...))
}

func newCallQuality(o Options, zoned calendar) sql.Table {
	g := &generator{options: o, calendar: zoned}
	var days []int64
	for _, day := range o.partitionDays() {
		if day != absentDay {
			days = append(days, day)
		}
	}
	return newTable(legColumns(), days, o.LegsPerDay*9/8, g.partition)
}
