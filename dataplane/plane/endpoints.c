#include "endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_HEADERS_OUTSTANDING 256

int endpoints_init(struct endpoints *endpoints)
{
	endpoints->slot_count = endpoints->flows->media_count * XF_PORT_PAIRS;
	endpoints->slots = calloc(endpoints->slot_count + 1, sizeof(*endpoints->slots));
	LIST_INIT(&endpoints->open);
	TAILQ_INIT(&endpoints->dirty);
	return endpoints->slots ? 0 : -ENOMEM;
}

static void endpoints_set_next_hop(struct endpoints *endpoints, struct endpoint_entry *entry, struct next_hop *next_hop)
{
	if (entry->next_hop) {
		LIST_REMOVE(entry, next_hop_link);
		next_hop_put(endpoints->next_hops, entry->next_hop);
	}
	entry->next_hop = next_hop;
	if (next_hop)
		LIST_INSERT_HEAD(&next_hop->endpoints, entry, next_hop_link);
}

static void endpoints_forget(struct endpoints *endpoints, struct endpoint_entry *entry)
{
	endpoints_set_next_hop(endpoints, entry, NULL);
	if (entry->dirty)
		TAILQ_REMOVE(&endpoints->dirty, entry, dirty_link);
	LIST_REMOVE(entry, open_link);
	endpoints->slots[entry->id.index].entry = NULL;
	counter32_add(&endpoints->open_count, -1u);
	counter32_add(&endpoints->worker_count[entry->worker], -1u);
	free(entry);
}

void endpoints_fini(struct endpoints *endpoints)
{
	struct endpoint_entry *entry;

	if (endpoints->slots == NULL)
		return;
	while ((entry = LIST_FIRST(&endpoints->open)) != NULL) {
		endpoint_destroy(endpoints->flows, entry->endpoint);
		endpoints_forget(endpoints, entry);
	}
	free(endpoints->slots);
	endpoints->slots = NULL;
}

void endpoints_hello(struct endpoints *endpoints, uint64_t instance, uint64_t now_ns)
{
	endpoints->instance = instance;
	endpoints->hello_ns = now_ns;
}

/* The open entry of this name. 0, -ENOENT, or -ESTALE: another life of the slot. */
static int endpoints_find(struct endpoints *endpoints, const struct xf_endpoint_id *id, struct endpoint_entry **out)
{
	if (id->index >= endpoints->slot_count)
		return -ENOENT;
	struct endpoints_slot *slot = &endpoints->slots[id->index];
	if (id->generation < slot->generation_last)
		return -ESTALE;
	if (slot->entry == NULL || slot->entry->closing)
		return -ENOENT;
	if (id->generation != slot->entry->id.generation)
		return -ESTALE;
	*out = slot->entry;
	return 0;
}

static void endpoints_egress(const struct endpoints *endpoints, const struct endpoint_entry *entry,
			     struct egress *egress)
{
	*egress = (struct egress){.port = entry->port};
	memcpy(egress->src_mac, endpoints->ports[entry->port].mac, sizeof(egress->src_mac));
	if (entry->next_hop && entry->next_hop->resolved) {
		egress->resolved = true;
		memcpy(egress->dst_mac, entry->next_hop->mac, sizeof(egress->dst_mac));
	}
}

static int endpoints_check(const struct endpoints *endpoints, uint32_t index,
			   const struct xf_endpoint_settings *settings)
{
	if (settings->next_hop.family != 0 && settings->next_hop.family != 4 && settings->next_hop.family != 6)
		return -EINVAL;
	return endpoint_check(settings, &endpoints->flows->media[xf_endpoint_local_addr(index)], endpoints->port_count);
}

/* NULL with 0: no next hop is given. */
static int endpoints_next_hop(struct endpoints *endpoints, const struct xf_endpoint_settings *settings,
			      struct next_hop **out)
{
	*out = NULL;
	if (settings->next_hop.family == 0)
		return 0;
	return next_hop_get(endpoints->next_hops, settings->port, &settings->next_hop, out);
}

static struct command_item *endpoints_item(enum command_type type, unsigned moves,
					   const struct endpoints_answer *answer)
{
	struct command_item *item = command_new(type, moves, answer->done, answer->arg);

	if (item) {
		item->command.sequence = answer->sequence;
		item->connection = answer->connection;
	}
	return item;
}

/* OPEN and CLOSE change the book when they are done, before the link's answer goes out: a new OPEN may follow that. */
struct endpoints_booking {
	struct endpoints *endpoints;
	struct endpoints_answer answer;
};

static struct command_item *endpoints_booked(struct endpoints *endpoints, enum command_type type,
					     void (*done)(struct command_item *item, void *arg),
					     const struct endpoints_answer *answer)
{
	struct endpoints_booking *booking = calloc(1, sizeof(*booking));
	struct endpoints_answer own = {done, booking, answer->sequence, answer->connection};
	struct command_item *item = booking ? endpoints_item(type, 0, &own) : NULL;

	if (item == NULL) {
		free(booking);
		return NULL;
	}
	*booking = (struct endpoints_booking){endpoints, *answer};
	return item;
}

static void endpoints_destroy(void *endpoint, void *flows)
{
	endpoint_destroy(flows, endpoint);
}

static void endpoints_booking_end(struct endpoints_booking *booking, struct command_item *item)
{
	if (booking->answer.done)
		booking->answer.done(item, booking->answer.arg);
	free(booking);
}

static void endpoints_open_done(struct command_item *item, void *arg)
{
	struct endpoints_booking *booking = arg;
	struct endpoints *endpoints = booking->endpoints;
	struct endpoint_entry *entry = endpoints->slots[item->command.id.index].entry;

	/* Refused: nobody but us has ever seen it. A CLOSE that was posted meanwhile finds nothing and ends the entry.
	 */
	if (item->command.result < 0 && !entry->closing) {
		endpoint_destroy(endpoints->flows, entry->endpoint);
		endpoints_forget(endpoints, entry);
	}
	endpoints_booking_end(booking, item);
}

static void endpoints_close_done(struct command_item *item, void *arg)
{
	struct endpoints_booking *booking = arg;
	struct endpoints *endpoints = booking->endpoints;
	struct endpoint_entry *entry = endpoints->slots[item->command.id.index].entry;

	/* The owner took it out of the flow table; a turn that began before may still hold a pointer to it. */
	limbo_add(endpoints->limbo, endpoints_destroy, entry->endpoint, endpoints->flows);
	endpoints_forget(endpoints, entry);
	endpoints_booking_end(booking, item);
}

static int endpoints_prepare(struct endpoints *endpoints, struct endpoint_entry *entry,
			     const struct xf_endpoint_settings *settings)
{
	struct endpoint_config config = {.id = entry->id, .owner = entry->worker, .settings = *settings};

	endpoints->seam->random(endpoints->seam->arg, &config.seed, sizeof(config.seed));
	endpoints_egress(endpoints, entry, &config.egress);
	return endpoint_create(&entry->endpoint, endpoints->flows, &config);
}

static int endpoints_may_open(const struct endpoints *endpoints, const struct xf_link_open *open)
{
	if (open->id.index >= endpoints->slot_count || open->id.generation == 0 ||
	    open->worker >= endpoints->commands->count)
		return -EINVAL;
	const struct endpoints_slot *slot = &endpoints->slots[open->id.index];
	/* A slot whose CLOSE is under way counts as open: its owner may still write it, and the new owner may be
	 * another. */
	if (slot->entry)
		return -EEXIST;
	if (open->id.generation <= slot->generation_last)
		return -ESTALE;
	return endpoints_check(endpoints, open->id.index, &open->settings);
}

int endpoints_open(struct endpoints *endpoints, const struct xf_link_open *open, const struct endpoints_answer *answer)
{
	struct next_hop *next_hop = NULL;
	struct command_item *item;

	int r = endpoints_may_open(endpoints, open);
	if (r < 0)
		return r;
	struct endpoint_entry *entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	entry->id = open->id;
	entry->worker = open->worker;
	entry->port = open->settings.port;
	entry->timeout_ns = open->settings.timeout_ns;
	entry->instance = endpoints->instance;
	if ((r = endpoints_next_hop(endpoints, &open->settings, &next_hop)) < 0)
		goto err;
	endpoints_set_next_hop(endpoints, entry, next_hop);
	if ((r = endpoints_prepare(endpoints, entry, &open->settings)) < 0)
		goto err;
	r = -ENOMEM;
	if ((item = endpoints_booked(endpoints, COMMAND_OPEN, endpoints_open_done, answer)) == NULL)
		goto err;
	item->command.id = open->id;
	item->command.endpoint = entry->endpoint;
	LIST_INSERT_HEAD(&endpoints->open, entry, open_link);
	endpoints->slots[open->id.index] = (struct endpoints_slot){entry, open->id.generation};
	if (open->id.generation > endpoints->generation_last)
		endpoints->generation_last = open->id.generation;
	counter32_add(&endpoints->open_count, 1);
	counter32_add(&endpoints->worker_count[entry->worker], 1);
	command_post(endpoints->commands, entry->worker, item);
	return 0;
err:
	endpoints_set_next_hop(endpoints, entry, NULL);
	endpoint_destroy(endpoints->flows, entry->endpoint);
	free(entry);
	return r;
}

int endpoints_update(struct endpoints *endpoints, const struct xf_link_update *update,
		     const struct endpoints_answer *answer)
{
	struct endpoint_entry *entry;
	struct next_hop *next_hop;

	int r = endpoints_find(endpoints, &update->id, &entry);
	if (r == 0)
		r = endpoints_check(endpoints, update->id.index, &update->settings);
	if (r < 0)
		return r;
	struct command_item *item = endpoints_item(COMMAND_UPDATE, 0, answer);
	if (item == NULL)
		return -ENOMEM;
	if ((r = endpoints_next_hop(endpoints, &update->settings, &next_hop)) < 0) {
		free(item);
		return r;
	}
	endpoints_set_next_hop(endpoints, entry, next_hop);
	entry->port = update->settings.port;
	entry->timeout_ns = update->settings.timeout_ns;
	entry->instance = endpoints->instance;
	item->command.id = update->id;
	item->command.settings = update->settings;
	endpoints_egress(endpoints, entry, &item->command.egress);
	command_post(endpoints->commands, entry->worker, item);
	return 0;
}

static int endpoints_close_entry(struct endpoints *endpoints, struct endpoint_entry *entry,
				 const struct endpoints_answer *answer)
{
	struct command_item *item = endpoints_booked(endpoints, COMMAND_CLOSE, endpoints_close_done, answer);

	if (item == NULL)
		return -ENOMEM;
	entry->closing = true;
	item->command.id = entry->id;
	command_post(endpoints->commands, entry->worker, item);
	return 0;
}

int endpoints_close(struct endpoints *endpoints, const struct xf_endpoint_id *id, const struct endpoints_answer *answer)
{
	struct endpoint_entry *entry;
	int r = endpoints_find(endpoints, id, &entry);

	return r < 0 ? r : endpoints_close_entry(endpoints, entry, answer);
}

int endpoints_capture(struct endpoints *endpoints, const struct xf_link_capture *capture,
		      const struct endpoints_answer *answer)
{
	struct endpoint_entry *entry;
	int r = endpoints_find(endpoints, &capture->id, &entry);
	struct command_item *item = r == 0 ? endpoints_item(COMMAND_CAPTURE, 0, answer) : NULL;

	if (item == NULL)
		return r < 0 ? r : -ENOMEM;
	item->command.id = capture->id;
	item->command.on = entry->captured = capture->on != 0;
	endpoints->captured_count += entry->captured;
	command_post(endpoints->commands, entry->worker, item);
	return 0;
}

static void endpoints_capture_done(struct command_item *item, void *arg)
{
}

void endpoints_capture_none(struct endpoints *endpoints)
{
	const struct endpoints_answer nobody = {.done = endpoints_capture_done};
	struct endpoint_entry *entry;

	if (endpoints->captured_count == 0)
		return;
	LIST_FOREACH(entry, &endpoints->open, open_link)
	{
		const struct xf_link_capture off = {.id = entry->id};
		/* Without memory it is copied on, and thrown away by the main thread. */
		if (entry->captured && !entry->closing)
			endpoints_capture(endpoints, &off, &nobody);
	}
	endpoints->captured_count = 0;
}

uint32_t *endpoints_copies_lost(struct endpoints *endpoints, const struct xf_endpoint_id *id)
{
	struct endpoint_entry *entry;

	return endpoints_find(endpoints, id, &entry) == 0 ? &entry->copies_lost : NULL;
}

static int endpoints_check_move(struct endpoints *endpoints, const struct xf_link_move *move, unsigned *worker,
				bool first)
{
	struct endpoint_entry *entry;
	int r = endpoints_find(endpoints, &move->to, &entry);

	if (r < 0)
		return r;
	if (!first && entry->worker != *worker)
		return -EXDEV;
	*worker = entry->worker;
	if (move->from.index == XF_ENDPOINT_NONE)
		return 0;
	if (move->from.index == XF_ENDPOINT_PROMPT)
		return xf_prompt_of(move->from) == XF_PROMPT_NONE ? -EINVAL : 0;
	if ((r = endpoints_find(endpoints, &move->from, &entry)) < 0)
		return r;
	return entry->worker == *worker ? 0 : -EXDEV;
}

int endpoints_patch(struct endpoints *endpoints, const struct xf_link_patch *patch,
		    const struct endpoints_answer *answer, uint32_t *bad)
{
	unsigned worker = 0;
	uint32_t i;

	*bad = 0;
	if (patch->count == 0 || patch->count > XF_LINK_MOVES_MAX)
		return -EINVAL;
	for (i = 0; i < patch->count; i++) {
		int r = endpoints_check_move(endpoints, &patch->moves[i], &worker, i == 0);
		if (r < 0) {
			*bad = i;
			return r;
		}
	}
	struct command_item *item = endpoints_item(COMMAND_PATCH, patch->count, answer);
	if (item == NULL)
		return -ENOMEM;
	for (i = 0; i < patch->count; i++) {
		endpoints->slots[patch->moves[i].to.index].entry->instance = endpoints->instance;
		if (patch->moves[i].from.index < endpoints->slot_count)
			endpoints->slots[patch->moves[i].from.index].entry->instance = endpoints->instance;
	}
	memcpy(&item->command.patch, patch,
	       offsetof(struct xf_link_patch, moves) + patch->count * sizeof(patch->moves[0]));
	command_post(endpoints->commands, worker, item);
	return 0;
}

void endpoints_next_hop_changed(struct next_hop *next_hop, void *arg)
{
	struct endpoints *endpoints = arg;
	struct endpoint_entry *entry;

	LIST_FOREACH(entry, &next_hop->endpoints, next_hop_link)
	{
		if (entry->dirty)
			continue;
		entry->dirty = true;
		TAILQ_INSERT_TAIL(&endpoints->dirty, entry, dirty_link);
	}
}

/* The endpoint may have been closed or updated since; the owner then refuses or has been told the same. */
static void endpoints_header_done(struct command_item *item, void *arg)
{
}

unsigned endpoints_poll(struct endpoints *endpoints)
{
	struct endpoint_entry *entry;
	unsigned done = 0;

	while ((entry = TAILQ_FIRST(&endpoints->dirty)) != NULL &&
	       endpoints->commands->outstanding < ENDPOINTS_HEADERS_OUTSTANDING) {
		struct command_item *item = command_new(COMMAND_HEADER, 0, endpoints_header_done, NULL);
		if (item == NULL)
			break;
		done++;
		TAILQ_REMOVE(&endpoints->dirty, entry, dirty_link);
		entry->dirty = false;
		if (entry->closing) {
			free(item);
			continue;
		}
		item->command.id = entry->id;
		endpoints_egress(endpoints, entry, &item->command.egress);
		command_post(endpoints->commands, entry->worker, item);
	}
	return done;
}

bool endpoints_pending(const struct endpoints *endpoints)
{
	return !TAILQ_EMPTY(&endpoints->dirty) && endpoints->commands->outstanding < ENDPOINTS_HEADERS_OUTSTANDING;
}

unsigned endpoints_sweep(struct endpoints *endpoints, uint64_t now_ns)
{
	struct endpoint_entry *entry, *next;
	unsigned done = 0;

	if (endpoints->instance == 0 || now_ns - endpoints->hello_ns < ENDPOINTS_ORPHAN_GRACE_NS)
		return 0;
	for (entry = LIST_FIRST(&endpoints->open); entry; entry = next) {
		struct xf_endpoint_state state;
		next = LIST_NEXT(entry, open_link);
		if (entry->closing || entry->instance == endpoints->instance)
			continue;
		endpoint_state(entry->endpoint, &state);
		uint64_t since_ns = state.last_rx_ns > state.opened_ns ? state.last_rx_ns : state.opened_ns;
		uint64_t limit_ns = entry->timeout_ns ? entry->timeout_ns : ENDPOINTS_ORPHAN_NS;
		if (now_ns < since_ns || now_ns - since_ns < limit_ns)
			continue;
		if (endpoints_close_entry(endpoints, entry, &(struct endpoints_answer){0}) == 0) {
			endpoints->orphan_closed(&entry->id, endpoints->arg);
			done++;
		}
	}
	return done;
}
