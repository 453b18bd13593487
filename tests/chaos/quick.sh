#!/bin/sh
# The quick set of the crash matrix, for ctest. Exit code 77: skipped.
for program in python3 redis-server espeak-ng ffmpeg; do
  command -v "$program" >/dev/null ||
    { echo "skipped: $program is not installed"; exit 77; }
done
exec python3 -B "$(dirname "$0")/chaos.py" --quick
