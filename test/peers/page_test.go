//go:build peers

package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// Chromium draws the page on a phone and on a desk, in light and in dark: nothing runs
// over, nothing is asked for, nothing is complained of, and axe finds nothing that keeps
// anybody out. It prints, too.
func TestThePageInABrowser(t *testing.T) {
	out := t.TempDir()
	ok(t, "demo", "--days", "4", "--out", out)
	everything, err := filepath.Abs("../../internal/report/html/testdata/page.html")
	if err != nil {
		t.Fatal(err)
	}
	pages := []struct {
		name, file string
		paper      int // pages at most
	}{
		{"every kind of section", everything, 6},
		{"the demo's page", filepath.Join(out, "voice-daily_2017-09-12.html"), 20},
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(filepath.Join(cache, "qosreport-peers", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t)
	for _, page := range pages {
		for _, width := range []int{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s, %d pixels, %s", page.name, width, scheme), func(t *testing.T) {
					b.show(t, width, scheme)
					b.open(t, "file://"+page.file)
					b.checkLayout(t, width)
					b.checkAccess(t, string(axe), scheme)
					b.checkSilence(t, page.file)
				})
			}
		}
		t.Run(page.name+", on paper", func(t *testing.T) { b.checkPaper(t, out, page.paper) })
	}
}

// show sets the screen.
func (b *browser) show(t *testing.T, width int, scheme string) {
	t.Helper()
	b.must(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	b.must(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// checkLayout looks for what runs over the screen; on a desk the tiles are to be seen
// without scrolling.
func (b *browser) checkLayout(t *testing.T, width int) {
	t.Helper()
	var layout struct {
		Scroll, Inner, Tiles float64
		Ground               string
		Small                float64 // the smallest text of a drawing, in pixels
	}
	b.evaluate(t, `(() => {
		const tiles = document.querySelector('.tiles');
		const texts = [...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height).filter(h => h > 0);
		return {Scroll: document.documentElement.scrollWidth, Inner: innerWidth, Tiles: tiles ? tiles.getBoundingClientRect().bottom : 0,
			Ground: getComputedStyle(document.body).backgroundColor, Small: texts.length ? Math.min(...texts) : 99};
	})()`, &layout)
	if layout.Scroll > layout.Inner || layout.Inner != float64(width) {
		t.Errorf("the page is %v wide on a screen of %v", layout.Scroll, layout.Inner)
	}
	if width > 1000 && layout.Tiles > 800 {
		t.Errorf("the tiles end at %v, below the first screen", layout.Tiles)
	}
	if layout.Small < 11 {
		t.Errorf("a text of a drawing is %v pixels high", layout.Small)
	}
	var shot struct {
		Data []byte `json:"data"`
	}
	b.must(t, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	picture, err := png.Decode(bytes.NewReader(shot.Data))
	if err != nil {
		t.Fatal(err)
	}
	r, g, blue, _ := picture.At(2, 2).RGBA()
	if want := fmt.Sprintf("rgb(%d, %d, %d)", r>>8, g>>8, blue>>8); picture.Bounds().Dx() != width || layout.Ground != want {
		t.Errorf("the picture is %v, its ground %s, want %s", picture.Bounds(), want, layout.Ground)
	}
}

// checkAccess runs axe. In the dark only colours differ, and it is slow on long tables.
func (b *browser) checkAccess(t *testing.T, axe, scheme string) {
	t.Helper()
	options := "{}"
	if scheme == "dark" {
		options = "{runOnly: ['color-contrast']}"
	}
	b.evaluate(t, axe, nil)
	var violations []struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML string `json:"html"`
		} `json:"nodes"`
	}
	b.evaluate(t, `axe.run(document, `+options+`).then(r => r.violations)`, &violations)
	for _, v := range violations {
		t.Errorf("%s: %s: %d times, first %.200s", v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML)
	}
}

// checkSilence fails for every word on the console and every request but that for the
// page itself.
func (b *browser) checkSilence(t *testing.T, file string) {
	t.Helper()
	for _, e := range b.events {
		switch e.Method {
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
			t.Errorf("%s: %s", e.Method, e.Params)
		case "Network.requestWillBeSent":
			var sent struct {
				Request struct {
					URL string `json:"url"`
				} `json:"request"`
			}
			if err := json.Unmarshal(e.Params, &sent); err != nil || sent.Request.URL != "file://"+file {
				t.Errorf("the page asks for %s (%v)", sent.Request.URL, err)
			}
		}
	}
}

func (b *browser) checkPaper(t *testing.T, dir string, most int) {
	t.Helper()
	var printed struct {
		Data []byte `json:"data"`
	}
	b.must(t, "Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": false}, &printed)
	file := filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(file, printed.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := tool(t, nil, "pdfinfo", file)
	m := regexp.MustCompile(`Pages: +(\d+)`).FindStringSubmatch(said)
	if err != nil || m == nil || !regexp.MustCompile(`Page size: .*A4`).MatchString(said) {
		t.Fatalf("pdfinfo: %v\n%s", err, said)
	}
	if n, _ := strconv.Atoi(m[1]); n < 1 || n > most {
		t.Errorf("%d pages, want at most %d", n, most)
	}
}
