# dns.mk: MX by name servers that take updates (RFC 2136): TTLs down, the
# gate, the switch, and back.  mx.tsv says what is wanted: domain, pref, target.
DOMAINS ?=
# Which server is asked and changed, ADDR#PORT (\# in a makefile), and its key.
NAMESERVER ?=
KEY ?=
at := $(if $(NAMESERVER),-s $(NAMESERVER))
key := $(if $(KEY),-k $(KEY))

ifneq ($(DOMAINS),)
STEPS += ttl/plan.tsv ttl/applied.tsv:ttl/plan.tsv ttl/gate.tsv:ttl/applied.tsv
ttl: ttl/applied.tsv
gate: ttl/gate.tsv

ttl/plan.tsv:
	$(run) ttl/plan $@ dns-ttl lower $(DOMAINS:%=-d %) $(at) $(LOWER)

ttl/applied.tsv: ttl/plan.tsv
	$(run) ttl/applied $@ dns-ttl apply $(at) $(key) -l ttl/ledger.tsv $<

# It remembers what an earlier look has seen.
ttl/gate.tsv: ttl/applied.tsv
	[ ! -s work/ttl/gate.rows ] || cp work/ttl/gate.rows work/ttl/seen.tsv
	$(run) ttl/gate $@ dns-ttl gate $(at) $(GATE) \
	    $$([ ! -s work/ttl/seen.tsv ] || echo -g work/ttl/seen.tsv) \
	    ttl/ledger.tsv

ifneq ($(BATCHES),)
STEPS += switch/plan.tsv:mx.tsv:cutover/checks.tsv:ttl/gate.tsv \
	switch/applied.tsv:switch/plan.tsv switch/checks.tsv:switch/applied.tsv
switch: switch/checks.tsv

switch/plan.tsv: mx.tsv cutover/checks.tsv ttl/gate.tsv
	$(run) switch/plan $@ mx-switch plan $(at) $<

switch/applied.tsv: switch/plan.tsv
	$(run) switch/applied $@ mx-switch apply -g ttl/gate.tsv $(at) $(key) \
	    -l switch/ledger.tsv $<

switch/checks.tsv: switch/applied.tsv
	$(run) switch/checks $@ mx-switch verify --wait 60 $(at) \
	    switch/ledger.tsv

# The way back, exactly.
rollback: rollback/applied.tsv
STEPS += $(if $(wildcard approve-rollback),rollback/applied.tsv)
rollback/applied.tsv: approve-rollback switch/applied.tsv
	$(run) rollback/applied $@ mx-switch rollback $(at) $(key) \
	    -l rollback/ledger.tsv switch/ledger.tsv
endif

# When the watch is over.
restore: ttl/restored.tsv
STEPS += ttl/restored.tsv:switch/checks.tsv
ttl/restore.tsv: ttl/applied.tsv
	$(run) ttl/restore $@ dns-ttl restore $(at) ttl/ledger.tsv

ttl/restored.tsv: ttl/restore.tsv
	$(run) ttl/restored $@ dns-ttl apply $(at) $(key) \
	    -l ttl/restored-ledger.tsv $<
else
ttl gate switch rollback restore:
	@echo '$@: DOMAINS is not set: do it by hand' >&2
	@exit 1
endif
.PHONY: ttl gate switch rollback restore
