# Installs a Debian package when a program is missing and this is root; else says what to install.
# Usage: . scripts/needs.sh; need "what is missing" package...

need() {
    what=$1
    shift
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
        echo "$what is missing: install $*" >&2
        exit 1
    fi
    echo "$what is missing: installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

has_postgres() {
    ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1
}

need_postgres() {
    has_postgres || need PostgreSQL postgresql
    has_postgres || { echo "there is still no PostgreSQL" >&2; exit 1; }
}

need_browser() {
    command -v chromium > /dev/null || need Chromium chromium
    command -v chromedriver > /dev/null || need "Chromium's driver" chromium-driver
    fc-list 2> /dev/null | grep -q 'Noto Sans CJK' || need "A Chinese font" fontconfig fonts-noto-cjk
}

need_python() {
    python3 -c 'import venv, ensurepip' 2> /dev/null || need Python python3 python3-venv
    command -v curl > /dev/null || need curl curl
}
