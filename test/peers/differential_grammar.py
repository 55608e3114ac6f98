"""The grammar of the expressions in differential.py: what Impala and Spark answer alike.

What the two are known to answer differently stays out, by these rules. Each has rows in
internal/lab/sql/testdata/differences.json, where both answers are written down:

- A DOUBLE column is compared, sorted and aggregated only after junk, NaN and infinities
  were cut off. It may be projected, summed, counted and grouped as it is.
- A divisor is never zero, an argument of LN never below one; nothing to be rounded lies
  half-way between two results.
- Functions that count characters see ASCII alone, and positions begin with 1.
- Places of NULL in an order are always written.
- Strings are cast to numbers only where they are whole numbers or no numbers at all.
- LEAST and GREATEST see no NULL. A decimal literal never stands beside a DOUBLE.
- Integers stay far from the limits of their types, where the engines wrap differently.
- Dates are moved as DATE, times by INTERVAL.
- A date is not cut to a quarter, and tiles are two.
"""

import random
import re

CALLS = {
    "int": ["leg_no", "ptime_ms", "final_code", "release_cause", "pdd_ms", "burst_ms", "gap_ms", "packets_tx", "packets_rx", "packets_lost", "packets_discarded"],
    "double": ["duration_s", "loss_pct", "discard_pct", "burst_density_pct", "jitter_ms", "jitter_max_ms", "rtt_ms", "owd_ms", "jb_ms", "mos_lq", "mos_cq", "r_factor"],
    "ascii": ["call_id", "endpoint_id", "trunk", "country", "direction", "network_type", "codec", "released_by", "mos_scale", "mos_source", "dt"],
    "text": ["site", "carrier", "endpoint_model", "user_name"],
    "time": ["start_ts", "ring_ts", "answer_ts", "end_ts", "ingest_ts"],
    "few": ["site", "carrier", "codec", "direction", "network_type", "country", "leg_no", "final_code", "mos_scale", "dt"],
    "key": ["call_id", "leg_no", "ingest_ts", "duration_s"],
}
ACME = {
    "int": ["id"], "double": ["ratio"], "ascii": ["name", "dt"], "time": ["seen_at"], "decimal": ["amount"], "bool": ["ok"],
    "few": ["name", "ok", "dt"], "key": ["id"],
}

# Words of the grammar that stand for one of some texts.
CHOICES = {
    "digit": list("23456789"), "count": list("123456789"), "length": list("0123456789"), "number": [str(n) for n in (-3, 0, 1, 2, 5, 20, 100, 200, 486, 999)],
    "letter": list("aeor1-"), "compare": ["=", "<>", "<", "<=", ">", ">=", "!="], "not": ["", "NOT "], "truth": ["TRUE", "FALSE", "NULL"],
    "part": ["YEAR", "QUARTER", "MONTH", "DAY", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "WEEKOFYEAR", "HOUR", "MINUTE", "SECOND"],
    "field": ["year", "quarter", "month", "day", "hour", "minute"], "unit": ["YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"],
    "start": ["year", "quarter", "month", "week", "day", "hour", "minute", "second"], "zone": ["Europe/Bratislava", "America/Sao_Paulo", "Asia/Tokyo", "UTC"],
    "layout": ["yyyy-MM-dd", "yyyyMMdd HH", "HH:mm", "yyyy/MM/dd HH:mm:ss"], "first": ["YYYY", "MM"], "day": ["DAY", "MONTH", "YEAR"],
    "asciiliteral": ["'a'", "'Opus'", "'-'", "'x y'", "'2017-09-12'", "''", "'N'", "'out'", "'0123'", "'it\\'s'", "'%'"],
    "textliteral": ["'Zürich'", "'東京-本社'", "'Košice-1'", "'Blåtel AS'", "'<script>'", "' '"],
    "like": ["'%a%'", "'_o%'", "'P%'", "'%-1'", "'%'", "''", "'%e%r%'", "'zrh-%'", "'%\\\\_%'", "'n_rvik%'"],
    "regexp": ["'^[a-z]+'", "'[0-9]{2}'", "'(o|u)'", "'^$'", "'[A-Z].*[0-9]$'", "'a.e'"],
    "moment": ["CAST('2017-09-12 14:00:00' AS TIMESTAMP)", "CAST('2017-09-11 23:59:59.5' AS TIMESTAMP)", "CAST('1970-01-02 00:00:00' AS TIMESTAMP)", "CAST('2017-09-13' AS TIMESTAMP)"],
    "doubletext": ["1.5", " 2 ", "abc", "1e3", "", "-0.25"], "decimaltext": ["12.345", "-0.5", "7"], "limit": ["10000", "100", "1e6"],
    "timetext": ["2017-09-12 10:20:30", "2017-02-30 00:00:00", "never", "2017-09-12"], "datetext": ["2017-09-12", "2000-01-01", "2016-02-29"],
}

# Forms without operands that nest. {x_column} is a column of type x.
LEAVES = {
    "int": ["{int_column}"] * 4 + ["{number}"],
    "double": ["{clean}"] * 4 + ["CAST({digit}.{digit} AS DOUBLE)"],
    "raw": ["{double_column}"],
    "clean": ["(CASE WHEN {=c double_column} >= 0 AND {c} <= {limit} THEN {c} END)"],
    "decimal": ["{decimal_column}"] * 3 + ["{number}.{digit}5"],
    "ascii": ["{ascii_column}"] * 4 + ["{asciiliteral}"],
    "text": ["{text_column}"] * 4 + ["{textliteral}"],
    "time": ["{time_column}"] * 4 + ["{moment}"],
    "date": ["CAST({time_column} AS DATE)"] * 3 + ["DATE '{datetext}'", "CAST('{datetext}' AS DATE)"],
    "bool": ["{int_column} {compare} {number}", "{ascii_column} {compare} {asciiliteral}", "{time_column} >= {moment}", "{bool_column}"],
}

NODES = {
    "int": ["({int} + {int})", "({int} - {int})", "({int} * {digit})", "({int} DIV {digit})", "({int} % {digit}1)", "ABS({int})", "MOD({int}, {digit})", "PMOD(ABS({int}), 7)",
            "COALESCE({int}, {int})", "NULLIF({int}, {int})", "NVL({int}, {int})", "IFNULL({int}, 0)", "IF({bool}, {int}, {int})", "NVL2({ascii}, {int}, {int})",
            "CASE WHEN {bool} THEN {int} WHEN {bool} THEN {int} END", "CASE {int_column} WHEN 200 THEN 1 WHEN 1 THEN {int} ELSE {int} END",
            "GREATEST(COALESCE({int}, 0), COALESCE({int}, 5))", "LEAST(COALESCE({int}, 0), COALESCE({int}, 5), 9)", "DECODE({int_column}, 200, 1, 486, {int}, {int})",
            "LENGTH({ascii})", "CHAR_LENGTH({ascii})", "INSTR({ascii}, '{letter}')", "LOCATE('{letter}', {ascii})", "LOCATE('{letter}', {ascii}, {count})", "ASCII({ascii})",
            "{part}({time})", "{part}({time})", "{part}({time})", "EXTRACT({field} FROM {time})", "DATEDIFF({time}, {time})", "UNIX_TIMESTAMP({time})",
            "CAST(SUBSTR({ascii_column}, {count}, 2) AS INT)", "CAST({bool} AS INT)", "CAST({clean} AS BIGINT)", "CAST({int} AS BIGINT)", "LEVENSHTEIN({ascii_column}, {asciiliteral})"],
    "double": ["({double} + {double})", "({double} - {double})", "({double} * {double})", "({double} * {digit})", "({double} / NULLIF({double}, 0))", "({int} / NULLIF({int}, 0))",
               "({double} / {digit})", "SQRT(ABS({double}))", "LN(ABS({double}) + 1)", "LOG10(ABS({double}) + 1)", "POW({clean}, 2)", "EXP(-ABS({clean}) / 100000)",
               "FLOOR({clean})", "CEIL({clean})", "ROUND({clean})", "ROUND({clean} / 7, 5)", "ABS({double})", "SIGN({double})", "CAST({int} AS DOUBLE)",
               "COALESCE({double}, CAST(0 AS DOUBLE))", "NULLIF({double}, CAST(0 AS DOUBLE))", "CASE WHEN {bool} THEN {double} ELSE {double} END", "IF({bool}, {double}, NULL)",
               "CAST('{doubletext}' AS DOUBLE)", "CAST({decimal} AS DOUBLE)"],
    "decimal": ["({decimal} + {decimal})", "({decimal} - {decimal})", "({decimal_column} * {decimal_column})", "({decimal_column} * {digit}1)", "({decimal_column} / NULLIF({decimal_column}, 0))",
                "({decimal_column} / {digit}1)", "({decimal_column} % 7)", "ROUND({decimal_column}, 1)", "ABS({decimal})", "COALESCE({decimal}, {decimal})", "NULLIF({decimal}, {decimal_column})",
                "CAST({int_column} AS DECIMAL(20,2))", "CAST({decimal_column} AS DECIMAL(12,4))", "CAST({decimal_column} AS DECIMAL(12,1))", "CAST('{decimaltext}' AS DECIMAL(9,2))",
                "CASE WHEN {bool} THEN {decimal} ELSE {decimal} END"],
    "ascii": ["UPPER({ascii})", "LOWER({ascii})", "CONCAT({ascii}, {ascii})", "({ascii} || {ascii})", "SUBSTR({ascii}, {count})", "SUBSTR({ascii}, {count}, {length})", "TRIM({ascii})",
              "LTRIM({ascii})", "RTRIM({ascii})", "LPAD({ascii}, {count}, 'xy')", "RPAD({ascii}, {count}, '.')", "REPLACE({ascii}, '{letter}', 'Z<')", "REVERSE({ascii})",
              "COALESCE({ascii}, {ascii})", "NULLIF({ascii}, {ascii})", "NVL({ascii}, '?')", "CAST({int} AS STRING)", "CASE WHEN {bool} THEN {ascii} ELSE {ascii} END",
              "SPLIT_PART({ascii}, '-', {count})", "REGEXP_EXTRACT({ascii}, '([a-z]+)([0-9]*)', 1)", "REGEXP_EXTRACT({ascii}, '([A-Z])([a-z]*)', 2)", "REGEXP_REPLACE({ascii}, '[aeiou]', '*')",
              "CONCAT_WS(',', {ascii}, {ascii}, {ascii})", "LEFT({ascii}, {length})", "RIGHT({ascii}, {count})", "REPEAT({ascii_column}, 2)", "INITCAP(LOWER({ascii}))",
              "TRANSLATE({ascii}, 'abc1', 'xyz')", "CONCAT('[', SPACE({length}), ']')", "HEX({ascii_column})", "HEX(ABS({int_column}))", "CAST(TO_DATE({time}) AS STRING)",
              "FROM_UNIXTIME(UNIX_TIMESTAMP({time}))", "FROM_UNIXTIME(UNIX_TIMESTAMP({time_column}), '{layout}')", "CAST({decimal_column} AS STRING)", "CAST({date} AS STRING)"],
    "text": ["{ascii}", "CONCAT({text}, {ascii})", "({ascii} || {text})", "COALESCE({text}, {text})", "NVL({text}, 'žádný')", "NULLIF(TRIM({text}), '')", "TRIM({text})",
             "REPLACE({text}, 'ü', 'ue')", "CONCAT_WS('/', {text}, {ascii})", "IF({bool}, {text}, {text})", "CASE {text_column} WHEN 'Zürich' THEN {text} WHEN 'Kraków' THEN {ascii} ELSE 'jiné' END"],
    "time": ["({time} + INTERVAL {count} {unit})", "({time} - INTERVAL {count} {unit})", "DATE_TRUNC('{start}', {time})", "FROM_UTC_TIMESTAMP({time}, '{zone}')",
             "TO_UTC_TIMESTAMP({moment}, '{zone}')", "COALESCE({time}, {time})", "NULLIF({time}, {time})", "CASE WHEN {bool} THEN {time} END", "CAST('{timetext}' AS TIMESTAMP)",
             "CAST({date} AS TIMESTAMP)"],
    "date": ["DATE_ADD({date}, {number})", "DATE_SUB({date}, {length})", "ADD_MONTHS(TRUNC({date}, 'MM'), {length})", "({date} + INTERVAL {count} {day})", "LAST_DAY({date})",
             "COALESCE({date}, {date})", "TRUNC({date}, '{first}')", "NULLIF({date}, {date})", "NEXT_DAY({date}, 'Monday')"],
    "bool": ["({bool} AND {bool})", "({bool} OR {bool})", "NOT ({bool})", "{int} {compare} {int}", "{double} {compare} {double}", "{ascii} {compare} {ascii}", "{text} {compare} {text}",
             "{time} {compare} {time}", "{date} {compare} {date}", "{any} IS {not}NULL", "{any} IS {not}NULL", "({int} IS NOT DISTINCT FROM {int})", "({text} IS DISTINCT FROM {text})",
             "({ascii} <=> {ascii})", "({double} IS NOT DISTINCT FROM {double})", "{int} {not}BETWEEN {number} AND {digit}00", "{clean} {not}BETWEEN 1 AND {digit}0", "{int} {not}IN (200, 486, 1, {number})",
             "{int_column} {not}IN (1, 200, NULL)", "{ascii} {not}IN ('Opus', 'out', 'N', {asciiliteral})", "{text} {not}IN ('Zürich', '東京-本社', 'Norvik Telecom')", "{text} {not}LIKE {like}",
             "{ascii} {not}LIKE {like}", "{ascii} RLIKE {regexp}", "{time} {not}BETWEEN {moment} AND CAST('2017-09-12 20:00:00' AS TIMESTAMP)", "({bool}) IS {not}{truth}",
             "{decimal} {compare} {decimal}"],
}

# What stands for a column where the scope has none of the type.
CONSTANTS = {"int": "7", "double": "CAST(1.5 AS DOUBLE)", "ascii": "'abc-1'", "text": "'Žižkov'", "time": "CAST('2017-09-12 01:02:03' AS TIMESTAMP)", "decimal": "1.25", "bool": "TRUE"}


def only(columns, kind, names):
    """The columns of a table with fewer of one type."""
    return {**columns, kind: names}


class Scope:
    """The columns that an expression may name, by type, each with its table's alias."""

    def __init__(self, *parts):
        self.columns = {}
        for alias, columns in parts:
            for kind, names in columns.items():
                self.columns.setdefault(kind, []).extend(f"{alias}.{name}" if alias else name for name in names)

    def has(self, kind):
        return bool(self.columns.get(kind))


class Maker:
    """Expands the grammar by random numbers."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, items):
        return items[self.r.randrange(len(items))]

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def sample(self, items, count):
        return self.shuffled(items)[:count]

    def shuffled(self, items):
        rest, result = list(items), []
        while rest:
            result.append(rest.pop(self.r.randrange(len(rest))))
        return result

    def expression(self, kind, scope, depth=2):
        """An expression of a type, in which operators nest as deep as depth."""
        if depth > 0 and kind in NODES and self.chance(70):
            return self.expand(self.pick(NODES[kind]), scope, depth - 1)
        return self.expand(self.pick(LEAVES[kind]), scope, 0)

    def expand(self, form, scope, depth):
        """Replaces the words of a form. {=c word} also names what the word became, for {c}."""
        named = {}

        def word(match):
            name, key = match[2], match[1]
            text = named[name] if name in named else self.word(name, scope, depth)
            if key:
                named[key] = text
            return text

        return re.sub(r"\{(?:=(\w+) )?(\w+)\}", word, form)

    def word(self, name, scope, depth):
        if name in CHOICES:
            return self.pick(CHOICES[name])
        if name == "any":
            return self.pick([c for kind in ("int", "double", "ascii", "text", "time") for c in scope.columns.get(kind, [])] or ["NULL"])
        if name == "few":
            return self.pick(scope.columns["few"])
        kind, _, column = name.partition("_")
        if column:
            return self.pick(scope.columns[kind]) if scope.has(kind) else CONSTANTS[kind]
        return self.expression(kind, scope, depth)
