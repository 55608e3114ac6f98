-- NULLs of every type, decimals with their scale, doubles in their shortest form
SELECT id, name, amount, ratio, ok, seen_at, dt
FROM acme
WHERE dt = '2017-09-12' AND id % 50 = 21
ORDER BY id;
