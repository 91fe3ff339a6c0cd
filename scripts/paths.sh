# shellcheck shell=bash
# Where ringfence keeps things on this machine; infra/paths.py says it for Python. To be sourced; sets STATE and CACHE.
STATE=${RINGFENCE_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/ringfence}
CACHE=${RINGFENCE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringfence}
