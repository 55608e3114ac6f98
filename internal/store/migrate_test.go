//go:build unix

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// rows1 are rows of version 1, in each of its tables.
const rows1 = `
INSERT INTO schedule_state VALUES ('daily', 'h1', 1, 1774756800000, NULL);
INSERT INTO slot VALUES ('daily@1', 'daily', '2026-03-29T06:00', 1774756800000, 1774800000000, 1, 2, 'UTC', 'due', '', NULL, 1);
INSERT INTO run VALUES ('run-1', 'slot', 'daily@1', 'daily', 'voice', 1, 2, 'UTC', 'schedule', 'h////1/n', 1, 'failed', 'kdc', '', '', 1, 'c1', 'v1', 1, 2);
INSERT INTO attempt VALUES ('run-1', 1, 1, 2, 'failed', 'query', 'kdc', 'no KDC answered', '[]', 0, 0);
INSERT INTO artefact VALUES ('run-1', 'a.xlsx', 'out/a.xlsx', zeroblob(32), 10);
INSERT INTO delivery VALUES (7, 'voice', 1, 2, 'UTC', 1, 'noc@example.com', 'unknown', 'id@x', '', 0, '', 'run-1', 1, 2);
INSERT INTO day_state VALUES ('voice', 'legs', 'd', 'p', 's', 'UTC', '2026-03-28', 1, zeroblob(32), 1, 1, 'q', x'01');
INSERT INTO meta VALUES ('h////1/n', 'prod-1', 'v1', 1, 2);
INSERT INTO event VALUES (1, 1, 'schedule', 'planned', 'daily', 'daily@1', '', 0, '', 'due', '');
`

// version1 is a file as version 1 of the program left it, with further statements.
func version1(t *testing.T, more string) string {
	t.Helper()
	return sqlFile(t, fmt.Sprintf("PRAGMA journal_mode = WAL; PRAGMA application_id = %d; PRAGMA user_version = 1;", applicationID)+schema1+rows1+more)
}

// wantRows1 sees that the rows of version 1 are there, and that a notice can be.
func wantRows1(t *testing.T, s *Store) {
	t.Helper()
	w, err := s.Why(t.Context(), "daily@1")
	noError(t, err)
	if w.Slot.Outcome != Due || len(w.Events) != 1 || len(w.Runs) != 1 || len(w.Runs[0].Attempts) != 1 || len(w.Runs[0].Artefacts) != 1 || len(w.Runs[0].Deliveries) != 1 {
		t.Errorf("got %+v; want the rows of version 1", w)
	}
	for _, table := range []string{"schedule_state", "slot", "run", "attempt", "artefact", "delivery", "day_state", "meta", "event"} {
		var n int
		noError(t, s.writer.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		if n != 1 {
			t.Errorf("table %s has %d rows; want the one of before", table, n)
		}
	}
	var found int
	noError(t, s.writer.QueryRow("PRAGMA user_version").Scan(&found))
	if found != len(migrations) {
		t.Errorf("the file has version %d; want %d", found, len(migrations))
	}
}

func TestAFileOfVersion1KeepsItsRows(t *testing.T) {
	s := openAt(t, version1(t, ""), Options{})
	wantRows1(t, s)
	if _, tell := fail(t, s, failing("kdc"), true); !tell {
		t.Error("the owner is not to be told of a first failure")
	}
	noError(t, s.Check(t.Context()))
}

func TestAVersionThatCannotBeMadeLeavesTheOneBefore(t *testing.T) {
	path := version1(t, "CREATE TABLE notice (a);")
	for range 2 {
		s, err := Open(t.Context(), path, Options{})
		if err == nil || !strings.Contains(err.Error(), "migrate: to version 2: ") {
			t.Fatalf("got %v, %v; want that version 2 cannot be made", s, err)
		}
	}
	db, err := connect(path, 1)
	noError(t, err)
	defer func() { noError(t, db.Close()) }()
	var found, rows int
	noError(t, db.QueryRow("PRAGMA user_version").Scan(&found))
	noError(t, db.QueryRow("SELECT count(*) FROM event").Scan(&rows))
	if found != 1 || rows != 1 {
		t.Errorf("the file has version %d and %d events; want version 1 and its event", found, rows)
	}
}

// migrateChild opens the ledger when it is told to.
func migrateChild(path string) error {
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		return err
	}
	_, _, err = s.Failure(context.Background(), failing("kdc"))
	fmt.Println("done")
	return errors.Join(err, s.Close())
}

func TestTwoProcessesMayMigrateAtOnce(t *testing.T) {
	path := version1(t, "")
	for _, c := range startTwo(t, "migrate", path) {
		if line := c.line(t); line != "done" {
			t.Errorf("a process said %q", line)
		}
		noError(t, c.Wait())
	}
	s := openAt(t, path, Options{})
	wantRows1(t, s)
	if n, tell := fail(t, s, failing("kdc"), true); tell || n.Count != 3 {
		t.Errorf("got %+v, tell %t; want the failures of both processes, of which one is to tell", n, tell)
	}
}
