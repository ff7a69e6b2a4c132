#include "track.h"

#include <stdlib.h>

#define SMALL_SIZE  320
#define LARGE_SIZE  2048
#define CHUNK_SLOTS 256

int tracks_init(struct tracks *tracks, struct recording *rec, struct capture_ahead *reader, uint64_t shift_ns)
{
	*tracks = (struct tracks){
	    .rec = rec, .reader = reader, .shift_ns = shift_ns, .bucket_count = 1024, .latest = TRACK_NONE};
	tracks->read_ns = reader ? rec->first_ns : UINT64_MAX;
	tracks->buckets = calloc(tracks->bucket_count, sizeof(*tracks->buckets));
	tracks->of_leg = malloc((rec->leg_count + 1) * sizeof(*tracks->of_leg));
	if (!tracks->buckets || !tracks->of_leg)
		return -ENOMEM;
	for (uint32_t i = 0; i <= rec->leg_count; i++)
		tracks->of_leg[i] = TRACK_NONE;
	return 0;
}

void tracks_fini(struct tracks *tracks)
{
	for (uint32_t i = 0; i < tracks->count; i++)
		while (tracks->items[i].first) {
			struct track_slot *slot = tracks->items[i].first;
			tracks->items[i].first = slot->next;
			if (slot->size > LARGE_SIZE)
				free(slot);
		}
	for (unsigned i = 0; i < tracks->chunk_count; i++)
		free(tracks->chunks[i]);
	capture_ahead_stop(tracks->reader);
	heap_fini(&tracks->due);
	free(tracks->chunks);
	free(tracks->items);
	free(tracks->buckets);
	free(tracks->of_leg);
	*tracks = (struct tracks){0};
}

/* ---- slots */

static bool add_chunk(struct tracks *tracks, struct track_slot **list, uint32_t size)
{
	size_t step = (sizeof(struct track_slot) + size + 15) & ~(size_t)15;
	void **chunks = realloc(tracks->chunks, (tracks->chunk_count + 1) * sizeof(*chunks));
	char *chunk = chunks ? malloc(step * CHUNK_SLOTS) : NULL;
	if (chunks)
		tracks->chunks = chunks;
	if (!chunk)
		return false;
	tracks->chunks[tracks->chunk_count++] = chunk;
	for (unsigned i = 0; i < CHUNK_SLOTS; i++) {
		struct track_slot *slot = (struct track_slot *)(void *)(chunk + i * step);
		slot->size = size;
		slot->next = *list;
		*list = slot;
	}
	return true;
}

static struct track_slot *slot_take(struct tracks *tracks, size_t len)
{
	if (len > LARGE_SIZE) {
		struct track_slot *slot = malloc(sizeof(*slot) + len);
		if (slot)
			slot->size = (uint32_t)len;
		return slot;
	}
	struct track_slot **list = len <= SMALL_SIZE ? &tracks->small : &tracks->large;
	if (!*list && !add_chunk(tracks, list, len <= SMALL_SIZE ? SMALL_SIZE : LARGE_SIZE))
		return NULL;
	struct track_slot *slot = *list;
	*list = slot->next;
	return slot;
}

static void slot_give(struct tracks *tracks, struct track_slot *slot)
{
	if (slot->size > LARGE_SIZE) {
		free(slot);
		return;
	}
	struct track_slot **list = slot->size == SMALL_SIZE ? &tracks->small : &tracks->large;
	slot->next = *list;
	*list = slot;
}

/* ---- tracks by addresses */

static uint32_t hash_ends(const struct xf_sockaddr *from, const struct xf_sockaddr *to)
{
	uint64_t words[6], h = 0x9e3779b97f4a7c15ull;
	memcpy(words, from, sizeof(*from));
	memcpy(words + 3, to, sizeof(*to));
	for (unsigned i = 0; i < 6; i++)
		h = (h ^ words[i]) * 0xff51afd7ed558ccdull, h ^= h >> 32;
	return (uint32_t)h;
}

static uint32_t *bucket_of(const struct tracks *tracks, const struct xf_sockaddr *from, const struct xf_sockaddr *to)
{
	for (uint32_t i = hash_ends(from, to);; i++) {
		uint32_t *bucket = &tracks->buckets[i & (tracks->bucket_count - 1)];
		const struct track *track = *bucket ? &tracks->items[*bucket - 1] : NULL;
		if (!track || (xf_sockaddr_eq(&track->from, from) && xf_sockaddr_eq(&track->to, to)))
			return bucket;
	}
}

/* Track of a packet that was read; TRACK_NONE. */
static uint32_t track_of(struct tracks *tracks, const struct capture_unit *unit)
{
	uint32_t before = tracks->latest, found = before == TRACK_NONE ? TRACK_NONE : tracks->items[before].follower;
	if (found == TRACK_NONE || !xf_sockaddr_eq(&tracks->items[found].from, &unit->from) ||
	    !xf_sockaddr_eq(&tracks->items[found].to, &unit->to) || unit->ns >= tracks->items[found].until_ns) {
		uint32_t bucket = *bucket_of(tracks, &unit->from, &unit->to);
		if (bucket == 0)
			return TRACK_NONE;
		found = bucket - 1;
		if (before != TRACK_NONE)
			tracks->items[before].follower = found;
	}
	tracks->latest = found;
	return found;
}

static bool grow_buckets(struct tracks *tracks)
{
	struct tracks bigger = *tracks;
	bigger.bucket_count *= 2;
	bigger.buckets = calloc(bigger.bucket_count, sizeof(*bigger.buckets));
	if (!bigger.buckets)
		return false;
	/* later ones of the same ends take the place of earlier ones */
	for (uint32_t i = 0; i < tracks->count; i++)
		*bucket_of(&bigger, &tracks->items[i].from, &tracks->items[i].to) = i + 1;
	free(tracks->buckets);
	tracks->buckets = bigger.buckets;
	tracks->bucket_count = bigger.bucket_count;
	return true;
}

static struct track *track_make(struct tracks *tracks, const struct capture_unit *unit)
{
	const struct recording *rec = tracks->rec;
	if (tracks->count * 2 >= tracks->bucket_count && !grow_buckets(tracks))
		return NULL;
	if (tracks->count == tracks->room) {
		uint32_t room = tracks->room ? tracks->room * 2 : 64;
		struct track *items = realloc(tracks->items, room * sizeof(*items));
		if (!items)
			return NULL;
		/* the ends of empty queues lie inside what has moved */
		for (uint32_t i = 0; i < tracks->count; i++)
			if (!items[i].first)
				items[i].last = &items[i].first;
		tracks->items = items;
		tracks->room = room;
	}
	struct track *track = &tracks->items[tracks->count];
	*track = (struct track){
	    .from = unit->from, .to = unit->to, .until_ns = UINT64_MAX, .last = &track->first, .follower = TRACK_NONE};
	uint32_t own = rec->parties->as ? XF_NONE : parties_network(rec->config, &unit->to.addr);
	track->leg = recording_media_leg(rec, &unit->from, &unit->to, unit->ns, &track->rtcp, &track->until_ns);
	/* to the gateway's SIP port, or to a port that nobody named: as it was */
	if (own != XF_NONE && unit->to.port == rec->config->networks[own].sip.port &&
	    xf_addr_eq(&unit->to.addr, &rec->config->networks[own].sip.addr))
		track->leg = RECORDING_NONE;
	track->next_of_leg = TRACK_NONE;
	if (track->leg != RECORDING_NONE) {
		track->next_of_leg = tracks->of_leg[track->leg];
		tracks->of_leg[track->leg] = tracks->count;
	}
	*bucket_of(tracks, &unit->from, &unit->to) = ++tracks->count;
	return track;
}

/* ---- where a track's datagrams go */

static void place_as_recorded(struct tracks *tracks, struct track *track)
{
	const struct config *config = tracks->rec->config;
	uint32_t network = parties_network(config, &track->to.addr);
	track->live_from = track->from;
	track->live_to = track->to;
	if (xf_addr_eq(&config->networks[network].advertise, &track->to.addr))
		track->live_to.addr = config->networks[network].sip.addr;
	track->port = config->networks[network].port;
	track->shift = (int64_t)tracks->shift_ns;
	track->placed = true;
}

/* false: the gateway has not named a port yet. */
static bool place_in_leg(struct tracks *tracks, struct track *track)
{
	const struct recording *rec = tracks->rec;
	const struct script_leg *leg = &rec->legs[track->leg];
	if (leg->media.port == 0 || leg->network == XF_NONE)
		return false;
	const struct config_network *network = &rec->config->networks[leg->network];
	track->live_to = leg->media;
	track->live_to.port = (uint16_t)(leg->media.port + track->rtcp);
	if (network->advertise.family && network->media_count && xf_addr_eq(&network->advertise, &leg->media.addr))
		track->live_to.addr = network->media[0];
	track->live_from = track->from;
	track->live_from.addr = recording_shown(rec, &track->from.addr);
	track->port = network->port;
	if (!track->placed)
		track->shift = due_shift(rec, track->leg, track->first->ns, tracks->shift_ns);
	track->placed = track->live_from.addr.family == track->live_to.addr.family;
	return track->placed;
}

static void schedule(struct tracks *tracks, uint32_t index)
{
	struct track *track = &tracks->items[index];
	uint64_t due;
	if (!track->first) {
		heap_del(&tracks->due, index);
		return;
	}
	if (track->placed)
		due = track->first->ns + (uint64_t)track->shift;
	else
		due = track->first->ns + tracks->shift_ns + TRACK_WAIT_NS;
	if (heap_set(&tracks->due, index, due, track->first->number) < 0)
		tracks->out_of_memory = true;
}

/* ---- reading */

static void take_unit(struct tracks *tracks, const struct capture_unit *unit, struct track *track)
{
	if (!track || unit->ns >= track->until_ns)
		track = track_make(tracks, unit);
	struct track_slot *slot = track ? slot_take(tracks, unit->len) : NULL;
	if (!slot) {
		tracks->out_of_memory = true;
		return;
	}
	uint32_t index = (uint32_t)(track - tracks->items);
	bool first = !track->first;
	slot->next = NULL;
	slot->ns = unit->ns;
	slot->number = unit->number;
	slot->len = (uint32_t)unit->len;
	memcpy(slot->bytes, unit->data, unit->len);
	*track->last = slot;
	track->last = &slot->next;
	if (!first)
		return;
	if (!track->placed) {
		if (track->leg != RECORDING_NONE)
			place_in_leg(tracks, track);
		else
			place_as_recorded(tracks, track);
	}
	schedule(tracks, index);
}

/* Is it media or the like for the gateway? SIP was read the first time. */
static void offer_unit(struct tracks *tracks, const struct capture_unit *unit)
{
	uint64_t until;
	bool rtcp, wanted = false;
	if (unit->kind == CAPTURE_UDP && !sip_text_is_sip(unit->data, unit->len)) {
		uint32_t known = track_of(tracks, unit);
		if (known != TRACK_NONE) {
			take_unit(tracks, unit, &tracks->items[known]);
			return;
		}
		/* a party's media may come from another address than its signalling */
		wanted = tracks->rec->parties->as ? recording_media_leg(tracks->rec, &unit->from, &unit->to, unit->ns,
									&rtcp, &until) != RECORDING_NONE
						  : recording_is_input(tracks->rec, unit);
	}
	if (wanted) {
		take_unit(tracks, unit, NULL);
		return;
	}
	tracks->other++;
	tracks->unnamed += tracks->rec->parties->as && unit->kind == CAPTURE_UDP && unit->len >= 12 &&
			   unit->data[0] >> 6 == 2 && recording_is_input(tracks->rec, unit);
}

static void read_on(struct tracks *tracks, uint64_t now_ns)
{
	uint64_t ahead = TRACK_AHEAD_NS + tracks->lead_ns;
	while (tracks->reader && !tracks->out_of_memory && tracks->read_ns + tracks->shift_ns <= now_ns + ahead) {
		struct capture_unit unit;
		int r = capture_ahead_next(tracks->reader, &unit);
		if (r < 0)
			tracks->out_of_memory = true;
		if (r <= 0) {
			capture_ahead_stop(tracks->reader);
			tracks->reader = NULL;
			tracks->read_ns = UINT64_MAX;
			return;
		}
		uint64_t back_ns; /* told at the first reading */
		tracks->read_ns = unit.ns = clock_next(&tracks->clock, unit.ns, &back_ns);
		offer_unit(tracks, &unit);
	}
}

/* ---- going on */

uint64_t tracks_next(const struct tracks *tracks)
{
	const struct heap_item *first = heap_first(&tracks->due);
	uint64_t next = first ? first->due_ns : UINT64_MAX;
	if (tracks->reader) {
		/* half of what is read ahead may be used up before the next reading */
		uint64_t read = tracks->read_ns + tracks->shift_ns, back = TRACK_AHEAD_NS / 2 + tracks->lead_ns;
		read = read > back ? read - back : 0;
		if (read < next)
			next = read;
	}
	return next;
}

/* Has its dialog ended in this run, though not yet when the datagram was captured? */
static bool comes_too_late(const struct tracks *tracks, const struct track *track, const struct track_slot *slot)
{
	if (track->leg == RECORDING_NONE)
		return false;
	const struct script_leg *leg = &tracks->rec->legs[track->leg];
	return leg->over || (leg->bye_live_ns && slot->ns < leg->bye_recorded_ns);
}

static void send_first(struct tracks *tracks, uint32_t index, track_send send, void *arg)
{
	struct track *track = &tracks->items[index];
	struct track_slot *slot = track->first;
	if (comes_too_late(tracks, track, slot)) {
		track->left_out++;
		tracks->left_out++;
	} else if (!track->placed && !place_in_leg(tracks, track)) {
		if (track->lost++ == 0)
			track->lost_number = slot->number;
		tracks->lost++;
	} else {
		track->sent++;
		tracks->sent++;
		send(arg, track, slot);
	}
	track = &tracks->items[index];
	track->first = slot->next;
	if (!track->first)
		track->last = &track->first;
	slot_give(tracks, slot);
	schedule(tracks, index);
}

int tracks_run(struct tracks *tracks, uint64_t now_ns, track_send send, void *arg)
{
	const struct heap_item *first;
	read_on(tracks, now_ns);
	while ((first = heap_first(&tracks->due)) && first->due_ns <= now_ns)
		send_first(tracks, first->id, send, arg);
	return tracks->out_of_memory ? -ENOMEM : 0;
}

void tracks_wake(struct tracks *tracks, uint32_t leg, uint64_t lead_ns)
{
	if (lead_ns > TRACK_WAIT_NS)
		lead_ns = TRACK_WAIT_NS;
	if (lead_ns > tracks->lead_ns)
		tracks->lead_ns = lead_ns;
	for (uint32_t i = tracks->of_leg[leg]; i != TRACK_NONE; i = tracks->items[i].next_of_leg) {
		struct track *track = &tracks->items[i];
		bool placed = track->placed;
		if (!track->first)
			continue;
		place_in_leg(tracks, track);
		if (!placed)
			schedule(tracks, i);
	}
}
