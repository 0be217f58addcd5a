# shellcheck shell=sh
# The owner marker: whose host this is and what we added to it. Written by us alone, one value a line, so that sed can read it back.
MARKER=/etc/hybrid-k3s/owner.json

marker_value() { sed -nE "s/^ *\"$1\": \"(.*)\",?\$/\\1/p" "$MARKER" 2>/dev/null; }

# marker_list KEY: the items of the list of that name, one a line; nothing without a marker.
marker_list() {
  [ -f "$MARKER" ] || return 0
  awk -v key="\"$1\": [" '
    inside && /\]/ { exit }
    inside && NF { sub(/^ *"/, ""); sub(/",?$/, ""); print }
    index($0, key) && /\[$/ { inside = 1 }' "$MARKER"
}

# marker_is_ours: true where this very cluster of this very stack has claimed the host.
marker_is_ours() { [ "$(marker_value stack)" = "$OWNER" ] && [ "$(marker_value cluster)" = "$CLUSTER_NAME" ]; }

# add_to_marker <lines `KEY ITEM`: claims the host, or adds to what the marker lists; never takes anything out.
# Under "found" stands what was there before us, to be left or put back.
add_to_marker() {
  additions=$(cat)
  (umask 077 && mkdir -p /etc/hybrid-k3s)
  write_file "$MARKER" 0644 <<JSON
{
  "version": 1,
  "cluster": "$CLUSTER_NAME",
  "stack": "$OWNER",
  "node": "$NODE_NAME",
  "adds": {
    "packages": [$(marker_items packages)],
    "files": [$(marker_items files)],
    "units": [$(marker_items units)]
  },
  "found": {
    "sysctls": [$(marker_items sysctls)],
    "mounts": [$(marker_items mounts)],
    "tables": [$(marker_items tables)],
    "idle": [$(marker_items idle)]
  }
}
JSON
}

# The inside of a list, each item on a line of its own; doubles are left out.
marker_items() {
  { marker_list "$1" && printf '%s\n' "$additions" | sed -n "s|^$1 ||p"; } |
    awk 'NF && !seen[$0]++ { printf "%s\n      \"%s\"", (n++ ? "," : ""), $0 } END { if (n) printf "\n    " }'
}
