# cutover.mk: the last delta before MX is switched, and that all is there.
ifneq ($(BATCHES),)
verified := $(subst $() $(),:,$(BATCHES:%=verify/%.tsv))
STEPS += approve-cutover:$(verified) \
	cutover/final.tsv:$(verified):approve-cutover cutover/checks.tsv:cutover/final.tsv
cutover: cutover/checks.tsv

approve-cutover: | $(BATCHES:%=verify/%.tsv)
# --mark: what reaches the target from here on is what reverse carries back.
cutover/final.tsv: approve-cutover $(BATCHES:%=verify/%.tsv)
	$(run) cutover/final $@ $(copy) --mark jobs.tsv

# Bodies were read when each batch was verified.
cutover/checks.tsv: cutover/final.tsv
	$(run) cutover/since work/cutover/since.tsv $(copy) jobs.tsv
	$(run) cutover/checks $@ $(verify) --quick jobs.tsv
endif
