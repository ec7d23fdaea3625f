# shellcheck shell=bash disable=SC2034,SC2154
# Three nodes for as long as one run lasts. Sourced by root's scripts, after ordinary-user.sh, from the top of the work tree.

# start_cluster DIRECTORY: as_user's commands then see it; `serve` takes it down when file descriptor 8 is closed, by
# whatever. File descriptor 9 is the caller's lock, which no daemon may keep.
start_cluster() {
  unset KERNELKIT_CLUSTER
  tests/parts/cluster/up "$1" "$user" >/dev/null 9>&- || {
    echo 'going on without a Slurm cluster' >&2
    tests/parts/cluster/down "$1" 9>&-
    return 0
  }
  exec 8> >(exec tests/parts/cluster/serve "$1" "$user" 9>&-)
  serving=$!
  export KERNELKIT_CLUSTER=$1
  within=("$PWD/tests/parts/cluster/within" "$1")
}

end_cluster() {
  [ -n "${KERNELKIT_CLUSTER:-}" ] || return 0
  exec 8>&-
  wait "$serving"
}
