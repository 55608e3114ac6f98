# One static binary in an empty image: no shell, no C library, no package manager.
# make image builds it; docs/operation.md says what it needs when it runs.
#
# BUILDER is any image with Go, make, git and a file of certificate authorities.
ARG BUILDER=golang:1.26.8-bookworm

# The toolchain runs on the machine that builds and compiles for the one that is meant.
FROM --platform=$BUILDPLATFORM ${BUILDER} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH make build
# What stands beside the binary: the shipped configuration, so that a deployment mounts only
# the files that differ, the authorities for TLS, a /tmp for runs that mount none, and the
# folder of the store. Time zones are compiled into the binary.
RUN install -D -m 0755 qosreport /image/qosreport \
 && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d /image/etc/qosreport /image/var/lib \
 && cp -R configs queries /image/etc/qosreport/ \
 && chmod -R u=rwX,go=rX /image/etc \
 && install -d -m 1777 /image/tmp \
 && install -d -m 0750 /state

FROM scratch
LABEL org.opencontainers.image.title="qosreport" \
      org.opencontainers.image.description="Quality-of-service reports from a Kerberized Apache Impala" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /state /var/lib/qosreport
ENV QOSREPORT_CONFIG_DIR=/etc/qosreport
USER 65532:65532
# The root may be read-only: only /tmp and the volume are written. The relative folder
# `out` of the default configuration lies on the volume.
WORKDIR /var/lib/qosreport
VOLUME ["/var/lib/qosreport"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["/qosreport", "status", "--live"]
ENTRYPOINT ["/qosreport"]
CMD ["serve"]
