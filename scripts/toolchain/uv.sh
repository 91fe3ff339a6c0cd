# shellcheck shell=bash
# uv, at the version and with the hashes of uv.lock. To be sourced; needs ROOT, CACHE and PYTHON; sets UV.

# uv does not read pip's settings. A machine that has a registry of its own says so once, in pip's terms.
follow_pip_settings() {
    export UV_CACHE_DIR=${UV_CACHE_DIR:-$CACHE/uv} UV_NO_PROGRESS=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=${UV_LINK_MODE:-copy}
    # A machine that compiles beside it may hear nothing for longer than the 30 s that uv waits by itself.
    export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300}
    [[ -z ${PIP_INDEX_URL:-} ]] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}
    [[ -z ${PIP_CERT:-} ]] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}
}

# Fetched by pip, which follows the registry settings of this machine and checks the hashes.
find_uv() {
    local lock=$ROOT/scripts/toolchain/uv.lock home new
    home=$CACHE/uv-bin/$(sha256sum <"$lock" | cut -c1-16)
    UV=$home/uv
    [[ ! -x $UV ]] || return 0
    mkdir -p "$home"
    new=$(mktemp -d "$home/.new.XXXXXX")
    "$PYTHON" -m venv "$new"
    "$new/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock"
    mv "$new/bin/uv" "$UV" # one rename: an interrupted run leaves no half uv behind
    rm -rf "$new"
}
