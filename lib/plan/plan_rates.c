/* plan_rates.c: how long a job takes. */
#include "plan/plan_p.h"

/*
 * Without a measurement: what a cautious administrator reckons with over the
 * Internet, half of it at worst.
 */
enum { SETUP_S = 2, BYTES_S = 1000000, MESSAGES_S = 100 };

void
rate_job(const struct plan *p, struct job *j)
{
	const struct terms *t = &p->box[j->box].terms;
	double rate = p->opt.rate > 0 ? (double)p->opt.rate : BYTES_S;
	double octets, messages, all;

	j->bound = "link";
	if (t->rate > 0 && (double)t->rate < rate) {
		rate = (double)t->rate;
		j->bound = t->bound;
	}
	octets = (double)j->bytes / rate;
	messages = p->opt.rate > 0 ? 0 : (double)j->messages / MESSAGES_S;
	if (messages > octets)
		j->bound = "server";
	all = SETUP_S + octets + messages;
	j->est = all < INT32_MAX ? (uint32_t)all + 1 : INT32_MAX;
	j->p90 = j->est < INT32_MAX / 2 ? 2 * j->est : INT32_MAX;
}
