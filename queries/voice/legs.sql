SELECT
  to_date(started) AS day, site, carrier, codec, hour(started) AS hour,
  COUNT(*) AS legs,
  SUM(CASE WHEN leg_no = 1 AND (final_code IS NULL OR final_code < 300 OR final_code > 399) THEN 1 ELSE 0 END) AS attempts,
  SUM(CASE WHEN leg_no = 1 AND final_code = 200 THEN 1 ELSE 0 END) AS answered,
  SUM(CASE WHEN leg_no = 1 AND final_code IN (200, 480, 486, 487, 600, 603) THEN 1 ELSE 0 END) AS delivered,
  SUM(CASE WHEN classified THEN 1 ELSE 0 END) AS classified,
  SUM(CASE WHEN classified AND (poor_jitter OR poor_loss OR poor_rtt OR poor_mos) THEN 1 ELSE 0 END) AS poor,
  SUM(CASE WHEN classified AND poor_jitter THEN 1 ELSE 0 END) AS poor_jitter,
  SUM(CASE WHEN classified AND poor_loss THEN 1 ELSE 0 END) AS poor_loss,
  SUM(CASE WHEN classified AND poor_rtt THEN 1 ELSE 0 END) AS poor_rtt,
  SUM(CASE WHEN classified AND poor_mos THEN 1 ELSE 0 END) AS poor_mos,
  SUM(CASE WHEN leg_no = 1 AND final_code = 200 THEN talk_s END) AS talk_s,
  SUM(CASE WHEN leg_no = 1 AND final_code = 200 AND talk_s IS NOT NULL THEN 1 ELSE 0 END) AS talk_n,
  SUM(CASE WHEN classified THEN mos END) AS mos_sum,
  SUM(CASE WHEN classified AND mos IS NOT NULL THEN 1 ELSE 0 END) AS mos_n,
  MIN(CASE WHEN classified THEN rtt_ms END) AS rtt_min_ms,
  MAX(CASE WHEN classified THEN rtt_ms END) AS rtt_max_ms
FROM (
  {{template "judged" .}}
) legs
GROUP BY to_date(started), site, carrier, codec, hour(started)
