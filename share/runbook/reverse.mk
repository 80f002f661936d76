# reverse.mk: back at the old server: what the target received meanwhile.
ifneq ($(BATCHES),)
reverse: reverse/$(HOUR).tsv
reverse/%.tsv: approve-rollback cutover/final.tsv
	$(run) reverse/$* $@ $(copy) --reverse jobs.tsv
	rm -f log/reverse/*.failed
STEPS += $(call last,reverse)
.PHONY: reverse
endif
