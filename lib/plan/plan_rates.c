/* plan_rates.c: how long a job takes. */
#include "plan/plan_p.h"

/*
 * Without a measurement: what a cautious administrator reckons with over the
 * Internet, half of it at worst.
 */
enum { SETUP_S = 2, BYTES_S = 1000000, MESSAGES_S = 100 };

void
rate_job(struct plan *p, struct job *j)
{
	double rate = p->opt.rate > 0 ? (double)p->opt.rate : BYTES_S;
	double link = (double)j->bytes / rate;
	double server = p->opt.rate > 0 ? 0 : (double)j->messages / MESSAGES_S;
	double all = SETUP_S + link + server;

	j->bound = link >= server ? "link" : "server";
	j->est = all < INT32_MAX ? (uint32_t)all + 1 : INT32_MAX;
	j->p90 = j->est < INT32_MAX / 2 ? 2 * j->est : INT32_MAX;
}
