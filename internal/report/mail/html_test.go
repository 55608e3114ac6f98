package mail

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// content is what the body says; elements are apart by a blank.
func content(root *html.Node) string {
	var said []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		hidden := n.Data == "head" || strings.HasPrefix(attribute(n, "style"), "display:none")
		if n.Type == html.ElementNode && hidden {
			return
		}
		if n.Type == html.TextNode {
			said = append(said, unwrapped(strings.TrimFunc(n.Data, func(r rune) bool { return r == '\u00a0' || r == '\n' })))
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(root)
	return unwrapped(strings.Join(said, " "))
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// every calls f for each element.
func every(root *html.Node, f func(n *html.Node)) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			f(n)
		}
	}
}

// Mail programs drop or block everything that is not in this list.
func TestTheMailIsMadeOfWhatMailProgramsKnow(t *testing.T) {
	tags := strings.Fields("html head meta title style body div table tbody tr td th h1 h2 h3 p span strong br ul li")
	keys := strings.Fields("lang charset name content role width height align valign cellpadding cellspacing border class style scope aria-label")
	got := drawn(t, HTML, sample(), options())
	known := func(all []string, one string) bool {
		return strings.Contains(" "+strings.Join(all, " ")+" ", " "+one+" ")
	}
	count := make(map[string]int)
	every(parse(t, got), func(n *html.Node) {
		count[n.Data]++
		if !known(tags, n.Data) {
			t.Errorf("there is an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if !known(keys, a.Key) {
				t.Errorf("%s has an attribute %s", n.Data, a.Key)
			}
		}
		switch {
		case n.Data == "html" && attribute(n, "lang") != "en":
			t.Error("the language is not told")
		case attribute(n, "class") != "" && attribute(n, "style") == "":
			t.Errorf("%s has a class and no style: %v", n.Data, n.Attr)
		case n.Data == "th" && attribute(n, "scope") == "":
			t.Error("a head is of no row and no column")
		case n.Data == "style" && len(n.FirstChild.Data) > 8192: // Gmail drops a larger one
			t.Errorf("the style sheet has %d bytes", len(n.FirstChild.Data))
		}
	})
	if count["h1"] != 1 || count["h2"] != 10 || count["h3"] != 2 || count["style"] != 1 {
		t.Errorf("headings and style sheets: %v", count)
	}
	for _, bad := range []string{"http:", "https:", "url(", "@import", "src=", "href=", "ZgotmplZ", "<!-- "} {
		if strings.Contains(got, bad) {
			t.Errorf("the mail holds %s", bad)
		}
	}
	if strings.Count(got, "<!--[if mso]>") != 2 || strings.Count(got, "<![endif]-->") != 2 {
		t.Error("Outlook gets no table of a fixed width")
	}
}

func TestThePreviewIsTheVerdict(t *testing.T) {
	root := parse(t, drawn(t, HTML, sample(), options()))
	got := ""
	every(root, func(n *html.Node) {
		if got == "" && strings.HasPrefix(attribute(n, "style"), "display:none") {
			got = n.FirstChild.Data
		}
	})
	if !strings.HasPrefix(got, "Data incomplete. Breach: Zürich 14:00–15:00 caused 250 of 384 (Poor calls)") {
		t.Errorf("the preview is %q", got)
	}
}

func TestColourIsNeverAlone(t *testing.T) {
	marks := 0
	every(parse(t, drawn(t, HTML, sample(), options())), func(n *html.Node) {
		class := attribute(n, "class")
		if class != "good" && class != "watch" && class != "breach" {
			return
		}
		marks++
		if !strings.Contains(content(n), report.Symbol(class)) {
			t.Errorf("%s says %q without its symbol", class, content(n))
		}
	})
	if marks < 8 {
		t.Errorf("there are %d marks only", marks)
	}
}

func TestHeatMapCells(t *testing.T) {
	p := &report.Page{Sections: []report.Section{sampleSection("heat")}}
	var got []string
	every(parse(t, drawn(t, HTML, p, Options{})), func(n *html.Node) {
		if n.Data == "td" && n.Parent.Data == "tr" && attribute(n.Parent, "align") == "center" {
			got = append(got, attribute(n, "class")+" "+content(n))
		}
	})
	if len(got) != 3*24 {
		t.Fatalf("%d cells: %q", len(got), got)
	}
	// Half a day of all three sites stands above the other half.
	for _, want := range []struct {
		at   int
		text string
	}{{0, " "}, {2, "few ·"}, {4, "l0 0.90"}, {36 + 2, "l4 81.70"}, {36 + 3, "l3 8.20"}, {36 + 4, "l2 5.20"}, {36 + 5, "l1 2.20"}} {
		if got[want.at] != want.text {
			t.Errorf("cell %d is %q, want %q", want.at, got[want.at], want.text)
		}
	}
}

func TestTextsCanBeReadByDayAndByNight(t *testing.T) {
	pairs := [][2]string{{"l4ink", "l4"}}
	for _, text := range []string{"ink", "quiet", "good", "watch", "breach"} {
		pairs = append(pairs, [2]string{text, "ground"}, [2]string{text, "raised"})
	}
	for _, level := range []string{"l0", "l1", "l2", "l3"} {
		pairs = append(pairs, [2]string{"ink", level})
	}
	for _, pair := range pairs {
		for night := range 2 {
			if got := contrast(t, palette[pair[0]][night], palette[pair[1]][night]); got < 4.5 { // WCAG 2.2, 1.4.3
				t.Errorf("%s on %s has a contrast of %.1f (night: %d)", pair[0], pair[1], got, night)
			}
		}
	}
}

// contrast is the ratio of WCAG 2.2 between two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(n) / 255
			if c <= 0.04045 {
				sum += weight * c / 12.92
			} else {
				sum += weight * math.Pow((c+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	high, low := luminance(a), luminance(b)
	return (math.Max(high, low) + 0.05) / (math.Min(high, low) + 0.05)
}

func TestEveryLookIsUsed(t *testing.T) {
	used := map[string]bool{"edge": true, "edge-g": true, "edge-w": true, "edge-b": true, "key": true, "member": true}
	for _, name := range []string{"page.tmpl", "sections.tmpl"} {
		source, err := sources.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(source), `{{look "`)[1:] {
			look, _, _ := strings.Cut(part, `"`)
			used[look] = true
			if _, err := attributes(look); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for look, style := range looks {
		verdictOrLevel := verdictLook(look) == look || cell{Level: int(look[len(look)-1] - '0')}.Look() == look || look == "few"
		if !used[look] && !verdictOrLevel {
			t.Errorf("nothing has the look %s", look)
		}
		if text := coloured(style, 0) + coloured(style, 1); strings.Contains(text, "$") {
			t.Errorf("the look %s has a colour that is not in the palette: %s", look, text)
		}
	}
	if _, err := attributes("nobody's"); err == nil {
		t.Error("a look that is not there is no error")
	}
}

// spoil sets every text of a model, but for the kinds of sections.
func spoil(v reflect.Value, text string) {
	if v.Type() == reflect.TypeFor[report.Kind]() || !v.CanInterface() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(text)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), text)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			spoil(field, text)
		}
	}
}

func TestHostileTextsEndAsText(t *testing.T) {
	attributes := make(map[string]bool)
	every(parse(t, drawn(t, HTML, sample(), options())), func(n *html.Node) {
		for _, a := range n.Attr {
			attributes[a.Key] = true
		}
	})
	for _, hostile := range []string{
		"</td></tr></table><script>alert(1)</script>", "</title></style><style>*{display:none}</style>", "<!--[if mso]><img src=x><![endif]-->", `" onmouseover="x`, "' style='x", "--></p>{{.}}",
		"=HYPERLINK(\"http://x\")", "a\r\nBcc: everybody@example.com", "a\u202Eb\u2066c", "\u200b\ufeff", "\x00\x01\x1b[31m", "\xff\xfe", "\u2028", strings.Repeat("W", 40_000), strings.Repeat("e\u0301", 20_000), "",
	} {
		p := sample()
		spoil(reflect.ValueOf(p), hostile)
		o := Options{Remarks: []string{hostile}, Attached: []string{hostile}, Left: []string{hostile}}
		page, text := drawn(t, HTML, p, o), drawn(t, Text, p, o)
		every(parse(t, page), func(n *html.Node) {
			if n.Data == "script" || n.Data == "img" {
				t.Errorf("%.40q became an element", hostile)
			}
			for _, a := range n.Attr {
				if !attributes[a.Key] {
					t.Errorf("%.40q became an attribute %s", hostile, a.Key)
				}
			}
		})
		if strings.Count(page, "<!--") != 2 || strings.Count(page, "<style") != 1 || strings.Contains(text, "\nBcc:") {
			t.Errorf("%.40q is more than a text", hostile)
		}
		for _, r := range page + text {
			if one := string(r); r != '\n' && query.Printable(one) != one {
				t.Fatalf("of %.40q a mail holds %q", hostile, one)
			}
		}
		if len(hostile) > 1000 && (strings.Contains(page, hostile[:3000]) || len(text) > 200_000) {
			t.Errorf("%.40q is not cut", hostile)
		}
		if len(page) >= maxBytes {
			t.Errorf("of %.40q the HTML has %d bytes", hostile, len(page))
		}
	}
}

// The worst that can come: every list at its bound and beyond, every text too long and
// of characters that take five bytes.
func TestTheHTMLStaysBelowItsBound(t *testing.T) {
	huge := sample()
	for i := range huge.Sections {
		switch s := &huge.Sections[i]; s.Kind {
		case report.KindFindings:
			s.Findings = sampleFindings(10_000)
		case report.KindRanking:
			s.Ranking = sampleRanking(5000)
		case report.KindTrend:
			s.Trend = sampleTrend(400)
		case report.KindTable:
			s.Table = sampleTable(sampleRows(50_000))
		}
	}
	worst := sample()
	worst.Verdict.Incomplete = make([]string, 100)
	worst.Params = make([]report.Param, 100)
	for range 5 {
		worst.Sections = append(worst.Sections, worst.Sections...)
	}
	const five = "\""
	spoil(reflect.ValueOf(worst), strings.Repeat(five, 40_000))
	worst.Verdict.Word = "breach"
	long := make([]string, 100)
	for i := range long {
		long[i] = strings.Repeat(five, 40_000)
	}
	for _, tt := range []struct {
		name string
		page *report.Page
		o    Options
		want []string
	}{
		{"a huge page keeps what fits", huge, options(), []string{"The first 20 of 10\u202f000 findings are shown; all are in the attached voice-daily_2017-09-12.xlsx.", "The first 20 of 5\u202f001 rows", "The last 31 of 400 rows"}},
		{"the worst page with files", worst, Options{Remarks: long, Attached: long, Left: long}, []string{"This section is too long for a mail: see the attached", "Further sections", "Generated"}},
		{"the worst page whose files were left out", worst, Options{Remarks: long, Left: long}, []string{"This section is too long for a mail: see ", "Further sections", "Too large to attach"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := drawn(t, HTML, tt.page, tt.o)
			if len(got) >= maxBytes {
				t.Errorf("the HTML has %d bytes", len(got))
			}
			t.Logf("%d bytes", len(got))
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("the mail does not say %q", want)
				}
			}
		})
	}
}

func TestSectionsThatDoNotFitAreReplaced(t *testing.T) {
	big, small := sampleSection("heat"), sampleSection("quality")
	for range 5 {
		big.Heatmap.Rows = append(big.Heatmap.Rows, big.Heatmap.Rows...)
	}
	p := sample()
	p.Sections = []report.Section{small, big, big, small}
	got := drawn(t, HTML, p, options())
	if n := strings.Count(got, "This section is too long for a mail: see the attached voice-daily_2017-09-12.xlsx."); n != 1 {
		t.Errorf("%d sections are replaced, want the second of two that are large", n)
	}
	if n := strings.Count(got, "Checks that found nothing"); n != 2 {
		t.Errorf("%d of the two sections that fit are there", n)
	}
}
