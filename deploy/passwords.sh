#!/bin/sh
# Passwords of the databases and of Grafana, the URLs that hold them, the master key, and the key of the case ids.
#
#   deploy/passwords.sh                   run again it keeps what is there and makes what is missing
#
# What it makes is nowhere else. Without the master key, or without the key database, no case can be read again.
# Run it as root: the directory of the master key is to be owned by the user that workers run as.
set -eu

directory=${SECRETS:-secrets}
user=10001
umask 077
mkdir -p "$directory/keys"

made() { # FILE: reads what it is to hold; kept where it is there
    if [ -f "$directory/$1" ]; then
        cat > /dev/null
        echo "kept      $1"
    else
        cat > "$directory/$1"
        chmod 444 "$directory/$1" # containers run as users of their own; the directory is closed
        echo "made      $1"
    fi
}

for name in temporal-db records-db keys-db grafana; do
    openssl rand -hex 24 | tr -d '\n' | made "$name.password"
done
for name in records keys; do
    printf 'postgresql+psycopg://%s:%s@%s-db/%s' "$name" "$(cat "$directory/$name-db.password")" "$name" "$name" |
        made "$name.url"
done
printf '%s-%s:%s\n' "$(date -u +%Y%m%d)" "$(openssl rand -hex 3)" "$(openssl rand -base64 32)" | made keys/master.keys
openssl genpkey -algorithm ed25519 | made keys/signing.key
openssl pkey -pubout -in "$directory/keys/signing.key" | made keys/signing.pub
openssl rand -hex 32 | tr -d '\n' | made case-id.key
if [ "$(id -u)" = 0 ]; then
    chown -R "$user:$user" "$directory/keys"
else
    echo "missing   the owner: sudo chown -R $user:$user $directory/keys"
fi
[ -f "$directory/ui-client-secret" ] || echo "missing   ui-client-secret: the UI's client secret, from the identity provider"
