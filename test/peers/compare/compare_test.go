package compare

import (
	"bufio"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/beltran/gohive"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// replay starts the server for as long as the benchmark lasts.
func replay(b *testing.B) (addr string) {
	b.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), replayVariable+"=1")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		_ = server.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// client reads every value of so many rows. It returns the sum of column s, which is the
// number of rows, and the time from the statement to the last row.
type client func(ctx context.Context, addr string, rows int) (sum int64, took time.Duration, err error)

// BenchmarkClients gives each client its turn, again and again. x-NAME is how many times as
// fast as that client we are: the ratio of the medians of rows a second. Each reads as many
// rows as it can in about a second.
func BenchmarkClients(b *testing.B) {
	clients := []struct {
		name string
		rows int
		read client
	}{
		{"ours", 4_000_000, ours},
		{"gohive", 2_000_000, hive},
		{"jdbc", 1_000_000, jdbc},
		{"impyla", 100_000, impyla},
	}
	addr := replay(b)
	rates := make([][]float64, len(clients))
	for b.Loop() {
		for i, c := range clients {
			sum, took, err := c.read(b.Context(), addr, c.rows)
			if err != nil || sum != int64(c.rows) {
				b.Fatalf("%s read %d of %d rows: %v (test/peers/install gets what is missing)", c.name, sum, c.rows, err)
			}
			rates[i] = append(rates[i], float64(c.rows)/took.Seconds())
		}
	}
	for i, c := range clients {
		b.ReportMetric(median(rates[i]), c.name+"-rows/s")
		if i > 0 {
			b.ReportMetric(median(rates[0])/median(rates[i]), "x-"+c.name)
		}
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// sink keeps the compiler from leaving out what is read.
var sink struct {
	total float64
	hash  uint64
}

var seed = maphash.MakeSeed()

func ours(ctx context.Context, addr string, rows int) (sum int64, took time.Duration, err error) {
	c, err := impala.Connect(ctx, impala.Options{Hosts: []string{addr}})
	if err != nil {
		return 0, 0, err
	}
	defer c.Close(ctx)
	start := time.Now()
	r, err := c.Query(ctx, fmt.Sprintf("SELECT %d", rows))
	if err != nil {
		return 0, 0, err
	}
	for {
		batch, err := r.Next(ctx)
		if err == io.EOF {
			return sum, time.Since(start), r.Close(ctx)
		}
		if err != nil {
			return 0, 0, err
		}
		for i := range batch.Columns {
			column := &batch.Columns[i]
			for _, v := range column.Floats() {
				sink.total += v
			}
			if column.Kind() == wire.KindString {
				for row := range batch.Rows {
					sink.hash += maphash.Bytes(seed, column.Text(row))
				}
			}
		}
		for _, v := range batch.Columns[8].Ints() {
			sink.total += float64(v)
		}
		for _, v := range batch.Columns[9].Ints() {
			sum += v
		}
	}
}

// hive is gohive in its faster way: into typed variables.
func hive(ctx context.Context, addr string, rows int) (sum int64, took time.Duration, err error) {
	host, port, _ := net.SplitHostPort(addr)
	number, err := strconv.Atoi(port)
	if err != nil {
		return 0, 0, err
	}
	o := gohive.NewConnectConfiguration()
	o.FetchSize = 10_000
	connection, err := gohive.Connect(host, number, "NOSASL", o)
	if err != nil {
		return 0, 0, err
	}
	defer connection.Close()
	cursor := connection.Cursor()
	defer cursor.Close()
	start := time.Now()
	if cursor.Exec(ctx, fmt.Sprintf("SELECT %d", rows)); cursor.Err != nil {
		return 0, 0, cursor.Err
	}
	var texts [4]string
	var doubles [4]float64
	var n int64
	var s int16
	for got := 0; got < rows && cursor.HasMore(ctx); got++ {
		cursor.FetchOne(ctx, &texts[0], &texts[1], &texts[2], &texts[3], &doubles[0], &doubles[1], &doubles[2], &doubles[3], &n, &s)
		if cursor.Err != nil {
			return 0, 0, cursor.Err
		}
		for i := range texts {
			sink.hash += maphash.String(seed, texts[i])
			sink.total += doubles[i]
		}
		sink.total += float64(n)
		sum += int64(s)
	}
	return sum, time.Since(start), cursor.Err
}

// jdbc is Hive's own driver, warm: the second of two runs in one process counts.
func jdbc(ctx context.Context, addr string, rows int) (int64, time.Duration, error) {
	return other(ctx, "java", "-cp", cached("spark-3.5.7/*"), "Compare.java", addr, strconv.Itoa(rows))
}

func impyla(ctx context.Context, addr string, rows int) (int64, time.Duration, error) {
	return other(ctx, cached("venv/bin/python"), "compare_impyla.py", addr, strconv.Itoa(rows))
}

// cached is what test/peers/install has put into the cache.
func cached(name string) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return name
	}
	return filepath.Join(cache, "qosreport-peers", name)
}

// other runs a program that prints the sum and the seconds.
func other(ctx context.Context, name string, args ...string) (sum int64, took time.Duration, err error) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w\n%s", name, err, said.String())
	}
	var seconds float64
	if _, err := fmt.Sscan(string(out), &sum, &seconds); err != nil {
		return 0, 0, fmt.Errorf("%s printed %q: %w", name, out, err)
	}
	return sum, time.Duration(seconds * float64(time.Second)), nil
}
