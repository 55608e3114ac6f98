//go:build peers

package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/store"
	"qosreport/internal/web"
)

// Chromium draws the status page as it comes from the server, under its own policy, on a
// phone and on a desk, in light and in dark.
func TestStatusPageInABrowser(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(filepath.Join(cache, "qosreport-peers", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t)
	for _, page := range []struct {
		name, title string
		options     web.Options
	}{
		{"all well", "all well · qosreport prod-1", statusPage(web.Overview{Schedules: dailySchedules(1, store.Done)}, nil)},
		{"everything wrong", "10 things to look at · qosreport prod-1", statusPage(everythingWrong(), errors.New("no schedule was looked at for 3 min"))},
	} {
		url := serveStatusPage(t, page.options)
		for _, width := range []int{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s, %d pixels, %s", page.name, width, scheme), func(t *testing.T) {
					b.show(t, width, scheme)
					b.open(t, url)
					b.checkLayout(t, width)
					b.checkAccess(t, string(axe), scheme)
					b.checkOnlyAsked(t, url)
					b.checkStyled(t, page.title)
				})
			}
		}
	}
}

// checkOnlyAsked fails for every word on the console, a breach of the page's policy among
// them, and for every request but that for the page.
func (b *browser) checkOnlyAsked(t *testing.T, url string) {
	t.Helper()
	asked := 0
	for _, e := range b.events {
		switch e.Method {
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
			t.Errorf("%s: %s", e.Method, e.Params)
		case "Network.requestWillBeSent":
			var sent struct {
				Request struct{ URL string }
			}
			if err := json.Unmarshal(e.Params, &sent); err != nil || sent.Request.URL != url {
				t.Errorf("the page asks for %s (%v)", sent.Request.URL, err)
			}
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("%d requests, want 1", asked)
	}
}

// checkStyled looks whether the style is in force, which a wrong hash would prevent, and
// whether what is wrong stands on the first screen.
func (b *browser) checkStyled(t *testing.T, title string) {
	t.Helper()
	var page struct {
		Title, Border string
		Verdict       float64 // its lower edge
	}
	b.evaluate(t, `(() => {
		const verdict = document.querySelector('.verdict');
		return {Title: document.title, Border: getComputedStyle(verdict).borderLeftStyle, Verdict: verdict.getBoundingClientRect().bottom};
	})()`, &page)
	if page.Title != title || page.Border != "solid" || page.Verdict > 400 {
		t.Errorf("the page %q has a verdict with the border %q that ends at %v", page.Title, page.Border, page.Verdict)
	}
}

// serveStatusPage gives the address of a page that is served until the test ends.
func serveStatusPage(t *testing.T, o web.Options) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l, err := web.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(ctx, l, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String() + "/"
}

// statusNow is when the pages are seen.
var statusNow = time.Date(2026, 3, 30, 7, 12, 3, 0, time.UTC)

func statusPage(o web.Overview, sick error) web.Options {
	return web.Options{
		Instance: "prod-1", Program: "1.2.0", Started: statusNow.Add(-50 * time.Hour), Now: func() time.Time { return statusNow },
		Overview: func(context.Context) (web.Overview, error) { return o, nil },
		Healthy:  func() error { return sick },
		Ready: func(context.Context) []web.Check {
			if sick == nil {
				return []web.Check{{Name: "store"}}
			}
			return []web.Check{{Name: "store", Err: errors.New("write " + strings.Repeat("/very/long/path", 20) + ": no space left on device")}, {Name: "keytab"}}
		},
	}
}

// dailySchedules are schedules of which each has slots to come and slots that were.
func dailySchedules(n int, last store.Outcome) []web.Schedule {
	var list []web.Schedule
	for i := range n {
		name := fmt.Sprintf("voice-daily-%d", i+1)
		s := web.Schedule{Name: name, Report: "voice-daily", When: "30 2 * * *", Zone: "Europe/Berlin", Window: "previous_day"}
		for day := range 5 {
			fire := time.Date(2026, 3, 30-day, 0, 30, 0, 0, time.UTC)
			slot := store.Slot{
				Key: name + "@" + fire.Format("2006-01-02T15:04"), Schedule: name, Nominal: fire.Format("2006-01-02T15:04"), Fire: fire,
				Window: dayBefore(fire), Outcome: store.Done, Run: "20260330T003000.412Z-k3v9x2qp7d",
			}
			if day == 0 && last != store.Done {
				slot.Outcome, slot.Reason = last, "query calls: connect impalad-1.example.com:21050: get ticket for impala/impalad-1.example.com: clock skew too great"
			}
			s.Last = append(s.Last, slot)
			next := fire.AddDate(0, 0, 2*day+1)
			s.Next = append(s.Next, web.Next{Nominal: next.Format("2006-01-02T15:04"), Fire: next, Window: dayBefore(next)})
		}
		list = append(list, s)
	}
	return list
}

func dayBefore(t time.Time) store.Window {
	midnight := t.Truncate(24 * time.Hour)
	return store.Window{From: midnight.AddDate(0, 0, -1), To: midnight, Zone: "UTC"}
}

// everythingWrong has long texts of others, and each of the things to look at.
func everythingWrong() web.Overview {
	long := strings.Repeat("a", 300)
	o := web.Overview{Schedules: dailySchedules(4, store.Failed)}
	o.Schedules[0].Suspended = true
	o.Schedules[1].Name, o.Schedules[1].Report = long[:100], "<script>alert(1)</script>"
	for i := range int64(2) {
		o.Unknown = append(o.Unknown, store.Delivery{
			ID: 17 + i, Variant: "voice-daily", Window: dayBefore(statusNow), Revision: 1, Recipient: "noc@example.com",
			Answer: "421 4.3.2 " + long, Run: "20260330T003000.412Z-k3v9x2qp7d", Changed: statusNow.Add(-6 * time.Hour),
		})
	}
	for i, outcome := range []store.Outcome{store.Missed, store.Abandoned} {
		fire := statusNow.Add(-time.Duration(i+1) * time.Hour)
		o.Trouble = append(o.Trouble, store.Slot{
			Key: fmt.Sprintf("%s@%d", long, i), Schedule: "gone", Nominal: "2026-03-30T06:12", Fire: fire, Window: dayBefore(fire), Outcome: outcome, Reason: long,
		})
	}
	o.Running = []web.Running{
		{Run: store.Run{ID: "20260330T071103.001Z-b5n8w1zr4m", Kind: store.KindSlot, Schedule: long, Window: dayBefore(statusNow), Started: statusNow.Add(-time.Minute)}, Attempt: 2, Phase: "query", Since: statusNow.Add(-30 * time.Second)},
	}
	return o
}
