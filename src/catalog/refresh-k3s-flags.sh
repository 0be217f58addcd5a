#!/bin/sh
# Usage: refresh-k3s-flags.sh K3S > k3s-flag-list.json
# Summary: lists the settings that a k3s knows for each role, from its own help.
# K3S: path of a k3s program. Prints JSON on stdout, writes nothing.
set -eu

# One line `"name": { "takes": "..." }` for each option. Help is in columns: option and value, two spaces or more, description;
# options that may be repeated show themselves a second time in brackets.
list_flags() {
  "$k3s" "$1" --help | awk '
    $1 ~ /^--[a-z]/ {
      name = $1
      gsub(/^--|,$/, "", name)
      if (name == "help") next
      line = $0
      sub(/^ +/, "", line)
      sub(/  .*/, "", line)
      takes = "boolean"
      if (line ~ /^--[a-z0-9-]+(, -[a-z])? [^ -]/ || line ~ /^--[a-z0-9-]+ [^ ,]+,/) takes = "value"
      if (line ~ /\[ --/) takes = "list"
      printf "%s    \"%s\": { \"takes\": \"%s\" }", separator, name, takes
      separator = ",\n"
    }
    END { print "" }'
}

main() {
  version=$("$k3s" --version | sed -n 's/^k3s version \([^ ]*\).*/\1/p')
  [ -n "$version" ] || {
    echo "$k3s does not report a k3s version; give the path of a k3s program" >&2
    exit 1
  }
  printf '{\n  "source": "k3s server --help and k3s agent --help, k3s %s; '"'takes'"' is value, list or boolean",\n' "$version"
  printf '  "server": {\n'
  list_flags server
  printf '  },\n  "agent": {\n'
  list_flags agent
  printf '  }\n}\n'
}

k3s=${1:?usage: refresh-k3s-flags.sh K3S > k3s-flag-list.json}
main </dev/null
