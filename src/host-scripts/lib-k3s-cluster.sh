# shellcheck shell=sh
# Which cluster an agent's local state belongs to, and which k3s may follow which. Part of install-k3s.sh. Needs AGENT_TOKEN_FILE SERVER_IP
# STARTED NODE_NAME; may have CLUSTER_ID CLUSTER_AUTHORITY TOKEN_REPLACE_COMMAND ALLOW_UNTESTED.
PLACE_TOKEN="place it again: ${TOKEN_REPLACE_COMMAND:-pulumi up --replace URN, where pulumi stack --show-urns tells the URN of $NODE_NAME-token}"
AUTHORITY=/etc/hybrid-k3s/cluster-authority
CLUSTER=/etc/hybrid-k3s/cluster-id

# The token names the cluster's authority: K10<SHA-256>::<user>:<password>. Another one is another cluster's, or this one's since somebody
# ran k3s certificate rotate-ca: k3s itself follows that at its start, by the new token and the password of the Node.
follow_cluster() {
  [ -s "$AGENT_TOKEN_FILE" ] || fail "$AGENT_TOKEN_FILE is missing; $PLACE_TOKEN"
  authority=$(sed -nE '1s/^K10([0-9a-f]+)::.*/\1/p' "$AGENT_TOKEN_FILE")
  [ -n "$authority" ] || fail "$AGENT_TOKEN_FILE holds no token that names the cluster's authority (K10<hash>::...); $PLACE_TOKEN"
  [ "${CLUSTER_AUTHORITY:-$authority}" = "$authority" ] || fail "$AGENT_TOKEN_FILE names another authority than the server has; $PLACE_TOKEN"
  if [ -f "$AUTHORITY" ] && [ "$(cat "$AUTHORITY")" != "$authority" ]; then
    case $(relation_to_state) in
      same) say "the cluster has a new authority; this node goes on with it" ;;
      other) forget_other_cluster ;;
      *) fail "$(unknown_cluster)" ;;
    esac
  fi
  note_cluster "$AUTHORITY" "$authority"
  [ -z "${CLUSTER_ID:-}" ] || note_cluster "$CLUSTER" "$CLUSTER_ID"
}

note_cluster() {
  write_file "$1" 0600 <<VALUE
$2
VALUE
}

# The id is that of the namespace kube-system, which is made with a cluster and stays as long as it does. A host of an older release has none
# noted; there the certificates must tell.
relation_to_state() {
  if [ -s "$CLUSTER" ] && [ -n "${CLUSTER_ID:-}" ]; then
    [ "$(cat "$CLUSTER")" = "$CLUSTER_ID" ] && echo same || echo other
  elif chains_to_known_authority; then
    echo same
  fi
}

# Whether the server's authority is signed by, or has one root with, the authority that this node knows. Roots are left out of what may stand
# in between: openssl takes the first certificate of a name, and a rotated authority has its root twice, one of them signed by the old one.
# A bundle that was tampered with could only say yes: then k3s compares it with the token.
chains_to_known_authority() {
  known=/var/lib/rancher/k3s/agent/server-ca.crt
  [ -s "$known" ] && wait_until 30 "the server's authority" fetch_authority || return 1
  awk -v folder="$SCRATCH" '/BEGIN CERTIFICATE/ { n++ } n { print > (folder "/authority-" n ".pem") }' "$SCRATCH/authority.pem"
  for certificate in "$SCRATCH"/authority-[0-9]*.pem; do
    [ "$(openssl x509 -noout -subject_hash -in "$certificate")" = "$(openssl x509 -noout -issuer_hash -in "$certificate")" ] || cat "$certificate"
  done >"$SCRATCH/between.pem" 2>/dev/null
  openssl verify -partial_chain -CAfile "$known" -untrusted "$SCRATCH/between.pem" "$SCRATCH/authority-1.pem" >/dev/null 2>&1
}

fetch_authority() { curl -sfk --max-time 5 -o "$SCRATCH/authority.pem" "https://$SERVER_IP:6443/cacerts" && grep -q 'BEGIN CERTIFICATE' "$SCRATCH/authority.pem"; }

unknown_cluster() {
  printf '%s' "the cluster's authority is not the one that this node joined, and nothing on this host says whether it is the same cluster. " \
    "Where it is (k3s certificate rotate-ca --force), run on the host: rm $AUTHORITY. Where this node's pods and volumes belonged to a cluster that is gone, run there: " \
    "k3s-killall.sh; rm -rf /var/lib/rancher/k3s/agent /var/lib/kubelet /etc/rancher/node $AUTHORITY. Then run pulumi up again"
}

pod_volumes() { awk '$2 ~ "^/var/lib/kubelet/" { print $2 }' /proc/self/mounts | sort -r; }

# One that is busy is let go of lazily. What is still mounted would be emptied along with the folder, and may be a file server's.
release_pod_volumes() {
  pod_volumes | while read -r mount; do umount "$mount" 2>/dev/null || umount -l "$mount" 2>/dev/null || true; done
  mounted=$(pod_volumes | paste -sd ' ' -)
  [ -z "$mounted" ] || fail "volumes of the old cluster's pods cannot be unmounted, and nothing below them was touched: $mounted. Run on the host: umount -l $mounted; then run pulumi up again"
}

# An agent's certificates, and the pods that they stand for, are worthless in another cluster.
forget_other_cluster() {
  say "this is another cluster than before: forgetting the local state of the old one"
  timeout 120 k3s-killall.sh >/dev/null 2>&1 || true
  release_pod_volumes
  find /var/lib/rancher/k3s/agent -mindepth 1 -maxdepth 1 ! -name images -exec rm -rf {} + 2>/dev/null || true
  rm -rf /var/lib/kubelet /var/lib/cni /etc/rancher/node "$STARTED"
}

# numbers_of VERSION: v1.35.4+k3s1 as `1 35 4 1`.
numbers_of() { printf '%s\n' "$1" | sed -nE 's/^v([0-9]+)\.([0-9]+)\.([0-9]+)[^+]*\+k3s([0-9]+).*/\1 \2 \3 \4/p'; }

# Kubernetes goes up by one minor at a time and never down: its API server would not read what a newer one has stored
# (https://kubernetes.io/releases/version-skew-policy/). What runs is the word of the host itself, whatever the state says.
refuse_version() {
  installed=$(installed_k3s)
  [ -n "$installed" ] && [ "$installed" != "$K3S_VERSION" ] || return 0
  fault=$(printf '%s %s\n' "$(numbers_of "$installed")" "$(numbers_of "$K3S_VERSION")" | awk 'NF == 8 {
    if ($5 == $1 && $6 > $2 + 1) print "skips a minor version: go up by one at a time"
    for (i = 1; i <= 4; i++) if ($(i + 4) != $i) { if ($(i + 4) < $i) print "is older, and k3s does not go down: it may not read what it has stored"; exit }
  }')
  [ -n "$fault" ] || return 0
  if [ "${ALLOW_UNTESTED:-}" = true ]; then say "$K3S_VERSION after $installed $fault; going on, as cluster.allowUntestedK3s says" && return; fi
  fail "this host runs k3s $installed; $K3S_VERSION $fault. Nothing was changed: set cluster.k3sVersion to $installed or a later version of that minor or the next, then run pulumi up again (cluster.allowUntestedK3s: true goes on all the same)"
}
