package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"qosreport/internal/qos"
)

// random is the states of a month, from a seed: fractions too, so that the order of adding
// would show.
func random(seed uint64) map[string]*qos.Table {
	r := rand.New(rand.NewPCG(seed, 1))
	states := everything()
	legs, jitter, junk := states["legs"], states["jitter"], states["junk"]
	legs.States, jitter.States, junk.States = nil, nil, nil
	for n := range 29 {
		if r.IntN(10) == 0 {
			continue
		}
		day := qos.Text(back(n))
		for range r.IntN(60) {
			all := r.IntN(400)
			poor := 0
			if all > 0 {
				poor = r.IntN(all + 1)
			}
			site := []qos.Member{qos.Null(), qos.Text(""), qos.Text("A"), qos.Text("B"), qos.Text("Zürich")}[r.IntN(5)]
			hour := qos.Number(int64(r.IntN(24)))
			if r.IntN(20) == 0 {
				hour = qos.Null()
			}
			legs.States = append(legs.States, qos.State{Key: []qos.Member{day, site, hour},
				Sums: []float64{float64(poor), float64(all), r.Float64() * float64(all), float64(all)}, Maxima: []float64{math.Log(r.Float64())}})
		}
		var bins []qos.Bin
		for _, i := range slices.Sorted(slices.Values([]int{r.IntN(50) - 100, r.IntN(100), 100 + r.IntN(100)})) {
			bins = append(bins, qos.Bin{Index: int32(i), N: r.Int64N(1000)})
		}
		jitter.States = append(jitter.States, qos.State{Key: []qos.Member{day}, Bins: bins})
		rows := float64(1 + r.IntN(5000))
		junk.States = append(junk.States, qos.State{Key: []qos.Member{day}, Sums: []float64{rows, math.Floor(rows / 2), 24, 0, 1, 0, rows}})
	}
	return states
}

func shuffled(states map[string]*qos.Table, r *rand.Rand) map[string]*qos.Table {
	other := make(map[string]*qos.Table)
	for name, t := range states {
		table := *t
		table.States = slices.Clone(t.States)
		r.Shuffle(len(table.States), func(i, k int) { table.States[i], table.States[k] = table.States[k], table.States[i] })
		other[name] = &table
	}
	return other
}

func written(t testing.TB, p *Page) string {
	t.Helper()
	var out bytes.Buffer
	if err := JSON(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A database returns rows in any order: the page is the same to the last bit.
func TestTheOrderOfTheRowsDoesNotShow(t *testing.T) {
	d := define(t, everyDataset)
	for seed := range uint64(12) {
		w := in(t, "Europe/Bratislava", back(int(seed)%3), tuesday)
		states := random(seed)
		want := written(t, page(t, d, w, states))
		r := rand.New(rand.NewPCG(seed, 2))
		for range 3 {
			if got := written(t, page(t, d, w, shuffled(states, r))); got != want {
				t.Fatalf("seed %d: the pages differ", seed)
			}
		}
	}
}

// The JSON of a page holds all of it: read back and written again it is the same.
func TestJSONReadsBack(t *testing.T) {
	d := define(t, everyDataset)
	want := written(t, page(t, d, in(t, "Europe/Bratislava", tuesday, tuesday), random(3)))
	var back Page
	if err := json.Unmarshal([]byte(want), &back); err != nil {
		t.Fatal(err)
	}
	if got := written(t, &back); got != want {
		t.Error("the page changed on its way")
	}
	var loose any
	if err := json.Unmarshal([]byte(want), &loose); err != nil || loose.(map[string]any)["schema"] != float64(Schema) {
		t.Errorf("schema of %v", err)
	}
}

// decoder makes states of bytes, without care for sense.
type decoder struct{ data []byte }

func (d *decoder) next() byte {
	if len(d.data) == 0 {
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

func (d *decoder) number() float64 {
	special := []float64{0, math.Copysign(0, -1), 1, -1, 29, 30, 1000, 0.1, 1e-300, 1e-29, 1e29, 1e300, math.NaN(), math.Inf(1), math.Inf(-1), 1 << 53}
	if b := d.next(); int(b) < len(special) {
		return special[b]
	} else {
		return float64(b) * float64(d.next())
	}
}

func (d *decoder) numbers(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = d.number()
	}
	return list
}

func (d *decoder) day() qos.Member { return qos.Text(back(int(d.next()) % 30)) }

func (d *decoder) member() qos.Member {
	switch b := d.next(); b % 4 {
	case 0:
		return qos.Null()
	case 1:
		return qos.Number(int64(b) / 4 % 26)
	}
	return qos.Text(fmt.Sprintf("%c\xff", d.next()))
}

func (d *decoder) states() map[string]*qos.Table {
	states := everything()
	for _, t := range states {
		t.States = nil
	}
	for range 200 {
		if len(d.data) == 0 {
			break
		}
		switch d.next() % 4 {
		case 0:
			t := states["jitter"]
			t.States = append(t.States, qos.State{Key: []qos.Member{d.day()}, Bins: []qos.Bin{{Index: int32(d.next()) - 100, N: int64(d.next())}, {Index: qos.OverflowBin, N: int64(d.next()) << 40}}})
		case 1:
			t := states["junk"]
			t.States = append(t.States, qos.State{Key: []qos.Member{d.day()}, Sums: d.numbers(len(t.Sums))})
		default:
			t := states["legs"]
			t.States = append(t.States, qos.State{Key: []qos.Member{d.day(), d.member(), d.member()}, Sums: d.numbers(len(t.Sums)), Maxima: d.numbers(1)})
		}
	}
	return states
}

// Whatever the states, a page is built that can be written in every form, or none.
func FuzzBuild(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 0, 2, 65, 1, 30, 200, 6, 30, 6, 30, 1, 0, 6, 1, 6, 6, 0, 0, 0, 0, 0, 80, 9, 9})
	f.Add([]byte{2, 0, 2, 65, 57, 10, 10, 10, 10, 10, 2, 1, 2, 65, 57, 9, 9, 9, 9, 9})
	d := define(f, everyDataset)
	w := in(f, "UTC", tuesday, tuesday)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Build(Input{Definition: d, Window: w, States: (&decoder{data}).states()})
		if err != nil {
			return
		}
		if text := written(t, p); bytes.Contains([]byte(text), []byte("NaN")) {
			t.Error("a text holds NaN")
		}
		for _, s := range p.Sections {
			if g := s.Records(); g != nil {
				if err := CSV(new(bytes.Buffer), g); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
