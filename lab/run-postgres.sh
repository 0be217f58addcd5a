#!/bin/sh
# Usage: run-postgres.sh ADDRESS CERTIFICATE KEY (with DATABASE_PASSWORD in the environment)
# Runs a new Postgres with TLS, for one user `k3s` with that password, in a file system that is gone when it ends.
set -eu
address=$1 certificate=$2 key=$3

if [ "${4:-}" != inside ]; then exec unshare --mount --propagation private "$0" "$@" inside; fi

programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)
[ -n "$programs" ] || { echo "no Postgres on this machine; run: lab/tools/install-packages.sh" >&2 && exit 1; }
# It refuses to run as root.
nobody=65534
mount -t tmpfs -o mode=0711 lab-postgres /mnt
cd /mnt
install -d -m 0700 -o $nobody -g $nobody data
install -m 0600 -o $nobody -g $nobody "$certificate" certificate.pem
install -m 0600 -o $nobody -g $nobody "$key" key.pem
(umask 077 && printf '%s' "$DATABASE_PASSWORD" >password && chown $nobody password)
unset DATABASE_PASSWORD
setpriv --reuid=$nobody --regid=$nobody --clear-groups "$programs/initdb" -D data -U k3s --pwfile=password --auth=scram-sha-256 --no-sync -E UTF8 --locale=C
rm password
echo 'hostssl all k3s all scram-sha-256' >data/pg_hba.conf
setpriv --reuid=$nobody --regid=$nobody --clear-groups "$programs/postgres" -D data -c listen_addresses="$address" -c unix_socket_directories= \
  -c ssl=on -c ssl_cert_file=/mnt/certificate.pem -c ssl_key_file=/mnt/key.pem -c fsync=off -c max_connections=200 &
database=$!
# By SIGTERM it would wait for its clients to leave.
trap 'kill -INT "$database"' TERM INT
wait "$database" || wait "$database"
