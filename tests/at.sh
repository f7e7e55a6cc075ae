#!/bin/sh
# Runs a command as if it were another moment in another zone: sh tests/at.sh "2028-02-29 23:30" Pacific/Apia COMMAND...
# Every process that it starts has the same clock, and it runs on from there. It needs libfaketime (Debian's faketime).
set -eu
moment=$1 zone=$2
shift 2
library=$(find /usr/lib /usr/local/lib /opt/homebrew/lib -name 'libfaketimeMT*.so.1' 2>/dev/null | head -n 1)
[ -n "$library" ] || { echo "at.sh: libfaketime is not here; install it, on Debian by: apt-get install faketime" >&2; exit 1; }
offset=$(($(TZ=$zone date -d "$moment" +%s) - $(date +%s)))
echo "at.sh: it is $moment in $zone" >&2
LD_PRELOAD=$library FAKETIME=$(printf '%+d' "$offset") TZ=$zone exec "$@"
