#!/bin/sh
# Brings the server's two schemas in PostgreSQL to the version of this image; makes them where there are none.
set -eu
SQL_PASSWORD=$(cat /run/secrets/temporal_db_password)
export SQL_PASSWORD

sql() { temporal-sql-tool --plugin postgres12 --endpoint temporal-db --port 5432 --user temporal "$@"; }

up_to_date() { # DATABASE SCHEMA
    versions=/etc/temporal/schema/postgresql/v12/$2/versioned
    sql --database "$1" update-schema --schema-dir "$versions" && return
    echo "no schema in $1 yet: making it"
    sql --database "$1" setup-schema --version 0.0
    sql --database "$1" update-schema --schema-dir "$versions"
}

up_to_date temporal temporal
up_to_date temporal_visibility visibility
