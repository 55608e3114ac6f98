explain select count(*) from qos.call_quality where dt = '2017-09-12' and codec = 'PCMA';
explain select a.id from acme a join acme b on a.id = b.id where b.dt > '2017-09-10' order by a.id limit 3;
