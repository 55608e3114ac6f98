package yamlfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Decode fills v. What the file does not name stays as it is. Every key that v does not
// know and every value that does not fit is told.
func (f *File) Decode(v any) error {
	err := yaml.NewDecoder(bytes.NewReader(f.data), yaml.Strict()).Decode(v)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty: write at least \"version: 1\"", f.name)
	}
	if err == nil {
		return nil
	}
	if all := f.misfits(reflect.TypeOf(v).Elem()); len(all) > 0 {
		return errors.Join(all...)
	}
	return mistake(f.name, err)
}

// maxMisfits bounds the mistakes of one file: one with more is something else.
const maxMisfits = 50

// misfits are all mistakes of a file that the reader sees, in the order of the file. The
// reader tells one at a time: what it complains of is taken out, and it is asked again.
func (f *File) misfits(t reflect.Type) []error {
	tree, err := parser.ParseBytes(f.data, 0)
	if err != nil || len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return nil
	}
	type misfit struct {
		line, column int
		err          error
	}
	var all []misfit
	root := tree.Docs[0].Body
	for len(all) < maxMisfits {
		err := yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(root, reflect.New(t).Interface())
		if err == nil {
			break
		}
		m := misfit{err: mistake(f.name, err)}
		var y yaml.Error
		if !errors.As(err, &y) || y.GetToken() == nil {
			all = append(all, m)
			break
		}
		if len(all) > 0 && strings.HasPrefix(y.GetMessage(), "could not find alias") {
			break // its anchor may have been taken out
		}
		m.line, m.column = y.GetToken().Position.Line, y.GetToken().Position.Column
		all = append(all, m)
		if p := (pruner{at: y.GetToken()}); !p.prune(root) {
			break
		}
	}
	slices.SortStableFunc(all, func(a, b misfit) int { return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column)) })
	texts := make([]error, len(all))
	for i, m := range all {
		texts[i] = m.err
	}
	return texts
}

// pruner takes one part out of a tree: the entry whose key or value stands at a token, or
// the item of a list.
type pruner struct {
	at   *token.Token
	done bool
}

func (p *pruner) prune(root ast.Node) bool {
	ast.Walk(p, root)
	return p.done
}

// Visit looks at one node.
func (p *pruner) Visit(node ast.Node) ast.Visitor {
	switch node := node.(type) {
	case *ast.MappingNode:
		node.Values = slices.DeleteFunc(node.Values, func(v *ast.MappingValueNode) bool { return p.is(v.Key) || p.is(v.Value) })
	case *ast.SequenceNode:
		node.Values = slices.DeleteFunc(node.Values, p.is)
	}
	if p.done {
		return nil
	}
	return p
}

// is reports whether the node stands at the token, of which there is one.
func (p *pruner) is(node ast.Node) bool {
	if node == nil || node.GetToken() != p.at {
		return false
	}
	p.done = true
	return true
}

// mistake gives place and reason of an error of the YAML reader. Its extract of the
// source is left out: a neighbouring line may hold something private.
func mistake(name string, err error) error {
	var y yaml.Error
	if !errors.As(err, &y) {
		return fmt.Errorf("%s: %w", name, err)
	}
	text := y.GetMessage()
	if unknown, found := strings.CutPrefix(text, "unknown field "); found {
		text = "unknown key " + unknown
	}
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) {
		text = fmt.Sprintf("a value of type %s where %s is due; a text that holds a colon may need quotes", plainType(wrong.SrcType.Kind().String()), plainType(wrong.DstType.Kind().String()))
	}
	if m := wrongNode.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("a value of type %s where %s is due", plainType(m[1]), plainType(m[2]))
	}
	if m := tooLarge.FindStringSubmatch(text); m != nil {
		text = m[1] + " is too large, or negative where it must not be"
	}
	if token := y.GetToken(); token != nil {
		return fmt.Errorf("%s:%d:%d: %s", name, token.Position.Line, token.Position.Column, text)
	}
	return fmt.Errorf("%s: %s", name, text)
}

// What the reader says of a value that does not fit, in the terms of Go and of its own.
var (
	wrongNode = regexp.MustCompile(`^(\S+) was used where (\S+) is expected$`)
	tooLarge  = regexp.MustCompile(`^cannot unmarshal (\S+) into .* \( overflow \)$`)
)

// plainType names a kind of Go, or a node of the reader, as a writer of YAML knows it.
func plainType(name string) string {
	switch {
	case name == "map", name == "struct":
		return "mapping"
	case name == "slice", name == "sequence":
		return "list"
	case strings.HasPrefix(name, "int"), strings.HasPrefix(name, "uint"):
		return "integer"
	case strings.HasPrefix(name, "float"):
		return "number"
	case name == "string":
		return "text"
	case name == "bool":
		return "true or false"
	}
	return name
}
