{{- /* What is wrong with the rows. A row whose time lies in no partition's day has no report day: it counts
       on the day of its partition. */ -}}
SELECT
  day,
  COUNT(*) AS `rows`,
  SUM(CASE WHEN copy_no > 1 THEN 1 ELSE 0 END) AS duplicates,
  SUM(CASE WHEN unix_timestamp(ingest_ts) - unix_timestamp(start_ts) > 86400 THEN 1 ELSE 0 END) AS late,
  SUM(CASE WHEN stray THEN 1 ELSE 0 END) AS stray,
  COUNT(DISTINCT CASE WHEN NOT stray THEN hour(from_utc_timestamp(start_ts, {{.TZ}})) END) AS hours,
  {{quality "final_code" 100 699}},
  {{quality "duration_s" 0 86400}},
  {{quality "jitter_ms" 0 10000}},
  {{quality "rtt_ms" 0 60000}},
  {{quality "loss_pct" 0 100}},
  {{quality "discard_pct" 0 100}},
  {{quality "mos_cq" 1 5}}
FROM (
  SELECT
    CASE WHEN {{window "start_ts"}} THEN CAST(to_date(from_utc_timestamp(start_ts, {{.TZ}})) AS STRING) ELSE dt END AS day,
    NOT ({{window "start_ts"}}) OR start_ts IS NULL AS stray,
    ROW_NUMBER() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts) AS copy_no,
    start_ts, ingest_ts, final_code, duration_s, jitter_ms, rtt_ms, loss_pct, discard_pct, mos_cq
  FROM {{.Params.table}}
  WHERE {{partition "dt"}}
    AND ({{window "start_ts"}}
      OR dt BETWEEN {{.FirstDay}} AND {{.LastDay}} AND (start_ts IS NULL OR CAST(to_date(start_ts) AS STRING) <> dt)){{if .Params.sites}}
    AND TRIM(site) IN ({{.Params.sites}}){{end}}
) checked
GROUP BY day
