package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/query"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// parts are the files inside a workbook.
func parts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, part := range in.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[part.Name] = string(content)
	}
	return out
}

// golden compares a part with testdata, an element a line; a file that is missing fails
// the test.
func golden(t *testing.T, part, got string) {
	t.Helper()
	file := filepath.Join("testdata", path.Base(part))
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	got = regexp.MustCompile(`<worksheet [^>]*>`).ReplaceAllString(got, "<worksheet>") // 40 namespaces
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	for i, line := range strings.Split(got, "\n") {
		if lines := strings.Split(string(want), "\n"); i >= len(lines) || lines[i] != line {
			t.Errorf("%s: line %d of %s is now %s", part, i+1, file, line)
			return
		}
	}
	t.Errorf("%s is shorter than %s", part, file)
}

func TestEveryKindOfSection(t *testing.T) {
	table := rows{
		{words("=1+1"), {Kind: query.CellNumber, Num: 0.5}},
		{{Kind: query.CellNull}, {Kind: query.CellInt, Int: 42}},
		{{Kind: query.CellTime, Text: "2017-09-12 14:00:00.250000000"}, {Kind: query.CellDecimal, Text: "0.10"}},
	}
	all := parts(t, render(t, sample(size{days: 4, sites: 3, hours: 3, bars: 4}, table), sheets))
	shown := regexp.MustCompile(`^xl/(worksheets|charts|drawings)/[a-z0-9]+\.xml$|^xl/(styles|workbook)\.xml$`)
	count := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if shown.MatchString(name) {
			golden(t, name, all[name])
			count++
		}
	}
	if count != 14 { // 7 sheets, 3 charts, 2 drawings, styles, workbook
		t.Errorf("%d parts", count)
	}
	for name, content := range all {
		if err := wellFormed(content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func wellFormed(content string) error {
	for d := xml.NewDecoder(strings.NewReader(content)); ; {
		if _, err := d.Token(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// inline is what a cell of a sheet's XML says.
type inline struct {
	Ref     string `xml:"r,attr"`
	Type    string `xml:"t,attr"`
	Formula *struct {
		Content string `xml:",chardata"`
	} `xml:"f"`
	Value string `xml:"v"`
	Text  string `xml:"is>t"`
}

// cellsOf reads the cells of a sheet as any reader of XML does.
func cellsOf(t *testing.T, sheet string) map[string]inline {
	t.Helper()
	var parsed struct {
		Rows []struct {
			Cells []inline `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal([]byte(sheet), &parsed); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]inline)
	for _, row := range parsed.Rows {
		for _, c := range row.Cells {
			out[c.Ref] = c
		}
	}
	return out
}
