#!/bin/sh
# Usage: sh -s -- authorize-key
# Lets the holder of one public key in, and those of others no more. Every other line of the file stays as it is.
# Needs: LOGIN_USER ADD_KEY (its type and its base64)
# May have, one a line: REMOVE_KEYS
# Writes: .ssh/authorized_keys in LOGIN_USER's home
: "${LOGIN_USER:?}" "${ADD_KEY:?}"

# Comments hold no key; options before one may hold blanks, so that it is some word of its line.
# shellcheck disable=SC2016 # the variables are awk's
KEY_LINES='
  BEGIN { n = split(gone, lines, "\n"); for (i = 1; i <= n; i++) { split(lines[i], words, " "); if (words[2] != "") out[words[2]] } split(add, words, " "); wanted = words[2] }
  /^[ \t]*#/ { print; next }
  { for (i = 1; i <= NF; i++) { if ($i == wanted) have = 1; else if ($i in out) next } print }
  END { if (!have) print add }'

home_of() { getent passwd "$1" | cut -d: -f6; }

# Owned by the user before it takes the old one's place: sshd reads it as that user, and half a file would let nobody in.
write_keys() {
  unfinished=$(mktemp "$1.XXXXXX") || fail "cannot write $1"
  if cat >"$unfinished" && chmod 0600 "$unfinished" && chown "$LOGIN_USER:" "$unfinished" && mv -f "$unfinished" "$1"; then return; fi
  rm -f "$unfinished"
  fail "cannot write $1; it stays as it was"
}

main() {
  take_lock login
  make_scratch
  home=$(home_of "$LOGIN_USER")
  [ -d "$home" ] || fail "there is no user $LOGIN_USER with a home on this host"
  [ -d "$home/.ssh" ] || install -d -m 0700 -o "$LOGIN_USER" -g "$(id -g "$LOGIN_USER")" "$home/.ssh"
  keys=$home/.ssh/authorized_keys
  [ -e "$keys" ] || : >"$SCRATCH/before"
  [ ! -e "$keys" ] || cat "$keys" >"$SCRATCH/before"
  awk -v add="$ADD_KEY" -v gone="${REMOVE_KEYS:-}" "$KEY_LINES" "$SCRATCH/before" >"$SCRATCH/after"
  cmp -s "$SCRATCH/before" "$SCRATCH/after" || write_keys "$keys" <"$SCRATCH/after"
}

main "$@" </dev/null
