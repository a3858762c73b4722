# shellcheck shell=bash
# The distribution's packages that each script needs, and how they are brought in. Debian 12 and
# Ubuntu 24.04 are known by name; both come from apt and from nothing else.

# botbottle_boost: the newest versioned Boost of this release; 1.81 is the oldest that will do.
botbottle_boost() {
    # shellcheck source=/dev/null
    case "$(. /etc/os-release && printf '%s:%s' "$ID" "$VERSION_ID")" in
        debian:12) echo libboost1.81-dev ;;
        ubuntu:24.04) echo libboost1.83-dev ;;
        *) echo libboost-dev ;;
    esac
}

# botbottle_pattern_engine: vectorscan where the release has it (Debian 12: amd64 and arm64), or
# hyperscan, whose interface is the same (Ubuntu 24.04 on amd64).
botbottle_pattern_engine() {
    if apt-cache show libvectorscan-dev >/dev/null 2>&1; then
        echo libvectorscan-dev
    else
        echo libhyperscan-dev
    fi
}

# What it takes to build and to run.
build_packages() {
    echo git curl cmake ninja-build g++ ccache pkg-config openssl bubblewrap ca-certificates \
        "$(botbottle_boost)" qt6-base-dev libyaml-cpp-dev libssl-dev libspdlog-dev libcli11-dev \
        libseccomp-dev libnghttp2-dev libidn2-dev libpsl-dev nlohmann-json3-dev libexpected-dev libre2-dev \
        libbrotli-dev libzstd-dev zlib1g-dev libcurl4-openssl-dev "$(botbottle_pattern_engine)"
}

# What the tests need besides. libgtest-dev is here and not above: a demonstration builds no tests.
test_packages() {
    echo docker.io podman rootlesskit uidmap mmdebstrap libgtest-dev clang clang-format clang-tidy shellcheck python3 tmux iproute2 iptables util-linux sudo \
        strace socat ripgrep procps nodejs npm zstd abigail-tools zsh fish groff-base nghttp2-client nghttp2-server python3-h2 python3-websockets \
        git openssh-client openssh-server \
        golang-go default-jdk-headless python3-requests python3-httpx python3-pip python3-grpcio
}

# What the comparison benchmarks run against.
bench_packages() {
    echo squid-openssl mitmproxy
}

# provided PACKAGE: it is installed, or (node and npm often come from elsewhere) its program is here.
provided() {
    case "$1" in
        nodejs) command -v node >/dev/null && return 0 ;;
        npm) command -v npm >/dev/null && return 0 ;;
    esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# ensure_packages PACKAGE…: installs the missing ones, and says which.
ensure_packages() {
    local package missing=()
    command -v apt-get >/dev/null || die "needs apt-get (Debian 12 or Ubuntu 24.04); install by hand: $*"
    for package in "$@"; do
        provided "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    say "installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
}
