# shellcheck shell=bash
# What the cluster's scripts share. A cluster lives in a directory: configuration, logs, and the daemons' pids.

NODES=(node1 node2 node3)
CLUSTER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8
umask 022

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# open_cluster DIRECTORY: later functions speak of this one; others wait for their turn.
open_cluster() {
  mkdir -p "$1"
  DIR=$(cd "$1" && pwd)
  # Much in it will be removed, so it must be nobody else's.
  [ -e "$DIR/.kernelkit-cluster" ] || [ -z "$(ls -A "$DIR")" ] || die "\`$DIR\` has other things in it; name an empty directory"
  : >"$DIR/.kernelkit-cluster"
  export SLURM_CONF=$DIR/slurm.conf
  exec 9>"$DIR/.lock"
  flock 9
  # shellcheck source=/dev/null
  ! [ -f "$DIR/settings" ] || . "$DIR/settings"
}

as_root() { [ "$(id -u)" = 0 ] || die 'three nodes need root; one-node does not'; }

# wait_until SECONDS WHAT COMMAND…
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "gave up waiting for $what; see \`$DIR/log\`"
    sleep 0.05
  done
}

# --- daemons, by pid ------------------------------------------------------------------------------------------------

# A pid may be another process's by now; pid and start time together are not.
identity() { echo "$1 $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20)"; }

pid_of() { cut -d' ' -f1 "$DIR/pids/$1" 2>/dev/null; }

alive() {
  local pid
  pid=$(pid_of "$1") && [ "$(identity "$pid")" = "$(cat "$DIR/pids/$1")" ] && ! grep -q '^State:.Z' "/proc/$pid/status"
}

# start NAME COMMAND…: in the foreground of a session of its own, so that its pid is known.
start() {
  local name=$1
  shift
  ! alive "$name" || return 0
  setsid "$@" </dev/null >>"$DIR/log/$name.out" 2>&1 8>&- 9>&- &
  identity $! >"$DIR/pids/$name"
  disown
}

signal() { ! alive "$1" || kill "-$2" "$(pid_of "$1")"; }

gone() { ! alive "$1"; }

# stop NAME: politely, then not.
stop() {
  local tries
  signal "$1" CONT
  signal "$1" TERM
  for tries in {1..200}; do
    gone "$1" && break
    sleep 0.05
    [ "$tries" -lt 200 ] || signal "$1" KILL
  done
  rm -f "$DIR/pids/$1"
}

# munged refuses, unless forced, a directory that others of an ordinary user's group can write to.
start_munge() {
  start munge munged --foreground --force --key-file="$DIR/munge/key" --socket="$DIR/munge/socket" \
    --pid-file="$DIR/munge/pid" --log-file="$DIR/log/munge.log" --seed-file="$DIR/munge/seed"
  wait_until 20 munged test -S "$DIR/munge/socket"
}

# start_ctld: on the login node, so that it listens on the address that this host's name has in the cluster.
start_ctld() {
  if [ -e "$DIR/hosts" ]; then
    start slurmctld "$CLUSTER/within" "$DIR" slurmctld -D
  else
    start slurmctld slurmctld -D
  fi
  wait_until 30 slurmctld controller_answers
}

controller_answers() { timeout 5 scontrol ping | grep -q 'is UP'; }

start_slurmd() {
  # `ip netns exec` would mount a new /sys, in which Slurm's cgroup plugin finds nothing.
  start "$1" nsenter --net="/run/netns/$NAME-$1" unshare --uts --mount bash -c '
    mount --bind "$2/hosts" /etc/hosts
    mount --bind "$2/disks/$1" "$2/node-local"
    hostname "$1"
    exec slurmd -D' _ "$1" "$DIR"
}

node_state() { timeout 10 sinfo --noheader --nodes "$1" --format %T | head -1; }

# Up and ready for jobs, whatever it went through: a node that was down or drained must be told to come back.
node_ready() {
  case $(node_state "$1") in
    idle | mixed | allocated | completing) ;;
    *) scontrol update nodename="$1" state=resume; return 1 ;;
  esac
}

start_dbd() {
  local db=$DIR/db
  # No passwords: only the user slurm can reach the socket, and there is no other way in.
  if ! [ -d "$db/mysql" ]; then
    install -d -o slurm -m 700 "$db"
    mariadb-install-db --no-defaults --user=slurm --datadir="$db" --skip-test-db --skip-name-resolve >"$DIR/log/db.out" 2>&1
  fi
  start db mariadbd --no-defaults --user=slurm --datadir="$db" --socket="$db/socket" --skip-networking --skip-grant-tables \
    --innodb-buffer-pool-size=16M --innodb-flush-log-at-trx-commit=0 --performance-schema=off
  wait_until 30 mariadb test -S "$db/socket"
  MYSQL_UNIX_PORT=$db/socket start slurmdbd slurmdbd -D
  wait_until 30 slurmdbd sacctmgr --noheader list qos
}

# Accounts as on a site, once. The controller has registered the cluster and its TRES by then.
make_accounts() {
  [ -z "$(sacctmgr --noheader list account physics)" ] || return 0
  {
    sacctmgr --immediate add qos express Priority=100 MaxWall=00:30:00 MaxJobsPerUser=2 Flags=DenyOnLimit
    sacctmgr --immediate add qos onegpu MaxTRESPerUser=gres/gpu=1 Flags=DenyOnLimit
    sacctmgr --immediate add account physics,chemistry,geology
    sacctmgr --immediate add user "$USER_OF_JOBS" account=physics,chemistry defaultaccount=physics
    sacctmgr --immediate modify user "$USER_OF_JOBS" where account=physics set qos=normal,express,onegpu
    sacctmgr --immediate modify user "$USER_OF_JOBS" where account=chemistry set qos=normal maxjobs=1
  } >>"$DIR/log/sacctmgr.out"
}

# --- network --------------------------------------------------------------------------------------------------------

# The bridge is in a namespace too: a firewall's rules for the host's bridges do not reach it.
make_network() {
  local index=0 node
  until ip netns add "kk$index-switch" 2>/dev/null; do
    index=$((index + 1))
    [ "$index" -lt 100 ] || die 'cannot make a network namespace; `ip netns add x` says why'
  done
  INDEX=$index NAME=kk$index
  # 198.18.0.0/15 is reserved for tests of networks, so no site has it.
  NETWORK=198.18.$index
  printf '%s=%q\n' INDEX "$INDEX" NAME "$NAME" NETWORK "$NETWORK" USER_OF_JOBS "$USER_OF_JOBS" >"$DIR/settings"
  ip -n "$NAME-switch" link add bridge type bridge forward_delay 0
  ip -n "$NAME-switch" link set bridge up
  ip link add "$NAME" type veth peer name login netns "$NAME-switch"
  ip -n "$NAME-switch" link set login master bridge up
  ip address add "$NETWORK.1/24" dev "$NAME"
  ip link set "$NAME" up
  for node in "${NODES[@]}"; do
    ip netns add "$NAME-$node"
    ip -n "$NAME-$node" link set lo up
    ip -n "$NAME-$node" link add eth0 type veth peer name "$node" netns "$NAME-switch"
    ip -n "$NAME-switch" link set "$node" master bridge up
    ip -n "$NAME-$node" address add "$NETWORK.1${node#node}/24" dev eth0
    ip -n "$NAME-$node" link set eth0 up
  done
}

remove_network() {
  local space
  # A namespace's own end is not waited for, and the name must be free at once.
  ip link delete "$NAME" 2>/dev/null || :
  for space in "${NODES[@]}" switch; do
    ! [ -e "/run/netns/$NAME-$space" ] || ip netns delete "$NAME-$space"
  done
}

# node_processes NODE: what runs there besides slurmd; a job's processes, and what it left behind.
node_processes() {
  local pid
  for pid in $(ip netns pids "$NAME-$1" 2>/dev/null); do
    [ "$pid" = "$(pid_of "$1")" ] || printf '%s %s %s\n' "$1" "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
}

kill_node() {
  local tries pids
  for tries in {1..100}; do
    mapfile -t pids < <(ip netns pids "$NAME-$1" 2>/dev/null)
    [ "${#pids[@]}" -gt 0 ] || break
    kill -KILL "${pids[@]}" 2>/dev/null || :
    [ "$tries" = 1 ] || sleep 0.05
  done
  rm -f "$DIR/pids/$1"
}

# --- configuration --------------------------------------------------------------------------------------------------

fill_in() {
  sed "s#@DIR@#$DIR#g; s#@INDEX@#$INDEX#g; s#@NETWORK@#$NETWORK#g; s#@HOST@#$(hostname)#g; s#@DBDPORT@#$((6900 + INDEX))#g" "$@"
}

make_key() { (umask 077 && head -c 128 /dev/urandom >"$DIR/munge/key"); }

# This host's name must not lead to loopback, on the nodes least of all.
write_hosts() {
  local node
  awk -v host="$(hostname)" '/^[^#]/ { for (i = 2; i <= NF; i++) if ($i == host) $i = ""; $0 = $0; if (NF > 1) print }' /etc/hosts
  echo "$NETWORK.1 $(hostname) login"
  for node in "${NODES[@]}"; do echo "$NETWORK.1${node#node} $node"; done
}

write_configuration() {
  local name node number
  mkdir -p "$DIR"/{log,pids,munge,dev,disks,node-local,variants}
  install -d -o slurm -m 755 "$DIR/state"
  # An ordinary user writes into its own directory of the node's disk, as in /tmp.
  chmod 1777 "$DIR/node-local"
  touch "$DIR"/log/slurm{ctld,dbd}.log
  chown slurm "$DIR"/log/slurm{ctld,dbd}.log
  for name in slurm gres cgroup slurmdbd; do fill_in "$CLUSTER/$name.conf" >"$DIR/$name.conf"; done
  chown slurm "$DIR/slurmdbd.conf"
  chmod 600 "$DIR/slurmdbd.conf"
  use_variants
  write_hosts >"$DIR/hosts"
  make_key
  for node in "${NODES[@]}"; do
    install -d -m 1777 "$DIR/disks/$node"
    mkdir -p "$DIR/dev/$node" "$DIR/spool/$node"
  done
  for number in node1/nvidia{0..3} node2/nvidia{0..1}; do
    [ -e "$DIR/dev/$number" ] || mknod -m 666 "$DIR/dev/$number" c 1 3
  done
}

# use_variants: those switched on, as slurm.conf includes them.
use_variants() {
  local name
  {
    # Slurm complains of an empty file.
    echo '# what is switched on of variants/'
    for name in "$DIR"/variants/*; do
      [ ! -e "$name" ] || fill_in "$CLUSTER/variants/${name##*/}.conf"
    done
  } >"$DIR/variant.conf"
}

take_down() {
  local node
  if [ -n "${NAME:-}" ]; then
    for node in "${NODES[@]}"; do stop "$node"; done
    for name in slurmctld slurmdbd db; do stop "$name"; done
    # Jobs outlive their slurmd.
    for node in "${NODES[@]}"; do kill_node "$node"; done
    stop munge
    remove_network
  fi
  rm -rf "${DIR:?}"/{settings,pids,munge,dev,disks,node-local,variants,state,spool,db,hosts,do.socket} "$DIR"/*.conf
}
