show databases;
show tables;
show tables in qos like 'call*';
describe acme;
show partitions qos.call_quality;
