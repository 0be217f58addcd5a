# shellcheck disable=SC2016,SC2154 # the inner shell expands its own text; bats sets status, output and stderr
# What the tests of SQLite's copies share: a database as kine keeps it, by the real sqlite3.
load test_helper

DATA=var-lib/rancher/k3s/server
COPIES=var-lib/rancher/k3s/sqlite-backups

# key_of PASSWORD: where k3s keeps what a cluster begins with (bootstrapKey in lab/k3s/bootstrap_data.go does the same).
key_of() { printf '/bootstrap/%s' "$(printf '%s' "$1" | sha256sum | cut -c1-12)"; }

# make_database FILE PASSWORD WORD: of a cluster under this server token, with this word in it, as k3s leaves it: written to beside the file.
make_database() {
  sqlite3 "$1" >/dev/null <<SQL
PRAGMA journal_mode = WAL;
CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER, create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB);
INSERT INTO kine(name, created, deleted, value) VALUES ('$(key_of "$2")', 1, 0, 'sealed'), ('/registry/word', 1, 0, '$3');
SQL
}

word_in() { sqlite3 -readonly "$1" "SELECT value FROM kine WHERE name = '/registry/word' ORDER BY id DESC LIMIT 1"; }

# hold_open WORD: the database stays open, and has this word in the log beside the file alone, as while k3s runs; until somebody opens $FAKE/held.
hold_open() {
  { echo '.timeout 10000' && echo "INSERT INTO kine(name, created, deleted, value) VALUES ('/registry/word', 0, 0, '$1');" && echo '.print written' && cat "$FAKE/held"; } |
    sqlite3 "$HOST/$DATA/db/state.db" >"$FAKE/writer" 3>&- &
  export writer=$!
  until grep -q written "$FAKE/writer"; do sleep 0.05; done
}

# The program as install-k3s.sh writes it.
give_copy_program() {
  mkdir -p "$HOST/usr-local/lib/hybrid-k3s"
  sed -n "/<<'PROGRAM'/,/^PROGRAM\$/p" "$SCRIPTS/lib-sqlite-copies.sh" | sed '1d; $d' >"$HOST/usr-local/lib/hybrid-k3s/copy-sqlite.sh"
  chmod +x "$HOST/usr-local/lib/hybrid-k3s/copy-sqlite.sh"
}

copies() { (cd "$HOST/$COPIES" 2>/dev/null && ls) || true; }
