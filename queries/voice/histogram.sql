SELECT day, site, bin, COUNT(*) AS n, MIN(x) AS low, MAX(x) AS high
FROM (
  SELECT to_date(started) AS day, site, {{.Column}} AS x, {{bin .Dataset}} AS bin
  FROM (
  {{template "judged" .}}
  ) legs
  WHERE {{rows}} AND {{.Column}} IS NOT NULL
) binned
GROUP BY day, site, bin
