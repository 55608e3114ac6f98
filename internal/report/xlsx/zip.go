package xlsx

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// writeSorted writes the workbook with its parts in a fixed order. The library writes
// streamed sheets in the order of a map, so that equal workbooks had unequal bytes. The
// parts are copied as they are, compressed, by way of a temporary file without a name.
func writeSorted(w io.Writer, f *excelize.File) (err error) {
	temporary, err := os.CreateTemp("", "qosreport-xlsx-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, temporary.Close()) }()
	if err := os.Remove(temporary.Name()); err != nil {
		return err
	}
	if err := f.Write(temporary); err != nil {
		return err
	}
	size, err := temporary.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	in, err := zip.NewReader(temporary, size)
	if err != nil {
		return err
	}
	// "[Content_Types].xml" sorts before all others, where readers look for it first.
	slices.SortFunc(in.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, part := range in.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}
