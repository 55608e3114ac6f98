#!/bin/bash
# Container images for tests: built and opened by buildah without an engine, in one folder.
# It needs root, as the folders of an image have owners.
#
#   image.sh builder DIR                    make the image "builder", that images are built in
#   image.sh build DIR NAME PLATFORM        make image, in the image "builder"
#   image.sh show DIR NAME                  print what the image says about itself, as JSON
#   image.sh open DIR NAME                  print the folder of a container of the image
#   image.sh enter ROOT MOUNTS USER WORKDIR COMMAND...
#                                           run a command there as an engine would: as the first process of the
#                                           namespaces that the caller has made, on a read-only root. MOUNTS
#                                           holds the folders store, tmp, secrets and the file qosreport.yaml
#   image.sh beside PID USER COMMAND...     run one more command where the process PID runs
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

die() { echo "image.sh: $*" >&2; exit 1; }
[ $# -ge 2 ] || die "usage: image.sh builder|build|show|open|enter|beside …"
command=$1
shift

# storage is where buildah keeps everything, whatever the machine's own settings are.
storage() {
  dir=$1
  mkdir -p "$dir/tmp"
  printf '%s\n' '[storage]' 'driver="vfs"' "graphroot=\"$dir/images\"" "runroot=\"$dir/run\"" >"$dir/storage.conf"
  export CONTAINERS_STORAGE_CONF=$dir/storage.conf BUILDAH_ISOLATION=chroot TMPDIR=$dir/tmp
}

# builder stands in for the golang image, which is not to be had without a registry: this
# machine's own tools and toolchain, which build lends it.
builder() {
  local container root
  container=$(buildah from scratch)
  root=$(buildah mount "$container")
  mkdir -p "$root/usr" "$root/etc/ssl/certs" "$root/tmp" "$root/root" "$root/toolchain" "$root/cache/mod" "$root/cache/build"
  for folder in bin sbin lib lib64; do
    ln -s "usr/$folder" "$root/$folder"
  done
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  buildah config --env PATH=/toolchain/bin:/usr/bin --env GOTOOLCHAIN=local --env "GOPROXY=$(go env GOPROXY)" \
    --env GOMODCACHE=/cache/mod --env GOCACHE=/cache/build "$container"
  buildah commit --quiet --rm "$container" builder >/dev/null
}

# build lends the image this machine's caches, too, so that it compiles what has changed.
build() {
  local lent
  lent="--volume /usr:/usr:ro --volume $(go env GOROOT):/toolchain:ro"
  lent+=" --volume $(go env GOMODCACHE):/cache/mod --volume $(go env GOCACHE):/cache/build"
  export IMAGE=$1 PLATFORM=$2 IMAGE_FLAGS="--pull-never --build-arg BUILDER=localhost/builder $lent"
  (cd "$(dirname "$0")/../.." && make image)
}

enter() {
  local root=$1 mounts=$2 user=$3 workdir=$4
  shift 4
  mount --make-rprivate /
  mount --bind "$root" "$root"
  # What an engine adds: devices, processes, names of hosts.
  mkdir -p "$root/proc" "$root/dev" "$root/run/secrets"
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  cp /etc/hosts "$root/etc/hosts"
  mount --bind "$mounts/store" "$root/var/lib/qosreport"
  mount --bind "$mounts/tmp" "$root/tmp"
  mount --bind "$mounts/secrets" "$root/run/secrets"
  mount --bind "$mounts/qosreport.yaml" "$root/etc/qosreport/configs/qosreport.yaml"
  mount -o remount,bind,ro,nosuid,nodev "$root"
  exec unshare --root "$root" --wd "$workdir" --setuid "${user%:*}" --setgid "${user#*:}" "$@"
}

beside() {
  local pid=$1 user=$2
  shift 2
  exec nsenter --target "$pid" --mount --pid --uts --root --wd --setuid "${user%:*}" --setgid "${user#*:}" "$@"
}

case $command in
  builder) storage "$1"; builder ;;
  build) storage "$1"; build "$2" "$3" ;;
  show) storage "$1"; buildah inspect --type image "localhost/$2" ;;
  open) storage "$1"; buildah mount "$(buildah from --pull-never "localhost/$2")" ;;
  enter) enter "$@" ;;
  beside) beside "$@" ;;
  *) die "unknown command $command" ;;
esac
