package kerberos

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxConfBytes    = 1 << 20
	maxIncludeDepth = 10
	maxNesting      = 100
	confBlanks      = " \t\v\f"
)

// position is a place in a file; line and column count from 1, the column in characters.
type position struct {
	file         string
	line, column int
}

func (p position) String() string { return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column) }

// relation is a line "tag = value" or a block "tag = { ... }" of a file in the grammar
// of MIT's krb5.conf. Sections are blocks of the root.
type relation struct {
	tag   string
	value string
	block []*relation
	isMap bool // a block, which may be empty
	final bool // marked with "*": files that follow add nothing
	file  int  // index of the file of the list, counted from 0
	at    position
}

// syntaxError is a mistake in a krb5.conf with its place and what to do about it.
type syntaxError struct {
	at     position
	text   string
	remedy string
}

func (e *syntaxError) Error() string { return e.at.String() + ": " + e.text }

// profileReader reads files into one tree. MIT's rules: leading blanks are skipped, a
// comment takes a whole line, text before the first section is ignored, a brace may
// stand on the line after its tag.
type profileReader struct {
	root     relation
	warnings []string
	readFile func(path string) ([]byte, error)
	readDir  func(path string) ([]string, error)
	file     int
	open     []string // files that are being read, to find circles
}

func newProfileReader() *profileReader {
	return &profileReader{readFile: readLimited, readDir: listDir}
}

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfBytes+1))
	if err == nil && len(data) > maxConfBytes {
		err = fmt.Errorf("longer than %d bytes", maxConfBytes)
	}
	return data, err
}

func listDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path) // sorted
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// profileScanner is the state within one file.
type profileScanner struct {
	*profileReader
	path   string
	line   int
	text   string      // the line without blanks at both ends
	column int         // where it begins
	stack  []*relation // section and open blocks
	await  *relation   // a tag whose brace is due on this line
	lost   bool        // the text before the first section was reported
}

// read adds a file to the tree.
func (r *profileReader) read(path string) error {
	if slices.Contains(r.open, path) {
		return fmt.Errorf("%s includes itself", path)
	}
	if len(r.open) > maxIncludeDepth {
		return fmt.Errorf("%s: more than %d files include each other", path, maxIncludeDepth)
	}
	data, err := r.readFile(path)
	if err != nil {
		return err
	}
	r.open = append(r.open, path)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	text, hadMark := strings.CutPrefix(string(data), "\ufeff")
	if hadMark {
		r.warnings = append(r.warnings, path+" begins with a byte order mark, for which kinit loses the first section: save it without")
	}
	s := &profileScanner{profileReader: r, path: path}
	for line := range strings.Lines(text) {
		s.line++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		s.text = strings.TrimLeft(line, confBlanks)
		s.column = 1 + len([]rune(line)) - len([]rune(s.text))
		s.text = strings.TrimRight(s.text, confBlanks)
		if err := s.scan(); err != nil {
			return err
		}
	}
	return s.finish()
}

func (s *profileScanner) here() position { return position{s.path, s.line, s.column} }

func (s *profileScanner) fail(at position, remedy, format string, args ...any) error {
	return &syntaxError{at, fmt.Sprintf(format, args...), remedy}
}

func (s *profileScanner) finish() error {
	if s.await != nil {
		return s.noValue(s.await)
	}
	if len(s.stack) > 1 {
		open := s.stack[len(s.stack)-1]
		return s.fail(open.at, "add a closing brace", "the block %s is never closed", open.tag)
	}
	return nil
}

// scan takes one line.
func (s *profileScanner) scan() error {
	switch {
	case s.text == "" || s.text[0] == '#' || s.text[0] == ';':
		return nil
	case s.await != nil:
		return s.openAwaited()
	}
	word, rest, _ := strings.Cut(strings.ReplaceAll(s.text, "\t", " "), " ")
	switch {
	case word == "include" && rest != "" && !strings.HasPrefix(rest, "="):
		return s.include(strings.TrimSpace(rest))
	case word == "includedir" && rest != "" && !strings.HasPrefix(rest, "="):
		return s.includeDir(strings.TrimSpace(rest))
	case word == "module" && !strings.Contains(rest, "="):
		s.warnings = append(s.warnings, s.here().String()+": the module is not loaded")
		return nil
	case s.text[0] == '[':
		return s.section()
	case len(s.stack) == 0:
		if !s.lost {
			s.lost = true
			s.warnings = append(s.warnings, s.here().String()+": text before the first [section] is ignored")
		}
		return nil
	case s.text[0] == '}':
		return s.closeBlock()
	}
	return s.relation()
}

func (s *profileScanner) section() error {
	name, after, closed := strings.Cut(s.text[1:], "]")
	name = strings.Trim(name, confBlanks)
	after = strings.Trim(after, confBlanks)
	if !closed || name == "" || after != "" && after != "*" {
		return s.fail(s.here(), "write the section alone on its line, like [realms]", "malformed section %q", s.text)
	}
	if len(s.stack) > 1 {
		open := s.stack[len(s.stack)-1]
		return s.fail(open.at, "add a closing brace", "the block %s is not closed before [%s] in line %d", open.tag, name, s.line)
	}
	section := &relation{tag: name, isMap: true, final: after == "*", file: s.file, at: s.here()}
	s.root.block = append(s.root.block, section)
	s.stack = []*relation{section}
	return nil
}

func (s *profileScanner) closeBlock() error {
	if len(s.stack) == 1 {
		return s.fail(s.here(), "remove the brace, or see where its block should begin", "closing brace without a block")
	}
	last := s.stack[len(s.stack)-1]
	switch strings.Trim(s.text[1:], confBlanks) {
	case "":
	case "*":
		last.final = true
	default:
		return s.fail(s.here(), "write the brace alone on its line", "text after a closing brace")
	}
	s.stack = s.stack[:len(s.stack)-1]
	return nil
}

func (s *profileScanner) relation() error {
	tag, value, ok := strings.Cut(s.text, "=")
	tag = strings.TrimRight(tag, confBlanks)
	if !ok || tag == "" {
		return s.fail(s.here(), `write "tag = value", or begin the line with # if it is a comment`, "neither a section nor a setting: %q", clip(s.text))
	}
	tag, final := strings.CutSuffix(tag, "*")
	tag = strings.TrimRight(tag, confBlanks)
	value = strings.TrimLeft(value, confBlanks)
	r := &relation{tag: tag, final: final, file: s.file, at: s.here()}
	parent := s.stack[len(s.stack)-1]
	parent.block = append(parent.block, r)
	switch value {
	case "":
		s.await = r
		return nil
	case "{":
		return s.push(r)
	}
	var err error
	r.value, err = unquote(value)
	if err != nil {
		return s.fail(s.here(), "close the quotes", "%s: %v", tag, err)
	}
	return nil
}

// openAwaited reads the line after "tag =", which has to be the brace of its block.
func (s *profileScanner) openAwaited() error {
	r := s.await
	s.await = nil
	if s.text != "{" {
		return s.noValue(r)
	}
	return s.push(r)
}

func (s *profileScanner) noValue(r *relation) error {
	return s.fail(r.at, "write a value behind the equals sign, or put # in front of the line", "%s has no value", r.tag)
}

func (s *profileScanner) push(r *relation) error {
	if len(s.stack) > maxNesting {
		return s.fail(r.at, "", "blocks are nested deeper than %d", maxNesting)
	}
	r.isMap = true
	s.stack = append(s.stack, r)
	return nil
}

// include reads another file, which begins outside of any section; afterwards the state
// of this one goes on.
func (s *profileScanner) include(path string) error {
	if !filepath.IsAbs(path) {
		return s.fail(s.here(), "write the path from / on", "include needs an absolute path, not %q", clip(path))
	}
	err := s.read(path)
	if syntax := (*syntaxError)(nil); err == nil || errors.As(err, &syntax) {
		return err
	}
	return s.fail(s.here(), "see whether the file exists and can be read", "include %s: %v", path, err)
}

func (s *profileScanner) includeDir(path string) error {
	if !filepath.IsAbs(path) {
		return s.fail(s.here(), "write the path from / on", "includedir needs an absolute path, not %q", clip(path))
	}
	names, err := s.readDir(path)
	if err != nil {
		return s.fail(s.here(), "see whether the directory exists and can be read", "includedir %s: %v", path, err)
	}
	for _, name := range names {
		if !includable(name) {
			continue
		}
		if err := s.include(filepath.Join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// includable names have letters, digits, "-" and "_" alone, or end in .conf: editors'
// backups and packages' leftovers are not read.
func includable(name string) bool {
	if strings.HasSuffix(name, ".conf") && !strings.HasPrefix(name, ".") {
		return true
	}
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

var errQuotes = errors.New("the quotes are not closed")

// unquote takes the double quotes off a value, with the escapes \n \t \b and \x for x.
func unquote(value string) (string, error) {
	if value[0] != '"' {
		return value, nil
	}
	var b strings.Builder
	for i := 1; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			return b.String(), nil
		case c == '\\' && i+1 < len(value):
			i++
			if at := strings.IndexByte("ntb", value[i]); at >= 0 {
				b.WriteByte("\n\t\b"[at])
			} else {
				b.WriteByte(value[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", errQuotes
}

// clip shortens what goes into an error.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// values are the values of a path of tags, in the order of the files. Of blocks with the
// same name all count, until one in an earlier file was final.
func (r *relation) values(path ...string) []*relation {
	found := []*relation{r}
	for _, tag := range path {
		var next []*relation
		for _, block := range found {
			next = append(next, block.children(tag)...)
		}
		found = untilFinal(next)
	}
	return found
}

func (r *relation) children(tag string) []*relation {
	var found []*relation
	for _, c := range r.block {
		if c.tag == tag {
			found = append(found, c)
		}
	}
	return found
}

func untilFinal(all []*relation) []*relation {
	for i, r := range all {
		if i > 0 && r.file > all[i-1].file && slices.ContainsFunc(all[:i], func(e *relation) bool { return e.final }) {
			return all[:i]
		}
	}
	return all
}
