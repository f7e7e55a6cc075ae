#!/bin/sh
# Runs a command as if it were another moment in another zone: sh tests/at.sh "2028-02-29 23:30" Pacific/Apia COMMAND...
# Every process that it starts has the same calendar, and it runs on from there. Timeouts, pauses and the times of files keep
# the real clock. It needs Linux and a C compiler.
set -eu
moment=$1 zone=$2
shift 2
clock=$(mktemp -d)/clock.so
cc -shared -fPIC -O1 -o "$clock" "$(dirname "$0")/at_clock.c"
offset=$(($(TZ=$zone date -d "$moment" +%s) - $(date +%s)))
echo "at.sh: it is $moment in $zone" >&2
LD_PRELOAD=$clock SRE_CLOCK_OFFSET=$offset TZ=$zone exec "$@"
