# shellcheck shell=sh
# When what k3s has signed ends, and its renewal. k3s makes every certificate of its own again that has less than 120 days left (90 before 1.33.1) when
# it starts, and at no other time (k3s: pkg/daemons/control/deps/deps.go, CertificateRenewDays); agents get theirs from a server at each start. The
# authorities stay as they are. Part of install-k3s.sh. Needs NODE_NAME SCRATCH UNIT; may have RENEW_DAYS (a certificate that ends sooner is a reason to restart k3s).
K3S_DATA=/var/lib/rancher/k3s
RENEWAL_SECONDS=${RENEWAL_SECONDS:-60}

# The one that clients see on port 6443 is not among them: k3s renews it while it runs (rancher/dynamiclistener, WrapExpiration).
certificate_files() {
  for file in "$K3S_DATA"/server/tls/client-*.crt "$K3S_DATA"/server/tls/serving-*.crt "$K3S_DATA"/server/tls/etcd/*.crt "$K3S_DATA"/agent/client-*.crt "$K3S_DATA"/agent/serving-*.crt; do
    case $file in *-ca.crt | *-ca.nochain.crt) ;; *) [ ! -s "$file" ] || echo "$file" ;; esac
  done
}

authority_files() { for file in "$K3S_DATA"/server/tls/*-ca.crt "$K3S_DATA"/server/tls/etcd/*-ca.crt; do [ ! -s "$file" ] || echo "$file"; done; }

# ends <files: lines `END FILE`, the earliest first, as 2027-11-29T21:00:00Z. A host without openssl tells nothing.
ends() {
  while read -r file; do
    end=$(openssl x509 -noout -enddate -in "$file" 2>/dev/null </dev/null) || continue
    echo "$end $file"
  done | awk '{
    sub(/^notAfter=/, "")
    month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $1) + 2) / 3
    if (split($0, words) == 6 && month >= 1) printf "%s-%02d-%02dT%sZ %s\n", $4, month, $2, $3, $6
  }' | sort
}

# first_end LIST: the earliest of what certificate_files or authority_files names.
first_end() { "$1" | ends | sed -n '1s/ .*//p'; }

# Lines `END FILE` in $SCRATCH/due.
renewal_is_due() {
  [ -n "${RENEW_DAYS:-}" ] || return 1
  certificate_files | ends | awk -v limit="$(date -u -d "+$RENEW_DAYS days" +%FT%TZ)" '$1 < limit' >"$SCRATCH/due"
  [ -s "$SCRATCH/due" ]
}

# Those of the server's own agent come a moment after its unit is active.
are_renewed() {
  certificate_files | ends >"$SCRATCH/ends"
  awk 'NR == FNR { before[$2] = $1; next } ($2 in before) && $1 <= before[$2]' "$SCRATCH/due" "$SCRATCH/ends" >"$SCRATCH/kept"
  [ ! -s "$SCRATCH/kept" ]
}

# wait_renewed: where k3s was restarted for it.
wait_renewed() {
  wait_until "$RENEWAL_SECONDS" "the new certificates" are_renewed ||
    fail "$UNIT was restarted to renew its certificates, and still: $(sed -E 's/^([^ ]*) (.*)/\2 ends on \1/' "$SCRATCH/kept" | paste -sd ',' | sed 's/,/, /g'). See on the host:" \
      "k3s certificate check; journalctl -u $UNIT | grep -i certificate. Renew them by hand: systemctl stop $UNIT; k3s certificate rotate; systemctl start $UNIT" \
      "(a file that no k3s of today writes, an older one's: rm it). Then run pulumi up again"
}

# tell_ends: as fields of a JSON object, each with a comma in front; nothing where nobody tells.
tell_ends() {
  end=$(first_end certificate_files)
  [ -z "$end" ] || printf ',"certificatesEnd":"%s"' "$end"
  end=$(first_end authority_files)
  [ -z "$end" ] || printf ',"authoritiesEnd":"%s"' "$end"
}
