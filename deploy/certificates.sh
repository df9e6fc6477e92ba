#!/bin/sh
# Certificates for mutual TLS with the Temporal server, by openssl: two authorities of our own, so that whoever holds a
# client's certificate can't pass for a part of the server, and a certificate for each process.
#
#   deploy/certificates.sh [NAME...]      NAME: names the server is also called by, such as temporal.agency.example
#
# Run again it keeps what is there and renews what ends within 30 days. Restart what uses a renewed certificate.
set -eu

directory=${SECRETS:-secrets}/certificates
authority_days=3650
days=${DAYS:-365}
renew_before=$((30 * 24 * 3600))

umask 077
mkdir -p "$directory/authorities"
cd "$directory"

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
lasts() { [ -f "$1.pem" ] && openssl x509 -in "$1.pem" -noout -checkend "$renew_before" >/dev/null; }

authority() { # NAME
    [ -f "authorities/$1.key" ] && return
    key "authorities/$1.key"
    openssl req -x509 -new -sha256 -days "$authority_days" -subj "/O=reengagement/CN=$1 authority" \
        -key "authorities/$1.key" -out "$1-authority.pem" \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign
    chmod 444 "$1-authority.pem"
    echo "made      $1-authority.pem"
}

certificate() { # NAME AUTHORITY USES [SUBJECT-ALTERNATIVE-NAMES]
    if lasts "$1"; then
        echo "kept      $1.pem"
        return
    fi
    rm -f "$1.key" "$1.pem"
    key "$1.key"
    openssl req -new -sha256 -subj "/O=reengagement/CN=$1" -key "$1.key" -out "$1.csr"
    {
        echo "basicConstraints=critical,CA:FALSE"
        echo "keyUsage=critical,digitalSignature"
        echo "extendedKeyUsage=$3"
        [ -z "${4:-}" ] || echo "subjectAltName=$4"
    } > "$1.ext"
    openssl x509 -req -sha256 -days "$days" -in "$1.csr" -extfile "$1.ext" \
        -CA "$2-authority.pem" -CAkey "authorities/$2.key" -set_serial "0x$(openssl rand -hex 16)" \
        -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
    # Containers run as users of their own, and a secret from a file keeps its mode. The directory is closed.
    chmod 444 "$1.pem" "$1.key"
    echo "made      $1.pem, ends $(openssl x509 -in "$1.pem" -noout -enddate | cut -d= -f2)"
}

names=DNS:temporal,DNS:localhost,IP:127.0.0.1
for name; do names=$names,DNS:$name; done

authority server
authority client
certificate frontend server serverAuth "$names"
certificate internode server serverAuth,clientAuth DNS:temporal
for client in worker command-line exporter ui operator; do
    certificate "$client" client clientAuth
done
