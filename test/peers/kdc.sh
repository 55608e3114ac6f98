#!/bin/bash
# A realm of MIT's krb5kdc for tests: in one folder, on loopback, without root or systemd.
#
#   kdc.sh start DIR PORT      make a realm in DIR and serve it on 127.0.0.1:PORT, UDP and TCP
#   kdc.sh add DIR NAME...     add principals with random AES keys; each gets DIR/NAME.keytab, / turned to _
#   kdc.sh password DIR NAME PASSWORD ENCTYPES   add a principal with a password; types as TYPE:SALT,...
#   kdc.sh session DIR NAME ENCTYPES   let session keys for a service be of these types alone
#   kdc.sh life DIR NAME SECONDS   let the tickets of a principal end so soon
#   kdc.sh remove DIR NAME     take a principal away
#   kdc.sh rekey DIR NAME      give a principal a new key and leave its keytab as it is
#   kdc.sh export DIR NAME     replace the keytab of a principal with the keys that it has now
#   kdc.sh stop DIR            end the server
#
# Settings from the environment:
#   KDC_REALM        what start calls the realm     [EXAMPLE.COM]
#   KDC_LIBDEFAULTS  lines that start adds to [libdefaults] of krb5.conf, which the KDC reads, too
#   KDC_DOMAINS      lines that start adds to [domain_realm]: to these realms the KDC refers its clients
#   KDC_ENCTYPES     of new keys, as TYPE:SALT,...  [AES-256 and AES-128 with SHA-1]
set -euo pipefail
umask 077
PATH=$PATH:/usr/sbin:/sbin

realm=${KDC_REALM:-EXAMPLE.COM}
enctypes=${KDC_ENCTYPES:-aes256-cts-hmac-sha1-96:normal,aes128-cts-hmac-sha1-96:normal}

die() { echo "kdc.sh: $*" >&2; exit 1; }
[ $# -ge 2 ] || die "usage: kdc.sh start|add|password|session|life|remove|rekey|export|stop DIR …"
command=$1 dir=$2
shift 2
case $dir in /*) ;; *) die "DIR must be an absolute path" ;; esac
export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf
unset KRB5CCNAME KRB5_KTNAME KRB5_CLIENT_KTNAME

# kadmin.local ends with 0 after most errors: what it says decides.
admin() {
  local said
  said=$(kadmin.local "$@" 2>&1) || true
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
${KDC_LIBDEFAULTS:-}

[realms]
    $realm = {
        kdc = 127.0.0.1:$port
    }

[domain_realm]
    localhost = $realm
${KDC_DOMAINS:-}
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
    export_keys "$name"
  done
}

# One file takes the place of the other at once: a service may be reading it.
export_keys() {
  local keytab=$dir/${1//\//_}.keytab
  rm -f "$keytab.new"
  admin ktadd -norandkey -k "$keytab.new" "$1"
  [ -s "$keytab.new" ] || die "no keytab of $1"
  mv "$keytab.new" "$keytab"
}

case $command in
  start) [ $# -eq 1 ] || die "start needs DIR and PORT"; start "$1" ;;
  add) add "$@" ;;
  password) [ $# -eq 3 ] || die "password needs DIR, NAME, PASSWORD and ENCTYPES"; admin addprinc -pw "$2" -e "$3" "$1" ;;
  session) [ $# -eq 2 ] || die "session needs DIR, NAME and ENCTYPES"; admin setstr "$1" session_enctypes "$2" ;;
  life) [ $# -eq 2 ] || die "life needs DIR, NAME and SECONDS"; admin modprinc -maxlife "$2 seconds" "$1" ;;
  remove) admin delprinc -force "$1"; rm -f "$dir/${1//\//_}.keytab" ;;
  rekey) admin cpw -randkey -e "$enctypes" "$1" ;;
  export) export_keys "$1" ;;
  stop) [ ! -s "$dir/pid" ] || { kill "$(cat "$dir/pid")"; rm -f "$dir/pid"; } ;;
  *) die "unknown command $command" ;;
esac
