#include "recording.h"

#include <stdlib.h>

int recording_create(struct recording **out, const struct config *config, const struct parties *parties)
{
	struct recording *rec = calloc(1, sizeof(*rec));
	if (!rec)
		return -ENOMEM;
	rec->config = config;
	rec->parties = parties;
	*out = rec;
	return 0;
}

void recording_destroy(struct recording *rec)
{
	if (!rec)
		return;
	for (uint32_t i = 0; i < rec->entry_count; i++) {
		free(rec->entries[i].data);
		free(rec->entries[i].live);
		free(rec->entries[i].why);
	}
	for (uint32_t i = 0; i < rec->leg_count; i++) {
		struct script_leg *leg = &rec->legs[i];
		free(leg->entries);
		free(leg->call_id);
		free(leg->tag);
		free(leg->contact);
	}
	free(rec->entries);
	free(rec->legs);
	free(rec->sinks);
	struct strmap *maps[] = {&rec->leg_by_id,  &rec->leg_by_live,  &rec->requests,	&rec->seen,
				 &rec->sink_by_at, &rec->source_by_at, &rec->network_of};
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		strmap_fini(maps[i]);
	names_fini(&rec->names);
	free(rec);
}

/* Makes room for one more element. */
static bool room_for(void **items, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return true;
	uint32_t more = *room ? *room * 2 : 16;
	void *bigger = realloc(*items, more * size);
	if (!bigger)
		return false;
	*items = bigger;
	*room = more;
	return true;
}

/* ---- keys */

struct key {
	char bytes[320];
	size_t len;
};

static void key_put(struct key *key, const void *data, size_t len)
{
	/* what does not fit counts by its hash */
	if (len + 2 > sizeof(key->bytes) - key->len || len > 200) {
		uint64_t hash = strmap_hash(data, len);
		if (key->len + sizeof(hash) > sizeof(key->bytes))
			key->len = sizeof(key->bytes) - sizeof(hash);
		memcpy(key->bytes + key->len, &hash, sizeof(hash));
		key->len += sizeof(hash);
		return;
	}
	if (len)
		memcpy(key->bytes + key->len, data, len);
	key->len += len;
	key->bytes[key->len++] = '\n';
}

static struct key leg_key(uint32_t party, struct sip_text_span call_id)
{
	struct key key = {.len = 0};
	key_put(&key, &party, sizeof(party));
	key_put(&key, call_id.at, call_id.len);
	return key;
}

static struct key request_key(uint32_t leg, bool out, const char *what, uint32_t number, struct sip_text_span branch)
{
	struct key key = {.len = 0};
	key_put(&key, &leg, sizeof(leg));
	key_put(&key, &number, sizeof(number));
	key_put(&key, out ? "o" : "i", 1);
	key_put(&key, what, strlen(what));
	key_put(&key, branch.at, branch.len);
	return key;
}

/* ---- what a unit is */

static unsigned addr_hash(const struct xf_addr *addr)
{
	uint64_t words[2];
	memcpy(words, addr->bytes, sizeof(words));
	return (unsigned)((words[0] * 0x9e3779b97f4a7c15ull ^ words[1] * 0xff51afd7ed558ccdull) >> 56);
}

/* As parties_network, for every packet of the capture. */
static uint32_t own_network(struct recording *rec, const struct xf_addr *addr)
{
	struct own_address *known = &rec->own[addr_hash(addr)];
	if (!xf_addr_eq(&known->addr, addr)) {
		known->addr = *addr;
		known->network = parties_network(rec->config, addr);
	}
	return known->network;
}

bool recording_is_input(struct recording *rec, const struct capture_unit *unit)
{
	if (rec->parties->as)
		return parties_find(rec->parties, &unit->from.addr) != PARTY_NONE;
	return own_network(rec, &unit->to.addr) != XF_NONE && own_network(rec, &unit->from.addr) == XF_NONE;
}

bool recording_is_output(struct recording *rec, const struct capture_unit *unit)
{
	if (rec->parties->as)
		return parties_find(rec->parties, &unit->to.addr) != PARTY_NONE;
	return own_network(rec, &unit->from.addr) != XF_NONE && own_network(rec, &unit->to.addr) == XF_NONE;
}

/* ---- legs and what belongs together */

static uint32_t leg_make(struct recording *rec, uint32_t party, const struct entry *entry, uint32_t index)
{
	struct key key = leg_key(party, entry->facts.call_id);
	uint32_t found = strmap_get(&rec->leg_by_id, key.bytes, key.len);
	if (found != STRMAP_NONE)
		return found;
	if (!room_for((void **)&rec->legs, rec->leg_count, &rec->leg_room, sizeof(*rec->legs)) ||
	    strmap_set(&rec->leg_by_id, key.bytes, key.len, rec->leg_count) < 0) {
		rec->out_of_memory = true;
		return RECORDING_NONE;
	}
	struct script_leg *leg = &rec->legs[rec->leg_count];
	*leg = (struct script_leg){
	    .party = party,
	    .by_party = entry->out != entry->facts.request, /* it asks, or it is answered */
	    .opening = index,
	    .network = party == PARTY_NONE
			   ? parties_network(rec->config, entry->out ? &entry->from.addr : &entry->to.addr)
			   : rec->parties->named[party].network,
	};
	if (leg->by_party && entry->facts.request && facts_is(&entry->facts, "INVITE") && !entry->facts.to_tag.at)
		leg->call = ++rec->calls;
	return rec->leg_count++;
}

static void leg_append(struct recording *rec, uint32_t index)
{
	struct script_leg *leg = &rec->legs[rec->entries[index].leg];
	if (!room_for((void **)&leg->entries, leg->count, &leg->room, sizeof(*leg->entries))) {
		rec->out_of_memory = true;
		return;
	}
	leg->entries[leg->count++] = index;
}

/* Is it byte by byte what came before in that direction of the leg? */
static uint32_t find_repeated(struct recording *rec, const struct entry *entry, uint32_t index)
{
	struct {
		uint32_t leg, out;
		uint64_t len, hash;
	} key = {entry->leg, entry->out, entry->len, strmap_hash(entry->data, entry->len)};
	uint32_t first = strmap_get(&rec->seen, &key, sizeof(key));
	if (first != STRMAP_NONE) {
		const struct entry *other = &rec->entries[first];
		return other->len == entry->len && memcmp(other->data, entry->data, entry->len) == 0 ? first
												     : RECORDING_NONE;
	}
	if (strmap_set(&rec->seen, &key, sizeof(key), index) < 0)
		rec->out_of_memory = true;
	return RECORDING_NONE;
}

static uint32_t find_key(const struct recording *rec, struct key key)
{
	return strmap_get(&rec->requests, key.bytes, key.len); /* STRMAP_NONE is RECORDING_NONE */
}

static void set_key(struct recording *rec, struct key key, uint32_t index, bool replace)
{
	if ((replace || find_key(rec, key) == RECORDING_NONE) &&
	    strmap_set(&rec->requests, key.bytes, key.len, index) < 0)
		rec->out_of_memory = true;
}

uint32_t recording_request(const struct recording *rec, uint32_t leg, bool out, const struct facts *facts)
{
	return find_key(rec, request_key(leg, out, facts->method, facts->cseq, facts->branch));
}

/* Ties the entry to what it answers. */
static void tie(struct recording *rec, struct entry *entry, uint32_t index)
{
	const struct facts *facts = &entry->facts;
	const struct sip_text_span none = {NULL, 0};
	if (!facts->request) {
		entry->answers = recording_request(rec, entry->leg, !entry->out, facts);
		if (facts->status == 487 && !entry->out && facts_is(facts, "INVITE"))
			entry->cancelled_by =
			    find_key(rec, request_key(entry->leg, true, "CANCEL", facts->cseq, facts->branch));
		if (facts->status >= 200 && facts_is(facts, "INVITE") && entry->repeats == RECORDING_NONE)
			set_key(rec, request_key(entry->leg, entry->out, "final", facts->cseq, none), index, true);
		if (facts->rseq)
			set_key(rec, request_key(entry->leg, entry->out, "reliable", facts->rseq, none), index, false);
	} else if (facts_is(facts, "ACK")) {
		entry->answers = find_key(rec, request_key(entry->leg, !entry->out, "final", facts->cseq, none));
	} else if (facts_is(facts, "PRACK")) {
		entry->answers = find_key(rec, request_key(entry->leg, !entry->out, "reliable", facts->rack, none));
	}
	if (facts->request)
		set_key(rec, request_key(entry->leg, entry->out, facts->method, facts->cseq, facts->branch), index,
			false);
	if (entry->answers == RECORDING_NONE || entry->repeats != RECORDING_NONE)
		return;
	struct entry *asked = &rec->entries[entry->answers];
	if (asked->first_answer == RECORDING_NONE)
		asked->first_answer = index;
	else
		rec->entries[asked->last_answer].next_answer = index;
	asked->last_answer = index;
}

static void add_sink(struct recording *rec, const struct entry *entry)
{
	struct xf_sockaddr at = recording_canonical(rec, &entry->facts.media);
	if (!room_for((void **)&rec->sinks, rec->sink_count, &rec->sink_room, sizeof(*rec->sinks))) {
		rec->out_of_memory = true;
		return;
	}
	uint32_t last = strmap_get(&rec->sink_by_at, &at, sizeof(at));
	if (last == STRMAP_NONE) {
		if (strmap_set(&rec->sink_by_at, &at, sizeof(at), rec->sink_count) < 0) {
			rec->out_of_memory = true;
			return;
		}
	} else {
		while (rec->sinks[last].next != RECORDING_NONE)
			last = rec->sinks[last].next;
		if (rec->sinks[last].leg == entry->leg)
			return;
		rec->sinks[last].next = rec->sink_count;
	}
	rec->sinks[rec->sink_count++] =
	    (struct sink){.at = at, .ns = entry->ns, .leg = entry->leg, .next = RECORDING_NONE};
}

static void learn_name(struct recording *rec, const struct entry *entry)
{
	struct sip_text text;
	if (!entry->out || !entry->facts.request || sip_text_parse(&text, entry->data, entry->len) < 0)
		return;
	/* with a Route, or to a place that --host or maddr chose, the address is not that of the host */
	struct xf_addr shown = recording_shown(rec, &entry->to.addr);
	if (sip_text_find(&text, "Route", 0) < 0 &&
	    names_add(&rec->names, sip_text_uri_host(entry->facts.ruri), &shown, NAME_REQUEST) < 0)
		rec->out_of_memory = true;
	sip_text_fini(&text);
}

static void add_entry(struct recording *rec, const struct capture_unit *unit, bool out, uint32_t party)
{
	static struct sip_text text; /* big; one thread, and nothing of it is kept */
	struct entry entry = {.number = unit->number,
			      .ns = unit->ns,
			      .from = unit->from,
			      .to = unit->to,
			      .len = unit->len,
			      .leg = RECORDING_NONE,
			      .repeats = RECORDING_NONE,
			      .answers = RECORDING_NONE,
			      .first_answer = RECORDING_NONE,
			      .last_answer = RECORDING_NONE,
			      .next_answer = RECORDING_NONE,
			      .cancelled_by = RECORDING_NONE,
			      .out = out,
			      .tcp = unit->kind == CAPTURE_SIP_TCP,
			      .cut = unit->cut};
	uint32_t index = rec->entry_count;
	entry.data = malloc(unit->len + 1);
	if (!entry.data ||
	    !room_for((void **)&rec->entries, rec->entry_count, &rec->entry_room, sizeof(*rec->entries))) {
		free(entry.data);
		rec->out_of_memory = true;
		return;
	}
	memcpy(entry.data, unit->data, unit->len);
	entry.data[unit->len] = 0;
	rec->counts.sip_in += !out;
	rec->counts.sip_out += out;
	if (sip_text_parse(&text, entry.data, entry.len) == 0) {
		facts_read(&entry.facts, &text);
		sip_text_fini(&text);
	}
	rec->entries[rec->entry_count++] = entry;
	struct entry *kept = &rec->entries[index];
	if (kept->facts.call_id.at && kept->facts.method[0])
		kept->leg = leg_make(rec, party, kept, index);
	if (kept->leg == RECORDING_NONE)
		return;
	leg_append(rec, index);
	kept->repeats = find_repeated(rec, kept, index);
	tie(rec, kept, index);
	if (kept->facts.media.port && out)
		add_sink(rec, kept);
	struct xf_sockaddr media = kept->facts.media;
	if (media.port && !out && strmap_set(&rec->source_by_at, &media, sizeof(media), kept->leg) < 0)
		rec->out_of_memory = true;
	learn_name(rec, kept);
}

static void learn_network(struct recording *rec, const struct xf_addr *remote, uint32_t network)
{
	struct xf_addr *learnt = &rec->learnt[addr_hash(remote)];
	if (xf_addr_eq(learnt, remote))
		return;
	*learnt = *remote;
	if (network != XF_NONE && strmap_get(&rec->network_of, remote, sizeof(*remote)) == STRMAP_NONE &&
	    strmap_set(&rec->network_of, remote, sizeof(*remote), network) < 0)
		rec->out_of_memory = true;
}

static void add_sides(struct recording *rec, const struct capture_unit *unit, bool sip)
{
	bool in = recording_is_input(rec, unit), out = recording_is_output(rec, unit);
	rec->gateway_packets += in || out;
	if (rec->parties->as) {
		uint32_t from = parties_find(rec->parties, &unit->from.addr),
			 to = parties_find(rec->parties, &unit->to.addr);
		if (from != PARTY_NONE)
			rec->party_seen[from] = true;
		if (to != PARTY_NONE)
			rec->party_seen[to] = true;
		/* what the other side receives is an effect of what this one sends */
		if (in && sip)
			add_entry(rec, unit, false, from);
		if (out && sip)
			add_entry(rec, unit, true, to);
		return;
	}
	if (in)
		learn_network(rec, &unit->from.addr, own_network(rec, &unit->to.addr));
	if (out)
		learn_network(rec, &unit->to.addr, own_network(rec, &unit->from.addr));
	if (sip && (in || out))
		add_entry(rec, unit, out, PARTY_NONE);
}

static void add_speaker(struct recording *rec, const struct xf_addr *addr)
{
	for (uint32_t i = 0; i < rec->speaker_count; i++)
		if (xf_addr_eq(&rec->speakers[i], addr))
			return;
	if (rec->speaker_count < RECORDING_SPEAKERS)
		rec->speakers[rec->speaker_count++] = *addr;
	else
		rec->speakers_more = true;
}

int recording_add(struct recording *rec, const struct capture_unit *unit)
{
	bool sip = sip_text_is_sip(unit->data, unit->len);
	if (!rec->begun || unit->ns < rec->first_ns)
		rec->first_ns = unit->ns;
	rec->begun = true;
	if (unit->ns > rec->last_ns)
		rec->last_ns = unit->ns;
	if (unit->kind == CAPTURE_UDP && unit->from.port == 53 && names_add_dns(&rec->names, unit->data, unit->len) < 0)
		rec->out_of_memory = true;
	if (sip && rec->talker[0].port == 0) {
		rec->talker[0] = unit->from;
		rec->talker[1] = unit->to;
	}
	if (sip) {
		add_speaker(rec, &unit->from.addr);
		add_speaker(rec, &unit->to.addr);
	}
	add_sides(rec, unit, sip);
	return rec->out_of_memory ? -ENOMEM : 0;
}
