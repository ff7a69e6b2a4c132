#include "endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int endpoints_init(struct endpoints *endpoints)
{
	endpoints->slot_count = endpoints->flows->media_count * XF_PORT_PAIRS;
	/* Memory that nobody has written yet costs nothing. */
	endpoints->entries = calloc(endpoints->slot_count + 1, sizeof(*endpoints->entries));
	LIST_INIT(&endpoints->copied);
	TAILQ_INIT(&endpoints->changed);
	return endpoints->entries ? 0 : -ENOMEM;
}

static uint32_t endpoints_index(const struct endpoints *endpoints, const struct endpoint_entry *entry)
{
	return (uint32_t)(entry - endpoints->entries);
}

static void endpoints_forget(struct endpoints *endpoints, struct endpoint_entry *entry)
{
	endpoints_set_next_hop(endpoints, entry, NULL);
	endpoints_capture_forget(endpoints, entry);
	endpoints_claim(endpoints, entry);
	entry->open = 0;
	counter32_add(&endpoints->open_count, -1u);
	counter32_add(&endpoints->worker_count[entry->worker], -1u);
}

void endpoints_fini(struct endpoints *endpoints)
{
	for (uint32_t i = 0; endpoints->entries && i < endpoints->slot_count && endpoints->open_count > 0; i++)
		if (endpoints->entries[i].open)
			endpoints_forget(endpoints, &endpoints->entries[i]);
	free(endpoints->entries);
	endpoints->entries = NULL;
}

void endpoints_hello(struct endpoints *endpoints, uint64_t instance, uint64_t now_ns)
{
	endpoints->hello_ns = now_ns;
	if (instance == endpoints->instance)
		return;
	endpoints->instance = instance;
	for (uint32_t i = 0; i < endpoints->slot_count; i++)
		endpoints->entries[i].claimed = 0;
	endpoints->orphan_count = endpoints->open_count;
}

void endpoints_claim(struct endpoints *endpoints, struct endpoint_entry *entry)
{
	endpoints->orphan_count -= !entry->claimed;
	entry->claimed = 1;
}

int endpoints_find(const struct endpoints *endpoints, const struct xf_endpoint_id *id, struct endpoint_entry **out)
{
	if (id->index >= endpoints->slot_count)
		return -ENOENT;
	struct endpoint_entry *entry = &endpoints->entries[id->index];
	if (id->generation < entry->generation)
		return -ESTALE;
	if (!entry->open || entry->closing)
		return -ENOENT;
	if (id->generation != entry->generation)
		return -ESTALE;
	*out = entry;
	return 0;
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

struct command_item *endpoints_item(enum command_type type, unsigned moves, const struct endpoints_answer *answer)
{
	struct command_item *item = command_new(type, moves, answer->done, answer->arg);

	if (item) {
		item->command.sequence = answer->sequence;
		item->connection = answer->connection;
	}
	return item;
}

/* OPEN and CLOSE change the book when they are done, before the link's answer goes out: a new OPEN may follow that. */
static struct command_item *endpoints_booked(struct endpoints *endpoints, enum command_type type,
					     void (*done)(struct command_item *item, void *arg),
					     const struct endpoints_answer *answer)
{
	const struct endpoints_answer own = {done, endpoints, answer->sequence, answer->connection};
	struct command_item *item = endpoints_item(type, 0, &own);

	if (item) {
		item->answer = answer->done;
		item->answer_arg = answer->arg;
	}
	return item;
}

static void endpoints_answer(struct command_item *item)
{
	if (item->answer)
		item->answer(item, item->answer_arg);
}

static void endpoints_open_done(struct command_item *item, void *arg)
{
	struct endpoints *endpoints = arg;
	struct endpoint_entry *entry = &endpoints->entries[item->command.id.index];

	/* Refused: nobody has ever seen it. A CLOSE that was posted meanwhile finds nothing and ends the entry. */
	if (item->command.result == 0)
		entry->opened = 1;
	else if (!entry->closing)
		endpoints_forget(endpoints, entry);
	endpoints_answer(item);
}

static void endpoints_close_done(struct command_item *item, void *arg)
{
	struct endpoints *endpoints = arg;

	endpoints_forget(endpoints, &endpoints->entries[item->command.id.index]);
	endpoints_answer(item);
}

static int endpoints_may_open(const struct endpoints *endpoints, const struct xf_link_open *open)
{
	if (open->id.index >= endpoints->slot_count || open->id.generation == 0 ||
	    open->worker >= endpoints->commands->count)
		return -EINVAL;
	const struct endpoint_entry *entry = &endpoints->entries[open->id.index];
	/* A slot whose CLOSE is under way counts as open: its owner may still write it, and the new owner may be
	 * another. */
	if (entry->open)
		return -EEXIST;
	if (open->id.generation <= entry->generation)
		return -ESTALE;
	return endpoints_check(endpoints, open->id.index, &open->settings);
}

/* The entry's life begins. */
static void endpoints_enter(struct endpoints *endpoints, const struct xf_link_open *open, struct next_hop *next_hop)
{
	struct endpoint_entry *entry = &endpoints->entries[open->id.index];

	*entry =
	    (struct endpoint_entry){.generation = open->id.generation, .worker = open->worker, .open = 1, .claimed = 1};
	endpoints_set_next_hop(endpoints, entry, next_hop);
	if (open->id.generation > endpoints->generation_last)
		endpoints->generation_last = open->id.generation;
	counter32_add(&endpoints->open_count, 1);
	counter32_add(&endpoints->worker_count[entry->worker], 1);
}

int endpoints_open(struct endpoints *endpoints, const struct xf_link_open *open, const struct endpoints_answer *answer)
{
	struct next_hop *next_hop;
	struct command_item *item;

	int r = endpoints_may_open(endpoints, open);
	if (r < 0)
		return r;
	if ((r = flow_provide(endpoints->flows, open->id.index)) < 0)
		return r;
	if ((item = endpoints_booked(endpoints, COMMAND_OPEN, endpoints_open_done, answer)) == NULL)
		return -ENOMEM;
	if ((r = endpoints_next_hop(endpoints, &open->settings, &next_hop)) < 0) {
		free(item);
		return r;
	}
	endpoints_enter(endpoints, open, next_hop);
	struct endpoint_config *config = command_config(item);
	item->command.id = config->id = open->id;
	config->owner = open->worker;
	config->settings = open->settings;
	endpoints_egress(endpoints, &endpoints->entries[open->id.index], open->settings.port, &config->egress);
	endpoints->seam->random(endpoints->seam->arg, &config->seed, sizeof(config->seed));
	command_post(endpoints->commands, open->worker, item);
	return 0;
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
	endpoints_claim(endpoints, entry);
	item->command.id = update->id;
	item->command.settings = update->settings;
	endpoints_egress(endpoints, entry, update->settings.port, &item->command.egress);
	/* By which way it sends until then its owner knows: other commands may be before this one. */
	item->command.egress.awaited = next_hop && !item->command.egress.resolved;
	command_post(endpoints->commands, entry->worker, item);
	return 0;
}

int endpoints_close_entry(struct endpoints *endpoints, struct endpoint_entry *entry,
			  const struct endpoints_answer *answer)
{
	struct command_item *item = endpoints_booked(endpoints, COMMAND_CLOSE, endpoints_close_done, answer);

	if (item == NULL)
		return -ENOMEM;
	entry->closing = 1;
	item->command.id = (struct xf_endpoint_id){endpoints_index(endpoints, entry), entry->generation};
	command_post(endpoints->commands, entry->worker, item);
	return 0;
}

int endpoints_close(struct endpoints *endpoints, const struct xf_endpoint_id *id, const struct endpoints_answer *answer)
{
	struct endpoint_entry *entry;
	int r = endpoints_find(endpoints, id, &entry);

	return r < 0 ? r : endpoints_close_entry(endpoints, entry, answer);
}

bool endpoints_state(const struct endpoints *endpoints, uint32_t index, struct xf_endpoint_state *state)
{
	const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE};
	const struct endpoint_entry *entry = &endpoints->entries[index];

	if (!entry->open || entry->closing)
		return false;
	if (entry->opened && endpoint_state(endpoints->flows, index, state))
		return true;
	/* Its owner has yet to open it: what is known of it is its name. */
	*state = (struct xf_endpoint_state){
	    .id = {index, entry->generation},
	    .source = nobody,
	    .armed = nobody,
	    .local = {.addr = endpoints->flows->media[xf_endpoint_local_addr(index)], .port = xf_endpoint_port(index)},
	    .worker = entry->worker,
	};
	return true;
}
