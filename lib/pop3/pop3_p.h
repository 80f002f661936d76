/* pop3_p.h: what the files of this room share. */
#ifndef POP3_P_H
#define POP3_P_H

#include "base/base.h"
#include "net/net.h"
#include "pop3/pop3.h"

enum {
	HAVE_CAPA = 1 << 0, /* the server knows CAPA at all */
	HAVE_STLS = 1 << 1,
	HAVE_USER = 1 << 2,
	HAVE_TOP = 1 << 3,
	HAVE_UIDL = 1 << 4,
	HAVE_PIPELINING = 1 << 5,
	HAVE_RESP_CODES = 1 << 6,
	HAVE_EXPIRE_0 = 1 << 7
};

struct pop3 {
	const struct endpoint *e;
	char *label;
	struct stream *stream;
	unsigned int have;
	unsigned int login_delay; /* seconds, 0 if not said */
	struct buf capabilities, mechanisms;
	struct buf text; /* of the last answer, behind +OK or -ERR */
	int bare_lf; /* the last answer ended without a CR */
	int dead, logged_in, read_any;

	void (*note)(void *, const char *line);
	void *arg;

	uint32_t last; /* number in the listing in hand */
	int listing; /* rows are still on the wire */
	struct buf uid;

	/* pop3_body.c */
	struct {
		const struct pop3_want *want;
		size_t n, asked, had; /* of want */
		struct spool *spool;
		int by_retr, top_works, noted;
	} body;
};

enum answer { ANSWER_ERR, ANSWER_OK, ANSWER_MORE /* "+ ", a challenge */ };

/* ---- pop3_session.c ---- */

int pop3_fail(struct pop3 *p, struct fail *f, enum code code, enum again again,
    const char *what, const char *fmt, ...) PRINTFLIKE(6, 7);
/* Queues a command; only words of ours and what was checked goes through. */
int
pop3_say(struct pop3 *p, struct fail *f, const char *fmt, ...) PRINTFLIKE(3, 4);
/* The status line of the next answer, its text in p->text. */
int pop3_answer(struct pop3 *p, enum answer *a, struct fail *f);
/* One line of a listing: 1 and it, dot unstuffed; 0 the end; -1. */
int pop3_row(struct pop3 *p, char **line, size_t *n, struct fail *f);
/* Fails with what -ERR and its text mean for this command. */
int pop3_refused(struct pop3 *p, const char *what, enum code otherwise,
    enum reach reach, struct fail *f);
/* A command and its answer: 1 +OK, 0 -ERR, -1. */
int pop3_command(struct pop3 *p, const char *command, struct fail *f);
void pop3_tell(struct pop3 *p, const char *line);

/* ---- pop3_auth.c ---- */

int
pop3_authenticate(struct pop3 *p, const char *secret, size_t n, struct fail *f);

/* ---- pop3_body.c ---- */

/* 1 while bodies are on their way that nobody took. */
int pop3_under_way(const struct pop3 *p);
void pop3_body_free(struct pop3 *p);

#endif
