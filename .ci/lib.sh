# What .ci/run and .ci/nightly share; sourced by both.
# SPDX-License-Identifier: MIT

# install_packages NAME...: those that are not there yet.
install_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    echo "all installed: $*"
    return
  fi
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
    --no-install-recommends "${missing[@]}"
}

# stage TITLE COMMAND...: runs the command between a heading and its time. `set -e` stays in force inside.
stage() {
  local title=$1 start=$SECONDS
  shift
  printf '\n=== %s ===\n' "$title"
  "$@"
  printf '=== %s: %d s ===\n' "$title" $((SECONDS - start))
}

# build_and_test PRESET
build_and_test() {
  cmake --preset "$1"
  cmake --build --preset "$1"
  ctest --preset "$1"
}
