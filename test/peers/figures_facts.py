"""The call legs of an export, cleaned in DuckDB.

Written from the definitions of the figures, not from the product's statements: it is to
find out where those are wrong. Every sum is looked up in the legs themselves; nothing is
merged from smaller parts.
"""

import os
import shutil
import tempfile

import duckdb

NONE = "(none)"  # instead of a member that is NULL or blank

# The range outside of which a value is taken for junk.
COLUMNS = (
    ("final_code", 100, 699),
    ("duration_s", 0, 86400),
    ("jitter_ms", 0, 10000),
    ("rtt_ms", 0, 60000),
    ("loss_pct", 0, 100),
    ("discard_pct", 0, 100),
    ("mos_cq", 1, 5),
)

# What is looked up for a group of legs.
SUMS = {
    "legs": "COUNT(*)",
    "attempts": "COUNT(*) FILTER (leg_no = 1 AND code NOT BETWEEN 300 AND 399) + COUNT(*) FILTER (leg_no = 1 AND code IS NULL)",
    "answered": "COUNT(*) FILTER (leg_no = 1 AND code = 200)",
    "delivered": "COUNT(*) FILTER (leg_no = 1 AND code IN (200, 480, 486, 487, 600, 603))",
    "classified": "COUNT(*) FILTER (classified)",
    "poor": "COUNT(*) FILTER (classified AND (bad_jitter OR bad_loss OR bad_rtt OR bad_mos))",
    "poor_jitter": "COUNT(*) FILTER (classified AND bad_jitter)",
    "poor_loss": "COUNT(*) FILTER (classified AND bad_loss)",
    "poor_rtt": "COUNT(*) FILTER (classified AND bad_rtt)",
    "poor_mos": "COUNT(*) FILTER (classified AND bad_mos)",
    "talk_s": "FSUM(talk) FILTER (leg_no = 1 AND code = 200)",
    "talk_n": "COUNT(talk) FILTER (leg_no = 1 AND code = 200)",
    "mos_sum": "FSUM(mos) FILTER (classified)",
    "mos_n": "COUNT(mos) FILTER (classified)",
    "rtt_max_ms": "MAX(rtt) FILTER (classified)",
    "jitter": "LIST(jitter ORDER BY jitter) FILTER (classified AND jitter IS NOT NULL)",
    "mos": "LIST(mos ORDER BY mos) FILTER (classified AND mos IS NOT NULL)",
}


def by_name(member):
    """Sorts members by the bytes of their names, what has none behind them."""
    return member == NONE, member.encode()


def valid(column, low, high):
    return f"CASE WHEN isfinite({column}::DOUBLE) AND {column} BETWEEN {low} AND {high} THEN {column} END"


def load(export, first, last):
    """Opens the export and makes the tables raw, of all rows, and legs, of the clean ones
    of the report days. The local time is called started, its date day."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    table = os.path.join(export, "qos.call_quality")
    types = {"STRING": "VARCHAR", "INT": "INTEGER"}
    with open(table + ".schema", encoding="utf-8") as schema:
        columns = {name: types.get(kind, kind) for name, kind in (line.split() for line in schema)}
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as clean:
        with open(table + ".csv", encoding="utf-8", errors="replace", newline="") as given:
            shutil.copyfileobj(given, clean, 1 << 20)  # DuckDB takes no bytes that are not UTF-8
        clean.flush()
        db.execute(
            f"""CREATE TABLE raw AS SELECT *, (start_ts AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Bratislava' AS started FROM read_csv('{clean.name}',
                header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '\\N', allow_quoted_nulls = false,
                new_line = '\\n', parallel = false, columns = {columns})"""
        )
    ranges = {column: valid(column, low, high) for column, low, high in COLUMNS}
    db.execute(
        f"""CREATE TABLE legs AS
        WITH cleaned AS (
            SELECT call_id, leg_no, started, ingest_ts, packets_rx, COALESCE(NULLIF(TRIM(site), ''), '{NONE}') AS site,
                COALESCE(NULLIF(TRIM(carrier), ''), '{NONE}') AS carrier, COALESCE(codec, '{NONE}') AS codec, {ranges["final_code"]} AS code,
                {ranges["duration_s"]} AS talk, {ranges["jitter_ms"]} AS jitter, {ranges["rtt_ms"]} AS rtt, {ranges["loss_pct"]} AS lost,
                {ranges["discard_pct"]} AS discarded, CASE WHEN mos_scale = 'N' THEN {ranges["mos_cq"]} END AS mos
            FROM raw WHERE started >= '{first}' AND started < DATE '{last}' + 1 AND call_id IS NOT NULL AND leg_no IS NOT NULL),
        kept AS (
            SELECT * FROM cleaned QUALIFY ROW_NUMBER() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts NULLS LAST, talk NULLS LAST) = 1)
        SELECT *, CAST(started AS DATE)::VARCHAR AS day, HOUR(started) AS hour,
            code = 200 AND packets_rx >= 500 AND COALESCE(jitter, rtt, lost, mos) IS NOT NULL AS classified,
            jitter > 30 AS bad_jitter, lost + COALESCE(discarded, 0) > 5 AS bad_loss, rtt > 500 AS bad_rtt, mos < 3.6 AS bad_mos
        FROM kept"""
    )
    return db


def look(db, sums, days, by=(), where="true"):
    """The named sums of the legs of some days, for each group that has a leg."""
    keys = ", ".join(by)
    texts = ", ".join(f"{SUMS[name]} AS {name}" for name in sums)
    rows = db.execute(
        f"SELECT {keys + ',' if by else ''} {texts} FROM legs WHERE list_contains(?, day) AND {where} {'GROUP BY ' + keys if by else 'HAVING COUNT(*) > 0'}",
        [list(days)],
    ).fetchall()
    return {row[: len(by)] if len(by) != 1 else row[0]: dict(zip(sums, row[len(by) :])) for row in rows}
