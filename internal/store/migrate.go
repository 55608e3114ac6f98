package store

import (
	"context"
	"database/sql"
	"fmt"

	"qosreport/internal/fault"
)

// applicationID marks the file as a ledger of ours in the header: "QoSr".
const applicationID = 0x516F5372

// migrations lead from one version of the schema to the next: the first makes version 1
// of an empty file. A migration that was released never changes.
var migrations = [...]string{schema1, schema2}

// version is the version of the file's schema, 0 for an empty file. A file that is no
// ledger, or one of a newer program, is an error.
func version(ctx context.Context, tx *sql.Tx) (int, error) {
	var id, found, tables int
	for _, q := range []struct {
		query string
		into  *int
	}{
		{"PRAGMA application_id", &id},
		{"PRAGMA user_version", &found},
		{"SELECT count(*) FROM sqlite_schema", &tables},
	} {
		if err := tx.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
			return 0, err
		}
	}
	switch {
	case id == 0 && found == 0 && tables == 0:
		return 0, nil
	case id != applicationID:
		return 0, fault.Advise(fault.Errorf(fault.Output, fault.Render, "the file is a SQLite database of another program"),
			"name a file of its own in store.path; a new one is made")
	case found > len(migrations):
		return 0, fault.Advise(fault.Errorf(fault.Output, fault.Render, "the file has version %d, and this program knows versions up to %d", found, len(migrations)),
			"run the newer qosreport that wrote it, or restore the backup from before its upgrade")
	case found < 1:
		return 0, damaged(fmt.Errorf("the version is %d", found))
	}
	return found, nil
}

// migrate brings the file to the newest version, or leaves it as it is.
func (s *Store) migrate(ctx context.Context) error {
	return s.write(ctx, "migrate", func(ctx context.Context, t *txn) error {
		// Asked again with the right to write: another process may have been first.
		found, err := version(ctx, t.Tx)
		if err != nil {
			return err
		}
		for v := found; v < len(migrations); v++ {
			if _, err := t.exec(ctx, migrations[v]); err != nil {
				return fmt.Errorf("to version %d: %w", v+1, err)
			}
		}
		if found == len(migrations) {
			// An immediate transaction begins on a read-only file too; a statement that would
			// write does not, though it finds nothing to change.
			_, err := t.exec(ctx, "DELETE FROM meta WHERE owner = ''")
			return err
		}
		_, err = t.exec(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations)))
		return err
	})
}
