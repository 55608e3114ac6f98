#!/bin/bash
# A realm of MIT's krb5kdc for tests: in one folder, on loopback, without root or systemd.
#
#   kdc.sh start DIR PORT      make the realm EXAMPLE.COM in DIR and serve it on 127.0.0.1:PORT, UDP and TCP
#   kdc.sh add DIR NAME...     add principals with random AES keys; each gets DIR/NAME.keytab, / turned to _
#   kdc.sh password DIR NAME PASSWORD ENCTYPES   add a principal with a password; types as TYPE:SALT,...
#   kdc.sh rekey DIR NAME      give a principal a new key and leave its keytab as it is
#   kdc.sh stop DIR            end the server
set -euo pipefail
umask 077
PATH=$PATH:/usr/sbin:/sbin

realm=EXAMPLE.COM
enctypes=aes256-cts-hmac-sha1-96:normal,aes128-cts-hmac-sha1-96:normal

die() { echo "kdc.sh: $*" >&2; exit 1; }
[ $# -ge 2 ] || die "usage: kdc.sh start|add|password|rekey|stop DIR …"
command=$1 dir=$2
shift 2
case $dir in /*) ;; *) die "DIR must be an absolute path" ;; esac
export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf
unset KRB5CCNAME KRB5_KTNAME KRB5_CLIENT_KTNAME

# kadmin.local ends with 0 after most errors: what it says decides.
admin() {
  local said
  said=$(kadmin.local -r "$realm" "$@" 2>&1) || true
  if grep -qiE '^(kadmin|[a-z_]+):? .*(while|cannot|unknown|invalid|usage)' <<<"$said"; then
    die "kadmin $*: $said"
  fi
}

start() {
  local port=$1
  mkdir -p "$dir"
  [ ! -e "$dir/principal" ] || die "$dir holds a realm already"
  cat >"$dir/krb5.conf" <<CONF
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1465

[realms]
    $realm = {
        kdc = 127.0.0.1:$port
    }

[domain_realm]
    localhost = $realm
CONF
  cat >"$dir/kdc.conf" <<CONF
[kdcdefaults]
    kdc_listen = 127.0.0.1:$port
    kdc_tcp_listen = 127.0.0.1:$port

[realms]
    $realm = {
        database_name = $dir/principal
        key_stash_file = $dir/stash
        acl_file = $dir/acl
        default_principal_flags = +preauth
    }

[logging]
    kdc = FILE:$dir/kdc.log
CONF
  : >"$dir/acl"
  kdb5_util -r "$realm" create -s -P "$(head -c 18 /dev/urandom | base64)" >"$dir/create.log" 2>&1 || die "$(cat "$dir/create.log")"
  setsid krb5kdc -n -r "$realm" -P "$dir/pid" </dev/null >"$dir/out.log" 2>&1 &
  local waited
  for ((waited = 0; waited < 100; waited++)); do
    if [ -s "$dir/pid" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      return 0
    fi
    sleep 0.1
  done
  die "krb5kdc did not come up: $(cat "$dir/out.log")"
}

add() {
  local name
  for name in "$@"; do
    admin addprinc -randkey -e "$enctypes" "$name"
    admin ktadd -norandkey -k "$dir/${name//\//_}.keytab" "$name"
    [ -s "$dir/${name//\//_}.keytab" ] || die "no keytab of $name"
  done
}

case $command in
  start) [ $# -eq 1 ] || die "start needs DIR and PORT"; start "$1" ;;
  add) add "$@" ;;
  password) [ $# -eq 3 ] || die "password needs DIR, NAME, PASSWORD and ENCTYPES"; admin addprinc -pw "$2" -e "$3" "$1" ;;
  rekey) admin cpw -randkey -e "$enctypes" "$1" ;;
  stop) [ ! -s "$dir/pid" ] || kill "$(cat "$dir/pid")" ;;
  *) die "unknown command $command" ;;
esac
