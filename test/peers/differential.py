"""Prints SELECT statements that Apache Impala and Apache Spark are to answer alike.

    differential.py [COUNT [SEED]]

Each line of the output is a JSON object: "sql", and "ordered", which says that ORDER BY
names every column, so that the rows have one order only. The statements are made from
the grammar of differential_grammar.py by random numbers with a fixed seed. The scripts
know the tables of the demo and the two dialects; they know nothing of the engine under
test.
"""

import json
import sys

from differential_grammar import ACME, CALLS, Maker, Scope, only

TABLES = {"qos.call_quality": CALLS, "default.acme": ACME}
EXACT = ["int", "ascii", "text", "time", "date", "bool", "decimal"]  # equal values look equal, so they can be sorted
DIRECTIONS = ["ASC NULLS FIRST", "ASC NULLS LAST", "DESC NULLS FIRST", "DESC NULLS LAST"]


class Statements(Maker):
    """Makes one statement of each shape in turn."""

    def table(self, alias=""):
        name = self.pick(["qos.call_quality", "qos.call_quality", "default.acme"])
        return f"{name} {alias}".rstrip(), Scope((alias, TABLES[name]))

    def calls(self, alias=""):
        return f"qos.call_quality {alias}".rstrip(), Scope((alias, CALLS))

    def items(self, s, count, kinds=None, prefix="c"):
        """Select items under names of their own, and the names by type."""
        texts, names = [], {}
        for n in range(count):
            kind = self.pick([k for k in kinds or EXACT + ["double"] if k != "decimal" or s.has("decimal")])
            texts.append(f"{self.expression(kind, s)} AS {prefix}{n + 1}")
            names.setdefault(kind, []).append(f"{prefix}{n + 1}")
        return texts, names

    def where(self, s, percent=60):
        return f" WHERE {self.expression('bool', s)}" if self.chance(percent) else ""

    def order(self, columns):
        """ORDER BY of every column, by number, and now and then a LIMIT."""
        places = self.shuffled(range(1, columns + 1))
        text = " ORDER BY " + ", ".join(f"{n} {self.pick(DIRECTIONS)}" for n in places)
        return text + (f" LIMIT {self.r.randrange(1, 40)}" if self.chance(60) else "")

    def keys(self, columns):
        """The columns that make an order of a table's rows total."""
        return ", ".join(f"{name} {self.pick(DIRECTIONS)}" for name in columns["key"])

    def aggregates(self, s, count):
        texts = []
        for n in range(count):
            texts.append(f"{self.expand(self.pick(self.aggregate_forms(s)), s, 1)} AS a{n + 1}")
        return texts

    def aggregate_forms(self, s):
        forms = ["COUNT(*)", "COUNT({any})", "COUNT(DISTINCT {few})", "SUM({int})", "SUM({raw})", "AVG({int})", "AVG({double})", "MIN({double})", "MAX({double})",
                 "MIN({ascii})", "MAX({text})", "MIN({time})", "MAX({date})", "MAX({int})", "SUM(CASE WHEN {bool} THEN 1 ELSE 0 END)", "SUM(IF({bool}, {int}, 0))",
                 "COUNT(CASE WHEN {bool} THEN 1 END)", "SUM({double}) / NULLIF(COUNT({double}), 0)", "COUNT(DISTINCT HOUR({time}))", "COALESCE(SUM({int}), 0)",
                 "COUNT(DISTINCT {few}, {few})", "MAX({int}) - MIN({int})", "ROUND(STDDEV_POP({double}), 6)", "ROUND(VAR_POP({double}), 6)"]
        return forms + (["SUM({decimal_column})", "AVG({decimal_column})", "MIN({decimal})"] if s.has("decimal") else [])

    # The shapes. Each returns the text and whether its order is total.

    def plain(self):
        table, s = self.table()
        items, _ = self.items(s, self.r.randrange(2, 6))
        return f"SELECT {', '.join(items)} FROM {table}{self.where(s)}", False

    def ordered(self):
        table, s = self.table("t")
        items, _ = self.items(s, self.r.randrange(2, 5), EXACT)
        return f"SELECT {', '.join(items)} FROM {table}{self.where(s)}{self.order(len(items))}", True

    def distinct(self):
        table, s = self.table()
        items = [f"{self.pick(s.columns['few'])} AS k", *self.items(s, 1, EXACT)[0]]
        return f"SELECT DISTINCT {', '.join(items)} FROM {table}{self.where(s)}{self.order(2)}", True

    def grouped(self):
        table, s = self.table()
        keys = self.sample(s.columns["few"], self.r.randrange(1, 4))
        having = f" HAVING COUNT(*) > {self.r.randrange(0, 9)}" if self.chance(40) else ""
        items = keys + self.aggregates(s, self.r.randrange(2, 6))
        return f"SELECT {', '.join(items)} FROM {table}{self.where(s, 40)} GROUP BY {', '.join(keys)}{having}", False

    def grouped_by_expression(self):
        table, s = self.table()
        key = self.expression(self.pick(EXACT[:6]), s)
        clause = self.pick(["1", "k", key])
        items = [f"{key} AS k", *self.aggregates(s, 3)]
        if clause == "1" or not key[0].isalpha():
            clause = "1"
        return f"SELECT {', '.join(items)} FROM {table}{self.where(s, 40)} GROUP BY {clause}", False

    def total(self):
        table, s = self.table()
        return f"SELECT {', '.join(self.aggregates(s, 6))} FROM {table}{self.where(s, 70)}", False

    def having(self):
        table, s = self.calls()
        key = self.pick(["site", "carrier", "codec", "final_code", "HOUR(start_ts)"])
        condition = self.pick(["SUM(packets_rx) > 100000", "AVG(pdd_ms) IS NOT NULL", "MAX(final_code) - MIN(final_code) > 50",
                               "COUNT(DISTINCT endpoint_id) BETWEEN 2 AND 60", "NOT (COUNT(*) < 5)"])
        items = [f"{key} AS k", *self.aggregates(s, 2)]
        return f"SELECT {', '.join(items)} FROM {table}{self.where(s, 30)} GROUP BY {key} HAVING {condition}", False

    def inner_join(self):
        s = Scope(("a", CALLS), ("b", CALLS))
        items, _ = self.items(s, 3)
        on = self.pick(["a.call_id = b.call_id AND a.leg_no < b.leg_no", "a.call_id = b.call_id AND a.leg_no + 1 = b.leg_no", "a.call_id = b.call_id AND a.leg_no = b.leg_no",
                        "a.endpoint_id = b.endpoint_id AND a.call_id < b.call_id AND a.dt = b.dt"])
        return f"SELECT a.call_id, {', '.join(items)} FROM qos.call_quality a {self.pick(['JOIN', 'INNER JOIN'])} qos.call_quality b ON {on}{self.where(s, 50)}", False

    def outer_join(self):
        kind = self.pick(["LEFT JOIN", "LEFT OUTER JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL OUTER JOIN"])
        _, s = self.calls("a")
        few = only(CALLS, "few", ["codec", "country", "site"])
        key = self.pick(few["few"])
        right = f"(SELECT {key}, COUNT(*) AS n, MAX(pdd_ms) AS m FROM qos.call_quality WHERE {self.expression('bool', Scope(('', CALLS)))} GROUP BY {key}) b"
        items, _ = self.items(s, 2)
        extra = self.pick(["", "", " AND b.n > 100", " AND a.leg_no = 1"])
        return f"SELECT a.call_id, b.{key}, b.n, COALESCE(b.m, -1) AS m, {', '.join(items)} FROM qos.call_quality a {kind} {right} ON a.{key} = b.{key}{extra}{self.where(s, 30)}", False

    def semi_join(self):
        kind = self.pick(["LEFT SEMI JOIN", "LEFT ANTI JOIN"])
        _, s = self.calls("a")
        items, _ = self.items(s, 2)
        inner = self.expression("bool", Scope(("", CALLS)))
        return f"SELECT a.call_id, a.leg_no, {', '.join(items)} FROM qos.call_quality a {kind} (SELECT endpoint_id AS e, call_id AS c FROM qos.call_quality WHERE {inner}) b ON a.endpoint_id = b.e{self.pick(['', ' AND a.call_id <> b.c'])}", False

    def cross_join(self):
        on = self.pick(["a.id % 50 = b.n", "a.ok = (b.n > 10)", "a.id % 97 <= b.n"])
        s = Scope(("a", ACME))
        items, _ = self.items(s, 2)
        return f"SELECT a.id, b.n, {', '.join(items)} FROM default.acme a {self.pick(['CROSS JOIN', 'JOIN'])} (SELECT DISTINCT leg_no * 8 AS n FROM qos.call_quality) b WHERE {on} AND a.dt = '2017-09-12'", False

    def union(self):
        kinds = [self.pick(EXACT[:6]) for _ in range(3)]
        blocks = []
        for _ in range(self.r.randrange(2, 4)):
            table, s = self.table()
            items = [f"{self.expression(kind, s)} AS c{n}" for n, kind in enumerate(kinds)]
            blocks.append(f"SELECT {', '.join(items)} FROM {table}{self.where(s, 80)}")
        return self.pick([" UNION ALL ", " UNION ALL ", " UNION ALL ", " UNION "]).join(blocks), False

    def common_table(self):
        table, s = self.table()
        items, names = self.items(s, 4, EXACT)
        key = names[self.pick(sorted(names))][0]
        more = self.expression("int", Scope(("w", {"int": ["n"]})))
        return (f"WITH v AS (SELECT {', '.join(items)} FROM {table}{self.where(s)}), w AS (SELECT {key} AS k, COUNT(*) AS n FROM v GROUP BY 1) "
                f"SELECT k, n, {more} AS e FROM w WHERE n >= 1 ORDER BY 1 NULLS FIRST, 2, 3 NULLS LAST LIMIT 50"), True

    def sub_select(self):
        table, s = self.table()
        items, names = self.items(s, 4, EXACT, "x")
        outer = Scope(("v", names))
        top, _ = self.items(outer, 3, list(names), "y")
        return f"SELECT {', '.join(top)} FROM (SELECT {', '.join(items)} FROM {table}{self.where(s, 40)}) v{self.where(outer)}", False

    def row_number(self):
        name = self.pick(["qos.call_quality", "default.acme"])
        columns = TABLES[name]
        s = Scope(("", columns))
        partition = self.pick(columns["few"])
        function = self.pick(["ROW_NUMBER()", "ROW_NUMBER()", "RANK()", "DENSE_RANK()"])
        items, _ = self.items(s, 2)
        window = f"PARTITION BY {partition} ORDER BY {self.keys(columns)}"
        return (f"SELECT {partition}, {columns['key'][0]}, {', '.join(f'c{n + 1}' for n in range(2))}, rn FROM (SELECT {partition}, {columns['key'][0]}, {', '.join(items)}, "
                f"{function} OVER ({window}) AS rn FROM {name}{self.where(s, 30)}) v WHERE rn <= {self.r.randrange(1, 9)}"), False

    def copies(self):
        """Rows without their copies, and what reports count of them."""
        _, s = self.calls()
        items = self.aggregates(Scope(("", only(CALLS, "double", ["jitter_ms", "rtt_ms"]))), 3)
        return (f"SELECT site, {', '.join(items)} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts NULLS LAST, duration_s NULLS LAST) AS copy_no "
                f"FROM qos.call_quality{self.where(s, 50)}) v WHERE copy_no = 1 GROUP BY site"), False

    def window_aggregate(self):
        name = self.pick(["qos.call_quality", "default.acme"])
        columns = TABLES[name]
        s = Scope(("", columns))
        partition = self.pick(columns["few"])
        order = self.keys(columns)
        open_frames = ["", " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"]
        sliding_frames = [" ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING", " ROWS 3 PRECEDING", " ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING"]
        form = self.pick(["SUM({int})", "COUNT({any})", "COUNT(*)", "AVG({int})", "MIN({int})", "MAX({ascii})", "FIRST_VALUE({ascii})", "LAST_VALUE({int})", "MAX({time})"])
        # Impala has no MIN and MAX over a frame that slides.
        frame = self.pick(open_frames if form[:3] in ("MIN", "MAX") else open_frames + sliding_frames)
        aggregate = self.expand(form, s, 1)
        shift = self.expand(self.pick(["LAG({int})", "LEAD({ascii}, 2)", "LAG({int}, 1, 0)", "NTILE(2)", "LEAD({time})"]), s, 1)
        return (f"SELECT {columns['key'][0]}, {partition}, {aggregate} OVER (PARTITION BY {partition} ORDER BY {order}{frame}) AS w1, "
                f"{shift} OVER (PARTITION BY {partition} ORDER BY {order}) AS w2, COUNT(*) OVER (PARTITION BY {partition}) AS w3 FROM {name}{self.where(s, 50)}"), False

    def sub_query(self):
        table, s = self.table("t")
        alias = self.expression("bool", Scope(("", CALLS)))
        test = self.pick(["t.dt IN (SELECT dt FROM default.acme WHERE id % 7 = 3)", f"t.dt NOT IN (SELECT dt FROM qos.call_quality WHERE dt IS NOT NULL AND final_code = 999)",
                          f"EXISTS (SELECT 1 FROM qos.call_quality WHERE {alias})", f"NOT EXISTS (SELECT 1 FROM qos.call_quality q WHERE q.dt = t.dt AND q.codec = 'G.729' AND {self.expression('bool', Scope(('q', CALLS)))})",
                          f"EXISTS (SELECT 1 FROM default.acme x WHERE x.dt = t.dt AND {self.expression('bool', Scope(('x', ACME)))})",
                          f"{self.expression('int', s, 1)} > (SELECT AVG(pdd_ms) / 10 FROM qos.call_quality WHERE {alias})",
                          f"LENGTH(t.dt) = (SELECT MAX(LENGTH(dt)) FROM default.acme)",
                          f"HOUR({s.columns['time'][0]}) IN (SELECT HOUR(seen_at) FROM default.acme WHERE {self.expression('bool', Scope(('', ACME)))})"])
        items, _ = self.items(s, 3)
        return f"SELECT {', '.join(items)} FROM {table} WHERE {test}{self.pick(['', ' AND ' + self.expression('bool', s)])}", False

    def histogram(self):
        column = self.pick(CALLS["double"])
        key = self.pick(["site", "HOUR(start_ts)", "codec"])
        return (f"SELECT k, bin, COUNT(*) AS n, MIN(x) AS low, MAX(x) AS high FROM (SELECT k, x, CASE WHEN x IS NULL THEN NULL "
                f"WHEN NOT (x >= -1.7976931348623157e308 AND x <= 1.7976931348623157e308) THEN -2147483647 WHEN x < 0 THEN -2147483646 WHEN x < 0.01 THEN -1000000 WHEN x > 60000 THEN 1000000 "
                f"ELSE CAST(CEIL(LN(CAST(x AS DOUBLE)) * CAST(49.99833328888678 AS DOUBLE)) AS INT) END AS bin FROM (SELECT {key} AS k, CASE WHEN {column} >= 0 AND {column} <= 10000 THEN {column} END AS x "
                f"FROM qos.call_quality{self.where(Scope(('', CALLS)), 50)}) f) b GROUP BY k, bin"), False

    def quality(self):
        counts = []
        for n, c in enumerate(self.sample(CALLS["double"], 3)):
            finite = f"{c} >= -1.7976931348623157e308 AND {c} <= 1.7976931348623157e308"
            counts += [f"SUM(CASE WHEN {c} IS NULL THEN 1 ELSE 0 END) AS null{n}", f"SUM(CASE WHEN {finite} AND {c} < 0 THEN 1 ELSE 0 END) AS low{n}",
                       f"SUM(CASE WHEN {finite} AND {c} > 100 THEN 1 ELSE 0 END) AS high{n}", f"SUM(CASE WHEN {c} IS NOT NULL AND NOT ({finite}) THEN 1 ELSE 0 END) AS odd{n}"]
        return f"SELECT {self.pick(['dt', 'site'])} AS k, {', '.join(counts)} FROM qos.call_quality{self.where(Scope(('', CALLS)), 40)} GROUP BY 1", False

    def raw(self):
        """DOUBLEs as they are, NaN and infinities among them, and groups of them."""
        c = self.pick(["jitter_ms", "rtt_ms", "loss_pct", "mos_cq", "duration_s"])
        return self.pick([f"SELECT {c}, COUNT(*) AS n FROM qos.call_quality WHERE {self.expression('bool', Scope(('', CALLS)))} GROUP BY {c}",
                          f"SELECT DISTINCT {c}, codec FROM qos.call_quality", f"SELECT site, SUM({c}) AS s, COUNT(DISTINCT {c}) AS n FROM qos.call_quality GROUP BY site",
                          f"SELECT call_id, leg_no, {c}, {c} IS NULL AS e, COALESCE({c}, CAST(-1 AS DOUBLE)) AS d FROM qos.call_quality WHERE {self.expression('bool', Scope(('', CALLS)))}"]), False


SHAPES = ["plain", "ordered", "distinct", "grouped", "grouped_by_expression", "total", "having", "inner_join", "outer_join", "semi_join", "cross_join", "union", "inner_join", "outer_join", "union", "sub_query", "common_table", "semi_join",
          "common_table", "sub_select", "row_number", "copies", "window_aggregate", "sub_query", "histogram", "quality", "raw"]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 216
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20170912
    statements = Statements(seed)
    for n in range(count):
        sql, ordered = getattr(statements, SHAPES[n % len(SHAPES)])()
        print(json.dumps({"sql": sql, "ordered": ordered}))


if __name__ == "__main__":
    main()
