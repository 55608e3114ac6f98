"""Asks a coordinator what impyla can ask, and prints the answers.

    shell_impyla.py 'impala.dbapi.connect(…)'
"""

import re
import sys

import impala.dbapi
import impala.error


def show(name, value):
    print(f"{name}: {value}")


def failure(cursor, statement, **more):
    try:
        cursor.execute(statement, **more)
        return cursor.fetchall()
    except impala.error.Error as e:
        text, _, _ = str(e).partition("Expected:")  # what could have stood there is long
        text = re.sub("Query [0-9a-f]{16}:[0-9a-f]{16} failed:", "Query ID failed:", text)
        return f"{type(e).__name__} {' '.join(text.split())}"


def main(connection):
    cursor = connection.cursor()
    show("ping", cursor.ping())

    cursor.execute("SELECT id, name, amount, ratio, ok, seen_at FROM acme WHERE dt = '2017-09-12' AND id % 50 = 21 ORDER BY id LIMIT 7")
    show("description", [(d[0], d[1]) for d in cursor.description])
    for row in cursor:
        show("row", row)

    cursor.set_arraysize(100)
    cursor.execute("SELECT count(*), sum(id) FROM (SELECT id FROM acme ORDER BY id LIMIT 3333) a")
    show("one", cursor.fetchone())
    cursor.execute("SELECT id FROM acme")
    show("many", (len(cursor.fetchmany(50)), len(cursor.fetchall())))

    cursor.execute("SELECT dt, count(*) FROM acme WHERE name = %(name)s GROUP BY dt ORDER BY dt", {"name": "anvil"})
    show("parameters", cursor.fetchall())
    show("summary", [(n.label, n.label_detail, n.exec_stats[0].cardinality) for n in cursor.get_summary().nodes if n.node_id >= 0])
    table = []
    cursor.build_summary_table(cursor.get_summary(), table)
    show("summary table", [row[0] for row in table])
    profile = cursor.get_profile()
    show("profile", profile.startswith("Query (id=") and "HDFS partitions=4/4" in profile and "Query State: FINISHED" in profile)

    cursor.get_databases()
    show("databases", sorted(cursor.fetchall()))
    cursor.get_tables("qos")
    show("tables", [row[1:4] for row in cursor.fetchall()])
    show("schema", cursor.get_table_schema("acme", "default"))
    show("exists", (cursor.table_exists("acme"), cursor.table_exists("nope"), cursor.database_exists("qos"), cursor.database_exists("nope")))
    cursor.get_functions("_impala_builtins")
    show("functions", cursor.fetchall())

    cursor.execute("SET mem_limit=1g")
    cursor.execute("SET")
    show("option", [row for row in cursor.fetchall() if row[0] == "MEM_LIMIT"])
    cursor.execute("SELECT 1", configuration={"mem_limit": "2g", "request_pool": "reports"})
    show("configured", cursor.fetchall())
    show("bad option", failure(cursor, "SELECT 1", configuration={"no_such_option": "1"}))
    show("bad table", failure(cursor, "SELECT * FROM nope"))
    show("bad text", failure(cursor, "SELEKT 1"))
    show("bad value", failure(cursor, "SELECT cast(id as decimal(18,0)) / 0 FROM acme"))

    cursor.execute_async("SELECT count(*) FROM acme a CROSS JOIN acme b CROSS JOIN acme c")
    show("runs", cursor.is_executing())
    cursor.cancel_operation()
    show("after a cancel", failure(cursor, "SELECT 'still here', NULL, cast('2017-09-12' as date)"))

    other = connection.cursor(configuration={"timezone": "Europe/Bratislava"})
    other.execute("USE qos")
    other.execute("SELECT current_database(), from_utc_timestamp(cast('2017-07-01 12:00:00' as timestamp), 'Europe/Bratislava')")
    show("another session", other.fetchall())
    cursor.execute("SELECT current_database()")
    show("the first one", cursor.fetchall())
    other.close()
    cursor.close()
    connection.close()


if __name__ == "__main__":
    main(eval(sys.argv[1]))  # a line that the demo printed
