module qosreport/test/peers/compare

go 1.26.0

require (
	github.com/beltran/gohive v1.8.1
	qosreport v0.0.0
)

require (
	github.com/apache/thrift v0.25.0 // indirect
	github.com/beltran/gosasl v1.0.0 // indirect
	github.com/beltran/gssapi v0.0.0-20200324152954-d86554db4bab // indirect
	github.com/go-zookeeper/zk v1.0.4 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	golang.org/x/net v0.56.0 // indirect
)

replace qosreport => ../../..
