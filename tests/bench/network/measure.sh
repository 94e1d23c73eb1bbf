#!/usr/bin/env bash
# The figures of finding each other, on a local network made of namespaces. Needs root, iproute2 and util-linux; twenty minutes with `idle`.
#
#   tests/bench/network/measure.sh FOLDER [pairing] [back] [idle]
#
# FOLDER holds the two programs. Each figure stands beside another of the same run: joining by a code beside joining by a ticket; what arrives after the
# network came back beside what arrives while it is there. Packets and wake-ups are counted, not timed.
set -euo pipefail

if [ -z "${ASIF_BENCH_INSIDE:-}" ]; then
    [ $# -ge 1 ] || { sed -n '2,7p' "$0"; exit 2; }
    folder=$(cd "$1" && pwd)
    shift
    exec env ASIF_BENCH_INSIDE="$folder" unshare --net --mount --propagation private -- "$0" "${@:-pairing back idle}"
fi
PATH="$ASIF_BENCH_INSIDE:$PATH"
homes=$(mktemp -d)
mount -t tmpfs none /run
mkdir /run/netns
ip link set lo up
ip link add one type bridge mcast_snooping 0
ip link add two type bridge mcast_snooping 0
ip link set one up
ip link set two up

# moves WHO NETWORK ADDRESS
moves() {
    ip -n "$1" addr flush dev eth0
    ip link set "v$1" master "$2" up
    ip -n "$1" link set eth0 up
    ip -n "$1" addr add "$3/24" dev eth0
    ip -n "$1" route replace default via "${3%.*}.254"
}

machine() {
    ip netns add "$1"
    ip link add "v$1" type veth peer name eth0 netns "$1"
    ip -n "$1" link set lo up
    mkdir -m 700 "$homes/$1"
    moves "$1" one "$2"
}

# on WHO COMMAND...
on() {
    local who=$1
    shift
    ip netns exec "$who" env -i PATH="$PATH" ASIF_HOME="$homes/$who" TZ=UTC DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere ASIF_LOG="${ASIF_LOG:-}" asif "$@"
}

now() { date +%s%N; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -1; }
middle() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

end() { for who in "$@"; do on "$who" daemon stop >/dev/null 2>&1 || true; done; }

machine laptop 10.77.0.1
on laptop init --no-input --name Robin --device laptop >/dev/null 2>&1
on laptop practice add Lunch --slug lunch >/dev/null
machine desktop 10.77.0.2

pairing() {
    local codes=() tickets=() round invited began
    for round in 1 2 3 4 5; do
        for by in code ticket; do
            rm -rf "$homes/desktop"
            mkdir -m 700 "$homes/desktop"
            on desktop daemon start >/dev/null
            invited=$(on laptop device pair --yes --no-wait --json)
            # Somebody reads it aloud.
            sleep 3
            began=$(now)
            on desktop device join "$(field "$by" <<<"$invited")" --name "desktop $round $by" >/dev/null
            began=$((($(now) - began) / 1000))
            if [ "$by" = code ]; then codes+=("$began"); else tickets+=("$began"); fi
            end desktop
        done
    done
    code=$(printf '%s\n' "${codes[@]}" | middle)
    ticket=$(printf '%s\n' "${tickets[@]}" | middle)
    awk -v c="$code" -v t="$ticket" 'BEGIN { printf "joining by a code, found on the local network: %d ms, by a ticket %d ms: %.1f times\n", c / 1000, t / 1000, c / t }'
}

pair() {
    rm -rf "$homes/desktop"
    mkdir -m 700 "$homes/desktop"
    on desktop device join "$(on laptop device pair --yes --no-wait --json | field ticket)" --name desktop >/dev/null
    on desktop sync --wait >/dev/null
}

# Waits until the desktop shows this note; prints how long that took since $1, in microseconds.
shows() {
    until on desktop list --limit 1 --json | grep -q "\"$2\""; do :; done
    echo $((($(now) - $1) / 1000))
}

back() {
    pair
    local there=() same=() elsewhere=() round began net=one at=10.77.0
    for round in 1 2 3 4 5; do
        began=$(now)
        printf 'there %s' "$round" | on laptop log lunch --note - >/dev/null
        there+=("$(shows "$began" "there $round")")

        ip -n desktop link set eth0 down
        printf 'same %s' "$round" | on laptop log lunch --note - >/dev/null
        moves desktop "$net" "$at.2"
        began=$(now)
        same+=("$(shows "$began" "same $round")")

        # Both are in another network: neither knows where the other is.
        ip -n desktop link set eth0 down
        ip -n laptop link set eth0 down
        printf 'elsewhere %s' "$round" | on laptop log lunch --note - >/dev/null
        if [ "$net" = one ]; then net=two at=10.88.$round; else net=one at=10.77.$round; fi
        moves laptop $net "$at.1"
        moves desktop $net "$at.2"
        began=$(now)
        elsewhere+=("$(shows "$began" "elsewhere $round")")
    done
    t=$(printf '%s\n' "${there[@]}" | middle)
    s=$(printf '%s\n' "${same[@]}" | middle)
    e=$(printf '%s\n' "${elsewhere[@]}" | middle)
    awk -v t="$t" -v s="$s" -v e="$e" 'BEGIN {
        printf "logged and shown by the other, while the network is there: %d ms\n", t / 1000
        printf "the network is back, the same addresses: %d ms, %.0f times\n", s / 1000, s / t
        printf "both in another network, found by discovery: %d ms, %.0f times\n", e / 1000, e / t
    }'
    moves laptop one 10.77.0.1
    end desktop
}

packets() { ip netns exec "$1" cat /sys/class/net/eth0/statistics/tx_packets; }
wakes() {
    local pid
    pid=$(on "$1" status --json | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
    cat "/proc/$pid"/task/*/status | awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'
}

# per_hour WHO SECONDS WORDS: what it sends and how often it wakes in that time, as an hour of it.
per_hour() {
    local p w q v
    p=$(packets "$1")
    w=$(wakes "$1")
    sleep "$2"
    v=$(wakes "$1")
    q=$(packets "$1")
    echo "$3: $(((q - p) * 3600 / $2)) packets sent and $(((v - w) * 3600 / $2)) wake-ups an hour"
}

idle() {
    pair
    sleep 60
    per_hour laptop 240 "idle and connected, in the first quarter of an hour"
    sleep 660
    per_hour laptop 240 "idle and connected, later"
    end desktop
    sleep 60
    per_hour laptop 240 "the other one is away, after a minute"
    on laptop config set discovery off >/dev/null
    per_hour laptop 240 "the same with discovery off"
}

for part in $*; do "$part"; done
end laptop desktop
rm -rf "$homes"
