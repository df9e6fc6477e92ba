#!/bin/sh
# Creates or updates the server's two schemas in PostgreSQL; harmless when they are there.
set -eu
for name in temporal visibility; do
    database=$([ "$name" = temporal ] && echo temporal || echo temporal_visibility)
    tool="temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database $database"
    $tool create-database || true
    $tool setup-schema -v 0.0 || true
    $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$name/versioned"
done
