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

# report_stage TITLE PRESET: as `stage` with build_and_test, but a failure is only printed. In a shell of its own, so that
# `set -e` holds inside it although its status is looked at. Cut off after 18 minutes.
report_stage() {
  local title=$1 preset=$2 start=$SECONDS status=0
  printf '\n=== %s ===\n' "$title"
  timeout 1080 bash -euo pipefail -c 'source .ci/lib.sh; build_and_test "$1"' report_stage "$preset" || status=$?
  if ((status == 0)); then
    printf '=== %s: green, %d s ===\n' "$title" $((SECONDS - start))
  else
    printf '=== %s: NOT GREEN (status %d), %d s; see above ===\n' "$title" "$status" $((SECONDS - start))
  fi
}
