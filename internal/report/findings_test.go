package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/qos"
)

const unusual = `
datasets:
  legs: {query: s.sql, dimensions: [day, site, carrier, hour], sums: [poor, jitter, loss, classified, delivered, attempts]}
measures:
  pcr: {ratio: [legs.poor, legs.classified], label: Poor calls, better: down, good: 2%, acceptable: 3%, headline: true}
  ner: {ratio: [legs.delivered, legs.attempts], label: NER, better: up, good: 92%, acceptable: 88%}
  jitter: {ratio: [legs.jitter, legs.classified], label: jitter above 30 ms}
  loss: {ratio: [legs.loss, legs.classified], label: loss above 5 %}
findings:
  poor_calls: {rate: pcr, by: [site, hour], explain_by: [carrier], reasons: [loss, jitter]}
  set_up: {rate: ner, by: [site]}
sections:
  summary: {kpi: [pcr, ner]}
  unusual: {findings: all}
outputs: {html: {}}
`

// calm is a day of two sites and two carriers, 100 legs an hour each from 8 to 17, of
// which 1 is poor, for jitter.
func calm(day string) (rows [][]any) {
	for _, site := range []string{"Praha", "Zürich"} {
		for _, carrier := range []string{"Blåtel", "Norvik"} {
			for hour := 8; hour < 18; hour++ {
				rows = append(rows, []any{day, site, carrier, hour, 1, 1, 0, 100, 95, 100})
			}
		}
	}
	return rows
}

// spoil makes poor legs of those of a site and carrier in an hour: so many of them for
// loss, all of them for jitter.
func spoil(rows [][]any, site, carrier string, hour, poor, loss int) {
	for _, row := range rows {
		if row[1] == site && row[2] == carrier && row[3] == hour {
			row[4], row[5], row[6] = poor, poor, loss
		}
	}
}

func legs(rows ...[]any) map[string]*qos.Table {
	return map[string]*qos.Table{"legs": stated("day site carrier hour", "poor jitter loss classified delivered attempts", rows...)}
}

// before are the four Tuesdays before the Tuesday.
func before() (rows [][]any) {
	for _, n := range []int{7, 14, 21, 28} {
		rows = append(rows, calm(back(n))...)
	}
	return rows
}

func TestAnIncidentIsTold(t *testing.T) {
	now := calm(tuesday)
	spoil(now, "Zürich", "Norvik", 14, 41, 20)
	spoil(now, "Zürich", "Norvik", 15, 41, 20)
	p := page(t, define(t, unusual), in(t, "UTC", tuesday, tuesday), legs(append(before(), now...)...))
	f := p.named("unusual").Findings
	if len(f.Items) != 1 || f.Tested != 22 || f.Text != "1 finding: 22 cells were tested, 0 had too few data to test." {
		t.Fatalf("got %+v", f)
	}
	i := f.Items[0]
	for _, check := range [][2]string{
		{i.Title, "Zürich 14:00–16:00: Poor calls 21.0\u00a0%"},
		{i.Text, "84 of 400 bad, 15.6\u00a0% – 27.7\u00a0% (99.7 % interval); usual 1.0\u00a0%, at most 1.6\u00a0% (95 %, same weekday); 80 more than usual. Rule poor_calls."},
		{i.Cause, "Carrier Norvik holds 100\u00a0% of the excess. Of the excess, jitter above 30 ms in 100\u00a0%, loss above 5 % in 50\u00a0%."},
		{i.Hours, "14:00–16:00"}, {i.Verdict, "breach"}, {fmt.Sprint(i.Where), "[{site Zürich}]"}, {i.BaseKind, "same weekday"},
		{p.Verdict.Word, "breach"},
		{p.Verdict.Sentence, "Zürich 14:00–16:00 caused 84 of 120 (Poor calls); the whole window is at 3.0\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%)."},
	} {
		if check[0] != check[1] {
			t.Errorf("got  %q\nwant %q", check[0], check[1])
		}
	}
	if i.Bad != 84 || i.N != 400 || i.Of != 120 || i.Excess != 80 || *i.FromHour != 14 || *i.ToHour != 16 {
		t.Errorf("got %+v", i)
	}
	if want := []string{"Norvik", "Blåtel"}; i.Causes[0].Member != want[0] || i.Causes[1].Member != want[1] || i.Causes[1].Part != 0 {
		t.Errorf("causes %+v", i.Causes)
	}
}

// An incident is a breach from 50 bad items beyond the usual, or a tenth of all bad ones.
func TestIncidentsAreWatchOrBreach(t *testing.T) {
	tests := []struct {
		name      string
		poor      int // in one hour of one carrier, of 200 legs in that cell of which 2 are usual
		elsewhere int // poor legs in each of the other cells
		want      string
	}{
		{"a fifth of all bad items", 21, 1, "breach"},
		{"49 more than usual, of more than 490", 50, 30, "watch"},
		{"50 more than usual, of more than 500", 51, 30, "breach"},
	}
	d := define(t, unusual)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := calm(tuesday)
			for _, row := range now {
				if row[1] == "Praha" {
					row[4], row[5] = tt.elsewhere, tt.elsewhere
				}
			}
			spoil(now, "Zürich", "Norvik", 10, tt.poor, 0)
			rows := before()
			for _, row := range rows {
				if row[1] == "Praha" { // it is always like that there
					row[4], row[5] = tt.elsewhere, tt.elsewhere
				}
			}
			f := page(t, d, in(t, "UTC", tuesday, tuesday), legs(append(rows, now...)...)).named("unusual").Findings
			if len(f.Items) != 1 || f.Items[0].Verdict != tt.want || f.Items[0].Excess != float64(tt.poor-1) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestTwoRulesFindTheirOwn(t *testing.T) {
	now := calm(tuesday)
	spoil(now, "Zürich", "Norvik", 9, 60, 0)
	spoil(now, "Praha", "Blåtel", 16, 15, 0)
	spoil(now, "Praha", "Norvik", 16, 15, 0)
	for _, row := range now {
		if row[1] == "Praha" {
			row[8] = 80
		}
	}
	p := page(t, define(t, strings.Replace(unusual, "findings: all", "findings: all, limit: 2", 1)), in(t, "UTC", tuesday, tuesday), legs(append(before(), now...)...))
	f := p.named("unusual").Findings
	var titles []string
	for _, i := range f.Items {
		titles = append(titles, i.Title+" "+i.Cause)
	}
	want := []string{"Praha: NER 80.0\u00a0% ", "Zürich 09:00–10:00: Poor calls 30.5\u00a0% Carrier Norvik holds 100\u00a0% of the excess. Of the excess, jitter above 30 ms in 100\u00a0%."}
	if !reflect.DeepEqual(titles, want) || f.Hidden != 1 || !strings.HasPrefix(f.Text, "3 findings, of which the gravest 2 are shown: ") {
		t.Errorf("got %q\nof %q", titles, f.Text)
	}
	if got := p.Verdict.Sentence; got != "Praha caused 400 of 500 (failures of NER); the whole window is at 87.5\u00a0% (good ≥ 92\u00a0%, acceptable ≥ 88\u00a0%)." {
		t.Errorf("sentence %q", got)
	}
}

// A site without days before it is held against the rest of its day, and so are the
// reasons: a jitter that all have is none.
func TestANewMemberIsHeldAgainstTheRestOfItsDay(t *testing.T) {
	now := calm(tuesday)
	for _, row := range now {
		row[6] = 1 // loss is everywhere, without making legs poor
	}
	now = append(now, []any{tuesday, "Kraków", nil, 11, 60, 60, 1, 100, 95, 100})
	f := page(t, define(t, unusual), in(t, "UTC", tuesday, tuesday), legs(append(before(), now...)...)).named("unusual").Findings
	if len(f.Items) != 1 || f.Items[0].BaseKind != "rest of the day" {
		t.Fatalf("got %+v", f)
	}
	i := f.Items[0]
	if i.Reasons[0].Name != "jitter" || i.Reasons[0].Excess != 59 || i.Reasons[1].Excess != 0 || i.Cause != "Not confined to one carrier. Of the excess, jitter above 30 ms in 100\u00a0%." {
		t.Errorf("reasons %+v, cause %q", i.Reasons, i.Cause)
	}
}

// Rows without an hour belong to no hour, not to the one after midnight.
func TestRowsWithoutAnHourAreInNoIncident(t *testing.T) {
	now := calm(tuesday)
	now = append(now, []any{tuesday, "Zürich", "Norvik", 0, 60, 0, 60, 100, 95, 100}, []any{tuesday, "Zürich", "Norvik", nil, 70, 70, 0, 100, 95, 100})
	f := page(t, define(t, unusual), in(t, "UTC", tuesday, tuesday), legs(append(before(), now...)...)).named("unusual").Findings
	if len(f.Items) != 1 || f.Items[0].Bad != 60 || f.Items[0].Reasons[1].Bad != 0 {
		t.Errorf("got %+v", f.Items)
	}
}

func TestFindingsOfSeveralDaysNameTheirDay(t *testing.T) {
	now := calm(tuesday)
	spoil(now, "Zürich", "Norvik", 9, 60, 0)
	rows := append(append(before(), calm(back(1))...), now...)
	f := page(t, define(t, unusual), in(t, "UTC", back(1), tuesday), legs(rows...)).named("unusual").Findings
	if len(f.Items) != 1 || f.Items[0].Title != "Zürich 2017-09-12 09:00–10:00: Poor calls 30.5\u00a0%" || f.Items[0].Of != 139 {
		t.Errorf("got %+v", f)
	}
}

func TestARuleWithItsOwnZSaysSo(t *testing.T) {
	now := calm(tuesday)
	spoil(now, "Zürich", "Norvik", 9, 60, 0)
	d := define(t, strings.Replace(unusual, "rate: pcr, by: [site, hour],", "rate: pcr, by: [site, hour], z: 2.5, min_excess: 20,", 1))
	f := page(t, d, in(t, "UTC", tuesday, tuesday), legs(append(before(), now...)...)).named("unusual").Findings
	if len(f.Items) != 1 || !strings.Contains(f.Items[0].Text, "(z = 2.5)") || strings.Contains(f.Items[0].Text, "99.7") {
		t.Errorf("got %+v", f)
	}
}

func TestMembersAreShownSafely(t *testing.T) {
	now := calm(tuesday)
	now = append(now, []any{tuesday, "a\u202eb\r\nBcc: x\xff", "", 11, 90, 90, 0, 100, 95, 100}, []any{tuesday, "", "", 11, 1, 1, 0, 100, 95, 100})
	p := page(t, define(t, unusual), in(t, "UTC", tuesday, tuesday), legs(append(before(), now...)...))
	if got := p.Verdict.Sentence; !strings.HasPrefix(got, `a\u202eb\r\nBcc: x`+"\uFFFD 11:00–12:00 caused 90") {
		t.Errorf("sentence %q", got)
	}
	if got := memberText(qos.Text("")); got != "(empty)" {
		t.Errorf("an empty text is shown as %q", got)
	}
}
