package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"qosreport/internal/fault"
)

// maxFile bounds a configuration file; a larger one is something else.
const maxFile = 1 << 20

// Load reads the file name in fsys and fills in the defaults. It does not validate:
// flags may still change what the file says.
func Load(fsys fs.FS, name string) (*Config, error) {
	data, err := readFile(fsys, name)
	if err != nil {
		return nil, fault.Advise(fault.New(fault.Usage, 0, err), "see --config-dir: the folder must hold configs/qosreport.yaml")
	}
	c, err := parse(name, data)
	if err != nil {
		return nil, fault.New(fault.Usage, 0, err)
	}
	return c, nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read configuration: %s is larger than %d bytes", name, maxFile)
	}
	return data, nil
}

func parse(name string, data []byte) (*Config, error) {
	c := Default()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlMistake(name, err)
	}
	c.origin = &origin{name: name, file: file}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: holds more than one document: write one, without a line ---", name)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := decoder.Decode(c); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: the file is empty: write at least \"version: 1\"", name)
		}
		return nil, yamlMistake(name, err)
	}
	return c, nil
}

// yamlMistake gives place and reason of an error of the YAML reader. Its extract of the
// source is left out: it could show a neighbouring line that holds something private.
func yamlMistake(name string, err error) error {
	var y yaml.Error
	if !errors.As(err, &y) {
		return fmt.Errorf("%s: %w", name, err)
	}
	text := y.GetMessage()
	if unknown, found := strings.CutPrefix(text, "unknown field "); found {
		text = "unknown key " + unknown + ": see the keys of configs/qosreport.yaml"
	}
	if token := y.GetToken(); token != nil {
		return fmt.Errorf("%s:%d:%d: %s", name, token.Position.Line, token.Position.Column, text)
	}
	return fmt.Errorf("%s: %s", name, text)
}

// origin finds the place of a key in the file.
type origin struct {
	name string
	file *ast.File
}

// place is "file:line:column: " of the key, or "" when the file does not hold it.
func (o *origin) place(key string) string {
	if o == nil {
		return ""
	}
	path, err := yaml.PathString("$." + key)
	if err != nil {
		return ""
	}
	node, err := path.FilterFile(o.file)
	if err != nil || node == nil || node.GetToken() == nil {
		return ""
	}
	at := node.GetToken().Position
	return fmt.Sprintf("%s:%d:%d: ", o.name, at.Line, at.Column)
}
