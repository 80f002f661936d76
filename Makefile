# mbx: mail migration as Unix filters.
#   make          static executables in $(B)/bin, V=1 shows the commands
#   make check    all tests          make demo   a migration, for real
#   make bench    how fast it is     make fuzz   parsers, with clang's libFuzzer
# STATIC=0 links dynamically, SAN=1 adds ASan and UBSan (dynamic).

include config.mk

STATIC = 1
SAN = 0
WERROR = 0
SHORT = 0
B = build

VERSION := $(shell sed -n 's/^\#\# \([0-9.]*\).*/\1/p' NEWS.md | head -n 1)

tools := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
rooms := $(wildcard lib/*/*.c)
units := $(wildcard t/unit/*.c)
profiles := $(sort $(wildcard share/profiles/*.tsv))
pages := $(wildcard man/*.[157])
programs := $(addprefix share/runbook/,run judge status letters)
templates := $(wildcard share/templates/*.txt)
completions := $(tools:%=share/completions/bash/%)

CFLAGS_ALL = $(CSTD) $(WARN) $(OPT) -Ilib -DMBX_VERSION='"$(VERSION)"' \
	-ffile-prefix-map=$(CURDIR)=. -ffunction-sections -fdata-sections \
	-MMD -MP $(CFLAGS)
LDFLAGS_ALL = -Wl,--gc-sections $(LDHARDEN) $(LDFLAGS)

ifeq ($(SAN),1)
B = build-san
STATIC = 0
CFLAGS_ALL += -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -fPIE
LDFLAGS_ALL += -fsanitize=address,undefined -pie
else
CFLAGS_ALL += $(HARDEN)
ifeq ($(STATIC),1)
LDFLAGS_ALL += $(LDSTATIC)
else
LDFLAGS_ALL += -pie
endif
endif
ifeq ($(WERROR),1)
CFLAGS_ALL += -Werror
endif

# libetpan.a by itself: its shared library would drag in GnuTLS and more; the
# stub closes what its unused halves leave open.
STUB = $(B)/share/dev/stubs.o
LIBS_ALL = $(if $(filter 1,$(STATIC)),$(LIBS),-l:libetpan.a \
	$(filter-out -letpan,$(LIBS)))

V = 0
Q = $(if $(filter 1,$(V)),,@)
quiet = $(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS)))
show = @$(if $(quiet),:,printf '%s\t%s\n')

all: $(tools:%=$(B)/bin/%)

$(B)/%.o: %.c Makefile config.mk
	@mkdir -p $(@D)
	$(show) CC $<
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

# Profiles are data, built in.
$(B)/profiles.c: share/dev/embed $(profiles)
	@mkdir -p $(@D)
	$(show) EMBED share/profiles
	$(Q)share/dev/embed $(profiles) >$@

$(B)/profiles.o: $(B)/profiles.c
	$(show) CC $<
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(B)/libmbx.a: $(rooms:%.c=$(B)/%.o) $(B)/profiles.o
	@rm -f $@
	$(show) AR $@
	$(Q)$(AR) crD $@ $^

$(B)/bin/%: $(B)/cmd/%.o $(B)/libmbx.a $(STUB)
	@mkdir -p $(@D)
	$(show) LD $@
	$(Q)share/dev/link $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_ALL)

# Unit tests are dynamic, so that sanitizers and valgrind see everything.
UNIT_LIBS = -lcheck_pic -lsubunit -lm
$(B)/t/unit/%: $(B)/t/unit/%.o $(B)/libmbx.a $(STUB)
	@mkdir -p $(@D)
	$(show) LD $@
	$(Q)share/dev/link $(CC) $(filter-out $(LDSTATIC),$(LDFLAGS_ALL)) -pie \
	    -o $@ $^ -l:libetpan.a $(filter-out -letpan,$(LIBS)) $(UNIT_LIBS)

units: $(units:%.c=$(B)/%)

# One multi-call file: the same mains, chosen by the name it is called by or
# by its first argument.
BOX = $(B)/bin/mbx
$(B)/box/%.o: cmd/%.c Makefile config.mk
	@mkdir -p $(@D)
	$(show) CC $<
	$(Q)$(CC) $(CFLAGS_ALL) -Wno-missing-prototypes \
	    -Dmain=main_$(subst -,_,$*) -c -o $@ $<

$(B)/box/box.c: share/dev/box $(tools:%=cmd/%.c)
	@mkdir -p $(@D)
	$(show) BOX $@
	$(Q)share/dev/box $(tools) >$@

$(B)/box/box.o: $(B)/box/box.c
	$(show) CC $<
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BOX): $(B)/box/box.o $(tools:%=$(B)/box/%.o) $(B)/libmbx.a $(STUB)
	@mkdir -p $(@D)
	$(show) LD $@
	$(Q)share/dev/link $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_ALL)

box: $(BOX)

deps:
	share/dev/deps build demo check lint

# On all processors, unless the caller said how many.
parallel = $(if $(findstring -j,$(MAKEFLAGS)),,-j$$(nproc))

# rehearse: the whole runbook, there and back; USERS= says for how many.
demo demo-files demo-cutover rehearse:
	share/dev/deps build $(subst rehearse,demo demo-cutover,$(filter-out \
		demo-files,$@))
	$(MAKE) $(parallel) all
	share/demo/$@ $(B)/bin

check:
	share/dev/deps build check
	$(MAKE) $(parallel) all units $(bench_helpers)
	B=$(B) SAN=$(SAN) SHORT=$(SHORT) share/dev/prove $(T)

# The benchmark: W="W1 W5" N=11 SCALE=1, see t/bench/bench.py.
bench_helpers = $(patsubst %.c,$(B)/%,$(wildcard t/bench/*.c))
$(bench_helpers): $(B)/%: $(B)/%.o
	$(show) LD $@
	$(Q)$(CC) $(filter-out $(LDSTATIC),$(LDFLAGS_ALL)) -pie -o $@ $^ \
	    -lssl -lcrypto

# mbx-copy broken at every point there is; a share of them with PART=i/n.  The
# results go to a file that is committed; what is still valid of it is shown.
torture:
	share/dev/deps build check
	$(MAKE) $(parallel) all
	B=$(B) WHOLE=1 ROWS=$(CURDIR)/t/torture.tsv PART=$(or $(PART),1/1) \
	    share/dev/prove t/31-torture.t
	t/torture.py standing t/torture.tsv || :

# A source in use for so many minutes while delta follows delta, and back.
MINUTES = 30
soak:
	share/dev/deps build check
	$(MAKE) $(parallel) all
	B=$(B) SOAK=$$(($(MINUTES) * 60)) EVERY=$(or $(EVERY),5) \
	    share/dev/prove t/44-soak.t

bench:
	share/dev/deps build bench
	$(MAKE) $(parallel) all $(bench_helpers)
	B=$(B) t/bench/bench.sh

# Fuzz targets, with clang's libFuzzer: S= seconds each, T= those named.
fuzzers := $(patsubst t/fuzz/%.c,$(B)/t/fuzz/%,$(wildcard t/fuzz/*.c))
$(fuzzers): $(B)/%: $(B)/%.o $(B)/libmbx.a $(STUB)
	$(show) LD $@
	$(Q)share/dev/link $(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ \
	    $(LIBS_ALL)

fuzzers: $(fuzzers)

fuzz:
	share/dev/deps build check lint
	$(MAKE) $(parallel) B=build-fuzz SAN=1 CC=clang \
	    CFLAGS='$(CFLAGS) -fsanitize=fuzzer-no-link' fuzzers
	S=$(S) share/dev/fuzz build-fuzz $(T)

lint:
	share/dev/deps build check lint
	share/dev/lint

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DATADIR)/profiles
	install -s -m 755 $(tools:%=$(B)/bin/%) $(DESTDIR)$(BINDIR)
	install -m 644 $(profiles) $(DESTDIR)$(DATADIR)/profiles
	install -d $(DESTDIR)$(DATADIR)/runbook $(DESTDIR)$(DATADIR)/templates \
		$(DESTDIR)$(COMPDIR)
	install -m 644 $(filter-out $(programs),$(wildcard share/runbook/*)) \
		$(DESTDIR)$(DATADIR)/runbook
	install -m 755 $(programs) $(DESTDIR)$(DATADIR)/runbook
	install -m 644 $(templates) $(DESTDIR)$(DATADIR)/templates
	install -m 644 $(completions) $(DESTDIR)$(COMPDIR)
	for page in $(pages); do \
		dir=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
		install -d $$dir && install -m 644 $$page $$dir || exit; \
	done

uninstall:
	rm -f $(tools:%=$(DESTDIR)$(BINDIR)/%)
	for page in $(pages); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done
	rm -f $(tools:%=$(DESTDIR)$(COMPDIR)/%)
	rm -f $(patsubst share/%,$(DESTDIR)$(DATADIR)/%,$(profiles) \
		$(templates) $(wildcard share/runbook/*))
	-rmdir $(addprefix $(DESTDIR)$(DATADIR)/,runbook profiles templates) \
		$(DESTDIR)$(DATADIR)

dist: all box
	B=$(B) VERSION=$(VERSION) CC='$(CC)' LDFLAGS='$(LDFLAGS_ALL)' \
	    LIBS='$(LIBS)' share/dev/dist $(tools)

clean:
	rm -rf build build-* dist

.PHONY: all units box deps demo demo-files demo-cutover rehearse check \
	torture soak bench fuzzers fuzz lint install uninstall dist clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
