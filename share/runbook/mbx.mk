# mbx.mk: a migration as files that make brings about, see mbx-runbook(7).
# A directory with accounts.tsv and a Makefile that includes this file.

# ---- what may be set before the include, or on the command line ----
ACCOUNTS ?= $(firstword $(wildcard accounts.tsv accounts.csv) accounts.tsv)
# What the target is, for mbx-map -p.
PROFILE ?=
# Accounts at once.
WORKERS ?= 4
# Further options of mbx-plan: -t, -b, -w ...
PLAN ?=
# Further options of mbx-copy and mbx-verify: --until 06:00, --limit ...
COPY ?=
VERIFY ?=
# The evening or the instant of the switch; with it there is a schedule.
CUTOVER ?=
# Names the deltas; a run within the hour has nothing to do.
HOUR ?= $(shell date -u +%Y-%m-%dT%H)

# ---- how steps run ----
SHELL = /bin/bash
.SHELLFLAGS = -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL = status

runbook := $(dir $(lastword $(MAKEFILE_LIST)))
run := $(runbook)run
rules := $(if $(wildcard rules.tsv),-r rules.tsv)
map := $(if $(PROFILE),-p $(PROFILE)) $(rules)
copy = mbx-copy -j $(WORKERS) -l ledger $(map) $(COPY)
verify = mbx-verify -j $(WORKERS) $(map) $(VERIFY)

# Product, then what must be there before, with colons: for status.
STEPS := folders.tsv:$(ACCOUNTS) mapped.tsv:folders.tsv sizing.tsv:mapped.tsv \
	jobs.tsv:mapped.tsv $(if $(CUTOVER),schedule.tsv:jobs.tsv)
# Of what has the hour in its name the last.
last = $(lastword $(sort $(wildcard $1/*.tsv)))
# BATCHES, and what each waits for.  Read if it is there: make prepare writes
# it, and make must not do so by itself in order to read it.
$(foreach file,$(wildcard batches.mk),$(eval include $(file)))

include $(addprefix $(runbook),assess.mk prepare.mk copy.mk cutover.mk \
	validate.mk dns.mk reverse.mk cleanup.mk letters.mk)

# A decision is a file that a person makes.
approve-%:
	@echo '$@: decided by people: touch $@' >&2
	@exit 1

status:
	@$(runbook)status $(STEPS)

.PHONY: status assess prepare test pilot sync delta cutover validate cleanup
