package sample

import "qosreport/internal/lab/sql"

// purchase is a row of default.acme, the table of a first statement: small, of
// many types, with some NULLs.
type purchase struct {
	id     int64
	name   uint16
	amount int64 // hundredths
	ratio  float64
	ok     int64
	seen   int64 // ms since 1970
}

const acmeRows = 1000

var acmeNames = []string{"anvil", "rocket skates", "giant magnet", "earthquake pills", "tornado kit",
	"dehydrated boulders", "portable hole", "jet-propelled unicycle"}

func newAcme(o Options) sql.Table {
	definitions := []definition[purchase]{
		bigInts("id", func(p *purchase) int64 { return p.id }),
		codes("name", acmeNames, func(p *purchase) uint16 { return p.name }),
		decimals("amount", 10, 2, func(p *purchase) int64 { return p.amount }),
		doubles("ratio", func(p *purchase) float64 { return p.ratio }),
		booleans("ok", func(p *purchase) int64 { return p.ok }),
		timestamps("seen_at", func(p *purchase) int64 { return p.seen }),
	}
	return newTable(definitions, o.partitionDays(), acmeRows, func(day int64, add func(purchase)) {
		key := keyOf(mix(o.Seed), day) // numbers of its own
		for i := range acmeRows {
			add(makePurchase(key.row(uint64(i)), day, i))
		}
	})
}

func makePurchase(d draws, day int64, i int) purchase {
	p := purchase{
		id:     day*acmeRows + int64(i),
		name:   1 + uint16(d.below(0, len(acmeNames))),
		amount: int64(d.lognormal(1, 4000, 1)),
		ratio:  round3(d.uniform(3)),
		ok:     int64(min(d.below(4, 10), 1)), // nine of ten
		seen:   (day*secondsPerDay + int64(i)*secondsPerDay/acmeRows) * 1000,
	}
	// Each of these is NULL in one row of twenty, but for the keys.
	if d.below(5, 20) == 0 {
		p.name = nullCode
	}
	if d.below(6, 20) == 0 {
		p.amount = nullInt
	}
	if d.below(7, 20) == 0 {
		p.ratio = nullDouble()
	}
	if d.below(8, 20) == 0 {
		p.ok = nullInt
	}
	if d.below(9, 20) == 0 {
		p.seen = nullInt
	}
	return p
}
