#!/bin/sh
# Installs exactly what a lock file pins, into the environment of a Python: sh install-lock.sh PYTHON LOCK [ARGUMENTS]
# ARGUMENTS are pip's for what is installed last, from this checkout: `--editable .`, or `.`.
#
# pip resolves nothing and takes only files whose hash is in the lock. Whatever has been released since, it installs the same
# or fails. First it installs requirements-build.lock: the pip and the build backend that everything else is installed with.
set -eu
python=$1 lock=$2
shift 2
export PYTHONWARNINGS=ignore  # setuptools warns of every editable install

install() {
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps "$@"
}

install --require-hashes --only-binary :all: --requirement "$(dirname "$lock")/requirements-build.lock"
install --require-hashes --no-build-isolation --requirement "$lock"
[ $# -eq 0 ] || install --no-build-isolation "$@"
checked=$("$python" -m pip check --disable-pip-version-check) || { echo "$lock lacks something: $checked" >&2; exit 1; }
