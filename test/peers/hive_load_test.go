//go:build peers

package peers

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"qosreport/internal/impala"
)

// tally is the checksum of a column, as the format null has it.
type tally uint64

func (s *tally) add(text []byte) { *s += tally(crc32.ChecksumIEEE(text)) }

// sequence is a statement whose rows a few lines of Go can compute, too.
type sequence struct{ number, rows int }

func sequences(n int) []sequence {
	all := make([]sequence, n)
	for i := range all {
		all[i] = sequence{number: i + 1, rows: 1000 + 997*i}
	}
	return all
}

func (s sequence) statement() string {
	return fmt.Sprintf("SELECT id * %[1]d AS n, if(id %% 5 = 0, NULL, concat('statement %[1]d, row ', id)) AS name FROM range(%[2]d)", s.number, s.rows)
}

// answer is what the format null says of the right rows.
func (s sequence) answer() []string {
	var n, name tally
	for id := range s.rows {
		n.add(strconv.AppendInt(nil, int64(id*s.number), 10))
		if id%5 != 0 {
			name.add(fmt.Appendf(nil, "statement %d, row %d", s.number, id))
		}
	}
	return summary(s.rows, []string{"n", "name"}, []tally{n, name})
}

func summary(rows int, columns []string, sums []tally) []string {
	lines := []string{fmt.Sprintf("rows      %d", rows)}
	for i, column := range columns {
		lines = append(lines, fmt.Sprintf("checksum  %016x  %s", uint64(sums[i]), column))
	}
	return lines
}

// readAll runs a statement and says of its rows what the format null would.
func readAll(ctx context.Context, client *impala.Client, statement string) (_ []string, err error) {
	rows, err := client.Query(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := rows.Close(ctx); err == nil {
			err = closeErr
		}
	}()
	var columns []string
	for _, c := range rows.Columns() {
		columns = append(columns, c.Name)
	}
	sums, count := make([]tally, len(columns)), 0
	var text []byte
	for {
		batch, err := rows.Next(ctx)
		if err == io.EOF {
			return summary(count, columns, sums), nil
		}
		if err != nil {
			return nil, err
		}
		count += batch.Rows
		for c := range sums {
			for row := range batch.Rows {
				if !batch.Null(c, row) {
					text = batch.Append(text[:0], c, row)
					sums[c].add(text)
				}
			}
		}
	}
}

// Forty statements at once, in four sessions of this process, one after the other in each,
// and in four processes: each has its own rows and no other's.
func TestManyStatementsAtOnce(t *testing.T) {
	h := plainHive(t)
	const sessions = 4
	all := sequences(20)
	share := func(i int) (mine []sequence) {
		for k := i; k < len(all); k += sessions {
			mine = append(mine, all[k])
		}
		return mine
	}
	var clients [sessions]*impala.Client
	var processes [sessions]*exec.Cmd
	var said [sessions]bytes.Buffer
	for i := range sessions {
		clients[i] = connect(t, h.addr)
		args := []string{"query", "--format", "null"}
		var script strings.Builder
		for _, s := range share(i) {
			script.WriteString(s.statement() + ";\n")
		}
		processes[i] = command(t, append(append(args, "-f", statementFile(t, script.String())), h.flags()...)...)
		processes[i].Stdout, processes[i].Stderr = &said[i], &said[i]
	}
	var work sync.WaitGroup
	for i := range sessions {
		work.Go(func() {
			for _, s := range share(i) {
				if got, err := readAll(t.Context(), clients[i], s.statement()); err != nil || !slices.Equal(got, s.answer()) {
					t.Errorf("session %d, statement %d: got %q, %v; want %q", i, s.number, got, err, s.answer())
				}
			}
		})
		work.Go(func() {
			if err := processes[i].Run(); err != nil {
				t.Errorf("process %d: %v\n%s", i, err, said[i].String())
			}
		})
	}
	work.Wait()
	for i := range sessions {
		var want []string
		for _, s := range share(i) {
			want = append(want, s.answer()...)
		}
		if got := resultLines(said[i].String()); !slices.Equal(got, want) {
			t.Errorf("process %d: got %q, want %q", i, got, want)
		}
	}
}

// Five million rows, with values of several types and without, arrive whole, are converted
// right, and take no more memory than a few.
func TestFiveMillionRows(t *testing.T) {
	h := plainHive(t)
	const rows = 5_000_000
	// The server computes a partition when it is fetched: it has no room for all of them.
	sql := statementFile(t, fmt.Sprintf(`SET spark.sql.thriftServer.incrementalCollect = true;
SELECT id, concat('caller ', id %% 1000) AS caller, (id + 0.5D) / 4 AS quarter, if(id %% 7 = 0, NULL, cast(id AS INT)) AS gaps FROM range(0, %d, 1, 25)`, rows))
	stdout, peakKB := okWithin(t, command(t, append([]string{"query", "--format", "null", "-f", sql}, h.flags()...)...))
	_, idleKB := okWithin(t, command(t, append([]string{"query", "--format", "null", "SELECT 1"}, h.flags()...)...))

	var sums [4]tally
	var text []byte
	for id := range int64(rows) {
		text = strconv.AppendInt(text[:0], id, 10)
		sums[0].add(text)
		if id%7 != 0 {
			sums[3].add(text)
		}
		text = strconv.AppendInt(append(text[:0], "caller "...), id%1000, 10)
		sums[1].add(text)
		text = strconv.AppendFloat(text[:0], (float64(id)+0.5)/4, 'f', -1, 64)
		sums[2].add(text)
	}
	want := summary(rows, []string{"id", "caller", "quarter", "gaps"}, sums[:])
	got := resultLines(stdout)
	if got = got[max(0, len(got)-len(want)):]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if grown := peakKB - idleKB; grown > 64<<10 {
		t.Errorf("resident memory grew by %d KiB, from %d", grown, idleKB)
	}
	t.Logf("%s; memory %d KiB, idle %d KiB", strings.Join(strings.Fields(stdout), " "), peakKB, idleKB)
}
