# shellcheck shell=sh
# What tailscaled says of this host and its peers. Its JSON is indented, one value a line, so grep-like tools can read it.

tailnet_status() { timeout 10 tailscale status --json --peers=false 2>/dev/null || true; }

tailnet_prefs() { timeout 10 tailscale debug prefs 2>/dev/null || true; }

# json_value KEY <json: the first plain value under that key. Reads to the end, so that nobody upstream writes into a closed pipe.
json_value() { sed -nE "/^[[:space:]]*\"$1\": \"?([^\",]*)\"?,?\$/ { s//\\1/p; :rest; n; b rest; }"; }

# has_field FIELD TEXT: whether the JSON has a field with that very value, as `"Online": true`. The shell's own matching: it is asked in loops.
has_field() { case $2 in *"$1"*) ;; *) return 1 ;; esac }

# json_list KEY <json: the items of the first list under that key, one a line.
json_list() {
  awk -v key="\"$1\": [" '
    inside && /\]/ { exit }
    inside { gsub(/[ \t",]/, ""); print }
    index($0, key) && /\[$/ { inside = 1 }'
}

tailnet_ip() { tailnet_status | json_list TailscaleIPs | grep -F . | sed -n 1p; }

# Running alone is also what a device says that was deleted in the tailnet: only Online tells.
tailnet_is_online() {
  online_status=$(tailnet_status)
  # The first Online is this host's; an exit node's comes behind it.
  has_field '"BackendState": "Running"' "$online_status" && [ "$(printf '%s\n' "$online_status" | json_value Online)" = true ]
}

# For a host that runs the cluster's server: to replace its join would uninstall k3s first, and the cluster with it. --reset, as the
# routes that k3s offers would have to be named otherwise; k3s offers them again, and takes the new address, when it starts.
login_by_hand() {
  echo "make a one-off auth key for ${TAG:-the tag of the cluster} in the tailnet's console and run on $NODE_NAME, which keeps the cluster:" \
    "tailscale up --reset --auth-key=KEY --hostname=$NODE_NAME --accept-dns=false --accept-routes --snat-subnet-routes=false" \
    "${LOGIN_SERVER:+--login-server=$LOGIN_SERVER }&& systemctl restart k3s; then run pulumi up again"
}

# One line a device, this host first: `<IPv4> <host name> <Online> <routes that it serves, with commas>`.
tailnet_devices() {
  timeout 10 tailscale status --json 2>/dev/null | awk '
    function flush() { if (name != "") print (ip == "" ? "-" : ip), name, online, (routes == "" ? "-" : routes); name = ip = routes = "" }
    /^ *"(Self|nodekey:[^"]*)": \{$/ { flush() }
    /^ *"HostName": / { name = $2; gsub(/[",]/, "", name) }
    /^ *"Online": / { online = $2; sub(/,/, "", online) }
    /^ *"(TailscaleIPs|PrimaryRoutes)": \[$/ { list = $1; next }
    /\]/ { list = "" }
    list ~ /TailscaleIPs/ && /\./ && ip == "" { ip = $1; gsub(/[",]/, "", ip) }
    list ~ /PrimaryRoutes/ { route = $1; gsub(/[",]/, "", route); routes = routes (routes == "" ? "" : ",") route }
    /^ *"User": / { exit }
    END { flush() }'
}

# The routes that the tailnet sends to this host.
served_routes() { tailnet_status | json_list PrimaryRoutes; }

# serves_as_before ROUTE...: a restart may not cost the node's pods their way. A route that this host does
# not offer any more is another matter: its Node has another podCIDR.
serves_as_before() {
  tailnet_prefs | json_list AdvertiseRoutes >"$SCRATCH/offered"
  served_routes >"$SCRATCH/served"
  for route; do
    grep -qxF "$route" "$SCRATCH/served" || ! grep -qxF "$route" "$SCRATCH/offered" || return 1
  done
}
