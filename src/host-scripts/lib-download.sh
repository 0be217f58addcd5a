# shellcheck shell=sh
# Fetching programs: by https, bounded, checked against a published sum. Needs SCRATCH, a folder of this run.

# The host's own authorities and the mirror's: one host may fetch from both kinds of places.
authorities() {
  [ -n "${CA_PEM:-}" ] || return 0
  if [ ! -f "$SCRATCH/authorities.pem" ]; then
    { cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null || true; } >"$SCRATCH/authorities.pem"
    printf '%s\n' "$CA_PEM" >>"$SCRATCH/authorities.pem"
  fi
  printf '%s' "$SCRATCH/authorities.pem"
}

# fetch URL FILE...: over one connection where they come from one place. Prints the HTTP status of each, in their order; the status of
# curl, which ends at its first failure, is returned. A stalled transfer ends after 30 s, a slow one may go on.
fetch() {
  fetch_authorities=$(authorities)
  pairs=$(($# / 2))
  while [ "$pairs" -gt 0 ]; do
    set -- "$@" -o "$2" "$1"
    shift 2
    pairs=$((pairs - 1))
  done
  curl -sSL --fail-early --retry 3 --connect-timeout 10 --speed-limit 1000 --speed-time 30 --max-time 1200 \
    ${fetch_authorities:+--cacert "$fetch_authorities"} -w '%{http_code}\n' "$@" 2>"$SCRATCH/curl-error"
}

# download URL FILE...: of what could not be had whole nothing is left.
download() {
  curl_status=0 http_status=''
  answers=$(fetch "$@") || curl_status=$?
  for answer in $answers; do
    [ -z "$http_status" ] || shift 2
    http_status=$answer
    [ "$http_status" = 200 ] || break
  done
  [ "$curl_status $http_status" = "0 200" ] || rm -f "$2"
  [ "$curl_status" = 0 ] || fail "cannot fetch $1: $(cat "$SCRATCH/curl-error"); check that this host reaches it: curl -I $1"
  [ "$http_status" = 200 ] || fail "cannot fetch $1: the server answered $http_status; check the version and the mirror's address"
}

# verify_sha256 FILE SUM URL [WHENCE]: WHENCE tells where the sum comes from.
verify_sha256() {
  actual=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$actual" = "$2" ] || rm -f "$1"
  [ "$actual" = "$2" ] || fail "$3 has SHA-256 $actual, but ${2:-nothing} is ${4:-published for it}; do not use it: the download or the mirror is damaged"
}

# The vendors' name for this machine's architecture.
vendor_architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) fail "architecture $(uname -m) is not built for; amd64 and arm64 are" ;;
  esac
}
