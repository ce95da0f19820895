#!/bin/sh
# As the real image's entry point does: paths that must be writable, settings from files, then the program.
[ -w "$GF_PATHS_DATA" ] || { echo "GF_PATHS_DATA='$GF_PATHS_DATA' is not writable." >&2; exit 1; }
for name in $(env | sed -n 's/^\(GF_[A-Z0-9_]*\)__FILE=.*/\1/p'); do
    eval "file=\$${name}__FILE"
    value=$(cat "$file") || exit 1
    export "$name=$value"
    unset "${name}__FILE"
done
exec /usr/share/grafana/bin/grafana server --homepath="$GF_PATHS_HOME" --config="$GF_PATHS_CONFIG" "$@"
