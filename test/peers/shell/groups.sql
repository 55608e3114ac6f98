/* every name, and NULL behind the others */
SELECT name, count(*), count(amount), sum(amount), min(seen_at), max(ratio), sum(if(ok, 1, 0))
FROM acme GROUP BY name ORDER BY name;
SELECT count(*), count(name), count(DISTINCT name) FROM acme WHERE dt > '2017-09-11';
