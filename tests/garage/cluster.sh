#!/usr/bin/env bash
# Three Garage nodes on the loopback interface, for tests: a bucket that speaks S3, of which a part can be stopped.
#
#   cluster.sh FOLDER up         starts them with a bucket and a key, all of it in FOLDER, and prints what `env` does
#   cluster.sh FOLDER env [N]    prints the environment to use, by way of node N (1 if not said)
#   cluster.sh FOLDER stop N     stops node N
#   cluster.sh FOLDER kill N     ends node N at once, as a crash would
#   cluster.sh FOLDER start N    starts it again, and waits until it answers
#   cluster.sh FOLDER ready      waits until all three are up and have found each other
#   cluster.sh FOLDER status     says what the cluster says of itself
#   cluster.sh FOLDER down       stops all; FOLDER can then be removed
#
# The program is $GARAGE, or `garage` on the PATH. It listens on 127.0.0.1 and nowhere else. Only processes that this script started, and whose
# configuration lies in FOLDER, are ever stopped.
set -euo pipefail
umask 077

NODES=(1 2 3)
BUCKET=asif-test
# Seconds until what is waited for must have happened.
DEADLINE=30

usage() {
    sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

die() {
    echo "cluster.sh: $*" >&2
    exit 1
}

[ $# -ge 2 ] || usage
garage=$(command -v "${GARAGE:-garage}") || die "there is no ${GARAGE:-garage}; say where it is with GARAGE=..."
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
command=$2
shift 2

config() { echo "$folder/node$1/garage.toml"; }

# What node N is asked or told.
ask() {
    local node=$1
    shift
    RUST_LOG=error "$garage" --config "$(config "$node")" "$@"
}

# The process of node N, if it is still the one that was started: a number can have gone to another process since.
process_of() {
    local pid
    pid=$(cat "$folder/node$1/pid" 2>/dev/null) || return 1
    case "$(ps -o args= -p "$pid" 2>/dev/null)" in
    *"$(config "$1")"*) echo "$pid" ;;
    *) return 1 ;;
    esac
}

# Tries a command until it succeeds.
await() {
    local what=$1 end=$((SECONDS + DEADLINE))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || die "$what: not within $DEADLINE s; see $folder/node*/log"
        sleep 0.1
    done
}

gone() { ! process_of "$1"; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$(port_of "$1" s3)"); }
random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
# `port_of N s3` or `port_of N rpc`.
port_of() { cat "$folder/node$1/$2-port"; }

# A port below those that the system hands out by itself, on which nobody answers.
free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        case " $taken " in *" $port "*) continue ;; esac
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    die "no port is free"
}

# Writes the configuration of node N. Both syncs are on: without them Garage acknowledges what a power cut can take on several nodes at once.
configure() {
    local node=$1 home="$folder/node$1" s3 rpc
    mkdir -p "$home"
    s3=$(free_port)
    taken="$taken $s3"
    rpc=$(free_port)
    taken="$taken $rpc"
    echo "$s3" >"$home/s3-port"
    echo "$rpc" >"$home/rpc-port"
    cat >"$home/garage.toml" <<END
metadata_dir = "$home/meta"
data_dir = "$home/data"
db_engine = "sqlite"
metadata_fsync = true
data_fsync = true
replication_factor = 3
rpc_bind_addr = "127.0.0.1:$rpc"
rpc_public_addr = "127.0.0.1:$rpc"
rpc_secret = "$secret"

[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$s3"
END
}

start() {
    local node=$1
    process_of "$node" >/dev/null && return
    nohup "$garage" --config "$(config "$node")" server >>"$folder/node$node/log" 2>&1 </dev/null &
    echo $! >"$folder/node$node/pid"
    await "node $node starts" answers "$node"
    process_of "$node" >/dev/null || die "node $node ended at once; see $folder/node$node/log"
}

# Ends node N by the signal named.
end() {
    local pid
    pid=$(process_of "$1") || return 0
    kill "-$2" "$pid"
    await "node $1 ends" gone "$1"
}

up() {
    [ ! -e "$folder/node1" ] || die "$folder holds a cluster already; remove it, or start its nodes"
    taken=""
    secret=$(random_hex 32)
    for node in "${NODES[@]}"; do configure "$node"; done
    for node in "${NODES[@]}"; do start "$node"; done
    for node in "${NODES[@]:1}"; do ask 1 node connect "$(ask "$node" node id --quiet)" >/dev/null; done
    for node in "${NODES[@]}"; do
        ask 1 layout assign --zone "zone$node" --capacity 1G "$(ask "$node" node id --quiet | cut -d@ -f1)"
    done >"$folder/layout" 2>&1 || die "the layout was not taken; see $folder/layout"
    ask 1 layout apply --version 1 >>"$folder/layout" 2>&1 || die "the layout was not taken; see $folder/layout"
    await "the nodes find each other" healthy
    { random_hex 12 | sed 's/^/GK/' && echo && random_hex 32 && echo; } >"$folder/key"
    { ask 1 bucket create "$BUCKET" && ask 1 key import --yes -n "$BUCKET" "$(sed -n 1p "$folder/key")" "$(sed -n 2p "$folder/key")" &&
        ask 1 bucket allow --read --write "$BUCKET" --key "$BUCKET"; } >"$folder/bucket" 2>&1 || die "no bucket; see $folder/bucket"
    environment 1
}

# All nodes are up and connected, as seen from each.
healthy() {
    for node in "${NODES[@]}"; do ask "$node" health | grep -q ': *HEALTHY$' || return 1; done
}

environment() {
    cat <<END
export AWS_ENDPOINT_URL=http://127.0.0.1:$(port_of "$1" s3)
export AWS_ALLOW_HTTP=true
export AWS_REGION=garage
export AWS_ACCESS_KEY_ID=$(sed -n 1p "$folder/key")
export AWS_SECRET_ACCESS_KEY=$(sed -n 2p "$folder/key")
export ASIF_TEST_BUCKET=s3://$BUCKET
END
}

node() {
    case "${1:-}" in
    1 | 2 | 3) [ -e "$(config "$1")" ] || die "there is no node $1 in $folder; start with: up" ;;
    *) usage ;;
    esac
}

case "$command" in
up) up ;;
env) node "${1:-1}" && environment "${1:-1}" ;;
start) node "${1:-}" && start "$1" ;;
stop) node "${1:-}" && end "$1" TERM ;;
kill) node "${1:-}" && end "$1" KILL ;;
ready) await "the nodes find each other" healthy ;;
status)
    for node in "${NODES[@]}"; do
        if process_of "$node" >/dev/null; then
            ask "$node" status
            break
        fi
    done
    ;;
down) for node in "${NODES[@]}"; do end "$node" TERM; done ;;
*) usage ;;
esac
