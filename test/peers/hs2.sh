#!/bin/bash
# A HiveServer2 that others wrote, for tests: the Thrift server of Apache Spark, one node,
# everything in one folder, on loopback.
#
#   hs2.sh fetch               get Spark's jars from PyPI into the cache (320 MB, once), and archive its classes
#   hs2.sh start DIR PORT      start a server and wait until it answers
#   hs2.sh stop DIR            end it
#
# Settings from the environment:
#   HS2_AUTH     NOSASL | NONE | KERBEROS      [NOSASL]
#   HS2_HTTP     1: HTTP at /cliservice in place of the binary port
#   HS2_SPNEGO   keytab of HTTP/localhost@EXAMPLE.COM    with HTTP and KERBEROS
#   HS2_QOP      auth | auth-int | auth-conf   [auth]    with KERBEROS
#   HS2_KEYTAB   keytab of hive/localhost@EXAMPLE.COM    with KERBEROS
#   KRB5_CONFIG  the realm's krb5.conf                   with KERBEROS
#   HS2_TLS      1: TLS with a certificate for localhost alone, written to DIR/ca.pem
#   HS2_STREAM   1: compute rows as they are fetched, a partition at a time, not before
set -euo pipefail
umask 077

spark=3.5.7
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qosreport-peers
jars=$cache/spark-$spark
classes=$jars-$(java -version 2>&1 | cksum | cut -d ' ' -f 1).jsa

die() { echo "hs2.sh: $*" >&2; exit 1; }

fetch() {
  [ -e "$jars/complete" ] || fetch_jars
  [ -e "$classes" ] || archive
}

fetch_jars() {
  mkdir -p "$cache"
  local work
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary :all: -d "$work" "pyspark==$spark" >"$work/log" 2>&1 || die "pip: $(tail -5 "$work/log")"
  mkdir "$work/jars"
  tar -xzf "$work/pyspark-$spark.tar.gz" -C "$work/jars" --strip-components=3 --wildcards "pyspark-$spark/deps/jars/*.jar"
  touch "$work/jars/complete"
  rm -rf "$jars"
  mv "$work/jars" "$jars"
  rm -rf "$work"
}

property() { printf '<property><name>%s</name><value>%s</value></property>\n' "$1" "$2"; }

configure() {
  local dir=$1 port=$2
  mkdir -p "$dir/conf" "$dir/tmp"
  {
    echo '<configuration>'
    property fs.defaultFS file:///
    [ "$auth" != KERBEROS ] || property hadoop.security.authentication kerberos
    echo '</configuration>'
  } >"$dir/conf/core-site.xml"
  {
    echo '<configuration>'
    property javax.jdo.option.ConnectionURL 'jdbc:derby:memory:metastore;create=true'
    property datanucleus.schema.autoCreateAll true
    property hive.metastore.schema.verification false
    property hive.metastore.warehouse.dir "$dir/warehouse"
    property hive.exec.scratchdir "$dir/tmp/scratch"
    property hive.exec.local.scratchdir "$dir/tmp/local"
    property hive.server2.enable.doAs false
    property hive.server2.thrift.bind.host localhost
    property hive.server2.thrift.port "$port"
    if [ "${HS2_HTTP:-}" = 1 ]; then
      property hive.server2.transport.mode http
      property hive.server2.thrift.http.port "$port"
      property hive.server2.thrift.http.path cliservice
    fi
    property hive.server2.authentication "$auth"
    property hive.server2.thrift.sasl.qop "${HS2_QOP:-auth}"
    if [ "$auth" = KERBEROS ]; then
      property hive.server2.authentication.kerberos.principal hive/localhost@EXAMPLE.COM
      property hive.server2.authentication.kerberos.keytab "$HS2_KEYTAB"
      if [ -n "${HS2_SPNEGO:-}" ]; then
        property hive.server2.authentication.spnego.principal HTTP/localhost@EXAMPLE.COM
        property hive.server2.authentication.spnego.keytab "$HS2_SPNEGO"
      fi
    fi
    if [ "${HS2_TLS:-}" = 1 ]; then
      property hive.server2.use.SSL true
      property hive.server2.keystore.path "$dir/keystore.p12"
      property hive.server2.keystore.password changeit
    fi
    echo '</configuration>'
  } >"$dir/conf/hive-site.xml"
  printf '%s\n' 'rootLogger.level = info' 'rootLogger.appenderRef.out.ref = out' 'appender.out.type = Console' 'appender.out.name = out' \
    'appender.out.layout.type = PatternLayout' 'appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex' >"$dir/conf/log4j2.properties"
  if [ "${HS2_TLS:-}" = 1 ]; then
    keytool -genkeypair -alias hs2 -keyalg EC -groupname secp256r1 -validity 30 -dname CN=localhost -ext SAN=dns:localhost -ext bc:c \
      -storetype PKCS12 -keystore "$dir/keystore.p12" -storepass changeit >/dev/null 2>&1
    keytool -exportcert -rfc -alias hs2 -keystore "$dir/keystore.p12" -storepass changeit >"$dir/ca.pem" 2>/dev/null
  fi
}

# Loading classes from 250 jars is a third of the work of a start and a first statement. Java
# maps those of this archive instead, which a server leaves behind that has answered once.
archive() {
  local work port answered=no
  work=$(mktemp -d "$cache/classes.XXXXXX")
  mkdir "$work/tmp"
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  # No folder may be in the class path of an archive: settings come as arguments.
  launch "$work" "$port" "-XX:ArchiveClassesAtExit=$work/jsa" "$jars/*" \
    --hiveconf "hive.server2.thrift.port=$port" --hiveconf hive.server2.thrift.bind.host=localhost \
    --hiveconf hive.server2.authentication=NOSASL --hiveconf hive.server2.enable.doAs=false \
    --hiveconf 'javax.jdo.option.ConnectionURL=jdbc:derby:memory:metastore;create=true' --hiveconf datanucleus.schema.autoCreateAll=true
  java -cp "$jars/*" org.apache.hive.beeline.BeeLine -u "jdbc:hive2://localhost:$port/default;auth=noSasl" -n peer \
    -e 'SELECT id % 2, count(*), max(id) FROM range(10) WHERE id % 3 = 1 GROUP BY id % 2' >"$work/beeline.log" 2>&1 && answered=yes
  kill "$(cat "$work/pid")"
  wait
  [ "$answered" = yes ] || die "beeline: $(tail -5 "$work/beeline.log")"
  [ -s "$work/jsa" ] || die "no archive of classes: $(tail -5 "$work/log")"
  mv "$work/jsa" "$classes"
  rm -rf "$work"
}

start() {
  local dir=$1 port=$2
  auth=${HS2_AUTH:-NOSASL}
  case $auth in NOSASL | NONE | KERBEROS) ;; *) die "HS2_AUTH is $auth" ;; esac
  fetch
  configure "$dir" "$port"
  launch "$dir" "$port" "-XX:SharedArchiveFile=$classes" "$jars/*:$dir/conf"
}

# launch DIR PORT ARCHIVE CLASSPATH ARG...   starts a server and waits until it answers
launch() {
  local dir=$1 port=$2 archive=$3 path=$4 opens=() p pid
  shift 4
  for p in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent java.util.concurrent.atomic \
    sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
    opens+=("--add-opens=java.base/$p=ALL-UNNAMED")
  done
  opens+=(--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED)
  cd "$dir"
  setsid java "$archive" -Xmx1200m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.timezone=UTC "${opens[@]}" \
    ${KRB5_CONFIG:+"-Djava.security.krb5.conf=$KRB5_CONFIG"} "-Djava.io.tmpdir=$dir/tmp" "-Dderby.system.home=$dir/tmp" \
    '-Dspark.master=local[1]' -Dspark.app.name=peer -Dspark.ui.enabled=false -Dspark.driver.host=localhost -Dspark.driver.bindAddress=127.0.0.1 \
    "-Dspark.sql.warehouse.dir=$dir/warehouse" "-Dspark.local.dir=$dir/tmp" -Dspark.sql.shuffle.partitions=2 \
    ${HS2_STREAM:+-Dspark.sql.thriftServer.incrementalCollect=true} \
    -cp "$path" org.apache.spark.sql.hive.thriftserver.HiveThriftServer2 "$@" </dev/null >"$dir/log" 2>&1 &
  pid=$!
  echo "$pid" >"$dir/pid"
  for ((p = 0; p < 360; p++)); do
    kill -0 "$pid" 2>/dev/null || die "the server ended while starting: $(tail -20 "$dir/log")"
    if grep -q 'HiveThriftServer2 started' "$dir/log" && (exec 3<>"/dev/tcp/localhost/$port") 2>/dev/null; then
      return 0
    fi
    sleep 0.25
  done
  kill "$pid"
  die "the server did not come up in 90 s: $(tail -20 "$dir/log")"
}

[ $# -ge 1 ] || die "usage: hs2.sh fetch | start DIR PORT | stop DIR"
case $1 in
  fetch) fetch ;;
  start) start "$2" "$3" ;;
  stop) [ ! -s "$2/pid" ] || kill "$(cat "$2/pid")" ;;
  *) die "unknown command $1" ;;
esac
