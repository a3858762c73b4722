#!/bin/sh
# No build system: a compiler and pkg-config.
set -eu
# shellcheck disable=SC2046 # a list of words
"${CC:-cc}" -std=c11 -Wall -Wextra -Werror -O2 -fPIC -shared -fvisibility=hidden \
    $(pkg-config --cflags botbottle) -o provider-parrot-c.so parrot.c
