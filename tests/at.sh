#!/bin/sh
# Runs a command at another date and in another time zone: sh tests/at.sh "2028-02-29 23:30" Pacific/Apia COMMAND...
# All processes of the command share this clock, which continues from the given time. Timeouts, pauses and file times use the
# real clock. Needs Linux and a C compiler.
set -eu
moment=$1 zone=$2
shift 2
clock=$(mktemp -d)/clock.so
cc -shared -fPIC -O1 -o "$clock" "$(dirname "$0")/at_clock.c"
offset=$(($(TZ=$zone date -d "$moment" +%s) - $(date +%s)))
echo "at.sh: it is $moment in $zone" >&2
LD_PRELOAD=$clock SRE_CLOCK_OFFSET=$offset TZ=$zone exec "$@"
