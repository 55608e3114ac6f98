// Package yamlfile reads the YAML files that people write, strictly: an unknown or
// repeated key is a mistake, and every mistake can be told with its place.
package yamlfile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize bounds a file; a larger one is something else.
const maxSize = 1 << 20

// File is one parsed file.
type File struct {
	name string
	data []byte
	tree *ast.File
}

// Shower is a file system that knows how people call its files, which errors then show.
type Shower interface{ Show(name string) string }

// Read parses the file name of fsys. It must hold one document.
func Read(fsys fs.FS, name string) (*File, error) {
	shown := name
	if s, ok := fsys.(Shower); ok {
		shown = s.Show(name)
	}
	data, err := readAll(fsys, name)
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s %s: %w", path.Op, shown, path.Err)
	}
	if err != nil {
		return nil, err
	}
	return Parse(shown, data)
}

// Parse parses data, which stands in the file name.
func Parse(name string, data []byte) (*File, error) {
	tokens := lexer.Tokenize(string(data))
	if at := tooDeep(tokens); at != nil {
		return nil, fmt.Errorf("%s:%d:%d: is nested more than %d levels deep", name, at.Line, at.Column, maxDepth)
	}
	tree, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, mistake(name, err)
	}
	if len(tree.Docs) > 1 {
		return nil, fmt.Errorf("%s: holds more than one document: write one, without a line ---", name)
	}
	return &File{name: name, data: data, tree: tree}, nil
}

// maxDepth bounds the nesting of brackets, braces and dashes on one line. The parser takes
// time and memory with the square of the depth: a file of brackets would end the process.
const maxDepth = 100

func tooDeep(tokens token.Tokens) *token.Position {
	brackets, dashes, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			dashes, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType:
			dashes++
		}
		if brackets > maxDepth || dashes > maxDepth {
			return t.Position
		}
	}
	return nil
}

func readAll(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: is larger than %d bytes", name, maxSize)
	}
	return data, nil
}

// SHA256 is the hexadecimal hash of the file.
func (f *File) SHA256() string {
	sum := sha256.Sum256(f.data)
	return hex.EncodeToString(sum[:])
}

// Keys are the keys of the mapping at path, like "sections" or "" for the whole file, in
// the order of the file.
// Those that an alias or a merge (<<) brings along are not among them.
func (f *File) Keys(path string) []string {
	node := f.node(path)
	if anchor, ok := node.(*ast.AnchorNode); ok {
		node = anchor.Value
	}
	var values []*ast.MappingValueNode
	switch node := node.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	}
	var keys []string
	for _, value := range values {
		if !value.Key.IsMergeKey() {
			keys = append(keys, value.Key.GetToken().Value)
		}
	}
	return keys
}

// Place is "file:line:column: " of the value at path, or of the nearest mapping around
// it that the file holds.
func (f *File) Place(path string) string {
	if f == nil {
		return ""
	}
	for path != "" {
		if node := f.node(path); node != nil && node.GetToken() != nil {
			at := node.GetToken().Position
			return fmt.Sprintf("%s:%d:%d: ", f.name, at.Line, at.Column)
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return f.name + ": "
}

func (f *File) node(path string) ast.Node {
	p, err := yaml.PathString(strings.TrimSuffix("$."+path, "."))
	if err != nil {
		return nil
	}
	node, err := p.FilterFile(f.tree)
	if err != nil {
		return nil
	}
	return node
}

// Mistakes collects what is wrong with a file, so that all of it is told at once.
type Mistakes struct {
	File      *File             // nil when the values come from elsewhere
	Elsewhere map[string]string // where the values of some paths come from, in place of the file
	list      []error
}

// Require notes a mistake at path unless ok. The text begins with the path.
func (m *Mistakes) Require(path string, ok bool, format string, args ...any) {
	if !ok {
		m.Add(path, fmt.Errorf(path+" "+format, args...))
	}
}

// Add notes err as a mistake at path.
func (m *Mistakes) Add(path string, err error) {
	m.list = append(m.list, fmt.Errorf("%s%w", m.place(path), err))
}

func (m *Mistakes) place(path string) string {
	whole, _, _ := strings.Cut(path, "[")
	if from, found := m.Elsewhere[whole]; found {
		return from + ": "
	}
	return m.File.Place(path)
}

// Err is all mistakes in the order in which they were noted, or nil.
func (m *Mistakes) Err() error { return errors.Join(m.list...) }
