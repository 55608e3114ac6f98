-- two days of the same name, and those of the first alone
SELECT a.name, count(*) AS pairs, count(b.id) AS found
FROM acme a LEFT JOIN acme b ON b.id = a.id + 1000 AND b.name = a.name
WHERE a.dt = '2017-09-11' GROUP BY a.name HAVING count(*) > 100 ORDER BY pairs DESC, a.name;
