# prepare.mk: the plan: jobs in batches, what they need, when they are.
dates := $(if $(CUTOVER),schedule.tsv schedule.md schedule.ics schedule.svg)
prepare: jobs.tsv sizing.tsv $(dates)

# jobs.tsv comes last: with it the batches are known.
jobs.tsv: mapped.tsv $(wildcard constraints.tsv)
	$(run) plan work/jobs.tsv mbx-plan -j $(WORKERS) $(PLAN) \
	    $(if $(wildcard constraints.tsv),-c constraints.tsv) $<
	$(run) batches batches.mk mbx-plan --makefile work/jobs.tsv
	mv work/jobs.tsv $@

sizing.tsv: mapped.tsv
	$(run) sizing $@ mbx-plan --sizing $(PLAN) $<

schedule.%: jobs.tsv
	$(run) schedule-$* $@ mbx-plan --schedule $(CUTOVER) -j $(WORKERS) \
	    --as $* $<
