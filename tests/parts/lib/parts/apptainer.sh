# shellcheck shell=bash disable=SC2034,SC2154
# Apptainer of Debian sid on the C library of Debian 13, in a prefix of its own: Debian 12 has neither. It runs
# unprivileged, so as an ordinary user only. It is on nobody's PATH: a module brings it, as on many sites.
needs=(user)
packages=(patchelf squashfs-tools squashfuse fuse3 ca-certificates)

build() {
  local home=$PARTS/apptainer parts=$PARTS/apptainer/unpacked lib starter binary
  rm -rf "$home" "$PARTS/singularity-only"
  unpack_debs sid "$parts/apptainer" apptainer
  unpack_debs trixie "$parts/libraries" libc6 libseccomp2 libsqlite3-0
  lib=$home/lib/$TRIPLET
  starter=$lib/apptainer/bin/starter
  mkdir -p "$home/bin" "$(dirname "$starter")" "$home/var/lib/apptainer/mnt/session"
  mv "$parts/apptainer/usr/bin/apptainer" "$home/bin/"
  mv "$parts/apptainer/usr/lib/$TRIPLET/apptainer/bin/starter" "$starter"
  mv "$parts/apptainer/etc" "$home/etc"
  mv "$parts/libraries/usr/lib/$TRIPLET" "$home/runtime"
  rm -rf "$parts"
  # Both binaries look for the rest relative to themselves; the starter, one directory deeper in Debian's layout than
  # it believes, takes lib for the prefix.
  ln -s ../etc ../var "$home/lib/"
  ln -s . "$home/lib/lib"
  for binary in "$home/bin/apptainer" "$starter"; do
    # A RUNPATH would not reach the libraries' own libraries, an RPATH does.
    patchelf --set-interpreter "$home/runtime/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$home/runtime" "$binary"
  done
  # A site's own certificate authority is in the host's store, and pip in an image needs it.
  echo 'bind path = /etc/ssl/certs' >>"$home/etc/apptainer/apptainer.conf"
  # A site where the command has its older name only.
  mkdir -p "$PARTS/singularity-only/bin"
  ln -s "$home/bin/apptainer" "$PARTS/singularity-only/bin/singularity"
  report "$(as_researcher "$home/bin/apptainer" version | cut -d- -f1)" "$home/bin/apptainer"
}
