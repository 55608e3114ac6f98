package kerberos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxNesting = 100
	confBlanks = " \t\v\f"
)

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
	damage   []string // what other programs cannot read
	warnings []string // what this program does not do
	readFile func(path string) ([]byte, error)
	readDir  func(path string) ([]string, error)
	file     int
	files    int      // that were read
	open     []string // files that are being read, to find circles
}

func newProfileReader() *profileReader {
	return &profileReader{readFile: readLimited, readDir: listDir}
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
	faults int         // damaged lines
}

// read adds a file to the tree.
func (r *profileReader) read(path string) error {
	if r.files++; r.files > maxConfFiles {
		return fmt.Errorf("%s: more than %d files", path, maxConfFiles)
	}
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
	text, damage := decodeConf(data)
	s := &profileScanner{profileReader: r, path: path}
	if damage != "" {
		s.damaged(path + " " + damage)
	}
	return s.scanLines(text)
}

func (s *profileScanner) scanLines(text string) error {
	oldMac := false
	for len(text) > 0 {
		line, rest, cr := cutLine(text)
		text = rest
		s.line++
		if cr && !oldMac {
			oldMac = true
			s.damaged(position{s.path, s.line, 1}.String() + ": the line ends in CR alone, as on old Macs, which kinit does not know: save the file with LF")
		}
		line, s.column = s.clean(line)
		s.text = strings.Trim(line, confBlanks)
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
		return s.fail(open.at, "add a closing brace", "the block %s is never closed", clip(open.tag))
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
			s.damaged(s.here().String() + ": text before the first [section] is ignored")
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
		return s.fail(s.here(), "write the section alone on its line, like [realms]", "malformed section %q", clip(s.text))
	}
	if len(s.stack) > 1 {
		open := s.stack[len(s.stack)-1]
		return s.fail(open.at, "add a closing brace", "the block %s is not closed before [%s] in line %d", clip(open.tag), clip(name), s.line)
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
		s.damaged(s.here().String() + ": text after a closing brace is ignored: write the brace alone on its line")
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
	if strings.ContainsAny(tag, confBlanks) {
		s.damaged(fmt.Sprintf("%s: %q is no name of a setting, for its blank kinit refuses the file", s.here(), clip(tag)))
	}
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
	if after, brace := strings.CutPrefix(value, "{"); brace && strings.HasPrefix(strings.TrimLeft(after, confBlanks), "#") {
		s.damaged(fmt.Sprintf("%s: kinit takes the brace and the comment behind it as the value of %s: move the comment to a line of its own", s.here(), clip(tag)))
		return s.push(r)
	}
	var err error
	r.value, err = unquote(value)
	if err != nil {
		return s.fail(s.here(), "close the quotes", "%s: %v", clip(tag), err)
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
	return s.fail(r.at, "write a value behind the equals sign, or put # in front of the line", "%s has no value", clip(r.tag))
}

func (s *profileScanner) push(r *relation) error {
	if len(s.stack) > maxNesting {
		return s.fail(r.at, "see where a closing brace is missing", "blocks are nested deeper than %d", maxNesting)
	}
	r.isMap = true
	s.stack = append(s.stack, r)
	return nil
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

// clip shortens what goes into an error, and makes it printable.
func clip(s string) string {
	s = printable(s)
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
