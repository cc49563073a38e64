# SPDX-License-Identifier: Apache-2.0
# What the scripts beside it share: install what the build needs, configure, build. Sourced by bash, from the root of
# the source tree.

say() { printf '== %s\n' "$*"; }

# The build works without, but tests are SKIPPED.
test_packages=(gdb valgrind clang clang-format clang-tidy libclang-rt-14-dev qemu-user)

# Whether clang can link a libFuzzer target, which takes its runtime library (libclang-rt-14-dev).
links_fuzz_targets() {
  clang++ -x c++ -fsanitize=fuzzer,address -o "$log_folder/probe" - >/dev/null 2>&1 \
    <<<'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }'
}

# Prints the Debian packages (bookworm's names) whose command or library is not there; who installed it does not matter.
# Arguments: further packages to look for, named like their command, libclang-rt-* or qemu-user.
missing_packages() {
  local have_pkg_config=yes entry
  command -v g++ >/dev/null || command -v clang++ >/dev/null || echo g++
  command -v meson >/dev/null || echo meson
  command -v ninja >/dev/null || echo ninja-build
  command -v pkg-config >/dev/null || { have_pkg_config=no; echo pkg-config; }
  for entry in 'libcrypto >= 3.0:libssl-dev' CLI11:libcli11-dev nlohmann_json:nlohmann-json3-dev \
    gtest:libgtest-dev benchmark:libbenchmark-dev zlib:zlib1g-dev xbyak:libxbyak-dev; do
    [ $have_pkg_config = yes ] && pkg-config --exists "${entry%%:*}" || echo "${entry#*:}"
  done
  for entry in "$@"; do
    case $entry in
      libclang-rt-*) links_fuzz_targets || echo "$entry" ;;
      qemu-user) command -v qemu-x86_64 >/dev/null || echo "$entry" ;;
      *) command -v "$entry" >/dev/null || echo "$entry" ;;
    esac
  done
}

apt_install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" \
    >>"$log_folder/packages.log" 2>&1
}

# Installs what is missing, where there is apt and the right to use it; otherwise names it and goes on: meson leaves
# out the parts whose libraries are missing. Arguments: further packages, as for missing_packages.
install_missing() {
  local packages package as_root=() refused=()
  mapfile -t packages < <(missing_packages "$@")
  if [ ${#packages[@]} = 0 ]; then
    say 'packages: nothing is missing'
    return
  fi
  say "packages missing: ${packages[*]}"
  if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; }; then
    say 'no apt-get, or no right to use it: please install these (or what they are called here); going on without'
    return
  fi
  say 'installing them'
  if "${as_root[@]}" apt-get -q update >"$log_folder/packages.log" 2>&1 && apt_install "${packages[@]}"; then
    say 'packages: installed'
    return
  fi
  # One that is unknown here must not keep out the others.
  for package in "${packages[@]}"; do apt_install "$package" || refused+=("$package"); done
  if [ ${#refused[@]} = 0 ]; then return; fi
  tail -n 20 "$log_folder/packages.log"
  say "packages that could not be installed (above): ${refused[*]}; going on without"
}

# configure_in FOLDER [MESON OPTION...]: once, and again when packages have come or gone since; the full output lies in
# FOLDER/setup.log.
configure_in() {
  local folder=$1 missing again=()
  shift
  missing=$(missing_packages "${test_packages[@]}")
  if [ -f "$folder/build.ninja" ]; then
    if [ -f "$folder/missing-packages" ] && [ "$missing" = "$(<"$folder/missing-packages")" ]; then return 0; fi
    again=(--reconfigure)
  fi
  say "configuring $folder"
  mkdir -p "$folder"
  meson setup "${again[@]}" "$folder" . "$@" >"$folder/setup.log" 2>&1 || {
    tail -n 30 "$folder/setup.log"
    return 1
  }
  printf '%s\n' "$missing" >"$folder/missing-packages"
}

# build_in FOLDER [TARGET...]: says how far it is at every tenth; the full output lies in FOLDER/build.log.
build_in() {
  local folder=$1 line total tenth last=0 started=$SECONDS status=0
  shift
  say "building $folder"
  NINJA_STATUS='[%f/%t] ' ninja -C "$folder" "$@" 2>&1 | tee "$folder/build.log" | while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
      total=${BASH_REMATCH[2]} tenth=$((BASH_REMATCH[1] * 10 / total))
      if [ "$tenth" -gt "$last" ]; then printf '   %d of %d\n' "${BASH_REMATCH[1]}" "$total"; fi
      last=$tenth
    fi
  done || status=1
  if [ $status != 0 ]; then
    grep -A 20 -m 3 -E '^FAILED|error:' "$folder/build.log" || tail -n 30 "$folder/build.log"
    say "the build failed: $folder/build.log"
    return 1
  fi
  say "built $folder in $((SECONDS - started)) s"
}

log_folder=$(mktemp -d)
trap 'rm -rf "$log_folder"' EXIT
