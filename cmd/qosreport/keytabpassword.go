package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"qosreport/internal/fault"
)

const (
	maxPasswordBytes = 1 << 12

	// Editors of Windows put it in front of a file.
	byteOrderMark = "\ufeff"
)

// readPassword reads a password from a file, from standard input (-), or twice and without
// an echo from the terminal. One line end at the end does not belong to it.
func readPassword(ctx context.Context, a *app, file, whose string) (string, error) {
	switch file {
	case "":
		return askPassword(ctx, a, whose)
	case "-":
		return passwordFrom(a.in, "standard input")
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("--password-file: %w", err))
	}
	defer f.Close()
	return passwordFrom(f, file)
}

func passwordFrom(r io.Reader, name string) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPasswordBytes+1))
	defer clear(data)
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case err != nil:
		return "", fault.New(fault.Usage, 0, fmt.Errorf("--password-file: %w", err))
	case text == "":
		return "", fault.Errorf(fault.Usage, 0, "--password-file: %s holds no password", name)
	case strings.HasPrefix(text, byteOrderMark) || !utf8.ValidString(text):
		return "", fault.Advise(fault.Errorf(fault.Usage, 0, "--password-file: %s is not plain UTF-8", name), "save it as UTF-8 without a byte order mark: the mark would be taken for a part of the password")
	case len(data) > maxPasswordBytes || strings.ContainsAny(text, "\n\x00"):
		return "", fault.Errorf(fault.Usage, 0, "--password-file: %s holds more than a password: write it alone, on one line", name)
	}
	return text, nil
}

// askPassword asks twice, because nobody sees what is typed.
func askPassword(ctx context.Context, a *app, whose string) (string, error) {
	f, ok := a.in.(*os.File)
	if !ok || !isTerminal(f) {
		return "", fault.Advise(fault.Errorf(fault.Usage, 0, "there is no terminal to ask for the password of %s", whose), "pass --password-file FILE, or - for standard input")
	}
	first, err := typed(ctx, f, a.err, "Password for "+whose+": ")
	if err != nil {
		return "", err
	}
	second, err := typed(ctx, f, a.err, "Once more: ")
	switch {
	case err != nil:
		return "", err
	case first != second:
		return "", fault.Errorf(fault.Usage, 0, "the two passwords differ")
	case first == "":
		return "", fault.Errorf(fault.Usage, 0, "the password is empty")
	case !utf8.ValidString(first): // keys are of UTF-8 (RFC 3962 section 4)
		return "", fault.Advise(fault.Errorf(fault.Usage, 0, "the password is not in UTF-8"), "see whether the terminal's locale is UTF-8")
	}
	return first, nil
}

// typed reads a line from a terminal without an echo. A signal ends the wait and brings
// the echo back; the reading itself ends with the process.
func typed(ctx context.Context, terminal *os.File, prompts io.Writer, prompt string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fault.New(fault.Usage, 0, fmt.Errorf("read the password: %w", err))
	}
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	fmt.Fprint(prompts, prompt)
	defer fmt.Fprintln(prompts)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		return "", context.Cause(ctx)
	case got := <-answers:
		defer clear(got.text)
		if got.err != nil {
			return "", fault.New(fault.Usage, 0, fmt.Errorf("read the password: %w", got.err))
		}
		return string(got.text), nil
	}
}
