package impala

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// plainly is what [AppendFloat] must give, by the general search alone.
func plainly(v float64, bits int) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return map[bool]string{false: "Infinity", true: "-Infinity"}[v < 0]
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

func checkFloat(t *testing.T, v float64) {
	t.Helper()
	if got, want := string(AppendFloat(nil, v, 64)), plainly(v, 64); got != want {
		t.Fatalf("%x as 64 bits prints %s, want %s", v, got, want)
	}
	single := float64(float32(v))
	if got, want := string(AppendFloat(nil, single, 32)), plainly(single, 32); got != want {
		t.Fatalf("%x as 32 bits prints %s, want %s", single, got, want)
	}
}

func TestFloatsAtTheEdges(t *testing.T) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1, 0.1, 0.001, 0.0001, 1e-6, 9.99e-7, 1e-7, 0.5, 999.999, 999.9995, 0.9999995, 1e9, 1e12, 1e15, 1e15 - 1,
		999999999999.999, 999999999999.9995, 1e20, 1e21, 9.999999999999999e20, 1.100000023841858, 16777216, 16777217, 8388608.5, 0.3, 2.675, 1.0005, 123456.789,
		math.MaxFloat64, math.SmallestNonzeroFloat64, math.MaxFloat32, math.SmallestNonzeroFloat32, math.MaxInt64, math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, near := range []float64{v, math.Nextafter(v, 0), math.Nextafter(v, math.Inf(1)), -v} {
			checkFloat(t, near)
		}
	}
}

// The short cut is exactly what the general search gives, on numbers of every kind.
func TestFloatsPrintAsTheShortestText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	powers := []float64{1, 10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e9}
	for range 200_000 {
		checkFloat(t, math.Float64frombits(random.Uint64()))
		checkFloat(t, float64(math.Float32frombits(random.Uint32())))
		decimal := float64(random.Int64N(1<<uint(1+random.IntN(60)))) / powers[random.IntN(len(powers))]
		checkFloat(t, decimal)
		checkFloat(t, math.Nextafter(decimal, math.Inf(1-2*random.IntN(2))))
		checkFloat(t, -random.Float64()*powers[random.IntN(len(powers))])
	}
}

func FuzzAppendFloat(f *testing.F) {
	for _, v := range []float64{0.1, 999999.9995, -12.345, 1e15, math.Pi} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) { checkFloat(t, v) })
}

// mostlyRounded are doubles as reports have them: six in seven have few decimals.
func mostlyRounded(n int) []float64 {
	random := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(random.IntN(1_000_000)) / 1000
		if i%7 == 0 {
			values[i] = random.Float64()
		}
	}
	return values
}

func BenchmarkAppendFloat(b *testing.B) {
	random := make([]float64, 8192)
	for i := range random {
		random[i] = rand.Float64()
	}
	for name, values := range map[string][]float64{"rounded": mostlyRounded(8192), "random": random} {
		b.Run(name, func(b *testing.B) {
			var out []byte
			for b.Loop() {
				out = out[:0]
				for _, v := range values {
					out = AppendFloat(out, v, 64)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
		})
		b.Run(name+"-strconv", func(b *testing.B) {
			var out []byte
			for b.Loop() {
				out = out[:0]
				for _, v := range values {
					out = strconv.AppendFloat(out, v, 'f', -1, 64)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
		})
	}
}
