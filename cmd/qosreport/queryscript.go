package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/query"
)

// scriptFlags say which statements to run, and what stands in for their placeholders.
type scriptFlags struct {
	Statement string   `arg:"" optional:"" help:"One or more statements, separated by semicolons."`
	File      []string `short:"f" sep:"none" placeholder:"FILE" help:"Read the statements from a file; - is standard input."`
	Var       []string `sep:"none" placeholder:"NAME=VALUE" help:"Text for $${var:NAME}, as it is; may be repeated."`
	Param     []string `sep:"none" placeholder:"NAME=TYPE:VALUE" help:"Literal for {{.Params.NAME}}, quoted by its type (string, int, double, date, bool, identifier; strings or ints, which may be repeated, for a list)."`
}

// maxScript bounds a file of statements; Impala takes at most 16 MiB a statement.
const maxScript = 64 << 20

// statements are those of the argument or the file, with parameters and variables put in.
func (s *scriptFlags) statements(ctx context.Context, in io.Reader) ([]query.Statement, error) {
	file := strings.Join(s.File, " -f ")
	switch {
	case (s.Statement == "") == (file == ""):
		return nil, fault.Advise(errors.New("a statement or -f FILE is needed, and not both"), "qosreport query 'SELECT 1'")
	case len(s.File) > 1: // which would be the last one alone, or all in one session
		return nil, fault.Advise(fmt.Errorf("-f %s: one file is read", file), "cat FILE... | qosreport query -f -")
	}
	data, name := []byte(s.Statement), "the statement"
	if file != "" {
		var err error
		if data, err = read(ctx, file, in); err != nil {
			return nil, fmt.Errorf("read statements: %w", err)
		}
		name = file
	}
	statements, err := s.parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return statements, nil
}

func (s *scriptFlags) parse(data []byte) ([]query.Statement, error) {
	vars, err := s.vars()
	if err != nil {
		return nil, err
	}
	script, err := query.ParseScript(data)
	if err != nil {
		return nil, fault.Advise(err, "write the statements in UTF-8; unhex('…') stands for other bytes")
	}
	if len(s.Param) > 0 {
		if script, err = s.fill(script); err != nil {
			return nil, err
		}
	}
	statements, err := query.Split(script)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 {
		return nil, errors.New("no statement: only blanks and comments")
	}
	return statements, fault.Advise(query.Replace(script, statements, vars), "give it one: --var NAME=VALUE")
}

// read is the whole file, or of - what comes from in, until it ends or the context does.
func read(ctx context.Context, file string, in io.Reader) ([]byte, error) {
	var data []byte
	var err error
	done := make(chan struct{})
	go func() { // a terminal or a pipe may be silent for ever, or nobody may open its other end
		defer close(done)
		from := in
		if file != "-" {
			var f *os.File
			if f, err = os.Open(file); err != nil {
				return
			}
			defer f.Close()
			from = f
		}
		data, err = io.ReadAll(io.LimitReader(from, maxScript+1))
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err == nil && len(data) > maxScript {
		err = fmt.Errorf("more than %d bytes", maxScript)
	}
	return data, err
}

// vars are the values of --var by name.
func (s *scriptFlags) vars() (map[string]string, error) {
	values := make(map[string]string)
	for _, pair := range s.Var {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("--var %q: write NAME=VALUE", pair)
		}
		if _, twice := values[strings.ToLower(name)]; twice {
			return nil, fmt.Errorf("--var %s comes twice", name)
		}
		values[strings.ToLower(name)] = value
	}
	return values, nil
}

// fill puts the literals of --param into the script.
func (s *scriptFlags) fill(script string) (string, error) {
	given, err := params(s.Param)
	if err != nil {
		return "", err
	}
	literals := make(map[string]fmt.Stringer)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if literals[name], err = typedLiteral(given[name]); err != nil {
			return "", fmt.Errorf("--param %s: %w", name, err)
		}
	}
	return query.Fill(script, literals)
}

// typedLiteral is the literal of values that are written TYPE:VALUE, all of one type.
func typedLiteral(values []string) (fmt.Stringer, error) {
	var kind string
	texts := make([]string, len(values))
	for i, value := range values {
		k, text, found := strings.Cut(value, ":")
		if !found {
			return nil, fmt.Errorf("%q has no type: write NAME=TYPE:VALUE, like day=date:2017-09-12", value)
		}
		if i > 0 && k != kind {
			return nil, fmt.Errorf("is of type %s and of type %s", kind, k)
		}
		kind, texts[i] = k, text
	}
	if len(values) > 1 && (kind == "string" || kind == "int") {
		return nil, fmt.Errorf("has %d values: a list is of type %ss", len(values), kind)
	}
	return definition.Literal(kind, texts)
}
