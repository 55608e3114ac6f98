"""Findings: hours of a site whose rate of bad items is beyond limit, baseline and chance."""

from dataclasses import replace

from figures_facts import by_name
from figures_measures import MEASURES, Z3, figure, number, percent, show, wilson

RULES = (
    {"name": "poor_calls", "measure": "pcr", "explain": ["carrier", "codec"], "reasons": ["poor_jitter", "poor_loss", "poor_rtt"]},
    {"name": "set_up", "measure": "ner", "explain": ["carrier"], "reasons": []},
)


def ordered(members):
    """The members with the greatest excess first."""
    return sorted(members.items(), key=lambda item: (-item[1][2], by_name(item[0])))


def findings(r):
    items, tested, few = [], 0, 0
    for each in RULES:
        found, n, thin = rule(r, each)
        items, tested, few = items + found, tested + n, few + thin
    items.sort(key=lambda f: (f["verdict"] != "breach", -f["excess"]))
    count = f"{len(items)} finding{'s' if len(items) != 1 else ''}" if items else "Nothing unusual was found"
    return {"items": items, "tested": tested, "too_few": few, "text": f"{count}: {tested} cells were tested, {few} had too few data to test."}


def rule(r, rule):
    """The cells of site and hour whose rate of bad items is beyond limit, baseline and
    chance, neighbours merged."""
    m = MEASURES[rule["measure"]]
    cells = {k: counts(m, v) for k, v in r.state([m.name], [r.day], ["site", "hour"]).items() if k[1] not in r.double}
    usual = {k: counts(m, v) for k, v in r.state([m.name], r.base, ["site", "hour"]).items()}
    limit = m.acceptable if m.better == "down" else 1 - m.acceptable
    flagged, tested = [], 0
    for (site, hour), (bad, n) in sorted(cells.items()):
        if n < 30:
            continue
        tested += 1
        before = usual.get((site, hour), (0, 0))
        if not before[1]:
            raise SystemExit(f"{site} {hour}: no baseline, which this script does not know")
        low = wilson(bad, n, Z3)[0]
        if low > limit and low > wilson(*before)[1] and bad - n * before[0] / before[1] >= 10:
            if flagged and flagged[-1][0] == site and flagged[-1][-1] == hour - 1:
                flagged[-1].append(hour)
            else:
                flagged.append([site, hour])
    return [finding(r, rule, m, site, hours) for site, *hours in flagged], tested, len(cells) - tested


def counts(m, state):
    part, whole = (state[name] for name in m.parts)
    return (part if m.better != "up" else whole - part), whole


def beyond(r, m, where, by=(), reason=None):
    """Bad items and all items of the cells, and how many are beyond the baseline's rate,
    for each member of a dimension."""
    reason = reason or m
    now, then = (r.state([reason.name], days, by, where) for days in ([r.day], r.base))
    out = {}
    for member, state in now.items():
        bad, n = counts(reason, state)
        before = counts(reason, then[member]) if member in then else (0, 0)
        if n and not before[1]:
            raise SystemExit(f"{member}: no baseline, which this script does not know")
        out[member] = bad, n, bad - n * before[0] / before[1] if n else 0, before
    return out


def finding(r, rule, m, site, hours):
    where = f"site = '{site}' AND hour BETWEEN {hours[0]} AND {hours[-1]}"
    bad, n, excess, before = beyond(r, m, where)[()]
    of = counts(m, r.state([m.name], [r.day])[()])[0]
    opposite = replace(m, parts=("bad", "n"), better="")
    rate, base = figure(opposite, {"bad": bad, "n": n}, Z3), figure(opposite, dict(zip(("bad", "n"), before)))
    span = f"{hours[0]:02d}:00–{hours[-1] + 1:02d}:00"
    shown = show(m, bad / n if m.better == "down" else 1 - bad / n)
    causes = [share(d, member, member, parts, excess) for d in rule["explain"] for member, parts in ordered(beyond(r, m, where, [d]))]
    reasons = [share(name, "", MEASURES[name].label, beyond(r, m, where, (), MEASURES[name])[()], excess) for name in rule["reasons"]]
    reasons.sort(key=lambda s: -s["excess"])
    text = f"{bad} of {n} bad, {rate['interval']} (99.7 % interval); usual {base['text']}, at most {show(m, base['high'])} (95 %, {r.base_kind}); "
    out = {
        "rule": rule["name"],
        "measure": m.name,
        "label": m.label,
        "verdict": "breach" if excess >= 50 or excess >= of / 10 else "watch",
        "day": r.day,
        "where": [{"dimension": "site", "member": site}],
        "from_hour": hours[0],
        "to_hour": hours[-1] + 1,
        "hours": span,
        "bad": bad,
        "n": n,
        "rate": rate,
        "base": base,
        "base_kind": r.base_kind,
        "excess": excess,
        "of": of,
        "causes": causes,
        "title": f"{site} {span}: {m.label} {shown}",
        "text": text + f"{number(f'{excess:.0f}')} more than usual. Rule {rule['name']}.",
        "cause": cause(rule, causes, reasons),
    }
    return out | ({"reasons": reasons} if reasons else {})


def share(name, member, label, parts, excess):
    part = parts[2] / excess
    out = {"name": name, "label": label, "bad": parts[0], "n": parts[1], "excess": parts[2], "part": part, "text": percent(part)}
    return out | ({"member": member} if member else {})


def cause(rule, causes, reasons):
    """A member is named if it holds most of the excess, a reason if it holds a good part."""
    named = [f"{c['name']} {c['label']} in {c['text']}" for c in causes if c["part"] > 0.6]
    text = f"Of the excess, {', '.join(named)}." if named else f"Not confined to one {' or '.join(rule['explain'])}."
    main = [f"{r['label']} in {r['text']}" for r in reasons if r["part"] >= 0.25]
    return text + (f" Of the excess, {', '.join(main)}." if main else "")
