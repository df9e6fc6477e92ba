#!/bin/bash
# Tokens for the processes that talk to the Temporal server, and the connection profile of each: the server's authorizer
# asks for a token beside the certificate. People get theirs from the agency's identity provider.
#
#   deploy/tokens.sh                      run again it makes new tokens with the key that is there
#
# Needs certificates.sh to have run. DAYS is how long a token is good for; after that, run it again and restart.
set -euo pipefail

directory=${SECRETS:-secrets}
days=${DAYS:-365}
namespace=reengagement
key=$directory/token-signing.key

umask 077
mkdir -p "$directory/profiles"
[ -f "$key" ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$key" 2>/dev/null

url_safe() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
from_hex() { printf "$(sed 's/../\\x&/g')"; }

modulus=$(openssl rsa -in "$key" -noout -modulus | cut -d= -f2 | from_hex | url_safe)
id=$(openssl rsa -in "$key" -pubout -outform DER 2>/dev/null | openssl dgst -sha256 -hex | sed 's/.*= //' | cut -c1-16)
rm -f "$directory/service-keys.json"
printf '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"%s","n":"%s","e":"AQAB"}]}\n' "$id" "$modulus" \
    > "$directory/service-keys.json"
chmod 444 "$directory/service-keys.json"

token() { # SUBJECT PERMISSION
    local now head claims
    now=$(date +%s)
    head=$(printf '{"alg":"RS256","typ":"JWT","kid":"%s"}' "$id" | url_safe)
    claims=$(printf '{"iss":"reengagement","sub":"%s","iat":%d,"exp":%d,"permissions":["%s"]}' \
        "$1" "$now" $((now + days * 24 * 3600)) "$2" | url_safe)
    printf '%s.%s.%s' "$head" "$claims" \
        "$(printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -sign "$key" -binary | url_safe)"
}

profile() { # PROCESS ROLE: what the TEMPORAL_CONFIG_FILE of the process says
    rm -f "$directory/profiles/$1.toml"
    cat > "$directory/profiles/$1.toml" <<PROFILE
[profile.default]
address = "${ADDRESS:-temporal:7233}"
namespace = "$namespace"
api_key = "$(token "$1" "$namespace:$2")"

[profile.default.tls]
server_name = "temporal"
server_ca_cert_path = "/run/secrets/server_authority"
client_cert_path = "/run/secrets/client_certificate"
client_key_path = "/run/secrets/client_key"
PROFILE
    chmod 444 "$directory/profiles/$1.toml"
    echo "made      profiles/$1.toml ($namespace:$2, $days days)"
}

profile worker write
profile command-line write
profile exporter read
profile operator admin
