package compare

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkCSV writes rows as CSV by the command and by impala-shell -B, by turns. Starting
// costs impala-shell more than we take for all, so that the time of a statement of one row
// is taken off from both. x-impala-shell is the ratio of the medians of rows a second.
func BenchmarkCSV(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "qosreport")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/qosreport")
	build.Dir = filepath.Join("..", "..", "..") // of the product's module, with its libraries
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	addr := replay(b)
	programs := []struct {
		name string
		rows int
		args []string
	}{
		{"ours", 6_000_000, []string{binary, "query", "--format", "csv", "--impala-host", addr, "--impala-transport", "plain-socket", "--impala-auth", "none", "--no-impala-tls"}},
		{"impala-shell", 300_000, []string{cached("shell/bin/impala-shell"), "--protocol=hs2", "-i", addr, "-B", "--output_delimiter=,", "--quiet", "-q"}},
	}
	rates := make([][]float64, len(programs))
	for b.Loop() {
		for i, p := range programs {
			start, err := csv(b.Context(), p.args, 1)
			if err != nil {
				b.Fatal(err)
			}
			whole, err := csv(b.Context(), p.args, p.rows)
			if err != nil {
				b.Fatal(err)
			}
			rates[i] = append(rates[i], float64(p.rows-1)/(whole-start).Seconds())
		}
	}
	b.ReportMetric(median(rates[0]), "ours-rows/s")
	b.ReportMetric(median(rates[1]), "impala-shell-rows/s")
	b.ReportMetric(median(rates[0])/median(rates[1]), "x-impala-shell")
}

// csv runs a program with a statement of so many rows, which must arrive.
func csv(ctx context.Context, args []string, rows int) (time.Duration, error) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], fmt.Sprintf("SELECT %d", rows))...)
	cmd.Env = append(os.Environ(), "HOME="+os.TempDir()) // nobody's settings
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	start := time.Now()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return 0, err
	}
	lines, err := countLines(out)
	took := time.Since(start)
	if ended := cmd.Wait(); ended != nil || err != nil || lines < rows || lines > rows+1 { // a header or none
		return 0, fmt.Errorf("%s wrote %d lines for %d rows: %v, %v\n%s", args[0], lines, rows, err, ended, said.String())
	}
	return took, nil
}

func countLines(r io.Reader) (n int, err error) {
	buffer := make([]byte, 1<<20)
	for {
		got, err := r.Read(buffer)
		n += bytes.Count(buffer[:got], []byte{'\n'})
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
