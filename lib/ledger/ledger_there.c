/* ledger_there.c: what of the folder loaded is at the source still. */
#include "ledger/ledger_p.h"

void
ledger_there_run(struct ledger *l, uint64_t low, uint64_t high)
{
	size_t from = 0, to = l->known_n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (l->known[mid].uid < low)
			from = mid + 1;
		else
			to = mid;
	}
	for (; from < l->known_n && l->known[from].uid <= high; from++)
		l->known[from].state |= THERE;
}

uint64_t
ledger_missing(const struct ledger *l)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < l->known_n; i++) {
		const uint32_t state = l->known[i].state;

		n += (state & THERE) == 0 &&
		    ((state & STATE) == KNOWN_DONE ||
			(state & STATE) == KNOWN_ELSEWHERE);
	}
	return n;
}
