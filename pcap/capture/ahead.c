#include "ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_CHUNKS 4
#define AHEAD_UNITS  2048
#define AHEAD_BYTES  (512 * 1024) /* after which a chunk is full; its last unit may reach beyond */

/* Units whose bytes lie in `bytes`; until all are there their pointers are offsets plus one, for bytes may move. */
struct ahead_chunk {
	struct capture_unit units[AHEAD_UNITS];
	unsigned count;
	uint8_t *bytes;
	size_t len, room;
	int end; /* what capture_reader_next said after the last unit: 1: there is more */
};

/* The thread fills chunks[filled % AHEAD_CHUNKS], the caller empties chunks[taken % AHEAD_CHUNKS]; a chunk is written
 * and read without the lock, by the one whose it is. */
struct capture_ahead {
	struct capture_reader *reader;
	struct ahead_chunk chunks[AHEAD_CHUNKS];
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	uint64_t filled; /* written by the thread */
	uint64_t taken;	 /* written by the caller */
	bool stop;	 /* written by the caller */
	/* the caller's */
	unsigned at; /* in the chunk that is being emptied */
};

static int chunk_keep(struct ahead_chunk *chunk, const uint8_t *bytes, size_t len, uintptr_t *offset)
{
	if (len > chunk->room - chunk->len) {
		size_t room = chunk->len + len > AHEAD_BYTES ? chunk->len + len : 2 * AHEAD_BYTES;
		uint8_t *grown = realloc(chunk->bytes, room);
		if (!grown)
			return -ENOMEM;
		chunk->bytes = grown;
		chunk->room = room;
	}
	*offset = chunk->len;
	memcpy(chunk->bytes + chunk->len, bytes, len);
	chunk->len += len;
	return 0;
}

static int chunk_add(struct ahead_chunk *chunk, const struct capture_unit *unit)
{
	struct capture_unit *kept = &chunk->units[chunk->count];
	const uint8_t *whole = unit->ip ? unit->ip : unit->data;
	size_t len = unit->ip ? unit->ip_len : unit->len;
	uintptr_t offset = 0;
	if (len && chunk_keep(chunk, whole, len, &offset) < 0)
		return -ENOMEM;
	*kept = *unit;
	kept->ip = unit->ip ? (const uint8_t *)(offset + 1) : NULL;
	kept->data = unit->data ? (const uint8_t *)(offset + (size_t)(unit->data - whole) + 1) : NULL;
	chunk->count++;
	return 0;
}

/* Bytes move no more. */
static void chunk_settle(struct ahead_chunk *chunk)
{
	for (unsigned i = 0; i < chunk->count; i++) {
		struct capture_unit *unit = &chunk->units[i];
		unit->ip = unit->ip ? chunk->bytes + ((uintptr_t)unit->ip - 1) : NULL;
		unit->data = unit->data ? chunk->bytes + ((uintptr_t)unit->data - 1) : NULL;
	}
}

static void chunk_fill(struct ahead_chunk *chunk, struct capture_reader *reader)
{
	chunk->count = 0;
	chunk->len = 0;
	chunk->end = 1;
	while (chunk->end == 1 && chunk->count < AHEAD_UNITS && chunk->len < AHEAD_BYTES) {
		struct capture_unit unit;
		chunk->end = capture_reader_next(reader, &unit);
		if (chunk->end == 1 && chunk_add(chunk, &unit) < 0)
			chunk->end = -ENOMEM;
	}
	chunk_settle(chunk);
}

static void *ahead_run(void *arg)
{
	struct capture_ahead *ahead = arg;
	for (int end = 1; end == 1;) {
		pthread_mutex_lock(&ahead->lock);
		while (!ahead->stop && ahead->filled - ahead->taken == AHEAD_CHUNKS)
			pthread_cond_wait(&ahead->changed, &ahead->lock);
		bool stop = ahead->stop;
		struct ahead_chunk *chunk = &ahead->chunks[ahead->filled % AHEAD_CHUNKS];
		pthread_mutex_unlock(&ahead->lock);
		if (stop)
			break;
		chunk_fill(chunk, ahead->reader);
		end = chunk->end;
		pthread_mutex_lock(&ahead->lock);
		ahead->filled++;
		pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->lock);
	}
	return NULL;
}

int capture_ahead_start(struct capture_ahead **out, struct capture_reader *reader)
{
	struct capture_ahead *ahead = calloc(1, sizeof(*ahead));
	*out = ahead;
	if (!ahead) {
		capture_reader_close(reader);
		return -ENOMEM;
	}
	ahead->reader = reader;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	ahead->threaded = pthread_create(&ahead->thread, NULL, ahead_run, ahead) == 0;
	return 0;
}

/* The chunk that is to be emptied, when it is there. */
static struct ahead_chunk *ahead_chunk(struct capture_ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	while (ahead->filled == ahead->taken)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	pthread_mutex_unlock(&ahead->lock);
	return &ahead->chunks[ahead->taken % AHEAD_CHUNKS];
}

static void ahead_give_back(struct capture_ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->taken++;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	ahead->at = 0;
}

int capture_ahead_next(struct capture_ahead *ahead, struct capture_unit *unit)
{
	if (!ahead->threaded)
		return capture_reader_next(ahead->reader, unit);
	for (;;) {
		struct ahead_chunk *chunk = ahead_chunk(ahead);
		if (ahead->at < chunk->count) {
			*unit = chunk->units[ahead->at++];
			return 1;
		}
		/* The last one stays, to say so again. */
		if (chunk->end != 1)
			return chunk->end;
		ahead_give_back(ahead);
	}
}

void capture_ahead_stop(struct capture_ahead *ahead)
{
	if (!ahead)
		return;
	if (ahead->threaded) {
		pthread_mutex_lock(&ahead->lock);
		ahead->stop = true;
		pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->lock);
		pthread_join(ahead->thread, NULL);
	}
	capture_reader_close(ahead->reader);
	for (unsigned i = 0; i < AHEAD_CHUNKS; i++)
		free(ahead->chunks[i].bytes);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}
