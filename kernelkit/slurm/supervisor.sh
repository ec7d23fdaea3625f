#!/bin/bash -p
# Runs kernels inside one Slurm job, in its batch step; needs bash and no Python.
#
# $root/jobs/$job_name/ has an empty file for each run of this job, named by the run's id; the
# directory $root/ID/ is what belongs to that run, as kernelkit/running/records.py describes it.
# The server asks by lines in the file `requests` there and wakes this script by
# `scancel --batch --signal=USR1`; without a signal it looks every few seconds. What happens is
# told in the file `status`; what the job's GPUs do in the file `gpu-use` of the job's directory.
# Times are hundredths of a second since this node booted: clocks of two hosts are never compared.
#
# kernelkit/slurm/job_script.py sets root, job_name, grace, interface, network, netmask and
# gpu_interval above.
# shellcheck disable=SC2154

node=${SLURMD_NODENAME:-$HOSTNAME} hosted=$root/jobs/$job_name users_umask=$(umask)
umask 077
export PATH=${PATH:-/usr/local/bin}:/usr/bin:/bin:/usr/sbin:/sbin
shopt -s nullglob
# With job control each kernel leads a process group, and none starts with SIGINT ignored, as
# children in the background otherwise do.
set -m

# bash itself tells there of every child that a signal ended; what fails goes to `complaints`.
exec {complaints}>&2 2>/dev/null

# By run id. `pid` has the kernels that live, `want` those to be started when none does, `why` the
# reason for those that are to end; `next` is the signal to send at the time `due`.
declare -A phase pid starts want why next due serial exit_code beat lease seen since untold touched
address='' no_address='' ending='' idle_since='' now=0 last=0

# A signal rings a bell, which `read` hears: bash 5.2 forgets children that end while a signal cuts
# `wait` short, and loses its way in a trap for CHLD.
exec {bell}<> <(:)
trap 'echo >&"$bell"' USR1
trap 'ending=${ending:-slurm}; echo >&"$bell"' TERM  # scancel, preemption, the time limit

look_at_clock() { read -r now _ </proc/uptime; now=$((10#${now/./})); }

say() { printf 'kernelkit: %s\n' "$2" >>"$root/$1/log"; }  # RUN TEXT

tell() {  # RUN: writes its status; what cannot be written, as on a full disk, is tried again
  local file=$root/$1/status said=$complaints
  [ -z "${untold[$1]-}" ] || said=2  # complained of already
  untold[$1]=1
  printf '%s=%s\n' phase "${phase[$1]}" job "$SLURM_JOB_ID" node "$node" ip "$address" \
    start "${starts[$1]}" pid "${pid[$1]-}" exit "${exit_code[$1]-}" reason "${why[$1]-}" \
    serial "${serial[$1]}" 2>&"$said" >"$file.new" &&
    mv -f -- "$file.new" "$file" 2>&"$said" && unset "untold[$1]"
}

# --- where the kernels listen ---------------------------------------------------------------------

in_network() {  # ADDRESS
  local IFS=. part number=0
  for part in $1; do number=$((number << 8 | part)); done
  (( (number & netmask) == network ))
}

find_address() {  # one address of this node, or why there is none: never the first of many
  local device found named='' all=()
  if [ -z "$interface$network" ]; then
    read -r named _ < <(getent ahostsv4 "$node")
    # Debian gives a host's own name as 127.0.1.1 in /etc/hosts, which means nothing elsewhere.
    if [[ -n $named && $named != 127.* ]]; then address=$named; return; fi
  fi
  while read -r _ device _ found _; do
    found=${found%/*}
    [[ $found = 127.* ]] || all+=("$found")
    if [ -n "$interface" ] && [ "$device" = "$interface" ]; then address=$found; return; fi
    if [ -n "$network" ] && in_network "$found"; then address=$found; return; fi
  done < <(ip -o -4 address show 2>&"$complaints")
  if [ -n "$interface$network" ]; then
    no_address="$node has no address in the network that is set for kernels; it has ${all[*]:-none}."
    return
  fi
  if [ ${#all[@]} = 1 ]; then address=${all[0]}; return; fi
  # The one by which this node speaks to the host that submitted the job, where the server is.
  read -r found _ < <(getent ahostsv4 "${SLURM_SUBMIT_HOST-}") &&
    [[ $(ip -o -4 route get "$found") =~ \ src\ ([0-9.]+) ]] && address=${BASH_REMATCH[1]}
  no_address="the name $node leads to ${named:-no address}, and this node has ${all[*]:-no other}: "
  no_address+="set run_interface or run_network to say where kernels listen."
}

ports=()
find_ports() {  # five that nobody uses, for kernels that cannot let the system choose
  local used=' ' place port
  while read -r _ place _; do used+="$((16#${place##*:})) "; done < \
    <(grep -h : /proc/net/tcp /proc/net/tcp6)
  ports=()
  while [ ${#ports[@]} -lt 5 ]; do
    port=$((20000 + RANDOM % 12000))
    [[ $used = *" $port "* ]] || { ports+=("$port"); used+="$port "; }
  done
}

# --- one kernel -----------------------------------------------------------------------------------

write_connection() {  # RUN FILE: the seed with this node's address in place
  local text port former
  text=$(<"$root/$1/seed.json") && [ -n "$text" ] || return
  text=${text//@IP@/$address}
  if [[ $text = *@PORT* ]]; then
    find_ports
    for port in 1 2 3 4 5; do text=${text//\"@PORT$port@\"/${ports[port - 1]}}; done
  fi
  former=("$root/$1"/connection-*.json)
  [ ${#former[@]} = 0 ] || rm -f -- "${former[@]}"
  printf '%s\n' "$text" 2>&"$complaints" >"$2"
}

choose_gpus() {  # POSITIONS, such as 0,2: those of the GPUs that Slurm gave
  local given=() chosen=() position variable
  for variable in CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES GPU_DEVICE_ORDINAL; do
    [ -n "${!variable+set}" ] || continue
    IFS=, read -ra given <<<"${!variable}"
    chosen=()
    for position in ${1//,/ }; do
      [ -n "${given[position]-}" ] || { echo "kernelkit: there is no GPU $position here."; return 1; }
      chosen+=("${given[position]}")
    done
    export "$variable=$(IFS=,; echo "${chosen[*]}")"
  done
}

become_kernel() {  # RUN CONNECTION_FILE
  exec {bell}>&- {complaints}>&-
  # `_`, because a variable of the user's may have any name.
  local _dir=$root/$1 _file=$2 _pair _words
  cd -- "$(<"$_dir/cwd")" 2>/dev/null || { echo "kernelkit: starting in $HOME."; cd || exit; }
  if [ -f "$_dir/gpus" ]; then choose_gpus "$(<"$_dir/gpus")" || exit; fi
  umask "$users_umask"
  while IFS= read -r -d '' _pair; do
    [[ $_pair =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || continue
    unset -v "${_pair%%=*}"  # it may be one of ours, and an array
    export "${_pair?}"
  done <"$_dir/environment"
  # ipykernel compares its parent with this; 1 tells it that there is nobody to watch.
  export JPY_PARENT_PID=1
  if [ -f "$_dir/forwarder" ]; then
    mapfile -d '' -t _words <"$_dir/forwarder"
    exec -- "${_words[@]}" "$_file" -- /bin/bash -p "$_dir/launch.sh" -f '{connection_file}'
  fi
  exec /bin/bash -p "$_dir/launch.sh" -f "$_file"
}

start() {  # RUN
  local run=$1 file
  starts[$run]=$((starts[$run] + 1))
  unset "want[$run]" "exit_code[$run]" "next[$run]"
  # A name of its own for each start: nobody can take a former kernel's ports for this one's.
  file=$root/$run/connection-${starts[$run]}.json
  if ! write_connection "$run" "$file"; then
    say "$run" "the connection file cannot be written on $node."
    finish "$run" files
    return
  fi
  become_kernel "$run" "$file" </dev/null >>"$root/$run/log" 2>&1 &
  pid[$run]=$!
  phase[$run]=running
  tell "$run"
  # What the GPUs do is no matter while a kernel needs the processor for its start.
  [ -n "$meter" ] || meter_due=$((now + gpu_interval * 33))
}

send() { kill -s "$2" -- "-${pid[$1]}"; }  # RUN SIGNAL, to the whole process group

end_within() {  # RUN HUNDREDTHS: then TERM, and KILL when that is ignored; only ever sooner
  if [ -z "${pid[$1]-}" ] || [ "${next[$1]-}" = KILL ]; then return; fi
  if [ -z "${next[$1]-}" ] || (( now + $2 < due[$1] )); then due[$1]=$((now + $2)); fi
  next[$1]=TERM
}

stop() {  # RUN REASON
  [ -n "${why[$1]-}" ] || why[$1]=$2
  unset "want[$1]"
  if [ -n "${pid[$1]-}" ]; then end_within "$1" 0; else finish "$1" "$2"; fi
}

finish() {  # RUN REASON: for good
  phase[$1]=ended
  why[$1]=${why[$1]:-$2}
  tell "$1"
  forget "$1"
  rm -f -- "$hosted/$1"
}

forget() {  # RUN: its keys, which nobody needs any more
  local files=("$root/$1"/connection-*.json)
  rm -f -- "${files[@]}" "$root/$1/environment" "$root/$1/seed.json"
}

escalate() {  # RUN
  [ -n "${next[$1]-}" ] && (( now >= due[$1] )) || return
  send "$1" "${next[$1]}"
  next[$1]=KILL
  # Whoever restarts a kernel waits for it; whoever ends one may let it save something.
  if [ -n "${want[$1]-}" ]; then due[$1]=$((now + 200)); else due[$1]=$((now + grace * 100)); fi
}

sweep() {  # ends what mounted the image of a container that was killed: it is in no group of a kernel
  local file line parent name session
  read -r line <"/proc/$$/stat" && read -r _ _ _ _ _ session _ <<<"$line"
  for file in /proc/[0-9]*/stat; do
    read -r line <"$file" || continue
    [[ $line =~ ^([0-9]+)\ \((squashfuse|squashfuse_ll|fuse-overlayfs|fuse2fs)\)\ .\ ([0-9]+)\ [0-9]+\ $session\  ]] || continue
    parent=${BASH_REMATCH[3]} line=${BASH_REMATCH[1]}
    # While Apptainer itself lives it does this, and the kernel may, too.
    name=''
    read -r name <"/proc/$parent/comm"
    [[ $name = starter* ]] || kill -KILL "$line"
  done
}

reap() {  # RUN: notes the end of its kernel
  local child=${pid[$1]-}
  [ -n "$child" ] && ! kill -0 "$child" || return
  wait "$child"
  exit_code[$1]=$?
  send "$1" KILL  # what the kernel left in its group would keep the GPU's memory
  sweep
  unset "pid[$1]" "next[$1]"
  [ -z "${want[$1]-}" ] || return
  if [ -n "${why[$1]-}" ]; then finish "$1"; return; fi
  say "$1" "the kernel ended with exit code ${exit_code[$1]}."
  phase[$1]=exited
  since[$1]=$now
  tell "$1"
}

# --- what the GPUs do -----------------------------------------------------------------------------

query_gpus() {  # some `name=value`, then a line a GPU: index, id, MIG, percent, MiB used, MiB, name
  exec {bell}>&- {complaints}>&-
  printf '%s\n' "every=$gpu_interval" "count=${SLURM_GPUS_ON_NODE-}"
  if [ -d /sys/class/kfd/kfd ] && [ ! -e /dev/nvidiactl ]; then list_amd_gpus; exit 0; fi
  printf '%s\n' "order=${CUDA_DEVICE_ORDER:-FASTEST_FIRST}" \
    ${CUDA_VISIBLE_DEVICES+"visible=$CUDA_VISIBLE_DEVICES"}
  # `exec`, so that the supervisor's own child is what may hang.
  exec nvidia-smi --format=csv,noheader,nounits \
    --query-gpu=index,uuid,mig.mode.current,utilization.gpu,memory.used,memory.total,name
}

list_amd_gpus() {  # from the driver, in ROCm's order; its tools need Python, and change their output
  local at=-1 count=0 key value node device name busy used total visible
  for visible in ROCR_VISIBLE_DEVICES GPU_DEVICE_ORDINAL; do
    [ -z "${!visible+set}" ] || { printf 'visible=%s\n' "${!visible}"; break; }
  done
  while node=/sys/class/kfd/kfd/topology/nodes/$((++at)); [ -d "$node" ]; do
    # One that the cgroup keeps from this job cannot be read, and ROCm does not count it either.
    local -A has=()
    while read -r key value; do has[$key]=$value; done <"$node/properties"
    [ "${has[simd_count]:-0}" != 0 ] || continue
    device=/sys/class/drm/renderD${has[drm_render_minor]}/device name='' busy='' used='' total=''
    read -r busy <"$device/gpu_busy_percent"
    read -r used <"$device/mem_info_vram_used"
    read -r total <"$device/mem_info_vram_total"
    read -r name <"$device/product_name"  # of server cards only
    [ -n "$name" ] || { read -r name <"$node/name"; name="AMD $name"; }
    printf '%d, GPU-%016x, , %s, %s, %s, %s\n' "$((count++))" "${has[unique_id]:-0}" "$busy" \
      "${used:+$((used >> 20))}" "${total:+$((total >> 20))}" "$name"
  done
}

given=${CUDA_VISIBLE_DEVICES-}${ROCR_VISIBLE_DEVICES-}${GPU_DEVICE_ORDINAL-}${SLURM_JOB_GPUS-}
# Slurm says NoDevFiles in a job without GPUs.
[ -n "${given//NoDevFiles/}" ] || gpu_interval=0

meter='' meter_due=0
measure_gpus() {  # now and then while a kernel lives; nothing waits for it
  local file=$hosted/gpu-use result
  if [ -n "$meter" ]; then
    if kill -0 "$meter"; then
      # What hangs in the driver outlives this. No other joins it there.
      (( now < meter_due )) || kill -KILL -- "-$meter"
      return
    fi
    wait "$meter"
    result=$?
    meter=''
    if [ "$result" = 0 ]; then mv -f -- "$file.new" "$file"; else rm -f -- "$file.new" "$file"; fi
    # There is no such program, or it hung.
    if [ "$result" = 127 ] || [ "$result" = 137 ]; then gpu_interval=0; fi
  fi
  [ -z "$ending" ] && (( gpu_interval > 0 && ${#pid[@]} > 0 && now >= meter_due )) || return
  query_gpus </dev/null >"$file.new" &
  meter=$! meter_due=$((now + gpu_interval * 100))
}

# --- what is asked --------------------------------------------------------------------------------

obey() {  # RUN
  local number verb first second before=${serial[$1]}
  while read -r number verb first second; do
    if ! [[ $number =~ ^[1-9][0-9]{0,8}$ ]] || (( number <= serial[$1] )); then continue; fi
    serial[$1]=$number
    case $verb in
      relaunch) relaunch "$1" "$first" "$second" ;;
      signal) pass_on "$1" "$first" "$second" ;;
      stop) stop "$1" asked ;;
    esac
  done <"$root/$1/requests"
  [ "$before" = "${serial[$1]}" ] || [ "${phase[$1]}" = ended ] || tell "$1"
}

pass_on() {  # RUN SIGNAL START: to kernel number START, never to one that has followed it
  [[ $2 =~ ^(INT|TERM|KILL)$ && $3 = "${starts[$1]}" && -n ${pid[$1]-} ]] || return
  send "$1" "$2"
}

relaunch() {  # RUN START GRACE: have start number START; a kernel that lives gets GRACE seconds
  if ! [[ $2 =~ ^[0-9]{1,6}$ && $3 =~ ^[0-9]{1,4}$ && -z ${why[$1]-} ]]; then return; fi
  if (( $2 <= starts[$1] )); then return; fi
  want[$1]=1
  end_within "$1" $(($3 * 100))
}

check_lease() {  # RUN: ends what no server has cared for, and a kernel that ended without a word
  local seconds='' mark=''
  read -r seconds mark <"$root/$1/lease"
  [[ $seconds =~ ^[1-9][0-9]{0,8}$ ]] && lease[$1]=$seconds
  # After a suspended job or node the server gets a whole lease again.
  if [ -e "$root/$1/keep" ] || (( now - last > 6000 )); then seen[$1]=$now; fi
  if [ -n "$mark" ] && [ "$mark" != "${beat[$1]-}" ]; then seen[$1]=$now beat[$1]=$mark touched[$1]=; fi
  if (( now - seen[$1] > lease[$1] * 50 )); then
    # A disk that is full may take a new time, and nothing else.
    mark=$(stat -c %y -- "$root/$1/lease")
    [ "$mark" = "${touched[$1]:-$mark}" ] || seen[$1]=$now
    touched[$1]=$mark
  fi
  if (( now - seen[$1] > lease[$1] * 100 )); then stop "$1" lease
  elif [ "${phase[$1]}" = exited ] && (( now - since[$1] > lease[$1] * 100 )); then stop "$1" exited
  fi
}

admit() {  # takes up the runs that were added to this job
  local file run
  for file in "$hosted"/*; do
    run=${file##*/}
    [[ $run =~ ^[0-9a-f]{12}$ && -z ${phase[$run]-} ]] || continue
    if [ ! -O "$root/$run" ] || [ -L "$root/$run" ]; then rm -f -- "$file"; continue; fi
    phase[$run]=starting starts[$run]=0 serial[$run]=0 want[$run]=1
    lease[$run]=900 seen[$run]=$now
    if [ -n "$address" ]; then continue; fi
    say "$run" "$no_address"
    finish "$run" address
  done
}

tend() {  # RUN
  if [ -n "${untold[$1]-}" ] && [ -d "$root/$1" ]; then tell "$1"; fi
  [ "${phase[$1]}" != ended ] || return
  obey "$1"
  [ -z "$ending" ] || [ "${phase[$1]}" = ended ] || stop "$1" "$ending"
  reap "$1"
  if [ -n "${want[$1]-}" ] && [ -z "${pid[$1]-}" ]; then start "$1"; fi
  [ "${phase[$1]}" = ended ] || check_lease "$1"
  escalate "$1"
}

may_leave() {  # whether all runs have ended, and the job was not to be kept any longer
  local run kept=0
  for run in "${!phase[@]}"; do [ "${phase[$run]}" = ended ] || { idle_since=''; return 1; }; done
  idle_since=${idle_since:-$now}
  read -r kept <"$hosted/idle"
  [[ -z $ending && $kept =~ ^[0-9]{1,8}$ ]] && (( now - idle_since < kept * 100 )) && return 1
  : >"$hosted/closed"  # nothing may be added from here on; what was just added is still served
  admit
  for run in "${!phase[@]}"; do
    [ "${phase[$run]}" = ended ] || { rm -f -- "$hosted/closed"; return 1; }
  done
}

rest() {  # until a signal, the end of a kernel, or the next look at the files
  local run count=20 step=0.25
  for run in "${!next[@]}"; do count=10 step=0.03; done
  while [ $((count--)) -gt 0 ] && ! read -r -t "$step" -u "$bell" _; do
    for run in "${!pid[@]}"; do kill -0 "${pid[$run]}" || return; done
  done
  while read -t 0 -u "$bell"; do read -r -u "$bell" _; done
}

find_address
if (( ${SLURM_RESTART_COUNT:-0} > 0 )); then ending=requeued; fi  # its kernels are gone
look_at_clock
last=$now
while :; do
  look_at_clock
  admit
  for run in "${!phase[@]}"; do tend "$run"; done
  measure_gpus
  last=$now
  if may_leave; then break; fi
  rest
done
[ -z "$meter" ] || kill -KILL -- "-$meter"
sweep
