package xlsx

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/xuri/excelize/v2"
)

// writeSorted writes the workbook with its parts in a fixed order, and what they say in a
// fixed order, too: the library goes over maps, so that equal workbooks had unequal bytes.
// The parts are compressed into a temporary file without a name, since the library would
// hold them all in memory, and are then copied as they are.
func writeSorted(w io.Writer, f *excelize.File) (err error) {
	if f.ContentTypes != nil { // those of a chart come from a map
		parts := f.ContentTypes.Defaults
		sort.Slice(parts, func(i, j int) bool { return parts[i].Extension < parts[j].Extension })
	}
	temporary, err := os.CreateTemp("", "qosreport-xlsx-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, temporary.Close()) }()
	if err := os.Remove(temporary.Name()); err != nil {
		return err
	}
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(temporary) })
	if err := f.Write(io.Discard); err != nil {
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
		if part.UncompressedSize64 > math.MaxUint32 {
			return fmt.Errorf("%s has %d bytes, more than Excel opens (4 GiB): lower the dataset's limit", part.Name, part.UncompressedSize64)
		}
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}
