/* Signatures read anew on SIGHUP: compiled on a thread of their own, for that takes seconds. The main thread starts it,
 * sees its end at the descriptor, and takes what came of it. Main thread, but for what a line says. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct signatures;

struct reload {
	const char *file; /* NULL: the configuration names none */
	int done;	  /* eventfd: readable when the thread has ended */
	pthread_t thread;
	bool running, again; /* again: asked for while it ran */
	/* The thread's, until it has ended. */
	struct signatures *signatures;
	char *errors;
	size_t errors_len;
	int result;
};

/* file outlives it. 0 or -errno, logged. */
int reload_init(struct reload *reload, const char *file);
/* Waits for the thread, if it runs. */
void reload_fini(struct reload *reload);

/* SIGHUP. */
void reload_start(struct reload *reload);
/* `done` is readable: *signatures is the caller's if true; else what was wrong is in the log. */
bool reload_finish(struct reload *reload, struct signatures **signatures);
