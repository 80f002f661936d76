# cleanup.mk: before the old server goes: the last delta, and what it held.
ifneq ($(BATCHES),)
STEPS += approve-cleanup:cutover/checks.tsv \
	cleanup/final.tsv:cutover/checks.tsv:approve-cleanup cleanup/manifests.tsv:cleanup/final.tsv
cleanup: cleanup/manifests.tsv

approve-cleanup: | cutover/checks.tsv
cleanup/final.tsv: cutover/checks.tsv approve-cleanup
	$(run) cleanup/final $@ $(copy) jobs.tsv

# For disputes, when the server cannot be asked any more.
cleanup/manifests.tsv: cleanup/final.tsv
	$(run) cleanup/manifests $@ $(verify) --manifest manifests $(ACCOUNTS)
endif
