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
#include "stale.h"

#define RELOAD_NICE 10 /* it may stand on a worker's core */

/* One reading of the file. The thread's until it says that it is done, then the main thread's. */
struct reload_job {
	pthread_t thread;
	pthread_mutex_t lock; /* of `left` and of the descriptor's life */
	bool left;	      /* by the main thread: the thread frees all */
	int done;
	char *file, *config_file; /* either may be NULL */
	struct signatures *signatures;
	struct sound_list sounds;
	struct config *config; /* as read; NULL: it was not, or not well */
	char *errors, *sound_errors;
	size_t errors_len, sound_errors_len;
	int result, sound_result;
};

int reload_init(struct reload *reload, const char *file, const char *config_file, bool sounds_expected)
{
	*reload = (struct reload){.file = file,
				  .config_file = config_file,
				  .sounds_expected = sounds_expected,
				  .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (reload->done >= 0)
		return 0;
	int r = -errno;
	log_error("reload-failed", "error=\"%s\"", strerror(errno));
	return r;
}

static void reload_job_destroy(struct reload_job *job)
{
	pthread_mutex_destroy(&job->lock);
	config_destroy(job->config);
	free(job->errors);
	free(job->sound_errors);
	free(job->file);
	free(job->config_file);
	free(job);
}

static int reload_sounds(struct reload_job *job, FILE *errors)
{
	int r = config_load_without_secrets(&job->config, job->config_file, errors);

	if (r < 0) {
		job->config = NULL;
		return r;
	}
	return sound_list_load(&job->sounds, job->config, errors);
}

static void reload_read(struct reload_job *job)
{
	FILE *errors = open_memstream(&job->errors, &job->errors_len);
	FILE *sound_errors = open_memstream(&job->sound_errors, &job->sound_errors_len);

	job->result = job->sound_result = -ENOMEM;
	if (errors && job->file)
		job->result = signatures_load(&job->signatures, job->file, errors);
	if (sound_errors && job->config_file)
		job->sound_result = reload_sounds(job, sound_errors);
	if (errors)
		fclose(errors);
	if (sound_errors)
		fclose(sound_errors);
}

/* The thread. */
static void *reload_run(void *arg)
{
	struct reload_job *job = arg;
	uint64_t one = 1;

	setpriority(PRIO_PROCESS, (id_t)gettid(), RELOAD_NICE);
	reload_read(job);
	pthread_mutex_lock(&job->lock);
	bool left = job->left;
	if (!left && write(job->done, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort(); /* the counter is far from full */
	pthread_mutex_unlock(&job->lock);
	if (left) {
		signatures_destroy(job->signatures);
		sound_list_destroy(&job->sounds);
		reload_job_destroy(job);
	}
	return NULL;
}

static int reload_job_create(struct reload_job **out, const struct reload *reload)
{
	struct reload_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return ENOMEM;
	pthread_mutex_init(&job->lock, NULL);
	job->done = reload->done;
	job->file = reload->file ? strdup(reload->file) : NULL;
	job->config_file = reload->config_file ? strdup(reload->config_file) : NULL;
	bool copied = !job->file == !reload->file && !job->config_file == !reload->config_file;
	int r = copied ? pthread_create(&job->thread, NULL, reload_run, job) : ENOMEM;
	if (r != 0)
		reload_job_destroy(job);
	else
		*out = job;
	return r;
}

void reload_start(struct reload *reload)
{
	if (reload->file == NULL && reload->config_file == NULL) {
		log_warning("reload-skipped", "reason=\"the configuration names no signatures\"");
		return;
	}
	reload->again = reload->job != NULL;
	if (reload->job)
		return;
	int r = reload_job_create(&reload->job, reload);
	if (r != 0)
		log_error("reload-failed", "error=\"%s\"", strerror(r));
}

static void reload_log(const char *event, char *errors, const char *file, const char *what, int result)
{
	char *rest = NULL;

	for (char *line = errors ? strtok_r(errors, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		log_error(event, "error=\"%s\"", line);
	log_error("reload-failed", "file=%s error=\"%s\" hint=\"the former %s stay\"", file, strerror(-result), what);
}

static void reload_take(struct reload *reload, struct reload_job *job, struct reloaded *reloaded)
{
	*reloaded = (struct reloaded){.signatures = job->signatures, .sounds = job->sounds};
	reloaded->have_signatures = job->file && job->result == 0;
	if (job->config && reload->running)
		stale_limits(reload->running, job->config);
	if (job->file && job->result < 0)
		reload_log("signatures-refused", job->errors, job->file, "signatures", job->result);
	if (job->config_file && job->sound_result < 0)
		reload_log("sounds-refused", job->sound_errors, job->config_file, "sounds", job->sound_result);
	else if (job->config_file && (reload->sounds_expected || job->sounds.count > 0))
		reloaded->have_sounds = reload->sounds_expected = true;
	else
		sound_list_destroy(&reloaded->sounds);
}

bool reload_finish(struct reload *reload, struct reloaded *reloaded)
{
	struct reload_job *job = reload->job;
	uint64_t count;

	if (read(reload->done, &count, sizeof(count)) != (ssize_t)sizeof(count) || job == NULL)
		return false;
	pthread_join(job->thread, NULL);
	reload_take(reload, job, reloaded);
	reload_job_destroy(job);
	reload->job = NULL;
	/* The file has changed since it was read. */
	if (reload->again)
		reload_start(reload);
	return true;
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
			sound_list_destroy(&job->sounds);
			reload_job_destroy(job);
		}
	}
	reload->job = NULL;
	close(reload->done);
	return left;
}
