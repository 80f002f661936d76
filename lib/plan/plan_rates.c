/*
 * plan_rates.c: how long a job takes: seconds = setup + octets / rate +
 * messages / rate, from results of jobs between the same hosts, or of all.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"

enum { OWN = 8 }; /* results that two hosts need for rates of their own */

/*
 * Without a measurement: what a cautious administrator reckons with over the
 * Internet, and twice as long at worst.
 */
static const struct rates usual = {{2, 1e-6, 1e-2}, 2, ""};

/* ---- weighted least squares with coefficients that are not negative ---- */

enum { TERMS = 3 };

struct sums { /* the normal equations */
	double a[TERMS][TERMS], b[TERMS];
};

struct sample {
	double x[TERMS]; /* 1, octets, messages */
	double s; /* seconds that it took */
	const char *pair; /* of hosts */
};

/* An error of a tenth is a tenth, in a short job as in a long one. */
static void
add(struct sums *m, const struct sample *v, double sign)
{
	double w = sign / (v->s * v->s);
	int i, k;

	for (i = 0; i < TERMS; i++) {
		for (k = 0; k < TERMS; k++)
			m->a[i][k] += w * v->x[i] * v->x[k];
		m->b[i] += w * v->x[i] * v->s;
	}
}

/* Only the terms in set (a bit each) may be other than 0: 1, or 0 where the
 * equations have no solution. */
static int
solve(const struct sums *m, unsigned int set, double c[TERMS])
{
	double a[TERMS][TERMS + 1];
	int i, k, j;

	for (i = 0; i < TERMS; i++) {
		int in = (set >> i & 1) != 0;

		for (k = 0; k < TERMS; k++)
			a[i][k] =
			    in && (set >> k & 1) != 0 ? m->a[i][k] : i == k;
		a[i][TERMS] = in ? m->b[i] : 0;
	}
	for (i = 0; i < TERMS; i++) { /* positive definite: no pivoting */
		if ((set >> i & 1) != 0 && !(a[i][i] > 1e-12 * m->a[i][i]))
			return 0;
		for (k = i + 1; k < TERMS; k++)
			for (j = TERMS; j >= i; j--)
				a[k][j] -= a[k][i] / a[i][i] * a[i][j];
	}
	for (i = TERMS - 1; i >= 0; i--) {
		c[i] = a[i][TERMS];
		for (k = i + 1; k < TERMS; k++)
			c[i] -= a[i][k] * c[k];
		c[i] /= a[i][i];
		if (c[i] < 0)
			return 0;
	}
	return 1;
}

/*
 * The best of all sets of terms; the error less what is the same for all.  Of
 * equals the one that grows with the job: small pilots say too little of the
 * rest.
 */
static void
fit(const struct sums *m, double c[TERMS])
{
	static const unsigned int sets[] = {2, 4, 6, 3, 5, 7, 1};
	double best = 0, try[TERMS];
	size_t n;
	int i, k;

	c[0] = c[1] = c[2] = 0;
	for (n = 0; n < LENGTH(sets); n++) {
		double e = 0;

		if (!solve(m, sets[n], try))
			continue;
		for (i = 0; i < TERMS; i++) {
			e -= 2 * try[i] * m->b[i];
			for (k = 0; k < TERMS; k++)
				e += try[i] * m->a[i][k] * try[k];
		}
		if (e < best * (1 + 1e-9)) {
			best = e;
			memcpy(c, try, sizeof(try));
		}
	}
}

static double
value(const double c[TERMS], const struct sample *v)
{
	return c[0] * v->x[0] + c[1] * v->x[1] + c[2] * v->x[2];
}

/* ---- from results to rates ---- */

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/*
 * How much longer than foreseen nine of ten take: each is foreseen from all
 * others, so that what was fitted does not flatter itself.  The rank is that
 * of n + 1 draws; where there are too few for it, the worst and half again.
 */
static double
spread(const struct sums *all, const struct sample *v, size_t n, double *middle)
{
	double *r = mem_array(n, sizeof(*r)), c[TERMS], late;
	size_t i, rank = (9 * (n + 1) + 9) / 10;

	for (i = 0; i < n; i++) {
		struct sums m = *all;

		add(&m, &v[i], -1);
		fit(&m, c);
		late = value(c, &v[i]);
		r[i] = late > 0 ? v[i].s / late : 1;
	}
	qsort(r, n, sizeof(*r), by_value);
	*middle = r[n / 2];
	late = rank <= n ? r[rank - 1] : 1.5 * r[n - 1];
	free(r);
	return late > 1 ? late : 1;
}

static void
learn(const struct sample *v, size_t n, struct rates *to)
{
	struct sums m = {0};
	double middle;
	size_t i;

	for (i = 0; i < n; i++)
		add(&m, &v[i], 1);
	fit(&m, to->c);
	to->p90 = spread(&m, v, n, &middle);
	if (middle > 0) { /* the estimate is what half of them take */
		for (i = 0; i < TERMS; i++)
			to->c[i] *= middle;
		to->p90 = to->p90 / middle > 1 ? to->p90 / middle : 1;
	}
}

struct samples {
	struct plan *p;
	struct sample *v;
	size_t n;
};

static int
result(void *arg, const struct row *r, struct fail *f)
{
	struct samples *s = arg;
	const char *seconds = row_get(r, "elapsed_s");
	struct sample v = {.x = {1, 0, 0}};
	uint64_t bytes = 0, copied = 0;
	char *end;

	if (row_u64(r, "copied", &copied, f) == -1 ||
	    row_u64(r, "copied_bytes", &bytes, f) == -1)
		return -1;
	v.s = strtod(seconds, &end);
	if (*end != '\0' || !isfinite(v.s) || v.s < 0)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "elapsed_s", "'%s' is no number of seconds", seconds);
	if (copied == 0 || *seconds == '\0')
		return 0;
	if (v.s < 0.05) /* it is rounded to a tenth */
		v.s = 0.05;
	v.x[1] = (double)bytes;
	v.x[2] = (double)copied;
	v.pair = host_pair(s->p, row_get(r, "source"), row_get(r, "target"));
	s->v = grow(s->v, s->n, sizeof(*s->v));
	s->v[s->n++] = v;
	return 0;
}

static int
by_pair(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return strcmp(x->pair, y->pair);
}

int
rates_read(struct plan *p, const char *file, struct fail *f)
{
	struct samples s = {.p = p};
	struct side side = {.name = file,
	    .needs = "copied copied_bytes elapsed_s source target",
	    .each = result,
	    .arg = &s};
	size_t i, n;
	int rc = side_read(&side, f);

	if (rc == 0 && s.n == 0)
		rc = fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "results",
		    "in none of them was anything copied");
	if (rc == 0) {
		qsort(s.v, s.n, sizeof(*s.v), by_pair);
		p->rates = mem_alloc(sizeof(*p->rates));
		learn(s.v, s.n, p->rates);
		p->rates[0].pair = "";
		p->nrates = 1;
	}
	for (i = 0; rc == 0 && i < s.n; i += n) {
		for (n = 1; i + n < s.n && by_pair(&s.v[i], &s.v[i + n]) == 0;)
			n++;
		if (n < OWN)
			continue;
		p->rates =
		    mem_resize(p->rates, p->nrates + 1, sizeof(*p->rates));
		learn(s.v + i, n, &p->rates[p->nrates]);
		p->rates[p->nrates++].pair = s.v[i].pair;
	}
	free(s.v);
	return rc;
}

/* ---- a job ---- */

static const struct rates *
rates_of(const struct plan *p, const struct box *x)
{
	uint32_t i;

	for (i = 1; i < p->nrates; i++)
		if (strcmp(p->rates[i].pair, x->pair) == 0)
			return &p->rates[i];
	return p->nrates > 0 ? p->rates : &usual;
}

static uint32_t
whole_seconds(double s)
{
	return s < INT32_MAX ? (uint32_t)s + 1 : INT32_MAX;
}

void
rate_job(const struct plan *p, struct job *j)
{
	const struct terms *t = &p->box[j->box].terms;
	const struct rates *r = rates_of(p, &p->box[j->box]);
	double octet = r->c[1], message = r->c[2], all;

	if (p->nrates == 0 && p->opt.rate > 0) {
		octet = 1 / (double)p->opt.rate;
		message = 0;
	}
	j->bound = "link";
	if (t->rate > 0 && 1 / (double)t->rate > octet) {
		octet = 1 / (double)t->rate;
		j->bound = t->bound;
	}
	octet *= (double)j->bytes;
	message *= (double)j->messages;
	if (message > octet)
		j->bound = "server";
	all = r->c[0] + octet + message;
	j->est = whole_seconds(all);
	j->p90 = whole_seconds(all * r->p90);
}
