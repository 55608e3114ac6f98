"""Checks the texts that impala-shell has to print, by the rows of an export.

    shell_expected.py EXPORT FOLDER

The figures are computed from the CSV files here, in Python alone; neither the product's
SQL nor its client has a part in them. Nothing is written: a text that differs is shown,
and the exit code is 1.
"""

import collections
import csv
import datetime
import decimal
import difflib
import io
import os
import sys


def table(export, name):
    """The rows of a table as dicts of texts, None for NULL, in the order of the export."""
    path = os.path.join(export, name + ".csv")
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
        return [{k: None if v == "\\N" else v for k, v in row.items()} for row in csv.DictReader(f)]


def schema(export, name):
    with open(os.path.join(export, name + ".schema"), encoding="utf-8") as f:
        return [line.split(" ", 1) for line in f.read().splitlines()]


def delimited(rows):
    """What -B --output_delimiter=, prints: NULL is the word, quotes where they are needed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow(["NULL" if v is None else v for v in row])
    return out.getvalue()


def boxed(names, rows):
    """The table that impala-shell draws without -B."""
    cells = [names] + [["NULL" if v is None else str(v) for v in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+\n"
    lines = ["|" + "|".join(" " + c.ljust(w) + " " for c, w in zip(row, widths)) + "|\n" for row in cells]
    return rule + lines[0] + rule + "".join(lines[1:]) + (rule if rows else "")


def grouped(rows, key):
    """Groups by a column, sorted by the bytes of the key, NULL behind all."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return sorted(groups.items(), key=lambda g: (g[0] is None, (g[0] or "").encode("utf-8", "surrogateescape")))


def known(rows, column):
    return [row[column] for row in rows if row[column] is not None]


def rows(export):
    wanted = [r for r in table(export, "default.acme") if r["dt"] == "2017-09-12" and int(r["id"]) % 50 == 21]
    names = ("id", "name", "amount", "ratio", "ok", "seen_at", "dt")
    # A double without a fraction has one in Python, which prints it.
    texts = [dict(r, ratio=r["ratio"] and repr(float(r["ratio"]))) for r in wanted]
    return delimited([[r[n] for n in names] for r in sorted(texts, key=lambda r: int(r["id"]))])


def groups(export):
    acme = table(export, "default.acme")
    first = []
    for name, members in grouped(acme, "name"):
        amounts = [decimal.Decimal(a) for a in known(members, "amount")]
        ratios = [float(x) for x in known(members, "ratio")]
        first.append([name, len(members), len(amounts), sum(amounts), min(known(members, "seen_at")),
                      repr(max(ratios)), sum(ok == "true" for ok in known(members, "ok"))])
    late = [r for r in acme if r["dt"] > "2017-09-11"]
    names = known(late, "name")
    return delimited(first) + delimited([[len(late), len(names), len(set(names))]])


def sites(export):
    legs = [r for r in table(export, "qos.call_quality") if r["dt"] in ("2017-09-11", "2017-09-12")]
    result = []
    for site, members in grouped(legs, "site"):
        packets = [int(p) for p in known(members, "packets_rx")]
        starts = known(members, "start_ts")
        result.append([site, len(members), len(set(known(members, "codec"))), sum(packets) if packets else None,
                       min(starts) if starts else None])
    return delimited(result)


def join(export):
    names = {r["id"]: r["name"] for r in table(export, "default.acme")}
    pairs, found = collections.Counter(), collections.Counter()
    for r in table(export, "default.acme"):
        if r["dt"] == "2017-09-11":
            pairs[r["name"]] += 1
            partner = names.get(str(int(r["id"]) + 1000))
            found[r["name"]] += partner is not None and partner == r["name"]
    ordered = sorted((n for n in pairs if pairs[n] > 100), key=lambda n: (-pairs[n], n is None, n))
    return delimited([[n, pairs[n], found[n]] for n in ordered])


def types(_):
    return delimited([["1", "2", "-9223372036854775808", "3.50", "0.1", "1.100000023841858", "inf",
                       'he said "yes", twice', "two\nlines", "", None, "true", "2017-09-12",
                       "2017-09-12 01:02:03.000000004"]])


def catalog(export):
    days = sorted({r["dt"] for r in table(export, "qos.call_quality")})
    stored = [[day, "-1", "1", "0B", "NOT CACHED", "NOT CACHED", "PARQUET", "false", "/qos/call_quality/dt=" + day, "NONE"] for day in days]
    total = ["Total", "-1", str(len(days)), "0B", "0B"] + [""] * 5
    return "".join((
        boxed(["name", "comment"], [["_impala_builtins", "System database for Impala builtin functions"],
                                    ["default", "Default Hive database"], ["qos", ""]]),
        boxed(["name"], [["acme"]]),
        boxed(["name"], [["call_quality"]]),
        boxed(["name", "type", "comment"], [[n, t.lower(), ""] for n, t in schema(export, "default.acme")]),
        boxed(["dt", "#Rows", "#Files", "Size", "Bytes Cached", "Cache Replication", "Format", "Incremental stats",
               "Location", "EC Policy"], stored + [total]),
    ))


def impyla(export):
    """What shell_impyla.py prints. In a metadata call databases have no comment, types have
    no lengths, and functions are in no database. Times are of summer in Bratislava."""
    acme = sorted(table(export, "default.acme"), key=lambda r: int(r["id"]))
    lines = ["ping: True", "description: [('id', 'BIGINT'), ('name', 'STRING'), ('amount', 'DECIMAL'), ('ratio', 'DOUBLE'), "
             "('ok', 'BOOLEAN'), ('seen_at', 'TIMESTAMP')]"]
    for r in [r for r in acme if r["dt"] == "2017-09-12" and int(r["id"]) % 50 == 21][:7]:
        lines.append("row: " + repr((
            int(r["id"]), r["name"], r["amount"] and decimal.Decimal(r["amount"]), r["ratio"] and float(r["ratio"]),
            r["ok"] and r["ok"] == "true", r["seen_at"] and datetime.datetime.fromisoformat(r["seen_at"]))))
    anvils = collections.Counter(r["dt"] for r in acme if r["name"] == "anvil")
    columns = [(n, t.partition("(")[0]) for n, t in schema(export, "default.acme")]
    return "\n".join(lines + [
        f"one: (3333, {sum(int(r['id']) for r in acme[:3333])})",
        f"many: (50, {len(acme) - 50})",
        f"parameters: {sorted(anvils.items())}",
        f"summary: [('02:SORT', '', {len(anvils)}), ('01:AGGREGATE', 'FINALIZE', {len(anvils)}), ('00:SCAN HDFS', 'default.acme', {sum(anvils.values())})]",
        "summary table: ['F00:ROOT', '02:SORT', '01:AGGREGATE', '00:SCAN HDFS']",
        "profile: True",
        "databases: [('_impala_builtins', ''), ('default', ''), ('qos', '')]",
        "tables: [('qos', 'call_quality', 'TABLE')]",
        f"schema: {columns}",
        "exists: (True, False, True, False)",
        "functions: []",
        f"option: [('MEM_LIMIT', '{1 << 30}', 'REGULAR')]",
        "configured: [(1,)]",
        "bad option: HiveServer2Error Invalid query option: no_such_option",
        "bad table: HiveServer2Error Query ID failed: AnalysisException: Could not resolve table reference: 'nope'",
        "bad text: HiveServer2Error Query ID failed: ParseException: Syntax error in line 1: SELEKT 1 ^ Encountered: IDENTIFIER",
        "bad value: OperationalError Query ID failed: UDF ERROR: Cannot divide decimal by zero",
        "runs: True",
        "after a cancel: [('still here', None, datetime.date(2017, 9, 12))]",
        "another session: [('qos', datetime.datetime(2017, 7, 1, 14, 0))]",
        "the first one: [('default',)]", ""])


def main(export, folder):
    wrong = 0
    for case in (rows, groups, sites, join, types, catalog, impyla):
        path = os.path.join(folder, case.__name__ + ".txt")
        with open(path, encoding="utf-8", newline="") as f:
            text = f.read()
        want = case(export)
        if text != want:
            wrong += 1
            sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), want.splitlines(True), path, "by the export"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
