package sql

import "strings"

// otherStatement is the error of a statement that Impala has and this engine has not; nil
// for any other text.
func (ps *parser) otherStatement() error {
	for _, word := range []string{"alter", "comment", "compute", "copy", "create", "delete", "drop", "grant", "insert", "invalidate", "kill",
		"load", "merge", "optimize", "refresh", "revoke", "set", "truncate", "unset", "update", "upsert", "use"} {
		if !ps.word(word) {
			continue
		}
		switch {
		case word == "set", word == "unset":
			return ps.badSet(word)
		case word == "grant", word == "revoke", (word == "create" || word == "drop") && ps.at("role"):
			return unauthorized()
		}
		return unsupported(strings.ToUpper(word))
	}
	return nil
}

// unauthorized is the error of statements about roles and privileges: who logs in may read
// everything (AuthorizationStmt.java).
func unauthorized() error { return analysis("Authorization is not enabled.") }

// badSet tells what is wrong with a SET that no session understood.
func (ps *parser) badSet(word string) error {
	if _, err := ps.identifier(); err != nil {
		return err
	}
	if word == "set" {
		if err := ps.need("="); err != nil {
			return err
		}
		ps.symbol("-")
		ps.next()
	}
	if err := ps.finish(); err != nil {
		return err
	}
	return unsupported(strings.ToUpper(word))
}

// Reload reads REFRESH and INVALIDATE METADATA, which have nothing to do here, where tables
// never change, and make no rows. It reports false for every other statement. The database
// is that of names without one; a table that is not there is an [*Error].
func (e *Engine) Reload(statement, database string) (found bool, err error) {
	ps, err := newParser(statement)
	if err != nil {
		return false, nil // Prepare tells what is wrong with it
	}
	p := &planner{catalog: e.catalog, compiler: compiler{Session{Database: database}}}
	switch {
	case ps.word("refresh"):
		return true, p.refresh(ps)
	case ps.word("invalidate"):
		return true, p.invalidate(ps)
	}
	return false, nil
}

func (p *planner) refresh(ps *parser) error {
	switch {
	case ps.word("authorization"):
		return unauthorized()
	case ps.word("functions"):
		database, err := ps.identifier()
		if err != nil {
			return err
		}
		if err := ps.finish(); err != nil {
			return err
		}
		return p.database(database)
	}
	path, err := ps.path()
	if err != nil {
		return err
	}
	if ps.at("partition") {
		return unsupported("REFRESH of a partition")
	}
	if err := ps.finish(); err != nil {
		return err
	}
	_, err = p.existing(path)
	return err
}

// invalidate asks the metastore, in whose words a table is missing.
func (p *planner) invalidate(ps *parser) error {
	if !ps.word("metadata") {
		return ps.unexpected()
	}
	if ps.tok.kind == endToken || ps.symbol(";") {
		return ps.finish()
	}
	path, err := ps.lastPath()
	if err != nil {
		return err
	}
	if _, err := p.existing(path); err != nil {
		return &Error{Class: "TableNotFoundException", Text: "Table not found: " + strings.Join(p.qualified(path), ".")}
	}
	return nil
}
