#!/bin/sh
# Removes from the environment of an image what it never loads: sh lean.sh ENVIRONMENT
# docs/containers.md lists it. tests/containers run the scan and the server without it.
set -eu
"$1/bin/python" -m pip uninstall --quiet --yes --disable-pip-version-check --root-user-action ignore setuptools pip
cd "$1/lib/python3."*/site-packages

# Tests, and headers and sources for compiling against a package.
find . -type d \( -name tests -o -path ./pyarrow/include -o -path ./pyarrow/includes -o -path ./pyarrow/src \
    -o -path ./numpy/_core/include -o -path ./numpy/f2py \) -prune -exec rm -rf {} +
find . -type f \( -name '*.pxd' -o -name '*.pxi' -o -name '*.pyx' -o -name '*.pyi' -o -name '*.a' \) -delete

# Arrow's Flight and its own client of S3: boto3 reads and writes the bucket. Copies of libraries that the loader finds under
# another name.
rm -f pyarrow/_flight.* pyarrow/libarrow_flight.* pyarrow/libarrow_python_flight.* \
    pyarrow/_s3fs.* pyarrow/libarrow_s3.* pyarrow/_pyarrow_cpp_tests.* \
    pyarrow/libarrow_python*.so pyarrow/libarrow_python*.so.*.*.*
rm -f "$1"/bin/[Aa]ctivate* "$1"/bin/pip*

# The place on the disk of whoever built it.
rm -f sre_operations_assistant-*.dist-info/direct_url.json
