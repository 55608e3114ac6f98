-- text that is not ASCII, one of it decomposed, and NULL, in the order of its bytes
USE qos;
SELECT site, count(*), count(DISTINCT codec), sum(packets_rx), min(start_ts)
FROM call_quality WHERE dt IN ('2017-09-11', '2017-09-12') GROUP BY site ORDER BY site;
