package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with testdata; a file that is missing fails the test.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is not %s; look at the difference that -update makes", path)
	}
}

func ask(t testing.TB, o Options, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	newSite(o).ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestPage(t *testing.T) {
	o := options(t, sample(t))
	o.Ready = notReady
	first := ask(t, o, http.MethodGet, "/").Body.String()
	golden(t, "page.html", first)
	if again := ask(t, o, http.MethodGet, "/").Body.String(); again != first {
		t.Error("the same state at the same time gives another page")
	}
}

func TestPageOfAnEmptyScheduler(t *testing.T) {
	golden(t, "empty.html", ask(t, options(t, Overview{}), http.MethodGet, "/").Body.String())
}

// elements are all that a page consists of, as a browser reads it.
func elements(t testing.TB, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Collect(root.Descendants()), func(n *html.Node) bool { return n.Type != html.ElementNode })
}

func attributes(n *html.Node) map[string]string {
	all := make(map[string]string)
	for _, a := range n.Attr {
		all[a.Key] = a.Val
	}
	return all
}

func TestThePageIsWellBuilt(t *testing.T) {
	all := elements(t, ask(t, options(t, sample(t)), "GET", "/").Body.String())
	ids, count, level := make(map[string]bool), make(map[string]int), 0
	for _, n := range all {
		count[n.Data]++
		if id := attributes(n)["id"]; id != "" {
			if ids[id] {
				t.Errorf("the id %s is there twice", id)
			}
			ids[id] = true
		}
		if n.Data == "h1" || n.Data == "h2" || n.Data == "h3" {
			if now := int(n.Data[1] - '0'); now > level+1 {
				t.Errorf("%s follows h%d", n.Data, level)
			}
			level = int(n.Data[1] - '0')
		}
	}
	roles := map[string]string{"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
	for _, n := range all {
		a := attributes(n)
		if want := roles[n.Data]; want != "" && a["role"] != want {
			t.Errorf("%s has the role %q", n.Data, a["role"])
		}
		if n.Data == "th" && (a["scope"] == "" || a["role"] != a["scope"]+"header" && a["role"] != "columnheader") {
			t.Errorf("a head has the scope %q and the role %q", a["scope"], a["role"])
		}
		if n.Data == "td" && a["data-name"] == "" {
			t.Error("a cell says nothing of its column on a phone")
		}
		if label := a["aria-labelledby"]; label != "" && !ids[label] || n.Data == "a" && !ids[strings.TrimPrefix(a["href"], "#")] {
			t.Errorf("%s leads nowhere: %v", n.Data, a)
		}
		if a["style"] != "" {
			t.Errorf("the policy forbids the style %q", a["style"])
		}
		if _, err := time.Parse(time.RFC3339, a["datetime"]); n.Data == "time" && err != nil {
			t.Error(err)
		}
	}
	for tag, n := range map[string]int{"html": 1, "main": 1, "header": 1, "footer": 1, "h1": 1, "section": 6, "table": 6, "style": 1, "script": 0, "img": 0, "link": 0, "iframe": 0, "form": 0} {
		if count[tag] != n {
			t.Errorf("%d elements %s, want %d", count[tag], tag, n)
		}
	}
}

func TestThePolicyNamesTheStyleOfThePage(t *testing.T) {
	w := ask(t, options(t, Overview{}), "GET", "/")
	for _, n := range elements(t, w.Body.String()) {
		if n.Data != "style" {
			continue
		}
		hash := sha256.Sum256([]byte(n.FirstChild.Data))
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(w.Header().Get("Content-Security-Policy"), want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	for _, outside := range []string{"url(", "@import", "http:", "https:", "//"} {
		if strings.Contains(style, outside) {
			t.Errorf("the style holds %s", outside)
		}
	}
}

// poison replaces every text of a value.
func poison(v reflect.Value, with string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(with)
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), with)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i), with)
			}
		}
	}
}

func TestTextsOfOthersStayTexts(t *testing.T) {
	known := make(map[string]bool) // elements and attributes
	for _, n := range elements(t, ask(t, hostile(t, "x"), "GET", "/").Body.String()) {
		known[n.Data] = true
		for _, a := range n.Attr {
			known[n.Data+" "+a.Key] = true
		}
	}
	for _, text := range []string{
		"</title></style></code></td><script>alert(1)</script>", `" onmouseover="x`, "' onclick='x", "<img src=x onerror=y>", "javascript:alert(1)", "--></p>{{.}}",
		"a\u202Eb\u2066c", "\x00\x01\x1b[31m", "\xff\xfe", "\u200b\ufeff", "\u2028", "line\r\nline\tend", strings.Repeat("long ", 100_000),
	} {
		page := ask(t, hostile(t, text), "GET", "/").Body.String()
		for _, n := range elements(t, page) {
			for _, a := range append(n.Attr, html.Attribute{}) {
				if !known[strings.TrimSuffix(n.Data+" "+a.Key, " ")] {
					t.Fatalf("of %.40q comes %s %v", text, n.Data, a)
				}
			}
		}
		for _, r := range page {
			if r != '\n' && !strconv.IsGraphic(r) {
				t.Fatalf("of %.40q the page holds %q", text, r)
			}
		}
		if len(page) > 300<<10 {
			t.Errorf("of %.40q the page has %d bytes", text, len(page))
		}
	}
}

// hostile are options in which every text of others is the same.
func hostile(t testing.TB, text string) Options {
	t.Helper()
	o := sample(t)
	poison(reflect.ValueOf(&o).Elem(), text)
	for i := range o.Trouble {
		o.Trouble[i].Outcome = store.Failed
	}
	opts := options(t, o)
	opts.Instance, opts.Program = text, text
	opts.Healthy = func() error { return errors.New(text) }
	opts.Ready = func(context.Context) []Check { return []Check{{text, fault.Advise(errors.New(text), "%s", text)}} }
	return opts
}

func TestTheNextSlotIsTold(t *testing.T) {
	soon, later := Next{Fire: now.Add(time.Minute)}, Next{Fire: now.Add(time.Hour)}
	left := Next{Fire: now.Add(time.Second), Skip: "calendar"}
	tests := []struct {
		name      string
		schedules []Schedule
		want      string
	}{
		{"the soonest of all", []Schedule{{Name: "a", Next: []Next{later}}, {Name: "b", Next: []Next{soon, later}}}, "Next: b in 1 min,"},
		{"not one that the calendar takes away", []Schedule{{Name: "a", Next: []Next{left, later}}}, "Next: a in 1 h,"},
		{"not one of a suspended schedule", []Schedule{{Name: "a", Next: []Next{soon}, Suspended: true}, {Name: "b", Next: []Next{later}}}, "Next: b in 1 h,"},
		{"none", []Schedule{{Name: "a"}}, "No slot is to come."},
		{"no schedule", nil, "No schedule is configured."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, verdict, _ := strings.Cut(ask(t, options(t, Overview{Schedules: tt.schedules}), "GET", "/").Body.String(), `<div class="verdict`)
			verdict, _, _ = strings.Cut(verdict, "</div>")
			if !strings.Contains(verdict, tt.want) {
				t.Errorf("the first line does not say %q: %s", tt.want, verdict)
			}
		})
	}
}
