# make demo        builds and runs the main job on the embedded lab
# make test        unit tests and in-process lab; needs Go alone
# make test-peers  the real peers; installs what is missing (root on Debian 12) or names it
# make test-live   the client on the cluster of QOSREPORT_TEST_CONFIG (docs/operation.md)
# make image       the container image, by docker or buildah (IMAGE, PLATFORM, IMAGE_FLAGS: deploy/image)
# make lint        gofmt, vet, staticcheck
# make bench       the benchmarks behind docs/benchmarks.md
# make profile     measures where the compiler should optimise (cmd/qosreport/default.pgo)
# make compare     the result path against other clients, with their ratios; needs what test-peers needs
# make vuln        known vulnerabilities; needs its database from the network

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -buildvcs=auto -o

.PHONY: build demo test test-peers test-live lint image bench profile compare vuln clean

build:
	$(BUILD) qosreport ./cmd/qosreport

demo: build
	./qosreport demo --out out

test:
	@bash test/run-unit

test-peers: build
	@bash test/run-peers

test-live:
	$(GO) test -count=1 -tags live ./test/live

lint:
	@bash test/run-lint $(STATICCHECK)

image:
	@bash deploy/image

bench:
	$(GO) test -run '^$$' -bench . ./...

profile:
	cd cmd/qosreport && CGO_ENABLED=0 $(GO) test -trimpath -pgo=off -run '^$$' -bench Query -benchtime 2x -cpuprofile default.pgo .
	rm -f cmd/qosreport/qosreport.test

compare:
	@bash test/peers/compare/run

vuln:
	$(GO) run golang.org/x/vuln/cmd/govulncheck@latest ./...

clean:
	rm -rf qosreport out
