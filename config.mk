# What a packager may want to change; every line can be overridden.
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/mbx
COMPDIR = $(PREFIX)/share/bash-completion/completions

CC = gcc
AR = ar
CSTD = -std=c17 -D_GNU_SOURCE
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla \
	-Wformat=2 -Wundef -Wswitch-enum
OPT = -O2 -g
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -fPIE
LDHARDEN = -Wl,-z,relro,-z,now,-z,noexecstack
LIBS = -letpan -lcsv -lldns -lssl -lcrypto -lz
# -static-pie works as well (ldd then says "statically linked").
LDSTATIC = -static
