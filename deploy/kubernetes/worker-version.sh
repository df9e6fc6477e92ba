#!/bin/sh
# Prints the manifests of the workers of one version:
#
#   deploy/kubernetes/worker-version.sh BUILD IMAGE | kubectl apply --filename -
#
# BUILD is the build id of the code in the image: docker run --rm IMAGE -c 'import build; print(build.build_id())'
set -eu
[ $# = 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
case $1 in *[!0-9a-f]*|'') echo "BUILD: is 16 hexadecimal digits" >&2; exit 2 ;; esac
sed "s/0000000000000000/$1/g; s#image: registry.agency.example/reengagement#image: $2#" "$(dirname "$0")/worker.yaml"
