#include "reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include "log.h"
#include "screen/signatures.h"

#define RELOAD_NICE 10 /* it may stand on a worker's core */

/* One reading of the file. The thread's until it says that it is done, then the main thread's. */
struct reload_job {
	pthread_t thread;
	pthread_mutex_t lock; /* of `left` and of the descriptor's life */
	bool left;	      /* by the main thread: the thread frees all */
	int done;
	char *file;
	struct signatures *signatures;
	char *errors;
	size_t errors_len;
	int result;
};

int reload_init(struct reload *reload, const char *file)
{
	*reload = (struct reload){.file = file, .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (reload->done >= 0)
		return 0;
	int r = -errno;
	log_error("reload-failed", "error=\"%s\"", strerror(errno));
	return r;
}

static void reload_job_destroy(struct reload_job *job)
{
	pthread_mutex_destroy(&job->lock);
	free(job->errors);
	free(job->file);
	free(job);
}

/* The thread. */
static void *reload_run(void *arg)
{
	struct reload_job *job = arg;
	uint64_t one = 1;
	FILE *errors = open_memstream(&job->errors, &job->errors_len);

	setpriority(PRIO_PROCESS, (id_t)gettid(), RELOAD_NICE);
	job->result = -ENOMEM;
	if (errors) {
		job->result = signatures_load(&job->signatures, job->file, errors);
		fclose(errors);
	}
	pthread_mutex_lock(&job->lock);
	bool left = job->left;
	if (!left && write(job->done, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort(); /* the counter is far from full */
	pthread_mutex_unlock(&job->lock);
	if (left) {
		signatures_destroy(job->signatures);
		reload_job_destroy(job);
	}
	return NULL;
}

static int reload_job_create(struct reload_job **out, const char *file, int done)
{
	struct reload_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return ENOMEM;
	pthread_mutex_init(&job->lock, NULL);
	job->done = done;
	job->file = strdup(file);
	int r = job->file ? pthread_create(&job->thread, NULL, reload_run, job) : ENOMEM;
	if (r != 0)
		reload_job_destroy(job);
	else
		*out = job;
	return r;
}

void reload_start(struct reload *reload)
{
	if (reload->file == NULL) {
		log_warning("reload-skipped", "reason=\"the configuration names no signatures\"");
		return;
	}
	reload->again = reload->job != NULL;
	if (reload->job)
		return;
	int r = reload_job_create(&reload->job, reload->file, reload->done);
	if (r != 0)
		log_error("reload-failed", "error=\"%s\"", strerror(r));
}

static void reload_log(const struct reload_job *job)
{
	char *rest = NULL;

	for (char *line = job->errors ? strtok_r(job->errors, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		log_error("signatures-refused", "error=\"%s\"", line);
	log_error("reload-failed", "file=%s error=\"%s\" hint=\"the former signatures stay\"", job->file,
		  strerror(-job->result));
}

bool reload_finish(struct reload *reload, struct signatures **signatures)
{
	struct reload_job *job = reload->job;
	uint64_t count;

	if (read(reload->done, &count, sizeof(count)) != (ssize_t)sizeof(count) || job == NULL)
		return false;
	pthread_join(job->thread, NULL);
	bool good = job->result == 0;
	*signatures = job->signatures;
	if (!good)
		reload_log(job);
	reload_job_destroy(job);
	reload->job = NULL;
	/* The file has changed since it was read. */
	if (reload->again)
		reload_start(reload);
	return good;
}

/* Whether it had ended already. */
static bool reload_ended(struct reload *reload)
{
	uint64_t count;

	return read(reload->done, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

bool reload_fini(struct reload *reload)
{
	struct reload_job *job = reload->job;
	bool left = false;

	if (job) {
		pthread_mutex_lock(&job->lock);
		left = !reload_ended(reload);
		job->left = left;
		pthread_t thread = job->thread;
		pthread_mutex_unlock(&job->lock);
		if (left) {
			/* It may be gone already: only its number is used here. */
			pthread_detach(thread);
			log_info("reload-left", "reason=\"the daemon ends\"");
		} else {
			pthread_join(thread, NULL);
			signatures_destroy(job->signatures);
			reload_job_destroy(job);
		}
	}
	reload->job = NULL;
	close(reload->done);
	return left;
}
