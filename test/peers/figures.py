"""Computes the voice report of one day once more, from the CSV export of the sample.

    figures.py EXPORT REPORT.json

Prints a JSON object like the report's, with every figure that the report has to hold.
From the report it takes the day and the edges of the bars, and nothing else. A figure
with "exact" and "within" is an estimate, which is that close to the exact value.
"""

import datetime
import json
import math
import os
import re
import statistics
import sys
import unicodedata
import zoneinfo
from collections import Counter, defaultdict
from dataclasses import replace

from figures_facts import COLUMNS, NONE, by_name, load, look
from figures_findings import findings
from figures_measures import GAMMA, MEASURES, PER_LOG, figure, log_bin, needed, number, percent, show, wilson

ZONE = zoneinfo.ZoneInfo("Europe/Bratislava")
ANY = {"any": True}  # a text that is no figure
HISTORY = 28  # days before the report's
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def shifted(day, days):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days)).isoformat()


def weekday(day):
    return datetime.date.fromisoformat(day).weekday()


def head(m):
    out = {"measure": m.name, "kind": m.kind, "label": m.label}
    if m.unit:
        out["unit"] = m.unit
    if m.percent:
        out["percent"] = True
    if m.better:
        sign = "≤" if m.better == "down" else "≥"
        good, acceptable = (f"{v * 100:g}\u00a0%" if m.percent else f"{v:g}\u00a0{m.unit}".rstrip("\u00a0") for v in (m.good, m.acceptable))
        out |= {"better": m.better, "good": m.good, "acceptable": m.acceptable, "limits": f"good {sign} {good}, acceptable {sign} {acceptable}"}
    return out


def tenth(mos):
    """The number of a bin of a tenth, counted from 1."""
    return math.floor(round((mos - 1) / 0.1, 9))  # an edge belongs to the bar above it


def short(x):
    """A value with three digits."""
    return number(f"{x:.{max(0, 2 - math.floor(math.log10(x)))}f}")


def clocks(day):
    """The hours of the day as the clock shows them, those that it shows twice, and none."""
    midnight = datetime.datetime.fromisoformat(day).replace(tzinfo=ZONE)
    begin, end = (t.astimezone(datetime.timezone.utc) for t in (midnight, midnight + datetime.timedelta(1)))
    shown = Counter((begin + datetime.timedelta(hours=n)).astimezone(ZONE).hour for n in range((end - begin) // datetime.timedelta(hours=1)))
    return len(shown), [h for h in range(24) if shown[h] > 1], [h for h in range(24) if not shown[h]]


def check(what, label, count, share, limit):
    out = {"what": what, "label": label, "count": count, "share": share, "text": percent(share, 2)}
    if limit is not None:
        out |= {"limit": limit, "bound": f"at most {percent(limit, 2)}"}
        if share > limit:
            out["failed"] = True
    return out


def gap(m):
    """A figure of a time without data."""
    return {"value": None, "n": 0, "text": "no data"} | ({"percent": True} if m.percent else {})


class Report:
    """The figures of one day."""

    def __init__(self, db, day):
        self.db, self.day = db, day
        self.hours, self.double, self.missing = clocks(day)
        self.past = [shifted(day, -n) for n in range(HISTORY, 0, -1)]
        self.base, self.base_name, self.base_kind = self.baseline(set(look(db, ["legs"], self.past, ["day"])))

    def baseline(self, present):
        """The days to compare with, of those that have data, and what they are called."""
        same = [d for d in self.past if weekday(d) == weekday(self.day) and d in present]
        alike = [d for d in self.past if (weekday(d) >= 5) == (weekday(self.day) >= 5) and d in present]
        if len(same) >= 4:
            return same, WEEKDAYS[weekday(self.day)] + "s", "same weekday"
        kind = "working days" if weekday(self.day) < 5 else "weekend days"
        return (alike, kind, "same sort of day") if len(alike) >= 7 else ([], "", "")

    def clock_notes(self):
        """What is said of the hours that are not tested."""
        said = [(h, "does not exist, since clocks were set forward") for h in self.missing]
        said += [(h, "holds two hours of data, since clocks were set back") for h in self.double]
        return [f"On {self.day} the hour {h:02d}:00 {what}; it is not tested for findings." for h, what in said]

    def state(self, names, days, by=(), where="true"):
        return look(self.db, needed(names), days, by, where)

    def one(self, name, day):
        return figure(MEASURES[name], self.state([name], [day]).get(()))

    def tiles(self):
        names = ["pcr", "ner", "mos", "jitter_p95", "attempts", "minutes", "acd", "asr"]
        return [self.tile(MEASURES[name]) for name in names]

    def tile(self, m):
        now = self.one(m.name, self.day)
        compare = []
        for kind, label, offset in (("day", "day before", -1), ("week", "week before", -7)):
            day = shifted(self.day, offset)
            compare.append({"kind": kind, "label": label, "days": [day], "figure": self.one(m.name, day)})
        # Only days whose own figure can be shown are points of the median.
        points = {d: f for d, f in ((d, figure(m, state)) for d, state in self.state([m.name], self.past, ["day"]).items()) if "few" not in f}
        days, name, _ = self.baseline(points)
        values = [points[d]["value"] for d in days]
        base = gap(m) | ({"few": True} if m.min_n and not values else {})
        entry = {"kind": "base", "label": f"median of {len(days)} {name}" if values else "no baseline", "figure": base}
        if values:
            middle = statistics.median(values)
            entry |= {"days": days, "mad": statistics.median(abs(v - middle) for v in values)}
            base |= {"value": middle, "n": len(values), "text": show(m, middle)}
        compare.append(entry)
        for c in compare:
            c |= self.delta(m, now, c["figure"])
        return head(m) | {"figure": now, "compare": compare}

    def delta(self, m, now, then):
        if any(f["value"] is None or "few" in f for f in (now, then)) or (not m.percent and then["value"] == 0):
            return {"text": "no data"}
        change = (now["value"] - then["value"]) * 100 if m.percent else (now["value"] - then["value"]) / then["value"] * 100
        text = number(f"{change:.{m.decimals if m.percent else 1}f}")
        if change > 0 and text.strip("0."):
            text = "+" + text
        return {"delta": change, "text": text + ("\u00a0points" if m.percent else "\u00a0%")}

    def heatmap(self):
        m = MEASURES["pcr"]
        cells = self.state(["pcr"], [self.day], ["site", "hour"])
        rows = []
        for site in sorted({site for site, _ in cells}, key=by_name):
            row = [figure(m, cells.get((site, hour))) | ({} if (site, hour) in cells else {"empty": True}) for hour in range(24)]
            rows.append({"member": site, "cells": row})
        few = sum("few" in cell and "empty" not in cell for row in rows for cell in row["cells"])
        notes = [f"{few} cells have too few data to show a figure."] if few else []
        columns = [f"{h:02d}" for h in range(24)]
        return notes + self.clock_notes(), {"head": head(m), "row_dimension": "site", "column_dimension": "hour", "columns": columns, "rows": rows}

    def ranking(self, dimension, names):
        m = MEASURES["pcr"]
        pooled = self.state(["pcr"], self.base or [self.day]).get(())
        rate = figure(m, pooled, judged=False)
        members = self.state(names + ["pcr"], [self.day], [dimension])
        rows = []
        for member, state in members.items():
            bad, n = state["poor"], state["classified"]
            row = {"member": member, "bad": bad, "excess": bad - rate["value"] * n}
            row["figures"] = [figure(MEASURES[name], state) for name in names]
            rows.append((n == 0, -row["excess"], -(wilson(bad, n)[0] if n else 0), by_name(member), row))
        if len(rows) > 10:
            raise SystemExit(f"{len(rows)} members of {dimension}: more than the ten that are shown")
        ranked = [row for *_, row in sorted(rows, key=lambda r: r[:4])]
        note = f"Excess is the bad items beyond the rate of the {len(self.base)} {self.base_name} before. It is {rate['text']}." if self.base else ANY
        columns = [head(MEASURES[name]) for name in names]
        return [note], {"dimension": dimension, "by": head(m), "base_rate": rate, "columns": columns, "rows": ranked, "members": len(rows)}

    def trend(self):
        days = self.past[1:] + [self.day]
        series = []
        for name in ("pcr", "ner", "attempts"):
            states = self.state([name], days, ["day"])
            series.append(head(MEASURES[name]) | {"points": [figure(MEASURES[name], states[d]) if d in states else gap(MEASURES[name]) for d in days]})
        gaps = sum(d not in states for d in days)
        notes = [f"{gaps} days have no data: the lines are broken there."] if gaps > 1 else [ANY] if gaps else []
        return notes, {"days": days, "series": series[:2], "volume": series[2]}

    def histogram(self, m, column, bars):
        """Counts the values in each bar: of a logarithmic one those above its lower edge,
        of a linear one those from its lower edge on."""
        values = look(self.db, [column], [self.day])[()][column] or []
        log = column == "jitter"
        if log:
            place, edge = log_bin, lambda x: round(math.log(x) * PER_LOG)
        else:
            place, edge = tenth, lambda x: round((x - 1) * 10)
        bins = Counter(place(v) for v in values)
        edges = [edge(b["low"]) for b in bars] + [edge(bars[-1]["high"])]
        if any(edge(b["high"]) != e for b, e in zip(bars, edges[1:])):
            raise SystemExit(f"the bars of {column} leave gaps")
        counted = []
        for low, high in zip(edges, edges[1:]):
            inside = range(low + 1, high + 1) if log else range(low, high)
            a, b = (GAMMA**low, GAMMA**high) if log else (1 + low / 10, 1 + high / 10)
            counted.append({"low": a, "high": b, "n": sum(bins.pop(i, 0) for i in inside), "text": f"{short(a)} – {short(b)}"})
        if bins:
            raise SystemExit(f"{sum(bins.values())} values of {column} lie outside of the bars")
        out = {"log": log, "bars": counted, "n": len(values), "quantile_labels": ["median", "p90", "p95", "p99"]}
        out["quantiles"] = [self.estimate(m, column, values, q) for q in (0.5, 0.9, 0.95, 0.99)]
        return out | ({"unit": m.unit} if m.unit else {})

    def estimate(self, m, column, values, q):
        f = figure(replace(m, kind="quantile", parts=(column, q), better=""), {column: values})
        if column == "mos" and f["n"]:
            middle = 1 + tenth(f["exact"]) / 10 + 0.05
            f |= {"value": min(max(middle, values[0]), values[-1]), "within": 0.05 + 1e-9}
        if f["n"] and "few" not in f:
            f["text"] = short(f["value"] + 1e-12) + ("\u00a0" + m.unit if m.unit else "")
        return f

    def spellings(self):
        """Members that read alike and are not the same."""
        extra, named = 0, []
        for dimension in ("site", "carrier", "codec"):
            groups = defaultdict(set)
            for (text,) in self.db.execute(f"SELECT DISTINCT {dimension} FROM legs WHERE day = '{self.day}' AND {dimension} <> '{NONE}'").fetchall():
                groups[unicodedata.normalize("NFC", text.strip().casefold())].add(text)
            for texts in groups.values():
                extra += len(texts) - 1
                named += [f"{dimension} {min(texts, key=lambda t: t.encode())}"] if len(texts) > 1 else []
        label = "members spelt in several ways"
        return {"what": "spellings", "label": label + (f" ({', '.join(sorted(named))})" if named else ""), "count": extra}

    def quality(self):
        """What was wrong with the rows of the day, and those of its partition that are of no day."""
        local = f"CAST(started AS DATE) = '{self.day}'"
        stray = f"dt = '{self.day}' AND COALESCE(CAST(start_ts AS DATE)::VARCHAR <> dt, true)"
        scope = f"FROM raw WHERE (({local}) OR ({stray}))"
        rows = self.count(f"COUNT(*) {scope}")
        usual = [self.count(f"COUNT(*) {scope}".replace(self.day, d)) for d in self.base]
        checks = [{"what": "rows", "label": "rows read", "count": rows}]
        if usual:
            middle = statistics.median(usual)
            checks[0] |= {"limit": 0.5, "share": rows / middle, "text": percent(rows / middle, 2) + " of the median"}
            checks[0]["bound"] = f"at least {percent(0.5, 2)} of the median {number(f'{middle:.0f}')} of {len(self.base)} {self.base_name}"
        copies = self.count(f"COALESCE(SUM(n - 1), 0)::BIGINT FROM (SELECT COUNT(*) AS n {scope} GROUP BY call_id, leg_no)")
        late = self.count(f"COUNT(*) {scope} AND ingest_ts > start_ts + INTERVAL 24 HOUR")
        # By the clock on the wall: two hours of one name count as one.
        empty = self.hours - self.count(f"COUNT(DISTINCT HOUR(started)) FROM raw WHERE {local}")
        checks += [
            check("days", "days without any row", 0 if rows else 1, 0 if rows else 1, 0) | {"bound": "none"},
            self.spellings(),
            check("duplicates", "duplicate rows, dropped", copies, copies / rows, 0.02),
            check("late", "rows that were loaded late", late, late / rows, 0.05),
        ]
        n = self.count(f"COUNT(*) FROM raw WHERE {stray}")
        checks += [
            check("stray", "rows outside of their partition's day", n, n / rows, 0.01),
            check("hours", "hours without any row", empty, empty / self.hours, 0),
        ]
        for column, low, high in COLUMNS:
            finite = f"isfinite({column}::DOUBLE)"
            for what, label, test in (
                ("null", "no value", f"{column} IS NULL"),
                ("low", "below the range", f"{finite} AND {column} < {low}"),
                ("high", "above the range", f"{finite} AND {column} > {high}"),
                ("nonfinite", "not a finite number", f"NOT {finite}"),
            ):
                n = self.count(f"COUNT(*) FILTER ({test}) {scope}")
                checks.append({"column": column} | check(what, label, n, n / rows, None if what == "null" else 0.01))
        return {"rows": rows, "checks": checks}

    def count(self, sql):
        return self.db.execute("SELECT " + sql).fetchone()[0]

    def worst(self, limit):
        """The poor legs, the lowest MOS first. Names of endpoints are hashed, and models are
        hostile texts: both are no figures."""
        columns = ["started", "site", "endpoint", "model", "carrier", "codec", "mos", "jitter_ms", "rtt_ms", "lost_pct", "talk_s", "call_id", "leg_no"]
        rows = self.db.execute(
            f"""SELECT strftime(started, '%Y-%m-%d %H:%M:%S.%f'), NULLIF(site, '{NONE}'), NULLIF(carrier, '{NONE}'), NULLIF(codec, '{NONE}'),
                mos, jitter, rtt, lost + COALESCE(discarded, 0) AS heard, talk, call_id, leg_no
            FROM legs WHERE day = ? AND classified AND (bad_jitter OR bad_loss OR bad_rtt OR bad_mos)
            ORDER BY mos NULLS LAST, heard DESC NULLS LAST, call_id, leg_no LIMIT {limit}""",
            [self.day],
        ).fetchall()
        return {"columns": [{"name": name} for name in columns], "rows": [[*row[:2], ANY, ANY, *row[2:]] for row in rows]}

    def verdict(self, found, quality):
        """The worst of the headline measures and the findings, and what decided it."""
        words = ["good", "too few data", "watch", "breach"]
        headline = [(m, self.one(m.name, self.day)) for m in (MEASURES["pcr"], MEASURES["ner"])]
        first = found["items"][0] if found["items"] else None
        word = max([f["verdict"] for _, f in headline] + ([first["verdict"]] if first else []), key=words.index)
        sentence = ANY
        if first and first["verdict"] == word:
            m, f = next(pair for pair in headline if pair[0].name == first["measure"])
            sentence = f"{first['where'][0]['member']} {first['hours']} caused {first['bad']} of {first['of']} ({m.label})"
            sentence += f"; the whole window is at {f['text']} ({head(m)['limits']})."
        elif word == "good":
            sentence = ", ".join(f"{m.label} {f['text']}" for m, f in headline) + ": within the limits, and nothing unusual was found."
        failed = [f"{c['column'] + ': ' if 'column' in c else ''}{c['label']}: {c['text']} ({c['bound']})" for c in quality["checks"] if c.get("failed")]
        return {"word": word, "sentence": sentence} | ({"incomplete": failed} if failed else {})

    def terms(self):
        return [head(m) | ({"min_n": m.min_n} if m.min_n else {}) for m in MEASURES.values()]

    def window(self):
        begin = datetime.datetime.fromisoformat(self.day).replace(tzinfo=ZONE)
        instants = [t.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for t in (begin, begin + datetime.timedelta(1))]
        return {"from_date": self.day, "to_date": self.day, "from": instants[0], "to": instants[1], "zone": ZONE.key}


def main(export, report):
    definition = os.path.join(os.path.dirname(__file__), "..", "..", "configs", "reports", "voice-daily.yaml")
    with open(definition, encoding="utf-8") as f:
        limit = int(re.search(r"  worst:\n(?:    .*\n)*?    limit: (\d+)", f.read())[1])
    with open(report, encoding="utf-8") as f:
        page = json.load(f)
    day = page["window"]["from_date"]
    db = load(export, shifted(day, -HISTORY), day)
    r = Report(db, day)
    bars = {s["name"]: s["histogram"]["bars"] for s in page["sections"] if "histogram" in s}
    found = findings(r)
    checks = r.quality()
    sections = [
        ("summary", "tiles", [], r.tiles()),
        ("findings", "findings", r.clock_notes(), found),
        ("heat", "heatmap", *r.heatmap()),
        ("sites", "ranking", *r.ranking("site", ["classified", "pcr", "mos", "jitter_p95", "rtt_max", "ner"])),
        ("carriers", "ranking", *r.ranking("carrier", ["classified", "pcr", "mos", "ner", "acd"])),
        ("codecs", "ranking", *r.ranking("codec", ["classified", "pcr", "mos"])),
        ("trend", "trend", *r.trend()),
        ("mos_dist", "histogram", [], r.histogram(MEASURES["mos"], "mos", bars["mos_dist"])),
        ("jitter_dist", "histogram", [], r.histogram(MEASURES["jitter_p95"], "jitter", bars["jitter_dist"])),
        ("worst", "table", [ANY], r.worst(limit)),
        ("quality", "quality", [], checks),
        ("definitions", "terms", [], r.terms()),
    ]
    out = [{"name": name, kind: value} | ({"notes": notes} if notes else {}) for name, kind, notes, value in sections]
    json.dump({"window": r.window(), "verdict": r.verdict(found, checks), "sections": out + [{"name": "provenance"}]}, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
