package hs2server

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

func TestFetchRules(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	tests := []struct {
		name, statement string
		options         map[string]string
		most            int64
		rows            int
		more            bool
	}{
		{"as many as asked", "SELECT 5", nil, 2, 2, true},
		{"all there are", "SELECT 5", nil, 10, 5, false},
		{"no limit means 102400", "SELECT 150000", nil, 0, 102_400, true},
		{"a negative limit is none", "SELECT 5", nil, -1, 5, false},
		{"a limit beyond int32 is none", "SELECT 5", nil, 1 << 40, 5, false},
		{"more than 102400 are not given", "SELECT 150000", nil, 120_000, 102_400, true},
		{"without spooling a fetch is one batch", "SELECT 5000", map[string]string{"spool_query_results": "false"}, 4000, 1024, true},
		{"no rows at all", "SELECT 0", nil, 10, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := c.execute(session, tt.statement, tt.options)
			if got := c.fetch(o, wire.FetchNext, tt.most); got.Rows != tt.rows || got.HasMoreRows != tt.more || !got.HasResults || got.StartRow != 0 {
				t.Errorf("%d rows, more %t, results %t: %+v", got.Rows, got.HasMoreRows, got.HasResults, got.Status)
			}
			if got := c.fetch(o, wire.FetchNext, 1); tt.more && got.StartRow != int64(tt.rows) || !tt.more && (got.Rows != 0 || got.HasMoreRows) {
				t.Errorf("the next fetch begins at %d with %d rows", got.StartRow, got.Rows)
			}
		})
	}
}

func TestOrientations(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	o := c.execute(session, "SELECT 5", nil)
	for _, orientation := range []int32{1, 2, 3, 5, 99} {
		refused(t, c.fetch(o, orientation, 1).Status, "Unsupported operation", "HYC00")
	}
	refused(t, c.fetch(o, wire.FetchFirst, 1).Status, "Restarting of fetch requires enabling of query result caching.", "HY000")
	if got := c.fetch(o, wire.FetchNext, 9); got.Rows != 5 {
		t.Errorf("the statement did not go on: %+v", got)
	}
	cached := c.execute(session, "SELECT 5", map[string]string{"impala.resultset.cache.size": "4"})
	var got [][]int64
	for _, f := range []struct {
		orientation int32
		most        int64
	}{{wire.FetchNext, 2}, {wire.FetchFirst, 1}, {wire.FetchNext, 5}, {wire.FetchNext, 2}, {wire.FetchFirst, 9}, {wire.FetchNext, 5}} {
		batch := c.fetch(cached, f.orientation, f.most)
		got = append(got, append([]int64{batch.StartRow}, batch.Columns[0].Ints()...))
	}
	if want := [][]int64{{0, 5, 4}, {0, 5}, {1, 4}, {2, 3, 2}, {0, 5, 4, 3, 2}, {4, 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	refused(t, c.fetch(cached, wire.FetchFirst, 1).Status, "The query result cache exceeded its limit of 4 rows. Restarting the fetch is not possible.", "HY000")
}

func TestRowsThatAreNotReadyInTime(t *testing.T) {
	tests := []struct {
		name    string
		script  Script
		options map[string]string
		took    time.Duration
		still   bool
	}{
		{"wait for ten seconds", Script{Run: time.Hour}, nil, 10 * time.Second, true},
		{"wait as FETCH_ROWS_TIMEOUT_MS says", Script{Queue: time.Hour}, map[string]string{"fetch_rows_timeout_ms": "30"}, 30 * time.Millisecond, true},
		{"wait for ever with 0", Script{Run: time.Hour}, map[string]string{"fetch_rows_timeout_ms": "0"}, time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, scripted(tt.script, false))
				o := c.execute(c.open(nil), "SELECT", tt.options)
				began := time.Now()
				got := c.fetch(o, wire.FetchNext, 10)
				if took := time.Since(began); took != tt.took || got.HasResults == tt.still || got.HasMoreRows != tt.still || (got.Status.Code == wire.StatusStillExecuting) != tt.still {
					t.Errorf("after %s: %+v", took, got)
				}
			})
		})
	}
	t.Run("HiveServer2 never says so", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, New(Options{Engine: &fixed{oneColumn}, HiveFlags: true, Script: func(string) *Script { return &Script{Run: time.Hour} }}))
			if got := c.fetch(c.execute(c.open(nil), "SELECT", nil), wire.FetchNext, 2); got.Rows != 2 || got.HasMoreRows || got.Status.Code != wire.StatusSuccess {
				t.Errorf("got %+v", got)
			}
		})
	})
	for name, method := range map[string]string{"a cancel ends the wait": "CancelOperation", "closing the statement ends the wait": "CloseOperation"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := server()
				c, second := connect(t, s), connect(t, s)
				o := c.execute(c.open(nil), "wait", map[string]string{"fetch_rows_timeout_ms": "0"})
				ended := make(chan error)
				var got wire.FetchResultsResp
				go func() {
					ended <- c.call("FetchResults", &wire.FetchResultsReq{Operation: o, MaxRows: 1}, &got)
				}()
				synctest.Wait() // until the fetch does
				second.status(method, &wire.OperationReq{Operation: o})
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				refused(t, got.Status, "Cancelled", "HY000")
			})
		})
	}
}

func TestScriptedFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, scripted(Script{Fetches: []Fetch{
			{Still: true}, {More: true}, {Rows: 2, More: true, Wait: time.Second}, {More: true}, {Rows: 1, More: true}, {Refuse: "Disk I/O error on impala-2"},
		}}, false))
		o := c.execute(c.open(nil), "SELECT 9", nil)
		type reply struct {
			code    int32
			results bool
			rows    int
			more    bool
			start   int64
		}
		var got []reply
		for range 5 {
			b := c.fetch(o, wire.FetchNext, 8)
			got = append(got, reply{b.Status.Code, b.HasResults, b.Rows, b.HasMoreRows, b.StartRow})
		}
		want := []reply{{wire.StatusStillExecuting, false, 0, true, 0}, {0, true, 0, true, 0}, {0, true, 2, true, 0}, {0, true, 0, true, 2}, {0, true, 1, true, 2}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		refused(t, c.fetch(o, wire.FetchNext, 8).Status, "Disk I/O error on impala-2", "HY000")
		refused(t, c.status("CloseImpalaOperation", &wire.OperationReq{Operation: o}), "Invalid or unknown query handle: "+wire.ImpalaID(o.GUID)+".", "HY000")
	})
	t.Run("the last rows come with or without the end", func(t *testing.T) {
		for _, more := range []bool{false, true} {
			c := connect(t, scripted(Script{Fetches: []Fetch{{Rows: 3, More: more}}}, false))
			o := c.execute(c.open(nil), "SELECT 3", nil)
			first, last := c.fetch(o, wire.FetchNext, 8), c.fetch(o, wire.FetchNext, 8)
			if first.Rows != 3 || first.HasMoreRows != more || last.Rows != 0 || last.HasMoreRows {
				t.Errorf("more %t: %+v, then %+v", more, first, last)
			}
		}
	})
}
