-- Run once by psql, as the superuser, in a new cluster: the role that the vault signs in with, and
-- its database. The password is read from a file, so that no command line and no log shows it.
\set ON_ERROR_STOP on
\set password `cat "$VAULT_PASSWORD_FILE"`
CREATE ROLE vault LOGIN PASSWORD :'password';
CREATE DATABASE vault OWNER vault TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE vault FROM PUBLIC;
