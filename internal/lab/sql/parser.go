package sql

import (
	"slices"
	"strings"
)

// Limits of a statement. They keep a hostile text from exhausting the stack.
const (
	maxStatementBytes = 1 << 20
	maxDepth          = 1000 // Impala's own limit of an expression tree
)

// A parser reads one statement by recursive descent.
type parser struct {
	sql      string
	tok      token
	expected []string // what was looked for at tok and not found
	depth    int
}

// newParser begins a statement.
func newParser(sql string) (*parser, error) {
	if len(sql) > maxStatementBytes {
		return nil, analysis("Statement length of %d bytes exceeds the maximum statement length (%d bytes)", len(sql), maxStatementBytes)
	}
	return &parser{sql: sql, tok: lex(sql, 0)}, nil
}

// finish accepts semicolons and the end of the text.
func (p *parser) finish() error {
	for p.symbol(";") {
	}
	if p.tok.kind != endToken {
		return p.unexpected()
	}
	return nil
}

func (p *parser) next() {
	p.tok = lex(p.sql, p.tok.end)
	p.expected = nil // not reused: a saved parser may still hold it
}

// word takes the keyword if it stands here.
func (p *parser) word(word string) bool {
	if p.tok.kind == wordToken && p.tok.text == word {
		p.next()
		return true
	}
	p.expected = append(p.expected, strings.ToUpper(word))
	return false
}

// words takes a phrase of keywords if its first word stands here.
func (p *parser) words(first string, rest ...string) (bool, error) {
	if !p.word(first) {
		return false, nil
	}
	for _, word := range rest {
		if !p.word(word) {
			return true, p.unexpected()
		}
	}
	return true, nil
}

func (p *parser) symbol(symbol string) bool {
	if p.tok.kind == symbolToken && p.tok.text == symbol {
		p.next()
		return true
	}
	p.expected = append(p.expected, symbol)
	return false
}

func (p *parser) need(symbol string) error {
	if !p.symbol(symbol) {
		return p.unexpected()
	}
	return nil
}

// at reports whether one of the keywords stands here, without taking it.
func (p *parser) at(words ...string) bool {
	return p.tok.kind == wordToken && slices.Contains(words, p.tok.text)
}

// follows reports whether the symbol comes after the current token.
func (p *parser) follows(symbol string) bool {
	after := lex(p.sql, p.tok.end)
	return after.kind == symbolToken && after.text == symbol
}

// identifier takes a name: any in backticks, or a word that is not reserved. DEFAULT is,
// but the grammar lets it be the name of the database (sql-parser.cup, ident_or_default).
func (p *parser) identifier() (string, error) {
	name := p.tok.text
	if p.tok.kind == quotedToken || p.tok.kind == wordToken && (!reserved(name) || name == "default") {
		p.next()
		return name, nil
	}
	p.expected = append(p.expected, "IDENTIFIER")
	return "", p.unexpected()
}

// path takes a name of several parts.
func (p *parser) path() ([]string, error) {
	var path []string
	for {
		name, err := p.identifier()
		if err != nil {
			return nil, err
		}
		path = append(path, name)
		if !p.symbol(".") {
			return path, nil
		}
	}
}

// deeper counts nested brackets, cases and sub-selects; the caller defers p.higher.
func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return analysis("Exceeded the maximum depth of an expression tree: %d", maxDepth)
	}
	return nil
}

func (p *parser) higher() { p.depth-- }

// reserved reports whether an unquoted word cannot be a name.
func reserved(word string) bool {
	_, found := slices.BinarySearch(reservedWords, word)
	return found
}

// reservedWords are the keywords of Impala's lexer (sql-scanner.flex), sorted.
var reservedWords = strings.Fields(`
add aggregate all alter analytic and anti api_version array as asc authorization avro between bigint binary
block_size boolean both buckets by cached cascade case cast change char class close_fn clustered column columns
comment compression compute constraint convert copy create cross cube current data database databases date datetime
decimal default delete delimited desc describe disable distinct div double drop else enable encoding end enforced
escaped except execute exists explain extended external false fields file_size_threshold_mb fileformat files
finalize_fn first float following for foreign format formatted from full function functions grant group grouping
groups hash having hudiparquet iceberg if ignore ilike in incremental init_fn inner inpath insert int integer
intermediate intersect interval into invalidate iregexp is jdbc join jsonfile kill kudu last leading left lexical
like limit lines load location managedlocation map matched merge merge_fn metadata minus non norely not novalidate
null nulls of offset on optimize or orc order outer over overwrite paimon parquet parquetfile partition partitioned
partitions pivot preceding prepare_fn primary produced purge query range rcfile real recover references refresh
regexp rely rename repeatable replace replication restrict returns revoke right rlike role roles rollup row rows
rwstorage schema schemas select selectivity semi sequencefile serdeproperties serialize_fn set sets show smallint
sort spec stats storagehandler_uri stored straight_join string struct symbol system_time system_version table
tables tablesample tblproperties terminated textfile then timestamp tinyint to trailing true truncate unbounded
uncached union unique unknown unnest unpivot unset update update_fn upsert use user_defined_fn using uuid validate
values varchar variant view views when where with zorder`)
