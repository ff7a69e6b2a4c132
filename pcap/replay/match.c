#include "match.h"

#include <stdlib.h>

#define SEEN_NEW (RECORDING_NONE - 1)

void matcher_init(struct matcher *matcher, struct recording *rec)
{
	*matcher = (struct matcher){.rec = rec};
}

void matcher_fini(struct matcher *matcher)
{
	ids_fini(&matcher->ids);
	strmap_fini(&matcher->seen);
}

int output_parse(struct output *output, const char *data, size_t len)
{
	int r = sip_text_parse(&output->text, data, len);
	if (r < 0)
		return r;
	output->data = data;
	output->len = len;
	facts_read(&output->facts, &output->text);
	return 0;
}

static bool same(struct sip_text_span a, struct sip_text_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* ---- finding the recorded like */

static unsigned status_class(unsigned status)
{
	return status == 100 ? 0 : status < 200 ? 1 : status < 300 ? 2 : 3;
}

/* Of the recorded answers to the same request: the same status, else one of its class. */
static uint32_t find_response(const struct recording *rec, uint32_t asked, const struct facts *facts)
{
	uint32_t best = RECORDING_NONE;
	for (uint32_t i = rec->entries[asked].first_answer; i != RECORDING_NONE; i = rec->entries[i].next_answer) {
		const struct entry *entry = &rec->entries[i];
		if (!entry->out || entry->state != ENTRY_OPEN || entry->facts.request)
			continue;
		if (entry->facts.status == facts->status)
			return i;
		if (best == RECORDING_NONE && status_class(entry->facts.status) == status_class(facts->status))
			best = i;
	}
	return best;
}

/* The next one of its kind in the leg; of NOTIFYs finals go to finals, and the same words go first. */
static uint32_t find_in_leg(const struct recording *rec, uint32_t leg_index, const struct facts *facts)
{
	const struct script_leg *leg = &rec->legs[leg_index];
	uint32_t first = RECORDING_NONE;
	for (uint32_t n = 0; n < leg->count; n++) {
		const struct entry *entry = &rec->entries[leg->entries[n]];
		const struct facts *recorded = &entry->facts;
		if (!entry->out || !recorded->request || entry->state != ENTRY_OPEN ||
		    entry->repeats != RECORDING_NONE || strcmp(recorded->method, facts->method) != 0 ||
		    recorded->final_notify != facts->final_notify || !recorded->to_tag.at != !facts->to_tag.at)
			continue;
		if (!facts->sipfrag.at || same(recorded->sipfrag, facts->sipfrag))
			return leg->entries[n];
		if (first == RECORDING_NONE)
			first = leg->entries[n];
	}
	return first;
}

/* Which of the recorded opening requests this one is: to the same peer, best with the same users. */
static uint32_t find_opening(struct matcher *matcher, const struct output *output)
{
	struct recording *rec = matcher->rec;
	uint32_t best = RECORDING_NONE, first = RECORDING_NONE;
	unsigned best_score = 0;
	struct sip_text_span user = sip_text_uri_user(output->facts.ruri);
	for (uint32_t i = matcher->open_first; i < rec->entry_count; i++) {
		const struct entry *entry = &rec->entries[i];
		if (!entry->out || !entry->facts.request || entry->state != ENTRY_OPEN || entry->facts.to_tag.at ||
		    entry->repeats != RECORDING_NONE || entry->leg == RECORDING_NONE ||
		    rec->legs[entry->leg].opening != i)
			continue;
		if (first == RECORDING_NONE)
			first = i;
		struct xf_addr shown = recording_shown(rec, &entry->to.addr);
		if (strcmp(entry->facts.method, output->facts.method) != 0 ||
		    !parties_same_peer(rec->config, &shown, &output->to.addr))
			continue;
		unsigned score = 1u + 2u * xf_addr_eq(&shown, &output->to.addr) +
				 4u * same(sip_text_uri_user(entry->facts.ruri), user) +
				 8u * same(entry->facts.from_user, output->facts.from_user);
		if (score > best_score) {
			best = i;
			best_score = score;
		}
		if (score == 15)
			break;
	}
	matcher->open_first = first == RECORDING_NONE ? rec->entry_count : first;
	return best;
}

/* ---- learning */

static bool keep(char **place, struct sip_text_span value)
{
	if (!value.at || (*place && strlen(*place) == value.len && memcmp(*place, value.at, value.len) == 0))
		return true;
	char *copy = strndup(value.at, value.len);
	if (!copy)
		return false;
	free(*place);
	*place = copy;
	return true;
}

static int learn_leg(struct recording *rec, uint32_t index, const struct output *output)
{
	struct script_leg *leg = &rec->legs[index];
	const struct facts *facts = &output->facts;
	if (!leg->call_id) {
		if (!keep(&leg->call_id, facts->call_id) ||
		    strmap_set(&rec->leg_by_live, facts->call_id.at, facts->call_id.len, index) < 0)
			return -ENOMEM;
	}
	/* a 100 has no tag of its own, and a refusal makes no dialog */
	if (facts->request
		? !keep(&leg->tag, facts->from_tag)
		: facts->to_tag.at && facts->status > 100 && facts->status < 300 && !keep(&leg->tag, facts->to_tag))
		return -ENOMEM;
	if ((facts->request || facts->status < 300) && !keep(&leg->contact, facts->contact))
		return -ENOMEM;
	if (facts->media.port)
		leg->media = facts->media;
	if (facts->request)
		leg->network = output->network;
	return 0;
}

static int learn_pair(struct matcher *matcher, struct entry *entry, const struct output *output)
{
	const struct facts *recorded = &entry->facts, *live = &output->facts;
	uint32_t party = matcher->rec->legs[entry->leg].party;
	int r = ids_learn(&matcher->ids, ID_CALL, party, recorded->call_id, live->call_id);
	if (r == 0)
		r = recorded->request ? ids_learn(&matcher->ids, ID_TAG, party, recorded->from_tag, live->from_tag)
				      : ids_learn(&matcher->ids, ID_TAG, party, recorded->to_tag, live->to_tag);
	if (r == 0)
		r = ids_learn(&matcher->ids, ID_URI, party, recorded->contact, live->contact);
	if (r == 0)
		r = ids_learn(&matcher->ids, ID_NONCE, party, recorded->nonce, live->nonce);
	if (r < 0)
		return r;
	entry->state = ENTRY_DONE;
	entry->live_ns = output->ns;
	recording_bye(matcher->rec, entry);
	entry->live_to = output->to;
	if (live->request) {
		entry->live = malloc(output->len + 1);
		if (!entry->live)
			return -ENOMEM;
		memcpy(entry->live, output->data, output->len);
		entry->live[output->len] = 0;
		entry->live_len = output->len;
	}
	return 0;
}

static void find(struct matcher *matcher, const struct output *output, struct match *match)
{
	struct recording *rec = matcher->rec;
	const struct facts *facts = &output->facts;
	match->leg = recording_live_leg(rec, facts->call_id);
	if (!facts->request) {
		if (match->leg != RECORDING_NONE)
			match->asked = recording_request(rec, match->leg, false, facts);
		if (match->asked != RECORDING_NONE)
			match->entry = find_response(rec, match->asked, facts);
		return;
	}
	match->entry = match->leg != RECORDING_NONE ? find_in_leg(rec, match->leg, facts)
		       : facts->to_tag.at	    ? RECORDING_NONE
						    : find_opening(matcher, output);
	if (match->entry != RECORDING_NONE)
		match->leg = rec->entries[match->entry].leg;
}

int match_output(struct matcher *matcher, const struct output *output, struct match *match)
{
	struct recording *rec = matcher->rec;
	struct {
		struct xf_sockaddr to;
		uint64_t len, hash;
	} key = {output->to, output->len, strmap_hash(output->data, output->len)};
	uint32_t seen = strmap_get(&matcher->seen, &key, sizeof(key));
	*match = (struct match){.leg = RECORDING_NONE, .entry = RECORDING_NONE, .asked = RECORDING_NONE};
	if (seen != STRMAP_NONE) {
		match->repeated = true;
		match->entry = seen == SEEN_NEW ? RECORDING_NONE : seen;
		match->leg = match->entry == RECORDING_NONE ? recording_live_leg(rec, output->facts.call_id)
							    : rec->entries[match->entry].leg;
		return 0;
	}
	find(matcher, output, match);
	int r = 0;
	if (match->entry != RECORDING_NONE)
		r = learn_pair(matcher, &rec->entries[match->entry], output);
	if (r == 0 && match->leg != RECORDING_NONE)
		r = learn_leg(rec, match->leg, output);
	if (match->asked != RECORDING_NONE && output->facts.status >= 200)
		rec->entries[match->asked].live_status = output->facts.status;
	if (r < 0)
		return r;
	return strmap_set(&matcher->seen, &key, sizeof(key), match->entry == RECORDING_NONE ? SEEN_NEW : match->entry);
}
