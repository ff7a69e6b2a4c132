#include "link_client_inside.h"

#include <poll.h>
#include <time.h>

#define LINK_MOVES_WAIT_NS 20000000000ull /* for the last answer */

/* A run of batches. */
struct link_moves {
	struct link_client *client;
	struct link_client_batch *batches;
	uint32_t *sources, flows;
	uint64_t *random;
	uint32_t first; /* sequence of the first batch */
	uint32_t sent, acked;
};

static uint64_t link_moves_now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint32_t link_moves_pick(struct link_moves *m)
{
	*m->random ^= *m->random << 13;
	*m->random ^= *m->random >> 7;
	*m->random ^= *m->random << 17;
	return (uint32_t)(*m->random % m->flows);
}

static void link_moves_row(const struct xf_link_record *record, const void *body, void *arg)
{
	struct link_moves *m = arg;
	uint32_t n = record->sequence - m->first;
	struct xf_link_ack ack;
	if (record->type != XF_LINK_ACK || n >= m->sent)
		return;
	memcpy(&ack, body, sizeof(ack));
	m->batches[n].now_ns = ack.now_ns;
	m->batches[n].result = ack.result;
	m->acked++;
}

/* Two receivers for the batch, none of them in it yet, and none to hear itself. */
static void link_moves_exchange(struct link_moves *m, struct link_client_batch *batch, unsigned at)
{
	uint32_t a, b;
	bool again;
	do {
		a = link_moves_pick(m);
		b = link_moves_pick(m);
		again = a == b || m->sources[a] == b || m->sources[b] == a;
		for (unsigned i = 0; i < at; i++)
			again |= batch->to[i] == a || batch->to[i] == b;
	} while (again);
	batch->to[at] = a;
	batch->to[at + 1] = b;
	batch->from[at] = m->sources[b];
	batch->from[at + 1] = m->sources[a];
	m->sources[a] = batch->from[at];
	m->sources[b] = batch->from[at + 1];
}

static void link_moves_put(struct link_moves *m)
{
	struct link_client_batch *batch = &m->batches[m->sent];
	struct xf_link_patch patch = {.count = LINK_CLIENT_MOVES};
	*batch = (struct link_client_batch){.result = -ETIMEDOUT};
	for (unsigned i = 0; i < LINK_CLIENT_MOVES; i += 2)
		link_moves_exchange(m, batch, i);
	for (unsigned i = 0; i < LINK_CLIENT_MOVES; i++)
		patch.moves[i] = (struct xf_link_move){.to = {batch->to[i], 1}, .from = {batch->from[i], 1}};
	link_client_put(m->client, XF_LINK_PATCH, &patch,
			(uint16_t)(offsetof(struct xf_link_patch, moves) + LINK_CLIENT_MOVES * sizeof(patch.moves[0])));
	batch->sequence = m->client->sequence;
	m->sent++;
	batch->outstanding = m->sent - m->acked;
}

/* A packet each, so that the dataplane reads each for itself. */
static int link_moves_group(struct link_moves *m, uint32_t group)
{
	for (uint32_t i = 0; i < group; i++) {
		int r = 0;
		link_moves_put(m);
		while (r == 0 && m->client->out_len > 0) {
			r = link_client_write(m->client);
			if (r == 0 && m->client->out_len > 0)
				r = link_client_read(m->client);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes answers until then, or until there are none to come if it is not to wait. */
static int link_moves_listen(struct link_moves *m, uint64_t until_ns, bool to_the_end)
{
	uint64_t now_ns;
	while ((now_ns = link_moves_now_ns()) < until_ns) {
		const struct timespec left = {.tv_sec = (time_t)((until_ns - now_ns) / 1000000000),
					      .tv_nsec = (long)((until_ns - now_ns) % 1000000000)};
		struct pollfd p = {.fd = m->client->fd, .events = POLLIN};
		if (!to_the_end && m->acked == m->sent)
			return 0;
		ppoll(&p, 1, &left, NULL);
		int r = link_client_read(m->client);
		if (r < 0)
			return r;
	}
	return 0;
}

int link_client_moves(struct link_client *client, const struct link_client_pace *pace, uint32_t *sources,
		      uint32_t flows, uint64_t *random, struct link_client_batch *batches)
{
	struct link_moves m = {.client = client,
			       .batches = batches,
			       .sources = sources,
			       .flows = flows,
			       .random = random,
			       .first = client->sequence + 1};
	uint64_t next_ns = link_moves_now_ns();
	int r = 0;
	client->row = link_moves_row;
	client->arg = &m;
	for (uint32_t i = 0; i < pace->groups && r == 0; i++) {
		r = link_moves_group(&m, pace->group);
		next_ns += pace->period_ns;
		if (r == 0)
			r = link_moves_listen(&m, next_ns, true);
	}
	if (r == 0)
		r = link_moves_listen(&m, link_moves_now_ns() + LINK_MOVES_WAIT_NS, false);
	client->row = NULL;
	return r < 0 ? r : m.acked == m.sent ? 0 : -ETIMEDOUT;
}
