# shellcheck shell=bash disable=SC2034,SC2154
# What the parts share. A part's file sets `needs`, `packages` (Debian's names), `inputs` (files that it is made
# from, relative to tests/parts) and defines `build`, which ends with `report VERSION PLACE`. It may define
# `in_place`, a cheap check of what a stamp cannot know (a device node's mode is lost at a reboot).

PARTS=${KERNELKIT_PARTS:-/opt/kernelkit-parts}
SOFTWARE=$PARTS/software
IMAGES=$PARTS/images
RESEARCHER=researcher
TRIPLET=$(uname -m)-linux-gnu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# The parts are read by other users, whatever root's own umask is.
umask 022

die() {
  printf 'tests/parts/install: %s\n' "$*" >&2
  exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# A part's declaration, read in a shell of its own: parts do not see one another.
declared() {
  bash -c 'needs=() packages=() inputs=(); . "$1"; declare -n it=$2; printf "%s\n" "${it[@]}"' _ "lib/parts/$1.sh" "$2"
}

# Whether parts can be built here; another's installation can still be used as it is.
prepare_prefix() {
  mkdir -p "$PARTS"/{stamps,log,software,images} 2>/dev/null ||
    die "cannot write \`$PARTS\`; run as root or set KERNELKIT_PARTS to a directory of yours"
  [ -w "$PARTS/stamps" ]
}

# --- stamps -------------------------------------------------------------------------------------------------------

content_hash() {
  local part=$1 input
  {
    echo "$PARTS"
    cat "lib/parts/$part.sh"
    for input in $(declared "$part" inputs); do
      find "$input" \( -type f -o -type l \) | sort | while read -r file; do
        echo "$file $(readlink "$file" || sha256sum <"$file")"
      done
    done
  } | sha256sum | cut -d' ' -f1
}

is_current() {
  local stamp=$PARTS/stamps/$1
  [ -f "$stamp" ] && [ "$(head -1 "$stamp")" = "$(content_hash "$1")" ] && (
    # shellcheck source=/dev/null
    . "lib/parts/$1.sh"
    ! declare -F in_place >/dev/null || in_place
  )
}

line() { printf '%-22s %-14s %s\n' "$@"; }

# Run by a part's build: what was installed, and where.
report() { line "$part" "$1" "$2" >"$PARTS/stamps/.$part.line"; }

# Run by a part's build: end it without failing the installation.
leave_out() {
  line "$part" 'left out' "$*" >"$PARTS/stamps/.$part.line"
  exit 75
}

install_part() {
  local part=$1 stamp=$PARTS/stamps/$1 log=$PARTS/log/$1.log rc=0 start=$SECONDS
  if is_current "$part"; then
    tail -n +2 "$stamp"
    return 0
  fi
  if [ ! -w "$PARTS/stamps" ]; then
    line "$part" 'left out' "it must be built anew, and you cannot write \`$PARTS\`"
    return 0
  fi
  rm -f "$stamp" "$PARTS/stamps/$part.left-out"
  # A shell of its own, because `set -e` is off in a function that is followed by `||`.
  bash -c '. lib/common.sh; part=$1; . "lib/parts/$1.sh"; set -eu -o pipefail; shopt -s inherit_errexit; require_parts; build' \
    _ "$part" >"$log" 2>&1 </dev/null || rc=$?
  case $rc in
    0)
      { content_hash "$part"; cat "$PARTS/stamps/.$part.line"; } >"$stamp"
      printf '%s (%s s)\n' "$(tail -n +2 "$stamp")" $((SECONDS - start))
      ;;
    75)
      tee "$PARTS/stamps/$part.left-out" <"$PARTS/stamps/.$part.line"
      return 0
      ;;
    *)
      line "$part" failed "see \`$log\`; its last lines:" | tee "$PARTS/stamps/$part.left-out"
      tail -5 "$log" | sed 's/^/    /'
      return 1
      ;;
  esac
}

# --- Debian packages ----------------------------------------------------------------------------------------------

package_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing_packages() {
  local package
  for package in "$@"; do package_installed "$package" || printf '%s\n' "$package"; done
}

# All parts' packages in one go: apt's start-up is most of the time of a small installation.
install_packages_of() {
  local part packages=() missing
  for part in "$@"; do mapfile -t -O "${#packages[@]}" packages < <(declared "$part" packages); done
  mapfile -t missing < <(missing_packages "${packages[@]}" | sort -u)
  [ "${#missing[@]}" -gt 0 ] && is_root || return 0
  {
    # One unreachable third party's index must not stop what Debian's has.
    apt-get update || echo 'going on with the package lists that are here'
    apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}"
  } >"$PARTS/log/apt.log" 2>&1 </dev/null ||
    die "apt could not install \`${missing[*]}\`; see \`$PARTS/log/apt.log\`"
}

# Run before a part's build: what it is made from is there, or the part is left out.
require_parts() {
  local need missing
  for need in "${needs[@]}"; do
    [ -f "$PARTS/stamps/$need" ] || leave_out "it needs the part $need, which is not there"
  done
  mapfile -t missing < <(missing_packages "${packages[@]}")
  [ "${#missing[@]}" = 0 ] || leave_out "it needs root once: apt-get install ${missing[*]}"
}

debian_mirror() {
  # shellcheck disable=SC2016  # apt's own placeholder
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null |
    grep -m1 . || echo http://deb.debian.org/debian/
}

# unpack_debs SUITE DIRECTORY PACKAGE…: another suite's packages in a directory, past the host's own apt state.
unpack_debs() {
  local suite=$1 directory=$2 root=$PARTS/apt/$1 deb options
  shift 2
  mkdir -p "$root"/{state/lists/partial,cache/archives/partial,etc/preferences.d,debs} "$directory"
  : >"$root/state/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main" >"$root/etc/sources.list"
  options=(-o "Dir::Etc=$root/etc" -o "Dir::State=$root/state" -o "Dir::State::status=$root/state/status"
    -o "Dir::Cache=$root/cache" -o "APT::Sandbox::User=$(id -un)" -q)
  apt-get "${options[@]}" update
  for package in "$@"; do
    (cd "$root/debs" && rm -f "${package}"_*.deb && apt-get "${options[@]}" download "$package")
    for deb in "$root/debs/${package}"_*.deb; do dpkg-deb -x "$deb" "$directory"; done
  done
}

# --- software -----------------------------------------------------------------------------------------------------

# A package of its own that proves which layer a cell runs in: `import layer_X; layer_X.WHERE`.
marker() {
  local directory=$1 name=layer_$2 where=$3
  mkdir -p "$directory/$name" "$directory/$name-1.0.dist-info"
  printf '"""A marker: only %s has this package."""\n\nWHERE = "%s"\n' "$where" "$where" >"$directory/$name/__init__.py"
  printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' "$name" >"$directory/$name-1.0.dist-info/METADATA"
}

as_researcher() {
  if is_root; then
    runuser -u "$RESEARCHER" -- env HOME="/home/$RESEARCHER" "$@"
  else
    "$@"
  fi
}
