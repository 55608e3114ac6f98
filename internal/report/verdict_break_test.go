package report

import (
	"reflect"
	"testing"

	"qosreport/internal/qos"
)

const twoHeadlines = `
datasets:
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, all]}
  calls: {query: s.sql, dimensions: [day], sums: [failed, tried]}
measures:
  pcr: {ratio: [legs.poor, legs.all], better: down, good: 2%, acceptable: 3%, headline: true}
  lost: {ratio: [calls.failed, calls.tried], label: Lost calls, better: down, good: 2%, acceptable: 3%, headline: true}
sections: {a: {kpi: [pcr, lost]}}
outputs: {html: {}}
`

func TestNothingIsGoodThatNobodySaw(t *testing.T) {
	tests := []struct {
		name           string
		legs, calls    [][]any
		word, sentence string
	}{
		{"one headline has no rows", [][]any{{tuesday, "A", 1, 1000}}, nil, "too few data", "There are no data to judge Lost calls by."},
		{"one headline has no items", [][]any{{tuesday, "A", 0, 0}}, [][]any{{tuesday, 1, 1000}}, "too few data", "There are no data to judge Pcr by."},
		{"one has none and one too few", [][]any{{tuesday, "A", 1, 29}}, nil, "too few data", "There are no data to judge Lost calls by."},
		{"the other is a watch", [][]any{{tuesday, "A", 25, 1000}}, nil, "watch", "Pcr at 2.5\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 1\u202f000)."},
		{"the other is a breach", [][]any{{tuesday, "A", 100, 1000}}, nil, "breach", "Pcr at 10.0\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 1\u202f000)."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			states := map[string]*qos.Table{"legs": stated("day site", "poor all", tt.legs...), "calls": stated("day", "failed tried", tt.calls...)}
			v := page(t, define(t, twoHeadlines), in(t, "UTC", tuesday, tuesday), states).Verdict
			if v.Word != tt.word || v.Sentence != tt.sentence || len(v.Incomplete) > 0 {
				t.Errorf("got %+v", v)
			}
		})
	}
}

// A good day does not make a good week: without a section of quality nobody else tells.
func TestDaysWithoutDataStandBesideTheVerdict(t *testing.T) {
	all := [][]any{{back(2), 1, 1000}, {back(1), 1, 1000}, {tuesday, 1, 1000}}
	tests := []struct {
		name  string
		calls [][]any
		want  []string
	}{
		{"every day has data", all, nil},
		{"one day has none", all[1:], []string{"Lost calls: no data on 1 of 3 days"}},
		{"one day has data", all[2:], []string{"Lost calls: no data on 2 of 3 days"}},
		{"no day has data, which the verdict tells", nil, nil},
		{"a day before the window does not count", [][]any{{back(3), 1, 1000}, {tuesday, 1, 1000}}, []string{"Lost calls: no data on 2 of 3 days"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			legs := stated("day site", "poor all", []any{back(2), "A", 1, 1000}, []any{back(1), "A", 1, 1000}, []any{tuesday, "A", 1, 1000})
			states := map[string]*qos.Table{"legs": legs, "calls": stated("day", "failed tried", tt.calls...)}
			v := page(t, define(t, twoHeadlines), in(t, "UTC", back(2), tuesday), states).Verdict
			if !reflect.DeepEqual(v.Incomplete, tt.want) {
				t.Errorf("got %q; want %q", v.Incomplete, tt.want)
			}
		})
	}
}
