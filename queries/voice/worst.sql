SELECT
  started, site, endpoint_id AS endpoint, endpoint_model AS model, carrier, codec,
  mos, jitter_ms, rtt_ms, ROUND(lost_pct, 3) AS lost_pct, talk_s, call_id, leg_no
FROM (
  {{template "judged" .}}
) legs
WHERE classified AND (poor_jitter OR poor_loss OR poor_rtt OR poor_mos)
ORDER BY mos NULLS LAST, lost_pct DESC NULLS LAST, jitter_ms DESC NULLS LAST, call_id, leg_no
LIMIT 50
