#!/bin/bash
# Run once by the database image, on an empty data directory: one role and one database for each
# service, which no other role may enter. The passwords are in the services' own secrets.
set -euo pipefail

for service in cases contact_rules plans; do
    url=$(cat "/run/secrets/${service}_database_url")
    password=${url#*://"$service":}
    password=${password%%@*}
    # on standard input, so that no password is in a list of processes
    psql -v ON_ERROR_STOP=1 --quiet --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<SQL
\set password '$password'
CREATE ROLE $service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE $service OWNER $service;
REVOKE ALL ON DATABASE $service FROM PUBLIC;
SQL
done
