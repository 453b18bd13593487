#!/bin/sh
# Collects what an image needs over its base: programs, the shared objects that
# ldd finds for them, the data that those read, and for each Debian package a
# file is from: its copyright, its entry for scanners, its line in the SBOM.
#   closure.sh BASE_PACKAGES VERSION ROOT FFMPEG PROGRAM...
# BASE_PACKAGES: what the base image has, as dpkg-query -W prints it.
set -eu
base=$1 version=$2 root=$3 ffmpeg=$4
shift 4
share=$root/usr/share/c3-render-worker
install -d "$root/usr/local/bin" "$root/var/lib/dpkg/status.d" "$share"
install -t "$root/usr/local/bin" "$@" "$ffmpeg/bin/ffmpeg" "$ffmpeg/bin/ffprobe"
install -D -m 0644 "$ffmpeg/copyright" "$root/usr/share/doc/ffmpeg/copyright"
names=$(mktemp)

# owner FILE: the package that it is from. dpkg knows /usr/lib as /lib, too.
owner() {
  dpkg -S "$1" "/usr$1" "${1#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1
}

in_base() {
  awk -v name="$1" '{ sub(/:.*/, "", $1) } $1 == name { found = 1 }
    END { exit !found }' "$base"
}

# take FILE PATH: the file, or the folder, as PATH of the image.
take() {
  package=$(owner "$(readlink -f "$1")")
  [ -n "$package" ] || { echo "closure: $1 is of no package" >&2 && exit 1; }
  ! in_base "$package" || return 0
  install -d "$root$(dirname "$2")"
  cp -L "$1" "$root$2"
  echo "$package" >>"$names"
}

# Not as a pipe, whose last program alone would tell of a failure.
ldd "$@" "$ffmpeg/bin/ffmpeg" >/tmp/ldd
awk '/not found/ { print $1 >"/dev/stderr"; bad = 1 }
    $2 == "=>" && $3 ~ /^\// { print $3 } END { exit bad }' /tmp/ldd >/tmp/found
sort -u /tmp/found >/tmp/objects
while read -r object; do
  take "$object" "/usr/lib/$(basename "$(dirname "$object")")/$(basename "$object")"
done </tmp/objects
# What the libraries open by themselves: libmagic its patterns, OpenSSL and
# libcurl the authorities.
take /usr/lib/file/magic.mgc /usr/lib/file/magic.mgc
install -d "$root/usr/share/misc" "$root/usr/lib/ssl" "$root/etc/ssl"
ln -s ../../lib/file/magic.mgc "$root/usr/share/misc/magic.mgc"
cp -rL /etc/ssl/certs "$root/etc/ssl/"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
echo ca-certificates >>"$names"

sort -u "$names" | while read -r package; do
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
  install -D -m 0644 "/usr/share/doc/$package/copyright" \
    "$root/usr/share/doc/$package/copyright"
done

# CycloneDX. All names and versions are of characters that JSON takes as they are.
{
  sed 's/:[a-z0-9]*\t/\t/; s/\t/ /; s/$/ base/' "$base"
  sort -u "$names" | while read -r package; do
    dpkg-query -W -f '${Package} ${Version} copied\n' "$package" | head -n 1
  done
  sed 's/$/ built/' "$ffmpeg/package.txt"
} | awk -v version="$version" -v arch="$(dpkg --print-architecture)" '
  BEGIN {
    printf "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n"
    printf "  \"version\": 1,\n  \"metadata\": {\"component\": {\"type\": "
    printf "\"container\", \"bom-ref\": \"c3-render-worker\", \"name\": "
    printf "\"c3-render-worker\", \"version\": \"%s\"}},\n", version
    printf "  \"components\": ["
  }
  {
    escaped = $2
    gsub(/\+/, "%2B", escaped)
    gsub(/:/, "%3A", escaped)
    gsub(/~/, "%7E", escaped)
    # Source, not a binary package, where it was built here.
    how = $3 == "built" ? "source" : arch
    printf "%s\n    {\"type\": \"library\", \"bom-ref\": \"%s %s\", ", sep, $3, $1
    printf "\"name\": \"%s\", \"version\": \"%s\", ", $1, $2
    printf "\"purl\": \"pkg:deb/debian/%s@%s?arch=%s&distro=debian-12\", ", \
      $1, escaped, how
    printf "\"properties\": [{\"name\": \"c3:from\", \"value\": \"%s\"}]}", $3
    sep = ","
  }
  END { printf "\n  ]\n}\n" }' >"$share/sbom.cdx.json"
