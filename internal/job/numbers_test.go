package job

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"qosreport/internal/report"
	"qosreport/internal/report/html"
	"qosreport/internal/report/xlsx"
)

// shownNumbers is every number and every text of a page's JSON.
type shownNumbers struct {
	numbers []float64
	texts   strings.Builder
}

func (s *shownNumbers) add(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			s.texts.WriteString(key + "\n")
			s.add(item)
		}
	case []any:
		for _, item := range v {
			s.add(item)
		}
	case float64:
		s.numbers = append(s.numbers, v)
	case string:
		s.texts.WriteString(v + "\n")
	}
}

// has reports whether a number stands in the JSON, in a text, or as a number at some
// rounding, itself or in percent.
func (s *shownNumbers) has(text string) bool {
	if strings.Contains(s.texts.String(), text) {
		return true
	}
	plain := strings.NewReplacer("\u202f", "", "\u00a0", "", "−", "-").Replace(text)
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return false
	}
	decimals := 0
	if _, fraction, found := strings.Cut(plain, "."); found {
		decimals = len(fraction)
	}
	half := math.Pow10(-decimals) * 0.5000001
	for _, n := range s.numbers {
		if math.Abs(n-v) <= half || math.Abs(100*n-v) <= half {
			return true
		}
	}
	return false
}

func jsonNumbers(t *testing.T, page *report.Page) *shownNumbers {
	t.Helper()
	var out bytes.Buffer
	if err := report.JSON(&out, page); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	s := new(shownNumbers)
	s.add(v)
	return s
}

var (
	drawing = regexp.MustCompile(`(?s)<svg.*?</svg>|<style.*?</style>|<[^>]*>`)
	number  = regexp.MustCompile("[-−]?[0-9][0-9\u202f]*(?:\\.[0-9]+)?")
	notOne  = regexp.MustCompile(`&#?[a-zA-Z0-9]+;|SHA-256|\\u[0-9a-f]{4}|U\+[0-9A-F]{4}`)
)

// Whatever number a page or a workbook shows, a program finds it in the JSON.
func TestEveryNumberStandsInTheJSON(t *testing.T) {
	page, d := shipped(t, 1)
	known := jsonNumbers(t, page)
	var out bytes.Buffer
	if err := html.Render(&out, page, d.Outputs.HTML.Sections); err != nil {
		t.Fatal(err)
	}
	text := notOne.ReplaceAllString(drawing.ReplaceAllString(out.String(), " "), " ")
	seen := 0
	for _, token := range number.FindAllString(text, -1) {
		if seen++; !known.has(token) {
			t.Errorf("the page shows %q, which the JSON does not have", token)
		}
	}
	if seen < 500 {
		t.Errorf("the page shows only %d numbers", seen)
	}
	out.Reset()
	if err := xlsx.Render(&out, page, d.Outputs.XLSX.Sheets); err != nil {
		t.Fatal(err)
	}
	for _, v := range workbookNumbers(t, out.Bytes()) {
		found := false
		for _, n := range known.numbers {
			found = found || n == v || math.Abs(n-v) <= 1e-12*math.Abs(n)
		}
		if !found {
			t.Errorf("the workbook holds %v, which the JSON does not have", v)
		}
	}
}

// workbookNumbers are the numbers in cells, but dates.
func workbookNumbers(t *testing.T, book []byte) []float64 {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var numbers []float64
	for _, part := range archive.File {
		if !strings.HasPrefix(part.Name, "xl/worksheets/sheet") {
			continue
		}
		f, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		var sheet struct {
			Cells []struct {
				Type  string `xml:"t,attr"`
				Value string `xml:"v"`
			} `xml:"sheetData>row>c"`
		}
		if err := xml.Unmarshal(data, &sheet); err != nil {
			t.Fatal(err)
		}
		for _, c := range sheet.Cells {
			v, err := strconv.ParseFloat(c.Value, 64)
			if err == nil && (c.Type == "" || c.Type == "n") && !(v > 42900 && v < 43000) { // days of 2017
				numbers = append(numbers, v)
			}
		}
	}
	if len(numbers) < 300 {
		t.Errorf("the workbook holds only %d numbers", len(numbers))
	}
	return numbers
}
