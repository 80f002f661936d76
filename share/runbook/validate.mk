# validate.mk: behind the switch: nothing that reached the old server is left
# there.  Flags do not count any more: users read at the target.
ifneq ($(BATCHES),)
validate: validate/$(HOUR).tsv
validate/%.tsv: cutover/checks.tsv
	$(run) validate/since-$* work/validate/since-$*.tsv $(copy) jobs.tsv
	$(run) validate/$* $@ $(runbook)judge flags $(verify) jobs.tsv
	rm -f log/validate/*.failed
STEPS += $(call last,validate)
endif
