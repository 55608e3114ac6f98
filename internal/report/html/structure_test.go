package html

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// elements are all that a page consists of, as a browser reads it.
func elements(t *testing.T, page []byte) []*html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// content is the text within an element, without blanks at its ends.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func within(n *html.Node, tag string) *html.Node {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == tag {
			return p
		}
	}
	return nil
}

func first(n *html.Node, tag string) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == tag {
			return d
		}
	}
	return nil
}

func TestThePageIsWellBuilt(t *testing.T) {
	all := elements(t, render(t, sample(someRows()), nil))
	ids, level, count := make(map[string]bool), 0, make(map[string]int)
	for _, n := range all {
		count[n.Data]++
		if id := attribute(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the id %s is there twice", id)
			}
			ids[id] = true
		}
		switch n.Data {
		case "h1", "h2", "h3":
			now := int(n.Data[1] - '0')
			if now > level+1 || content(n) == "" {
				t.Errorf("%s %q follows h%d", n.Data, content(n), level)
			}
			level = now
		case "table":
			region := n.Parent
			if attribute(region, "role") != "region" || attribute(region, "tabindex") != "0" || attribute(region, "aria-label") == "" || first(n, "thead") == nil {
				t.Errorf("the table of %q does not scroll within a region, or has no head", content(first(within(n, "section"), "h2")))
			}
		case "th":
			if attribute(n, "scope") == "" {
				t.Errorf("%q heads neither a row nor a column", content(n))
			}
		case "svg":
			if attribute(n, "role") != "img" || len(attribute(n, "aria-label")) < 20 || first(n, "title") == nil || within(n, "figure") == nil {
				t.Errorf("a drawing says nothing: %v", n.Attr)
			}
		case "figure":
			if first(n, "figcaption") == nil || first(within(n, "section"), "details") == nil {
				t.Error("a figure has no caption, or its numbers stand nowhere")
			}
		}
	}
	for _, n := range all {
		if target := attribute(n, "href"); n.Data == "a" && !ids[strings.TrimPrefix(target, "#")] {
			t.Errorf("a link leads to %s, which is nowhere", target)
		}
		if labelled := attribute(n, "aria-labelledby"); labelled != "" && !ids[labelled] {
			t.Errorf("%s names an element", labelled)
		}
	}
	// Three trends and two histograms, each in two sizes.
	want := map[string]int{"h1": 1, "section": 13, "figure": 5, "svg": 10, "nav": 1, "main": 1, "footer": 1, "script": 0, "img": 0, "link": 0}
	for tag, n := range want {
		if count[tag] != n {
			t.Errorf("%d elements %s, want %d", count[tag], tag, n)
		}
	}
}

func TestColourIsNeverAlone(t *testing.T) {
	for _, n := range elements(t, render(t, sample(someRows()), nil)) {
		classes := strings.Fields(attribute(n, "class"))
		if len(classes) != 2 || !slices.Contains([]string{"badge", "mark", "verdict", "tile"}, classes[0]) {
			continue
		}
		if sign := report.Symbol(classes[1]); classes[1] != "none" && !strings.Contains(content(n), sign) {
			t.Errorf("%v says %q without %s", classes, content(n), sign)
		}
	}
}

func TestHeatMapCells(t *testing.T) {
	p := sample(nil)
	p.Sections = []report.Section{{Title: "Heat", Kind: report.KindHeatmap, Heatmap: heatmap()}}
	var classes, shown []string
	for _, n := range elements(t, render(t, p, nil)) {
		if n.Data != "td" {
			continue
		}
		classes, shown = append(classes, attribute(n, "class")), append(shown, content(n))
		if title := attribute(n, "title"); (content(n) == "") != (title == "") {
			t.Errorf("the cell %q has the title %q", content(n), title)
		}
	}
	for _, want := range []struct {
		row, hour   int
		class, text string
	}{{2, 14, "l4", "85.50"}, {2, 16, "l1", "2.60"}, {7, 11, "l3", "9.40"}, {0, 0, "few", "n<30"}, {4, 3, "", ""}, {1, 6, "l0", "0.90"}} {
		if i := 24*want.row + want.hour; classes[i] != want.class || shown[i] != want.text {
			t.Errorf("row %d, hour %d: %q in %q, want %q in %q", want.row, want.hour, shown[i], classes[i], want.text, want.class)
		}
	}
	if len(shown) != 8*24 {
		t.Errorf("%d cells", len(shown))
	}
}

// poison replaces every text of a value, down to the last slice and pointer.
func poison(v reflect.Value, with string) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && v.Type() != reflect.TypeFor[report.Kind]() {
			v.SetString(with)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				poison(v.Field(i), with)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), with)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			poison(v.Elem(), with)
		}
	}
}

func TestEveryTextOfTheModelEndsAsText(t *testing.T) {
	harmless := elements(t, render(t, sample(someRows()), nil))
	attributes := make(map[string]bool)
	for _, n := range harmless {
		for _, a := range n.Attr {
			attributes[a.Key] = true
		}
	}
	for _, hostile := range []string{
		"</td></title></style></svg><script>alert(1)</script>", `" onmouseover="x`, "' onclick='x", "<img src=x onerror=y>", "javascript:alert(1)", "--></p>{{.}}",
		"a\u202Eb\u2066c", "\x00\x01\x1b[31m", "\xff\xfe", "\u200b\ufeff", "\u2028", "line\r\nline\tend",
	} {
		p := sample(someRows())
		poison(reflect.ValueOf(p), hostile)
		got := render(t, p, nil)
		for _, n := range elements(t, got) {
			if n.Data == "script" || n.Data == "img" {
				t.Errorf("%q became an element", hostile)
			}
			for _, a := range n.Attr {
				if !attributes[a.Key] {
					t.Errorf("%q became an attribute %s", hostile, a.Key)
				}
			}
		}
		for _, r := range string(got) {
			if text := string(r); r != '\n' && query.Printable(text) != text {
				t.Fatalf("of %q the page holds %q", hostile, text)
			}
		}
	}
}
