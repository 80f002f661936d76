# assess.mk: what exists, and what it will be called.
assess: mapped.tsv

folders.tsv: $(ACCOUNTS)
	$(run) folders $@ mbx-inventory -j $(WORKERS) $<

mapped.tsv: folders.tsv $(wildcard rules.tsv)
	$(run) mapped $@ mbx-map $(map) $<
