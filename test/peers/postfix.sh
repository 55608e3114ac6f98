#!/bin/bash
# Postfix for tests: in one folder, on loopback. It needs root, as Postfix does.
#
#   postfix.sh start DIR PORT TLSPORT QUIETPORT   serve 127.0.0.1 with STARTTLS on PORT, TLS from the
#                                                 first byte on TLSPORT, and on QUIETPORT without saying
#                                                 the limit of size
#   postfix.sh accept DIR                         put again@example.org off no more
#   postfix.sh stop DIR                           end the server
#
# Mail for ok@example.org goes to DIR/mail/ok, for again@ to DIR/mail/again. no@ is refused, later@
# is deferred, and so is again@ for a time. The login is report@test with the password secret: PLAIN
# and LOGIN on PORT, SCRAM-SHA-256 on TLSPORT.
set -euo pipefail
umask 022
PATH=$PATH:/usr/sbin:/sbin

die() { echo "postfix.sh: $*" >&2; exit 1; }
[ $# -ge 2 ] || die "usage: postfix.sh start|accept|stop DIR …"
command=$1 dir=$2
shift 2
case $dir in /*) ;; *) die "DIR must be an absolute path" ;; esac

main_cf() {
  cat <<CONF
compatibility_level = 3.6
config_directory = $dir/etc
queue_directory = $dir/spool
data_directory = $dir/data
maillog_file = $dir/log
maillog_file_prefixes = $dir
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks =
alias_maps =
alias_database =
local_transport = error:no local mail
default_transport = error:5.7.1 loopback test server
virtual_mailbox_domains = example.org
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = inline:{ {ok@example.org=ok} {again@example.org=again} }
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
virtual_uid_maps = static:8
virtual_gid_maps = static:8
message_size_limit = 100000
smtpd_tls_cert_file = $dir/etc/cert.pem
smtpd_tls_key_file = $dir/etc/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
cyrus_sasl_config_path = $dir/etc/sasl
smtpd_sasl_local_domain = test
smtpd_error_sleep_time = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{ {no@example.org=REJECT} {later@example.org=450 4.2.1 try later} }, check_recipient_access texthash:$dir/etc/access, reject_unlisted_recipient, permit
CONF
}

master_cf() {
  cat <<CONF
127.0.0.1:$1 inet n - n - - smtpd
127.0.0.1:$2 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_path=scram
127.0.0.1:$3 inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=size
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
CONF
}

# A login is looked up in a file; each name of a configuration offers its own mechanisms.
sasl_conf() {
  printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' "mech_list: $2" "sasldb_path: $dir/etc/sasldb2" >"$dir/etc/sasl/$1.conf"
}

start() {
  [ "$(id -u)" = 0 ] || die "Postfix starts as root only"
  [ ! -e "$dir/etc" ] || die "$dir holds a server already"
  mkdir -p "$dir/etc/sasl" "$dir/spool" "$dir/data" "$dir/mail"
  chown postfix "$dir/data"
  chown 8 "$dir/mail" # the user that mailboxes belong to, Debian's mail
  main_cf >"$dir/etc/main.cf"
  master_cf "$@" >"$dir/etc/master.cf"
  : >"$dir/etc/dynamicmaps.cf"
  echo 'again@example.org 450 4.2.1 come again' >"$dir/etc/access"
  sasl_conf smtpd 'PLAIN LOGIN'
  sasl_conf scram 'SCRAM-SHA-256'
  echo secret | saslpasswd2 -p -c -f "$dir/etc/sasldb2" -u test report
  chown postfix "$dir/etc/sasldb2"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$dir/etc/key.pem" -out "$dir/etc/cert.pem" 2>/dev/null
  chmod 600 "$dir/etc/key.pem"
  postfix -c "$dir/etc" start || die "$(cat "$dir/log" 2>/dev/null)"
  local port waited
  for port in "$@"; do
    for ((waited = 0; ; waited++)); do
      (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
      [ $waited -lt 100 ] || die "port $port did not come up: $(cat "$dir/log")"
      sleep 0.1
    done
  done
}

case $command in
  start) [ $# -eq 3 ] || die "start needs DIR, PORT, TLSPORT and QUIETPORT"; start "$@" ;;
  accept) : >"$dir/etc/access"; postfix -c "$dir/etc" reload ;; # which is when the file is read
  stop) [ ! -e "$dir/etc/main.cf" ] || postfix -c "$dir/etc" stop ;;
  *) die "unknown command $command" ;;
esac
