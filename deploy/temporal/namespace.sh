#!/bin/sh
# Makes the namespace, which keeps cases for ten years, and the search attributes of cases; keeps what is there.
set -eu
namespace=${TEMPORAL_NAMESPACE:-reengagement}
retention=3650d

eventually() { # COMMAND...: the server's parts come up, and hear of a namespace, one after the other
    for _ in $(seq 60); do
        "$@" && return
        sleep 1
    done
    echo "gave up: $*" >&2
    exit 1
}

known() { temporal operator namespace describe --namespace "$namespace" > /dev/null 2>&1; }

eventually temporal operator cluster health
if known; then
    temporal operator namespace update --namespace "$namespace" --retention "$retention"
else
    temporal operator namespace create --namespace "$namespace" --retention "$retention"
    eventually known
fi

attributes() { # TYPE NAME...
    type=$1
    shift
    for name; do
        eventually temporal operator search-attribute create --namespace "$namespace" --type "$type" --name "$name"
    done
}

attributes Keyword Program Phase Outcome Provider CountsInRate CaseId LimitMonth
attributes KeywordList NeedsAction
attributes Datetime NextActionAt NextLetterAt
attributes Int Quarantined LettersSent
