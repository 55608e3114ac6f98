package mail

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
)

// palette is the colours by day and by night.
var palette = map[string][2]string{
	"ground": {"#ffffff", "#11151b"}, "raised": {"#f3f5f8", "#1b222b"}, "ink": {"#1a1f26", "#e7ebf0"}, "quiet": {"#545d68", "#a3adb8"}, "line": {"#d6dbe1", "#343c46"},
	"good": {"#0b5fae", "#7db8f5"}, "watch": {"#8a5700", "#f0b84a"}, "breach": {"#b3202c", "#ff8b84"}, "bar": {"#9fb3c8", "#5b7086"},
	"l0": {"#e4eff9", "#172f47"}, "l1": {"#fdebbf", "#453812"}, "l2": {"#f8c396", "#70450f"}, "l3": {"#e98a6a", "#9a4724"}, "l4": {"#a51d2d", "#ff9c8a"}, "l4ink": {"#ffffff", "#11151b"},
}

const font = "Arial,Helvetica,sans-serif"

// anywhere breaks words that are longer than their place, even where that makes a column
// of a table narrower than its words; whole does not.
const (
	anywhere = "overflow-wrap:anywhere;word-break:break-word"
	whole    = "overflow-wrap:normal;word-break:normal"
)

// looks are the styles, one place for each. A word after $ is a colour of the palette.
// Sizes stand at tables, whose cells have them too in every mail program.
var looks = map[string]string{
	"body":    "margin:0;padding:0;background:$ground",
	"hidden":  "display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;color:$ground",
	"outer":   "padding:0",
	"page":    "width:100%;max-width:680px;table-layout:fixed;color:$ink;font:14px/1.45 " + font,
	"sheet":   "padding:20px 20px 28px;" + anywhere,
	"title":   "margin:0;color:$ink;font:bold 21px/1.25 " + font,
	"window":  "margin:2px 0 12px;color:$quiet",
	"heading": "margin:28px 0 8px;padding-top:10px;border-top:1px solid $line;color:$ink;font:bold 17px/1.3 " + font,
	"text":    "margin:0 0 8px",
	"note":    "margin:6px 0 0;color:$quiet;font-size:12px",
	"gap":     "font-size:0;line-height:8px",
	"card":    "background:$raised;color:$ink;font:14px/1.45 " + font,
	"inside":  "padding:9px 14px;" + anywhere,
	"edge":    "background:$line;font-size:0;line-height:0",
	"edge-g":  "background:$good;font-size:0;line-height:0",
	"edge-w":  "background:$watch;font-size:0;line-height:0",
	"edge-b":  "background:$breach;font-size:0;line-height:0",
	"good":    "color:$good;font-weight:bold",
	"watch":   "color:$watch;font-weight:bold",
	"breach":  "color:$breach;font-weight:bold",
	"none":    "color:$quiet;font-weight:bold",
	"missing": "color:$ink;font-weight:bold",
	"word":    "font-size:18px",
	"beside":  "margin:8px 0 0;font-weight:bold",
	"reasons": "margin:4px 0 0;padding:0 0 0 20px",
	"tiles":   "table-layout:fixed;border-collapse:collapse;color:$ink;font:13px/1.45 " + font + ";" + anywhere,
	"tile":    "border-top:1px solid $line;padding:8px 10px 8px 0",
	"value":   "color:$ink;font-size:19px;font-weight:bold",
	"small":   "color:$quiet;font-size:12px;font-weight:normal",
	"finding": "margin:0 0 3px;color:$ink;font:bold 15px/1.35 " + font,
	"scroll":  "overflow-x:auto;margin:0 0 8px",
	"grid":    "border-collapse:collapse;color:$ink;font:12px/1.4 " + font + ";" + whole,
	"heat":    "border-collapse:separate;color:$ink;font:11px/1.5 " + font + ";" + whole,
	"head":    "border-bottom:2px solid $line;font-weight:bold",
	"stripe":  "background:$raised",
	"member":  "font-weight:normal",
	"key":     "font-weight:normal;white-space:nowrap",
	"quiet":   "color:$quiet",
	"long":    "font-weight:normal;" + anywhere,
	"bar":     "background:$bar",
	"barline": "font-size:0;line-height:8px",
	"l0":      "background:$l0",
	"l1":      "background:$l1",
	"l2":      "background:$l2;font-weight:bold",
	"l3":      "background:$l3;font-weight:bold",
	"l4":      "background:$l4;color:$l4ink;font-weight:bold",
	"few":     "color:$quiet",
	"facts":   "color:$ink;font:13px/1.45 " + font,
	"name":    "padding:2px 14px 2px 0;color:$quiet;font-weight:normal;" + whole,
	"fact":    "padding:2px 0;" + anywhere,
	"foot":    "margin:28px 0 0;padding-top:10px;border-top:1px solid $line",
}

// onPhones is what changes on a narrow screen, where a program reads style sheets.
var onPhones = map[string]string{
	"sheet": "padding:14px 12px 24px", "inside": "padding:8px 10px", "heat": "font-size:9px", "grid": "font-size:11px", "value": "font-size:15px",
}

// attributes is a look as the attributes of an element: for programs that read style
// sheets the name of its class, for all of them the style.
func attributes(name string) (template.HTMLAttr, error) {
	look, found := looks[name]
	if !found {
		return "", fmt.Errorf("there is no look %q", name)
	}
	text := `style="` + coloured(look, 0) + `"`
	if _, phone := onPhones[name]; phone || strings.Contains(look, "$") {
		text = `class="` + name + `" ` + text
	}
	return template.HTMLAttr(text), nil
}

// coloured puts the colours of the palette into declarations: 0 by day, 1 by night.
// Longer names come first, for l4 begins l4ink.
func coloured(declarations string, night int) string {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(palette))) {
		declarations = strings.ReplaceAll(declarations, "$"+name, palette[name][night])
	}
	return declarations
}

// sheet is the style sheet: the colours by night, sizes on phones. A mail reads well
// without it.
func sheet() template.CSS {
	var b strings.Builder
	b.WriteString(":root{color-scheme:light dark;supported-color-schemes:light dark}\n@media (prefers-color-scheme:dark){\n")
	for _, name := range slices.Sorted(maps.Keys(looks)) {
		var rules []string
		for declaration := range strings.SplitSeq(looks[name], ";") {
			if strings.Contains(declaration, "$") {
				rules = append(rules, coloured(declaration, 1)+"!important")
			}
		}
		if len(rules) > 0 {
			b.WriteString("." + name + "{" + strings.Join(rules, ";") + "}\n")
		}
	}
	b.WriteString("}\n@media (max-width:480px){\n")
	for _, name := range slices.Sorted(maps.Keys(onPhones)) {
		b.WriteString("." + name + "{" + onPhones[name] + "!important}\n")
	}
	b.WriteString("}")
	return template.CSS(b.String())
}
