# copy.mk: batches: the test group, the pilot, the waves; and what came since.
test pilot sync cutover validate cleanup: prepare

ifeq ($(BATCHES),)
# They are known once jobs.tsv is there: then make is asked again.
test pilot sync delta cutover validate cleanup:
ifeq ($(AGAIN),)
	+@$(MAKE) --no-print-directory AGAIN=1 $@
else
	@echo '# $@: its steps are known when there is a plan: make prepare'
endif
else

test: $(TEST:%=verify/%.tsv)
pilot: $(PILOT:%=verify/%.tsv)
sync: $(BATCHES:%=verify/%.tsv)
# "make wave-1" and "make validate-wave-1", as schedules say.
$(filter-out test pilot,$(BATCHES)): %: full/%.tsv
$(BATCHES:%=validate-%): validate-%: verify/%.tsv
.PHONY: $(BATCHES) $(BATCHES:%=validate-%)

jobs/%.tsv: jobs.tsv
	$(run) jobs/$* $@ awk -F'\t' -v batch=$* 'NR == 1 { \
	    for (i = 1; i <= NF; i++) if ($$i == "batch") c = i } \
	    NR == 1 || $$c == batch' $<

full/%.tsv: jobs/%.tsv
	$(run) full/$* $@ $(copy) $<

# First what came since, or it would be missing.
verify/%.tsv: full/%.tsv
	$(run) since/$* work/since/$*.tsv $(copy) jobs/$*.tsv
	$(run) verify/$* $@ $(verify) jobs/$*.tsv

# All batches that are through their first copy.
copied := $(filter $(BATCHES:%=full/%.tsv),$(wildcard full/*.tsv))
delta: delta/$(HOUR).tsv
delta/%.tsv: $(copied)
	$(if $(copied),,@echo 'delta: no batch is copied' >&2; exit 1)
	$(run) delta/$* $@ $(copy) $(copied:full/%=jobs/%)
	rm -f log/delta/*.failed
STEPS += $(call last,delta)
endif
