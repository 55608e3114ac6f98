package deliver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"qosreport/internal/atomicfile"
	"qosreport/internal/fault"
)

// Folder keeps messages as files instead of sending them.
type Folder struct {
	Dir string // made if it is missing
}

// Send writes the message as a file named after its id. Before is called as by
// [SMTP.Send], and the answer in the receipts is the path.
func (f Folder) Send(ctx context.Context, m *Message, before Before) ([]Receipt, error) {
	l, err := m.compose()
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := before(ctx, l.to); err != nil {
			return receipts(l.to, NotAttempted), fmt.Errorf("write to %s: %w", f.Dir, err)
		}
	}
	local, _, _ := strings.Cut(m.ID, "@")
	path, err := f.write(ctx, strings.Map(inFileName, local), l)
	if err != nil {
		return receipts(l.to, NotAttempted), err
	}
	list := receipts(l.to, Sent)
	for i := range list {
		list[i].Answer = path
	}
	return list, nil
}

// Write writes the message as NAME.eml, which appears at once and whole. It replaces an
// earlier message of ours with that name and nothing else.
func (f Folder) Write(ctx context.Context, name string, m *Message) (path string, err error) {
	if name == "" || strings.HasPrefix(name, ".") || strings.Map(inFileName, name) != name {
		return "", fault.Errorf(fault.Usage, 0, "%.100q is no name for a message's file", name)
	}
	l, err := m.compose()
	if err != nil {
		return "", err
	}
	return f.write(ctx, name, l)
}

// inFileName leaves the characters that are safe in a file name everywhere.
func inFileName(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.', r == '+', r == '=':
		return r
	}
	return '_'
}

func (f Folder) write(ctx context.Context, name string, l *letter) (string, error) {
	path := filepath.Join(f.Dir, name+".eml")
	err := os.MkdirAll(f.Dir, 0o755)
	if err == nil {
		err = replaceable(path)
	}
	if err == nil {
		err = f.replace(ctx, path, l)
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, atomicfile.Advise(err))
	}
	return path, nil
}

// firstField begins every message of ours; those of others begin with what mail systems
// add on the way.
const firstField = "Message-ID: <"

// replaceable reports whether a message may take the path.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	inTheWay := fault.Advise(errors.New("another file is in the way"), "move it away")
	if !info.Mode().IsRegular() {
		return inTheWay
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	begin, err := bufio.NewReaderSize(file, 64).Peek(len(firstField))
	if err != nil || !bytes.Equal(begin, []byte(firstField)) {
		return inTheWay
	}
	return nil
}

// replace gives the message its file. Where the name may not last it is taken back, so
// that another attempt is safe.
func (f Folder) replace(ctx context.Context, path string, l *letter) error {
	p, err := atomicfile.Prepare(f.Dir, 0o644, l.write)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return errors.Join(err, p.Discard())
	}
	if err := p.Commit(path); err != nil {
		return errors.Join(err, p.Discard())
	}
	if err := atomicfile.SyncDir(f.Dir); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
