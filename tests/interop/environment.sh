# Sourced: makes what a suite needs below build/interop, quickly when nothing
# has changed. A registry that cannot be reached ends the suite as skipped (77)
# with a sentence that says so; any other trouble is a failure.
interop_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
interop_build=${INTEROP_BUILD:-$interop_dir/../../build/interop}
mkdir -p "$interop_build"
interop_build=$(cd "$interop_build" && pwd)
export INTEROP_BUILD=$interop_build

# skip SENTENCE
skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

# once NAME FINGERPRINT COMMAND...: runs the command unless it has succeeded
# before with this fingerprint. Suites that start together wait for one another.
once() {
  local stamp=$interop_build/$1.stamp log=$interop_build/$1.log print=$2
  local name=$1
  shift 2
  exec 9>"$interop_build/$name.lock"
  flock 9
  if [ "$(cat "$stamp" 2>/dev/null)" != "$print" ]; then
    rm -f "$stamp"
    if ! "$@" >"$log" 2>&1; then
      # Nothing that looks like a host name goes into the report.
      if grep -qiE "$unreachable" "$log"; then
        skip "$name cannot be set up: its package registry cannot be reached"
      fi
      tail -n 30 "$log" | sed -E 's#https?://[^/ ]+#(registry)#g'
      echo "setting up $name failed"
      exit 1
    fi
    printf '%s' "$print" >"$stamp"
  fi
  flock -u 9
}

# How pip, npm, Go and Cargo say that nobody answers.
unreachable='name resolution|could not resolve|EAI_AGAIN|ENOTFOUND'
unreachable+='|ECONNREFUSED|ETIMEDOUT|no such host|connection refused'
unreachable+='|network is unreachable|failed to establish a new connection'
unreachable+='|temporary failure resolving|could not connect to'
unreachable+='|max retries exceeded|i/o timeout|connect timeout|proxyerror'
# pip, of any package, when its index gave no answer at all.
unreachable+='|from versions: none'

fingerprint() {
  cat "$@" | sha256sum | cut -c1-32
}

# python_env NAME: a virtual environment with requirements/NAME.txt in it.
python_env() {
  local list=$interop_dir/requirements/$1.txt
  once "venv-$1" "$(fingerprint "$list")$(python3 --version)" \
    make_python_env "$interop_build/venv/$1" "$list"
}

make_python_env() {
  rm -rf "$1"
  python3 -m venv "$1" &&
    "$1/bin/pip" install -q --disable-pip-version-check -r "$2"
}

# node_packages: build/interop/node with the packages of node/package.json.
node_packages() {
  command -v npm >/dev/null ||
    skip "the JavaScript client needs Node.js 18 or newer with npm"
  once node "$(fingerprint "$interop_dir/node/package-lock.json")" \
    make_node_packages
}

make_node_packages() {
  mkdir -p "$interop_build/node" &&
    cp "$interop_dir"/node/package*.json "$interop_build/node/" &&
    npm ci --prefix "$interop_build/node" --no-audit --no-fund --ignore-scripts
}

# s3_server: MinIO, built from its Go module. There is no smaller server that
# the MINIO_* settings could rather be meant for, and it checks signatures.
minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
s3_server() {
  command -v go >/dev/null ||
    skip "building the S3 server (MinIO) needs Go 1.24 or newer"
  once minio "$minio_version" \
    env GOFLAGS=-buildvcs=false GOBIN="$interop_build/bin" \
    nice -n 10 go install "github.com/minio/minio@$minio_version"
}

# go_program NAME PACKAGE@VERSION: build/interop/bin/NAME.
go_program() {
  command -v go >/dev/null || skip "building $1 needs Go 1.24 or newer"
  once "go-$1" "$2" make_go_program "$1" "$2"
}

make_go_program() {
  local folder=$interop_build/bin/$1.new package=${2%@*}
  GOFLAGS=-buildvcs=false GOBIN=$folder nice -n 10 go install "$2" &&
    mv "$folder/$(basename "${package%/v[0-9]}")" "$interop_build/bin/$1" &&
    rmdir "$folder"
}

# go_source NAME: build/interop/bin/NAME of the program in the folder NAME.
go_source() {
  local folder=$interop_dir/$1
  command -v go >/dev/null || skip "building $1 needs Go 1.26 or newer"
  once "go-$1" "$(fingerprint "$folder"/*)" \
    env GOFLAGS=-buildvcs=false nice -n 10 go build -C "$folder" \
    -o "$interop_build/bin/$1" .
}

# deploy_tools: the programs that files in deploy/ are written for.
deploy_tools() {
  go_program kustomize sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
  go_program compose-load github.com/compose-spec/compose-go/v2/cmd@v2.16.2
}

# debian_archive: the address that this machine takes Debian's packages from.
debian_archive() {
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
    "Codename: $(. /etc/os-release && printf '%s' "$VERSION_CODENAME")" |
    head -n 1
}

# valkey: build/interop/valkey/usr/bin, from bookworm-backports, which is not
# among this machine's sources and need not be.
valkey() {
  command -v apt-get >/dev/null || skip 'Valkey comes from Debian backports'
  once valkey bookworm-backports make_valkey "$interop_build/valkey"
}

make_valkey() (
  set -e
  rm -rf "$1"
  mkdir -p "$1/apt/lists/partial"
  cd "$1"
  echo "deb $(debian_archive) bookworm-backports main" >apt/sources
  apt() {
    apt-get -o Dir::Etc::SourceList="$1/apt/sources" \
      -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$1/apt/lists" \
      -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
      -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any "${@:2}"
  }
  apt "$1" update -qq
  apt "$1" download -qq valkey-server valkey-tools
  for package in *.deb; do dpkg -x "$package" .; done
  usr/bin/valkey-server --version
)
