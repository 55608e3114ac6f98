SELECT
  to_date(started) AS day, site, carrier, codec, hour(started) AS hour,
  COUNT(*) AS legs,
  SUM(CASE WHEN leg_no = 1 AND (final_code IS NULL OR final_code < 300 OR final_code > 399) THEN 1 ELSE 0 END) AS attempts,
  SUM(CASE WHEN leg_no = 1 AND final_code = 200 THEN 1 ELSE 0 END) AS answered,
  SUM(CASE WHEN leg_no = 1 AND final_code IN (200, 480, 486, 487, 600, 603) THEN 1 ELSE 0 END) AS delivered,
  SUM(CASE WHEN classified THEN 1 ELSE 0 END) AS classified,
  SUM(CASE WHEN classified AND poor THEN 1 ELSE 0 END) AS poor,
  SUM(CASE WHEN leg_no = 1 AND final_code = 200 THEN talk_s END) AS talk_s,
  SUM(CASE WHEN leg_no = 1 AND final_code = 200 AND talk_s IS NOT NULL THEN 1 ELSE 0 END) AS talk_n,
  SUM(CASE WHEN classified THEN mos END) AS mos_sum,
  SUM(CASE WHEN classified AND mos IS NOT NULL THEN 1 ELSE 0 END) AS mos_n
FROM (
  {{template "judged" .}}
) legs
GROUP BY to_date(started), site, carrier, codec, hour(started)
