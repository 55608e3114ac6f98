{{- /* One row a call leg of the window: copies dropped, junk removed, times in the report's zone. */ -}}
{{define "facts"}}SELECT
    call_id, leg_no, site, carrier, codec, endpoint_id, endpoint_model, final_code, packets_rx,
    from_utc_timestamp(start_ts, {{.TZ}}) AS started,
    {{valid "duration_s" 0 86400}} AS talk_s,
    {{valid "jitter_ms" 0 10000}} AS jitter_ms,
    {{valid "rtt_ms" 0 60000}} AS rtt_ms,
    {{valid "loss_pct" 0 100}} AS loss_pct,
    {{valid "discard_pct" 0 100}} AS discard_pct,
    CASE WHEN mos_scale = 'N' AND mos_cq >= 1 AND mos_cq <= 5 THEN mos_cq END AS mos
  FROM (
    SELECT
      call_id, leg_no, start_ts, codec, endpoint_id, endpoint_model, packets_rx, duration_s,
      jitter_ms, rtt_ms, loss_pct, discard_pct, mos_cq, mos_scale,
      CASE WHEN TRIM(site) <> '' THEN TRIM(site) END AS site,
      CASE WHEN TRIM(carrier) <> '' THEN TRIM(carrier) END AS carrier,
      {{valid "final_code" 100 699}} AS final_code,
      ROW_NUMBER() OVER (PARTITION BY call_id, leg_no ORDER BY ingest_ts NULLS LAST, {{valid "duration_s" 0 86400}} NULLS LAST) AS copy_no
    FROM {{.Params.table}}
    WHERE {{partition "dt"}}
      AND {{window "start_ts"}}
      AND call_id IS NOT NULL AND leg_no IS NOT NULL{{if .Params.sites}}
      AND TRIM(site) IN ({{.Params.sites}}){{end}}
  ) copies
  WHERE copy_no = 1{{end}}

{{- /* Legs with what the limits are about. A leg is classified when it was answered, at least ten seconds
       of packets arrived, and something was measured; it is poor when one limit is passed. */ -}}
{{define "judged"}}SELECT
    call_id, leg_no, site, carrier, codec, endpoint_id, endpoint_model, final_code, started, talk_s, jitter_ms, rtt_ms, mos,
    loss_pct + COALESCE(discard_pct, 0) AS lost_pct,
    final_code = 200 AND packets_rx >= 500
      AND (jitter_ms IS NOT NULL OR rtt_ms IS NOT NULL OR loss_pct IS NOT NULL OR mos IS NOT NULL) AS classified,
    jitter_ms > 30 AS poor_jitter,
    loss_pct + COALESCE(discard_pct, 0) > 5 AS poor_loss,
    rtt_ms > 500 AS poor_rtt,
    mos < CAST(3.6 AS DOUBLE) AS poor_mos
  FROM (
  {{template "facts" .}}
  ) facts{{end}}

{{- /* What a histogram counts: the legs whose sound is judged. */ -}}
{{define "classified"}}classified{{end}}
