#!/bin/sh
# Runs a command as if it were another moment in another zone: sh tests/at.sh "2028-02-29 23:30" Pacific/Apia COMMAND...
# Every process that it starts has the same clock, and it runs on from there; timeouts and pauses keep the real one.
# It needs Linux, a C compiler and libfaketime (Debian's gcc, libc6-dev and faketime).
set -eu
moment=$1 zone=$2
shift 2
faked=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$faked" ] || { echo "at.sh: libfaketime is not here; install it, on Debian by: apt-get install faketime" >&2; exit 1; }
sleeps=$(mktemp -d)/sleep.so
cc -shared -fPIC -O1 -o "$sleeps" "$(dirname "$0")/at_sleep.c"
offset=$(($(TZ=$zone date -d "$moment" +%s) - $(date +%s)))
echo "at.sh: it is $moment in $zone" >&2
LD_PRELOAD=$sleeps:$faked FAKETIME=$(printf '%+d' "$offset") FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=$zone exec "$@"
