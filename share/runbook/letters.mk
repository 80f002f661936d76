# letters.mk: a letter for each account of ROWS, from a template here or of
# share/templates; FILL has what it asks for: day='4 December' server=...
LETTER ?= letter-before
ROWS ?= jobs.tsv
FILL ?=
letters: $(ROWS)
	$(runbook)letters $(firstword $(wildcard $(LETTER).txt) \
	    $(runbook)../templates/$(LETTER).txt) letters/$(LETTER) $(FILL) <$<
.PHONY: letters
