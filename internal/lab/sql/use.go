package sql

// Use reads USE database, which changes a session and makes no rows. It reports false for
// every other statement. A database that is not there is an [*Error].
func (e *Engine) Use(statement string) (database string, found bool, err error) {
	ps, err := newParser(statement)
	if err != nil || !ps.word("use") {
		return "", false, nil // Prepare tells what is wrong with it
	}
	if database, err = ps.identifier(); err != nil {
		return "", true, err
	}
	if err := ps.finish(); err != nil {
		return "", true, err
	}
	p := &planner{catalog: e.catalog}
	return database, true, p.database(database)
}
