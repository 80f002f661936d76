/* progress.c: octets done, rate and time left: on a terminal, or a line a
 * minute. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_p.h"

enum { TTY_MS = 200, PLAIN_MS = 60000, MANY = 256 };

static struct steps steps[MANY];
static int64_t begun, drawn;
static int tty;
static volatile int asked;

void
progress_start(void)
{
	const char *term = getenv("TERM"); /* cli may read the environment */

	begun = drawn = clock_ms();
	if (settings.progress == PROGRESS_AUTO)
		settings.progress = isatty(STDERR_FILENO) && term != NULL &&
			strcmp(term, "dumb") != 0 && !settings.quiet
		    ? PROGRESS_TTY
		    : PROGRESS_NONE;
	tty = settings.progress == PROGRESS_TTY;
}

int
progress_on_terminal(void)
{
	return tty;
}

void
progress_set(size_t worker, const struct steps *s)
{
	if (worker < MANY)
		steps[worker] = *s;
}

void
progress_ask(void)
{
	asked = 1;
}

static void
size_text(char *out, size_t size, double v)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	while (v >= 1024 && i + 1 < LENGTH(unit)) {
		v /= 1024;
		i++;
	}
	(void)snprintf(out, size, "%.*f %s", i ? 1 : 0, v, unit[i]);
}

static void
draw(void)
{
	struct steps all = {0};
	char done[32], total[32], rate[32], left[48] = "";
	double s = (double)(clock_ms() - begun) / 1000, speed;
	size_t i;

	for (i = 0; i < MANY; i++) {
		all.done += steps[i].done;
		all.total += steps[i].total;
		all.messages += steps[i].messages;
	}
	speed = s > 0 ? (double)all.done / s : 0;
	size_text(done, sizeof(done), (double)all.done);
	size_text(total, sizeof(total), (double)all.total);
	size_text(rate, sizeof(rate), speed);
	if (speed > 0 && all.total > all.done) {
		uint64_t t = (uint64_t)((double)(all.total - all.done) / speed);

		(void)snprintf(left, sizeof(left),
		    ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", t / 3600,
		    t / 60 % 60, t % 60);
	}
	(void)fprintf(stderr, "%s%s: %s of %s, %s/s%s, %" PRIu64 " messages%s",
	    tty ? "\r\033[K" : "", cli_tool(), done, total, rate, left,
	    all.messages, tty ? "" : "\n");
	(void)fflush(stderr);
}

int
progress_tick(void)
{
	int64_t now = clock_ms(), every = tty ? TTY_MS : PLAIN_MS;

	if (asked ||
	    (settings.progress != PROGRESS_NONE && now - drawn >= every)) {
		asked = 0;
		drawn = now;
		draw();
	}
	return tty ? TTY_MS : 1000;
}

void
progress_hide(void)
{
	if (tty && isatty(STDOUT_FILENO))
		(void)fputs("\r\033[K", stderr);
}

void
progress_end(void)
{
	if (tty)
		(void)fputs("\r\033[K", stderr);
	tty = 0;
}
