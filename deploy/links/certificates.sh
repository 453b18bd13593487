#!/bin/sh
# Makes an authority, and a certificate for each machine that is named:
#
#   deploy/links/certificates.sh FOLDER a.example.com b.example.com c.example.com
#
# FOLDER/MACHINE/ then holds what belongs into that machine's
# /etc/c3-render/links (mode 0400, owner stunnel4). FOLDER/ca.key stays with you.
# What exists is kept, so a machine can be added later.
set -eu
umask 077
folder=$1
shift
mkdir -p "$folder"
curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
if ! [ -f "$folder/ca.key" ]; then
  # shellcheck disable=SC2086
  openssl req -x509 $curve -days 3650 -subj "/CN=c3-render links" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
    -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$folder/ca.key" -out "$folder/ca.pem" 2>/dev/null
fi
for machine; do
  at="$folder/$machine"
  ! [ -f "$at/machine.pem" ] || continue
  mkdir -p "$at"
  # shellcheck disable=SC2086
  openssl req -new $curve -subj "/CN=$machine" -keyout "$at/machine.key" \
    -out "$at/request.pem" 2>/dev/null
  printf '%s\n' "subjectAltName=DNS:$machine" \
    "extendedKeyUsage=serverAuth,clientAuth" "basicConstraints=CA:FALSE" \
    >"$at/extensions"
  openssl x509 -req -in "$at/request.pem" -days 825 -CA "$folder/ca.pem" \
    -CAkey "$folder/ca.key" -CAcreateserial -extfile "$at/extensions" \
    -out "$at/machine.pem" 2>/dev/null
  rm "$at/request.pem" "$at/extensions"
  cp "$folder/ca.pem" "$at/ca.pem"
done
