#!/bin/sh
# Makes every secret that compose.yaml names, of mode 0600, each for the one who may read it.
# Usage, as root so that the files can be handed over:  sh secrets.sh
# Changes nothing that is there. Bring your own secrets/nginx/tls-chain and secrets/nginx/tls-key.
set -eu
umask 077
cd "${1:-$(dirname "$0")}"

drawn() { head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

if [ -e secrets ]; then
    echo "secrets: 已存在，未改动 / there already, left alone" >&2
    exit 1
fi
mkdir -p secrets/api secrets/postgres secrets/seaweedfs secrets/nginx

head -c 32 /dev/urandom >secrets/api/root-key
drawn >secrets/postgres/postgresql-superuser
drawn >secrets/postgres/postgresql-vault
cp secrets/postgres/postgresql-vault secrets/api/postgresql-password

key=$(drawn)
printf 'vault\n%s\n' "$key" >secrets/api/s3-credentials
cat >secrets/seaweedfs/s3-identities <<JSON
{
  "identities": [
    {
      "name": "vault",
      "credentials": [{"accessKey": "vault", "secretKey": "$key"}],
      "actions": ["Read:vault", "Write:vault"]
    }
  ]
}
JSON

if [ "$(id -u)" = 0 ]; then
    chown -R 10001:10001 secrets/api
    chown -R 999:999 secrets/postgres
    chown -R 1000:1000 secrets/seaweedfs
    chown -R 101:101 secrets/nginx
fi
