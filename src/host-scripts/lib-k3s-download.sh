# shellcheck shell=sh
# The k3s program of one release, checked against the release's own sums. Needs K3S_VERSION RELEASES_URL SCRATCH.
# Where a checked program waits for its installation: beside that place, so that a rename puts it there; clean-host removes the folder.
FETCHED=/usr/local/lib/hybrid-k3s/k3s

# version_of PROGRAM
version_of() { "$1" --version 2>/dev/null | sed -nE '1s/^k3s version ([^ ]+).*/\1/p'; }

installed_k3s() { version_of /usr/local/bin/k3s; }

release_url() { printf '%s/%s' "$RELEASES_URL" "$(printf '%s' "$K3S_VERSION" | sed 's/+/%2B/g')"; }

sums_name() { echo "sha256sum-$(vendor_architecture).txt"; }

program_name() {
  case $(vendor_architecture) in
    amd64) echo k3s ;;
    *) echo "k3s-$(vendor_architecture)" ;;
  esac
}

fetch_sums() { [ -s "$SCRATCH/k3s-sums" ] || download "$(release_url)/$(sums_name)" "$SCRATCH/k3s-sums"; }

# published_sum NAME: nothing where the release has no file of that name.
published_sum() { awk -v name="$1" '$2 == name { print $1 }' "$SCRATCH/k3s-sums"; }

has_sum() { [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | sha256sum -c --status - 2>/dev/null; }

drop_fetched() { rm -f "$FETCHED" "$FETCHED.part"; }

# What stands at $FETCHED afterwards, or is installed already, is the release's. Nothing of an older or unfinished fetch is left.
fetch_program() {
  rm -f "$FETCHED.part"
  fetch_sums
  program=$(program_name)
  sum=$(published_sum "$program")
  [ -n "$sum" ] || fail "$(release_url)/$(sums_name) names no $program; check the version and the mirror"
  for program_file in "$FETCHED" /usr/local/bin/k3s; do ! has_sum "$program_file" "$sum" || return 0; done
  drop_fetched
  mkdir -p "${FETCHED%/*}"
  download "$(release_url)/$program" "$FETCHED.part"
  verify_sha256 "$FETCHED.part" "$sum" "$(release_url)/$program"
  chmod 0755 "$FETCHED.part"
  mv -f "$FETCHED.part" "$FETCHED"
}

# Beside other work of the same run, so with a scratch folder of its own. It saves time and nothing else: what is not there in the end is
# fetched again where k3s is installed, and told there.
start_fetch() {
  [ -n "${RELEASES_URL:-}" ] && [ "$(installed_k3s)" != "$K3S_VERSION" ] || return 0
  fetch_apart "$SCRATCH/k3s" >"$SCRATCH/fetching" 2>&1 9>&- &
  beside=$!
}

fetch_apart() { mkdir "$1" && SCRATCH=$1 && fetch_program; }

finish_fetch() {
  [ -n "${beside:-}" ] || return 0
  wait "$beside" || say "k3s could not be fetched yet: $(tail -n 1 "$SCRATCH/fetching")"
  beside=''
}
