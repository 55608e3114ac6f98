package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/qos"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

// Keeper keeps the states of days from one run to the next.
type Keeper interface {
	States(ctx context.Context, k store.StateKey, asked store.Days) (store.States, error)
	PutStates(ctx context.Context, k store.StateKey, days []store.DayState) error
}

// defaultRestate is how many days after its end a day's rows may still come.
const defaultRestate = 3

// statesVersion tells the blobs that this program writes from those of another.
const statesVersion = 1

// kept is what earlier runs left of a dataset.
type kept struct {
	key     store.StateKey
	days    []store.DayState // that are final
	missing []report.Window  // ranges of days to be fetched
}

// recall asks the keeper for each dataset of states. Without a keeper, or for plain rows,
// all days are missing.
func (o Options) recall(ctx context.Context) (map[string]*kept, error) {
	all := make(map[string]*kept)
	lookback := o.Definition.Lookback(o.Window.Days())
	for _, name := range o.Definition.DatasetOrder {
		days := o.Window.Before(lookback[name])
		k := &kept{missing: []report.Window{days}}
		all[name] = k
		if o.Keeper == nil || o.Definition.Datasets[name].Rows {
			continue
		}
		key, err := o.stateKey(name)
		if err != nil {
			return nil, err
		}
		k.key = key
		found, err := o.Keeper.States(ctx, key, store.Days{First: days.FromDate, Last: days.ToDate, Version: statesVersion, RestateDays: defaultRestate})
		if err != nil {
			return nil, err
		}
		// What is kept are whole days. Of a day that the window has a part of, the part is asked for.
		var missing []string
		for _, day := range days.Dates(0) {
			if !days.Whole(day) || slices.Contains(found.Missing, day) {
				missing = append(missing, day)
			}
		}
		for _, d := range found.Days {
			if d.Final && days.Whole(d.Day) {
				k.days = append(k.days, d)
			}
		}
		k.missing = days.Only(missing)
	}
	return all, nil
}

// meaningful are the query options that change what a statement returns; others only
// change how.
var meaningful = []string{"APPX_COUNT_DISTINCT", "DECIMAL_V2", "DEFAULT_NDV_SCALE", "TIMEZONE", "USE_LOCAL_TZ_FOR_UNIX_TIMESTAMP_CONVERSIONS", "UTF8_MODE"}

// stateKey covers what gives a dataset's states their meaning and nothing else: a new
// subject or sheet rescans nothing.
func (o Options) stateKey(name string) (store.StateKey, error) {
	d := o.Definition.Datasets[name]
	block, err := json.Marshal(d)
	if err != nil {
		return store.StateKey{}, fault.New(fault.Internal, 0, fmt.Errorf("dataset %s: %w", name, err))
	}
	parts := []string{string(block)}
	texts := o.Templates.Texts(d.Query)
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		parts = append(parts, file, texts[file])
	}
	for _, option := range slices.Sorted(maps.Keys(o.Settings)) {
		if slices.Contains(meaningful, strings.ToUpper(option)) {
			parts = append(parts, strings.ToUpper(option), o.Settings[option])
		}
	}
	var params []string
	for _, param := range slices.Sorted(maps.Keys(o.Args.Literals)) {
		params = append(params, param, o.Args.Literals[param].String())
	}
	return store.StateKey{
		Report:     o.Definition.Name,
		Dataset:    name,
		Definition: hashOf(parts),
		Params:     hashOf(params),
		Source:     o.Source,
		Zone:       o.Window.Zone,
	}, nil
}

func hashOf(parts []string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// tables are the states of the kept days, and what the report says of them.
func (k *kept) tables(dataset string) ([]*qos.Table, *report.Kept, error) {
	if len(k.days) == 0 {
		return nil, nil, nil
	}
	told := &report.Kept{Dataset: dataset, Days: len(k.days), FirstDay: k.days[0].Day, LastDay: k.days[len(k.days)-1].Day,
		FirstFetched: k.days[0].Fetched.UTC(), LastFetched: k.days[0].Fetched.UTC()}
	var tables []*qos.Table
	for _, d := range k.days {
		t, err := qos.DecodeTable(d.Blob)
		if err != nil {
			return nil, nil, fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("kept states of %s on %s: %w", dataset, d.Day, err)), "fetch them again: --no-cache")
		}
		tables = append(tables, t)
		if d.Fetched.Before(told.FirstFetched) {
			told.FirstFetched = d.Fetched.UTC()
		}
		if d.Fetched.After(told.LastFetched) {
			told.LastFetched = d.Fetched.UTC()
		}
		if !slices.Contains(told.QueryIDs, d.QueryID) {
			told.QueryIDs = append(told.QueryIDs, d.QueryID)
		}
	}
	return tables, told, nil
}

// join puts what was kept and what was fetched together, and writes down which is which.
func (o Options) join(known map[string]*kept, fetched []fetchedStates, p *report.Provenance) (map[string]*qos.Table, error) {
	states := make(map[string]*qos.Table)
	for _, name := range o.Definition.DatasetOrder {
		if o.Definition.Datasets[name].Rows {
			continue
		}
		tables, told, err := known[name].tables(name)
		if err != nil {
			return nil, err
		}
		if told != nil {
			p.Kept = append(p.Kept, *told)
		}
		for _, f := range fetched {
			if f.dataset == name {
				tables = append(tables, f.states)
			}
		}
		if states[name], err = qos.Union(tables...); err != nil {
			return nil, fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("dataset %s: %w", name, err)), "fetch all days again: --no-cache")
		}
	}
	return states, nil
}

// split parts fetched states into whole days, also those that no row came for: they need
// not be asked for again.
func split(t *qos.Table, days report.Window, fetched time.Time, queryID string) []store.DayState {
	parts := t.Split(definition.Day)
	states := make([]store.DayState, 0, days.Days())
	for _, day := range days.Dates(0) {
		if !days.Whole(day) {
			continue
		}
		part := parts[qos.Text(day)] // nil when no row came for it
		if part == nil {
			part = t.Where(func([]qos.Member) bool { return false })
		}
		states = append(states, store.DayState{Day: day, Version: statesVersion, Blob: qos.AppendTable(nil, part), Rows: int64(len(part.States)),
			Fetched: fetched, QueryID: queryID})
	}
	return states
}

// remember keeps what was fetched.
func (o Options) remember(ctx context.Context, all map[string]*kept, fetched []fetchedStates) error {
	for _, f := range fetched {
		if o.Keeper == nil || f.states == nil { // plain rows
			continue
		}
		if err := o.Keeper.PutStates(ctx, all[f.dataset].key, split(f.states, f.days, f.at, f.queryID)); err != nil {
			return err
		}
	}
	return nil
}

// fetchedStates is what one statement returned.
type fetchedStates struct {
	dataset string
	days    report.Window
	states  *qos.Table
	at      time.Time // when the statement began
	queryID string
}
