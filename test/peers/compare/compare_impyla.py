"""Reads every value of a result with impyla, and prints the sum and the seconds.

    compare_impyla.py HOST:PORT ROWS
"""

import sys
import time

from impala.dbapi import connect

host, port = sys.argv[1].split(":")
cursor = connect(host=host, port=int(port), auth_mechanism="NOSASL").cursor()
start = time.monotonic()
cursor.execute("SELECT " + sys.argv[2])
total, hashed, sum_ = 0.0, 0, 0
for row in cursor:
    hashed ^= hash(row[0]) ^ hash(row[1]) ^ hash(row[2]) ^ hash(row[3])
    total += row[4] + row[5] + row[6] + row[7] + row[8]
    sum_ += row[9]
print(sum_, time.monotonic() - start)
