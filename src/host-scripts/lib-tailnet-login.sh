# shellcheck shell=sh
# Logging this host in to the tailnet, with the key or, where it is logged in already, without. Part of join-tailnet.sh.
CONTROL_URL=${LOGIN_SERVER:-https://controlplane.tailscale.com}
# With a login and an answering control server, tailscaled is online within a second or two.
SETTLE_SECONDS=$((WAIT_SECONDS < 15 ? WAIT_SECONDS : 15))

# NoState is what a daemon says that has only begun, and one with a login whose control server is away.
daemon_answers() {
  answer=$(tailnet_status)
  has_field '"BackendState": "' "$answer" || return 1
  ! has_field '"BackendState": "NoState"' "$answer" || has_field '"HaveNodeKey": true' "$answer"
}

# control_answers [CURL-OPTION...]
control_answers() {
  curl -s -o /dev/null --connect-timeout 5 --max-time 10 "$@" ${CONTROL_CA_PEM:+--cacert "$CONTROL_CA_FILE"} "$CONTROL_URL/key?v=100"
}

# What this script's environment sends through a proxy, tailscaled sends straight: it knows its unit's environment alone (net/tshttpproxy).
refuse_proxy_alone() {
  case $(systemctl show -P Environment tailscaled.service 2>/dev/null) in *[Hh][Tt][Tt][Pp][Ss]_[Pp][Rr][Oo][Xx][Yy]=*) return 0 ;; esac
  ! control_answers --noproxy '*' && control_answers || return 0
  proxy=${https_proxy:-${HTTPS_PROXY:-${all_proxy:-${ALL_PROXY:-http://PROXY:PORT}}}}
  proxy=$(printf '%s' "$proxy" | sed 's#//[^/@]*@#//#')
  fail "the control server $CONTROL_URL answers this host through a proxy alone, which tailscaled is not told of; its key is not the cause." \
    "Run on the host: mkdir -p /etc/systemd/system/tailscaled.service.d && printf '[Service]\\nEnvironment=HTTPS_PROXY=$proxy\\n'" \
    ">/etc/systemd/system/tailscaled.service.d/proxy.conf && systemctl daemon-reload && systemctl restart tailscaled; then run pulumi up again"
}

# Why tailscaled could not log in, in its own words: nothing where it did not try.
login_error() { tailnet_status | sed -n 's/.*The last login error was: \(.*\)"\{1\},\{0,1\}$/\1/p' | sed -n '1s/\\"/"/gp'; }

# A control server that refuses a key says so. One that drops the connection takes this client for too old (headscale: hscontrol/noise.go), or
# something in between lets no connection be upgraded.
refuse_unheard() {
  case $1 in *"/machine/register\": "*) ;; *) return 0 ;; esac
  fail "the control server $CONTROL_URL answers, but ends this client's login without an answer ($1); its key is not the cause. Either tailscale" \
    "$TAILSCALE_VERSION is too old for it (headscale logs: unsupported client version): raise vpn.version. Or a proxy before it does not pass" \
    "upgrades of connections (WebSockets) through: let it. Then run pulumi up again"
}

# Running and online, and no peer to be seen: by the words of health/healthmsg (LockedOut).
refuse_locked_out() {
  case $(tailnet_status) in *"this node is locked out"*) ;; *) return 0 ;; esac
  sign=$(timeout 10 tailscale lock status 2>/dev/null | sed -n 's/^[[:space:]]*\(tailscale lock sign .*\)/\1/p' | sed -n 1p)
  fail "is in the tailnet, but tailnet lock keeps it from all other devices until its key is signed. Run on a device that holds a signing key:" \
    "${sign:-tailscale lock sign NODEKEY TLPUB, as \`tailscale lock status\` on this host prints it}; then run pulumi up again"
}

has_login() { has_field '"HaveNodeKey": true' "$(tailnet_status)"; }

login_is_needed() {
  case $(tailnet_status | json_value BackendState) in NeedsLogin | NeedsMachineAuth) ;; *) return 1 ;; esac
}

how_to_join_again() {
  if [ -e /etc/systemd/system/k3s.service ]; then login_by_hand; else echo "make a new one and join again with: $REPLACE_COMMAND"; fi
}

online_or_login_needed() { tailnet_is_online || login_is_needed; }

# An empty host name is what is left where k3s once ran `tailscale up --reset` and could not log in; it is put right below.
refuse_other_login() {
  has_login || return 0
  prefs=$(tailnet_prefs)
  logged_in_as=$(printf '%s\n' "$prefs" | json_value Hostname)
  logged_in_at=$(printf '%s\n' "$prefs" | json_value ControlURL)
  tags=$(tailnet_status | json_list Tags | paste -sd ' ' -)
  if [ "${logged_in_as:-$NODE_NAME}" = "$NODE_NAME" ] && [ "${logged_in_at:-$CONTROL_URL}" = "$CONTROL_URL" ]; then
    case " $tags " in "  " | *" $TAG "*) return 0 ;; esac
  fi
  then=$REPLACE_COMMAND
  [ ! -e /etc/systemd/system/k3s.service ] || then=$(login_by_hand)
  fail "logged in to ${logged_in_at:-$CONTROL_URL} as ${logged_in_as:-an unnamed device} with tags: ${tags:-none}," \
    "not to $CONTROL_URL as $NODE_NAME with $TAG; if that login may go, run on the host: tailscale logout; then: $then"
}

# A device that was deleted in the tailnet stays Running and is never Online again; so does one whose control server is away.
# They differ in whether the control server answers.
comes_back_online() {
  has_login || return 1
  say "logged in already, waiting for the tailnet"
  # Stopped is what `tailscale down` leaves; up without settings takes it back and needs no key.
  [ "$(tailnet_status | json_value BackendState)" != Stopped ] || aloud timeout 60 tailscale up --timeout=45s || true
  wait_until "$SETTLE_SECONDS" "the tailnet" online_or_login_needed && { tailnet_is_online && return 0 || return 1; }
  wait_until "$WAIT_SECONDS" "the control server $CONTROL_URL" control_answers ||
    fail "logged in, but the control server $CONTROL_URL does not answer; check this host's network, then run pulumi up again"
  wait_until "$SETTLE_SECONDS" "the tailnet" tailnet_is_online
}

use_key() {
  [ -s "$AUTH_KEY_FILE" ] || refuse_proxy_alone
  [ -s "$AUTH_KEY_FILE" ] ||
    fail "needs to log in to the tailnet, but its auth key was used up earlier; $(how_to_join_again)"
  say "logging in to $CONTROL_URL"
  # --reset: what an older life left, advertised podCIDRs above all, must not be served again. Where the device was deleted in the
  # tailnet, tailscaled still says Running and `up` ends with 0 whatever the key is worth: only being online tells.
  if timeout $((WAIT_SECONDS + 15)) tailscale up --reset --auth-key="file:$AUTH_KEY_FILE" --hostname="$NODE_NAME" --accept-dns=false \
    --accept-routes --snat-subnet-routes=false --timeout="${WAIT_SECONDS}s" ${LOGIN_SERVER:+--login-server="$LOGIN_SERVER"} >"$SCRATCH/login" 2>&1; then
    wait_until "$WAIT_SECONDS" "the tailnet" tailnet_is_online && return
  fi
  seen=$(mask_secrets <"$SCRATCH/login" | tail -n 3)
  control_answers || fail "cannot log in, the control server $CONTROL_URL does not answer ($seen); check this host's network, then run pulumi up again"
  refuse_proxy_alone
  refuse_unheard "$(login_error)"
  fail "not let into the tailnet${seen:+: $seen}; the auth key is used, expired or refused; $(how_to_join_again)"
}

# `tailscale set` changes a running login without a key, and only where it must.
put_preferences_right() {
  prefs=$(tailnet_prefs)
  has_field '"RouteAll": true' "$prefs" && has_field '"CorpDNS": false' "$prefs" && has_field '"NoSNAT": true' "$prefs" &&
    has_field "\"Hostname\": \"$NODE_NAME\"" "$prefs" && return
  timeout 30 tailscale set --accept-routes --accept-dns=false --snat-subnet-routes=false --hostname="$NODE_NAME"
}

# Every run of join brings the node's key along, and a key serves one join. Using a dead one on a node that is only slow to come online
# would take away the routes that k3s offers, see use_key, and k3s would not know.
SPENT_KEY=/etc/hybrid-k3s/spent-key
drop_spent_key() { [ "$(sha256sum 2>/dev/null <"$AUTH_KEY_FILE")" != "$(cat "$SPENT_KEY" 2>/dev/null)" ] || rm -f "$AUTH_KEY_FILE"; }
note_spent_key() { [ ! -s "$AUTH_KEY_FILE" ] || sha256sum <"$AUTH_KEY_FILE" | write_file "$SPENT_KEY" 0600; }

log_in() {
  wait_until 30 tailscaled daemon_answers || fail "tailscaled does not answer; see: journalctl -u tailscaled"
  refuse_other_login
  drop_spent_key
  comes_back_online || use_key
  put_preferences_right
  note_spent_key
  rm -f "$AUTH_KEY_FILE"
  rmdir "$(dirname "$AUTH_KEY_FILE")" 2>/dev/null || true
  refuse_locked_out
}
