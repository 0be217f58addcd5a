# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

DATA=var-lib/rancher/k3s/server
RESET=etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml

setup() {
  make_host
  export SNAPSHOT=first-rack-1-1790000000 SOURCE=local TOKENS_FILE=/run/hybrid-k3s/restore/tokens KNOWN_NODES='rack-1
kiosk-1' WAIT_SECONDS=2
  mkdir -p "$HOST/$DATA"/{db/etcd,db/snapshots,tls,cred,manifests} "$HOST/etc/rancher/k3s" "$HOST/run/hybrid-k3s/restore" "$FAKE/tailscale"
  echo 100.64.0.7 >"$FAKE/tailscale/ip"
  echo now >"$HOST/$DATA/db/etcd/data"
  echo snapshot >"$HOST/$DATA/db/snapshots/$SNAPSHOT"
  echo K10aaaa::server:today >"$HOST/$DATA/token"
  echo K10aaaa::node:agents >"$HOST/$DATA/agent-token"
  echo authority-of-today >"$HOST/$DATA/tls/server-ca.crt"
  echo mine >"$HOST/$DATA/manifests/mine.yaml"
  printf 'server: https://100.64.0.2:6443\ntoken-file: /etc/hybrid-k3s/server-token\netcd-s3: true\n' >"$HOST/etc/rancher/k3s/config.yaml"
  printf 'K10bbbb::server:former\n' >"$HOST/$TOKENS_FILE"
  echo '[Service]' >"$HOST/etc/systemd/system/k3s.service"
  touch "$FAKE/units/k3s.service.active" "$FAKE/kubectl/node"
  echo 100.64.0.7 >"$FAKE/kubectl/ips"
  echo True >"$FAKE/kubectl/ready"
  printf 'rack-1\nkiosk-1\nrack-9\n' >"$FAKE/kubectl/others"
  echo 0b1c >"$FAKE/kubectl/cluster-id"
  printf 'rack-1 100.64.0.7 True MemberNotLearner\nrack-2 100.64.0.3 True MemberNotLearner\n' >"$FAKE/kubectl/members"
  echo today >"$FAKE/taken-under"
  # The reset as the real one does it (1.35.4): by the token alone that the snapshot was taken under, whose authority is then this server's.
  cat >"$FAKE/bin/k3s" <<'K3S'
#!/bin/sh
. "$STUBS/record"
data=/var/lib/rancher/k3s/server
[ "$3 $4" != "delete node" ] || exit 0
[ "$1 $2" = "server --cluster-reset" ] || exec "$STUBS/k3s" "$@"
cat /etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml >>"$FAKE/reset-config" 2>/dev/null
mkdir -p "$data/db/etcd" "$data/tls" "$data/cred"
[ ! -e "$FAKE/no-restore" ] || { echo 'time="x" level=fatal msg="Error: snapshot missing hash but --skip-hash-check=false"' >&2; exit 1; }
grep -q "$(cat "$FAKE/taken-under")\"" /etc/rancher/k3s/config.yaml.d/99-hybrid-k3s-restore.yaml ||
  { echo 'time="x" level=fatal msg="bootstrap data already found and encrypted with different token"' >&2; exit 1; }
echo restored >"$data/db/etcd/data"
cp "${FAKE_AUTHORITY:-/nowhere}" "$data/tls/server-ca.crt" 2>/dev/null || echo authority-of-today >"$data/tls/server-ca.crt"
echo passwd >"$data/cred/passwd"
echo K10aaaa::server:x >"$data/token"
echo K10aaaa::node:agents >"$data/agent-token"
K3S
  chmod +x "$FAKE/bin/k3s"
}

aside() { (cd "$HOST/var-lib/rancher/k3s" && echo server-before-*); }

@test "restores on the same server by its own token, keeps the data of before, and leaves nothing of its own" {
  run_script restore-backup
  assert_success
  authority=$(echo authority-of-today | sha256sum | cut -d' ' -f1)
  assert_output "{\"aside\":\"/var/lib/rancher/k3s/$(aside)\",\"address\":\"100.64.0.7\",\"isOther\":false,\"removedNodes\":[\"rack-9\"],\"agentToken\":\"K10aaaa::node:agents\",\"clusterId\":\"0b1c\",\"authority\":\"$authority\"}"
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = restored ]
  [ "$(cat "$HOST/var-lib/rancher/k3s/$(aside)/db/etcd/data")" = now ]
  [ "$(cat "$HOST/$DATA/db/snapshots/$SNAPSHOT")" = snapshot ]
  [ "$(cat "$HOST/$DATA/manifests/mine.yaml")" = mine ]
  [ ! -e "$HOST/$RESET" ]
  [ ! -e "$HOST/$TOKENS_FILE" ]
  # Made again from the restored data: with the file there k3s would refuse its next start.
  [ ! -e "$HOST/$DATA/cred/passwd" ]
  grep -qx 'disable-network-policy: true' "$FAKE/reset-config"
  grep -qx 'etcd-s3: false' "$FAKE/reset-config"
  # k3s would take the token of the file before this one, and resets nothing while it is told of a server to join.
  grep -qx 'token-file: ""' "$FAKE/reset-config"
  grep -qx 'server: ""' "$FAKE/reset-config"
  assert_call 'patch node rack-2 --subresource=status .*"EtcdIsVoter","status":"False"'
  refute_call 'patch node rack-1'
  refute_call 'k3s-killall'
  refute_call '^curl'
  assert_call 'delete node rack-9'
  assert_call 'delete secret -n kube-system rack-1.node-password.k3s kiosk-1.node-password.k3s'
}

@test "tries the tokens that the stack knows, gives the cluster this host's again, and forgets the cluster that was here" {
  echo former >"$FAKE/taken-under"
  echo authority-of-then >"$FAKE/then" && export FAKE_AUTHORITY="$FAKE/then"
  printf '#!/bin/sh\necho k3s-killall >>"$CALLS"\n' >"$HOST/usr-local/bin/k3s-killall.sh" && chmod +x "$HOST/usr-local/bin/k3s-killall.sh"
  mkdir -p "$HOST/var-lib/rancher/k3s/agent/images" "$HOST/var-lib/rancher/k3s/agent/containerd"
  printf '#!/bin/sh\n. "$STUBS/record"\ncat >>"$FAKE/curl-config"\nprintf 200\n' >"$FAKE/bin/curl" && chmod +x "$FAKE/bin/curl"
  run_script restore-backup
  assert_success
  [[ "$output" == *'"isOther":true'* ]]
  assert_call k3s-killall
  [ -d "$HOST/var-lib/rancher/k3s/agent/images" ]
  [ ! -e "$HOST/var-lib/rancher/k3s/agent/containerd" ]
  grep -qx 'user = "server:former"' "$FAKE/curl-config"
  grep -qF '{\"newToken\":\"today\"}' "$FAKE/curl-config"
  # Neither token is a word of a program.
  refute_call 'today|former'
}

@test "puts the data of before back where no token fits, and where k3s does not restore it" {
  echo lost >"$FAKE/taken-under"
  run_script restore-backup
  assert_failure
  assert_stderr 'was not restored: it was taken under another server token than this host and the stack know; give the one of that time: --token-file FILE; the data of before is back in its place'
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = now ]
  [ "$(aside)" = 'server-before-*' ]
  [ ! -e "$HOST/$RESET" ]
  [ -e "$FAKE/units/k3s.service.active" ]
  touch "$FAKE/no-restore"
  mkdir -p "$HOST/run/hybrid-k3s/restore" && printf 'x\n' >"$HOST/$TOKENS_FILE"
  run_script restore-backup
  assert_failure
  assert_stderr 'k3s does not restore it: "Error: snapshot missing hash but --skip-hash-check=false"'
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = now ]
}

@test "starts k3s again where its data cannot be kept aside" {
  printf '#!/bin/sh\ncase "$1" in /var/lib/rancher/k3s/server) exit 1 ;; esac\nexec /usr/bin/mv "$@"\n' >"$FAKE/bin/mv" && chmod +x "$FAKE/bin/mv"
  run_script restore-backup
  assert_failure
  assert_stderr 'was not restored: /var/lib/rancher/k3s/server cannot be moved to '
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = now ]
  [ -e "$FAKE/units/k3s.service.active" ]
}

@test "puts it back where k3s dies again and again after the restore" {
  touch "$FAKE/dying"
  echo 'time="x" level=fatal msg="starting kubernetes: preparing server"' >"$FAKE/journal"
  run_script restore-backup
  assert_failure
  assert_stderr 'was not restored: k3s does not start from it'
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = now ]
}

@test "refuses a snapshot that this disk does not have, with nothing changed but the secrets that came for it" {
  export SNAPSHOT=other
  before=$(host_state | grep -vF "$TOKENS_FILE")
  run_script restore-backup
  assert_failure
  assert_stderr 'there is no snapshot /var/lib/rancher/k3s/server/db/snapshots/other on this host'
  [ "$(host_state)" = "$before" ]
  [ ! -e "$HOST/run/hybrid-k3s/restore" ]
  refute_call 'systemctl stop'
}

@test "takes one from S3 by the settings given, which are gone afterwards" {
  export SOURCE=s3 S3_FILE=/run/hybrid-k3s/restore/s3 S3_CA_PEM=PEM
  rm "$HOST/$DATA/db/snapshots/$SNAPSHOT"
  printf 'etcd-s3: true\netcd-s3-bucket: "k3s-backups"\n' >"$HOST/$S3_FILE"
  run_script restore-backup
  assert_success
  assert_call "server --cluster-reset --cluster-reset-restore-path=$SNAPSHOT"
  grep -qx 'etcd-s3-bucket: "k3s-backups"' "$FAKE/reset-config"
  grep -q '^etcd-s3-endpoint-ca: /' "$FAKE/reset-config"
  [ ! -e "$HOST/$S3_FILE" ]
}

@test "cut off while it resets, at a boot k3s stays down; the next run takes the data of before back and restores" {
  cut_off_at '*--cluster-reset*'
  touch "$FAKE/units/k3s.service.enabled"
  run_script restore-backup
  assert_failure
  [ ! -e "$FAKE/units/k3s.service.enabled" ]
  [ ! -e "$FAKE/units/k3s.service.active" ]
  # Half made, with the one snapshot of its own that it came for aside.
  rm -rf "${HOST:?}/$DATA"
  run_script list-backups
  [[ "$output" == *"$SNAPSHOT"* ]]
  INTEGRATION=routes ROLE=server K3S_VERSION=v1.35.4+k3s1 RELEASES_URL=x INSTALLER_URL=x CONFIG_YAML=x run_script install-k3s
  assert_failure
  assert_stderr 'a run of hybrid-k3s restore or recover was cut off on this host, and nothing was changed on it: run that command again, then pulumi up'
  mkdir -p "$HOST/run/hybrid-k3s/restore" && echo x >"$HOST/$TOKENS_FILE"
  run_script restore-backup
  assert_success
  [ "$(cat "$HOST/var-lib/rancher/k3s/$(aside)/db/etcd/data")" = now ]
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = restored ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
  [ ! -e "$HOST/$RESET" ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
}

@test "cut off after its first start, the next run puts the data of before back where that one is refused" {
  cut_off_at '*"get nodes"*'
  run_script restore-backup
  assert_failure
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = restored ]
  export SNAPSHOT=other
  mkdir -p "$HOST/run/hybrid-k3s/restore" && echo x >"$HOST/$TOKENS_FILE"
  run_script restore-backup
  assert_failure
  assert_stderr 'there is no snapshot'
  [ "$(cat "$HOST/$DATA/db/etcd/data")" = now ]
  [ -e "$FAKE/units/k3s.service.enabled" ]
  [ -e "$FAKE/units/k3s.service.active" ]
  [ ! -e "$HOST/etc/hybrid-k3s/reset-underway" ]
}

@test "goes on to its end where nobody listens any more" {
  rendered restore-backup >"$FAKE/script"
  mkfifo "$FAKE/words"
  head -n 1 <"$FAKE/words" >/dev/null &
  on_host env PATH="$FAKE/bin:$STUBS:/usr/bin:/bin" TMPDIR="$FAKE/tmp" timeout 60 dash -s -- restore-backup <"$FAKE/script" >"$FAKE/result" 2>"$FAKE/words"
  grep -q '"isOther":false' "$FAKE/result"
  [ ! -e "$HOST/$RESET" ]
  assert_call 'delete node rack-9'
  [ -z "$(ls "$FAKE/tmp")" ]
}

@test "an agent takes the restored cluster's token and a server that lives, and starts again" {
  as_agent_of_another
  run_script rejoin-agent
  assert_success
  assert_output '{}'
  grep -qx 'server: https://100.64.0.7:6443' "$HOST/etc/rancher/k3s/config.yaml"
  [ "$(cat "$HOST/etc/hybrid-k3s/cluster-id")" = 0b1c ]
  [ "$(cat "$HOST/etc/hybrid-k3s/cluster-authority")" = bbbb ]
  assert_call 'systemctl stop k3s-agent.service'
  assert_call k3s-killall
  run_script rejoin-agent
  assert_success
  [ "$(calls k3s-killall | wc -l)" -eq 1 ]
}

as_agent_of_another() {
  export NODE_NAME=kiosk-1 SERVER_IP=100.64.0.7 AGENT_TOKEN_FILE=/etc/hybrid-k3s/agent-token CLUSTER_ID=0b1c CLUSTER_AUTHORITY=bbbb
  mkdir -p "$HOST/etc/hybrid-k3s"
  printf 'server: https://100.64.0.2:6443\nnode-name: kiosk-1\n' >"$HOST/etc/rancher/k3s/config.yaml"
  echo K10bbbb::node:agents >"$HOST/etc/hybrid-k3s/agent-token"
  echo aaaa >"$HOST/etc/hybrid-k3s/cluster-authority"
  echo ffff >"$HOST/etc/hybrid-k3s/cluster-id"
  printf '#!/bin/sh\necho k3s-killall >>"$CALLS"\n' >"$HOST/usr-local/bin/k3s-killall.sh" && chmod +x "$HOST/usr-local/bin/k3s-killall.sh"
  echo '[Service]' >"$HOST/etc/systemd/system/k3s-agent.service"
  touch "$FAKE/units/k3s-agent.service.active"
  echo ok | serve http://127.0.0.1:10248/healthz
}
