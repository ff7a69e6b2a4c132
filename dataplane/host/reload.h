/* Signatures read anew on SIGHUP: compiled on a thread of their own, for that takes seconds. The main thread starts it,
 * sees its end at the descriptor, and takes what came of it. Who ends before the thread does leaves it its work, and
 * nobody waits. Main thread. */
#pragma once

#include <stdbool.h>

struct signatures;
struct reload_job;

struct reload {
	const char *file;	/* NULL: the configuration names none */
	int done;		/* eventfd: readable when the thread has ended */
	struct reload_job *job; /* under way; NULL: none */
	bool again;		/* asked for while one ran */
};

/* file outlives it. 0 or -errno, logged. */
int reload_init(struct reload *reload, const char *file);
/* At once. True: a thread is left that still compiles, with nothing but memory of its own. The process may end, but not
 * by way of exit(), which takes the libraries' own memory away from below it. */
bool reload_fini(struct reload *reload);

/* SIGHUP. */
void reload_start(struct reload *reload);
/* `done` is readable: *signatures is the caller's if true; else what was wrong is in the log. */
bool reload_finish(struct reload *reload, struct signatures **signatures);
