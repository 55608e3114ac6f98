package sample

import (
	"fmt"
	"strings"
)

// A site is a place with telephones.
type site struct {
	name  string
	share float64
	rtt   float64 // median round trip, ms
	code  string  // of endpoint names
}

var sites = []site{
	{"Košice-1", .22, 18, "kos"},
	{"Praha-Žižkov", .17, 22, "prg"},
	{"Zürich", .15, 30, "zrh"},
	{"Kraków", .13, 28, "krk"},
	{"São Paulo", .11, 190, "sao"},
	{"東京-本社", .09, 240, "tyo"},
	{"Reykjavík", .07, 60, "rkv"},
	{"Austin TX", .06, 115, "aus"},
}

// Places in the lists above and below that rules speak of.
const (
	zurich   = 2
	saoPaulo = 4
	blatel   = 1
)

// strayNames are what some rows have instead of a site's name.
var strayNames = []string{
	"Zürich ",      // trailing blank
	"Zu\u0308rich", // decomposed (NFD)
	"",             // empty, not NULL
}

type carrier struct {
	name    string
	share   float64
	trunks  int
	country string
}

var carriers = []carrier{
	{"Norvik Telecom", .38, 3, "NO"},
	{"Blåtel AS", .27, 2, "DK"},
	{"Açaí Voz", .20, 2, "BR"},
	{"Orbis SIP", .15, 1, "US"},
}

// A codec has the parameters of the E-model; without them no MOS is computed.
type codec struct {
	name    string
	share   float64
	scale   string
	narrow  bool
	ie, bpl float64 // ITU-T G.113 Appendix I
}

var codecs = []codec{
	{"PCMA", .46, "N", true, 0, 25.1},
	{"PCMU", .14, "N", true, 0, 25.1},
	{"G729", .18, "N", true, 11, 19},
	{"G722", .07, "W", false, 0, 0},
	{"opus", .10, "F", false, 0, 0},
	{"AMR-WB", .05, "W", false, 0, 0},
}

// A finalCode is a last SIP response, its share, the Q.850 cause it maps to (0 is
// none), who ended the call, and whether it rang before.
type finalCode struct {
	sip, cause int64
	share      float64
	by         string
	rang       bool
}

var finalCodes = []finalCode{
	{200, 16, .675, "", true},
	{487, 19, .095, "caller", true},
	{486, 17, .085, "callee", true},
	{480, 18, .060, "network", true},
	{404, 1, .022, "network", false},
	{503, 41, .014, "network", false},
	{603, 21, .012, "callee", true},
	{484, 28, .010, "network", false},
	{302, 0, .008, "callee", false},
	{408, 102, .008, "network", false},
	{500, 38, .006, "network", false},
	{488, 65, .005, "callee", false},
}

const serviceUnavailable = 5 // 503 in finalCodes

var (
	directions   = []string{"in", "out", "internal"}
	networkTypes = []string{"wired", "wifi", "mobile", "vpn"}
	releasers    = []string{"caller", "callee", "network"}
	scales       = []string{"N", "W", "F"}
	mosSources   = []string{"xr", "model"}
	models       = []string{"Vantor 310", "Vantor 510", "Lumen Desk 2", "Lumen Go", "softphone 8.1", "softphone 9.0"}
	givenNames   = []string{"Anna", "Björn", "Cécile", "Dušan", "Eva", "Fátima", "Göran", "Hana", "Íris", "João", "Kateřina", "Łukasz", "Márta", "太郎"}
	familyNames  = []string{"Novák", "Müller", "Kowalska", "Silva", "佐藤", "Jónsdóttir", "Smith", "Horváth", "O'Brien", "Žák"}
)

// hostile are texts that break those who do not escape: formulas of spreadsheets,
// markup, quotes, invisible and illegal characters, header lines of mail.
func hostile() []string {
	return []string{
		`=HYPERLINK("http://example.invalid","x")`, "+1+1", "-2+3", "@SUM(A1)", "\tled by a tab", "\rled by a return",
		"</td><script>alert(1)</script>", `O'Brien \ "q"`, "right\u202eleft", "zero\u200bwidth", "smile 😀", "_x000D_",
		"control\u0001", "invalid \xff byte", strings.Repeat("long ", 8000), "Bcc\r\nBcc: a@example.invalid",
	}
}

// endpointsPerSite is the number of telephones of each site.
const endpointsPerSite = 400

// endpointIDs are pseudonyms, as reports must not show who called.
func endpointIDs() []string {
	var ids []string
	for s, place := range sites {
		for i := range endpointsPerSite {
			hash := mix(uint64(s*endpointsPerSite + i))
			ids = append(ids, fmt.Sprintf("%s-%010x", place.code, hash>>24))
		}
	}
	return ids
}

// userNames are all names, then the hostile texts.
func userNames() []string {
	var names []string
	for _, given := range givenNames {
		for _, family := range familyNames {
			names = append(names, given+" "+family)
		}
	}
	return append(names, hostile()...)
}

func siteNames() []string { return append(realSites(), strayNames...) }

// realSites are the names of the sites, spelt as they should be.
func realSites() []string {
	var names []string
	for _, s := range sites {
		names = append(names, s.name)
	}
	return names
}

func carrierNames() []string {
	var names []string
	for _, c := range carriers {
		names = append(names, c.name)
	}
	return names
}

func countries() []string {
	var names []string
	for _, c := range carriers {
		names = append(names, c.country)
	}
	return names
}

// maxTrunks is the most trunks that a carrier has.
const maxTrunks = 3

func trunkNames() []string {
	var names []string
	for _, c := range carriers {
		for i := range maxTrunks {
			names = append(names, fmt.Sprintf("%s-%d", strings.ToLower(c.country), i+1))
		}
	}
	return names
}

func codecNames() []string {
	var names []string
	for _, c := range codecs {
		names = append(names, c.name)
	}
	return names
}
