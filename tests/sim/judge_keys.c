/* Keys (RFC 4733): each that a leg begins to hear is ended before it hears anybody else or another one, its duration
 * never goes back, and nobody is told of more keys than were pressed. */
#include "judge.h"
#include "party.h"
#include "call/shard.h"

/* Where nothing could be sent, or the receiver has meanwhile said that it knows no keys. */
static bool excused(struct sim *sim, const struct datagram *d, const struct judge_leg *leg)
{
	const struct party *party = media_party(sim, &d->to);
	return sim->deaf[d->network] || leg->key.life != sim->dataplane_deaths || sim->plan.rude || !party ||
	       party->media.without_keys || party->media.moved;
}

void judge_key(struct sim *sim, const struct datagram *d, struct judge_leg *leg)
{
	const uint8_t *rtp = d->data;
	struct judge_key *key = &leg->key;
	uint16_t seq = (uint16_t)(rtp[2] << 8 | rtp[3]), duration = (uint16_t)(rtp[14] << 8 | rtp[15]);
	int16_t step = (int16_t)(seq - key->seq);
	bool end = rtp[13] >> 7;
	uint32_t timestamp;
	memcpy(&timestamp, rtp + 4, 4);
	bool same = key->known && key->life == sim->dataplane_deaths && key->timestamp == timestamp;
	if (key->known && key->life == sim->dataplane_deaths && step <= 0)
		return; /* late */
	if (!same && key->on && !excused(sim, d, leg))
		judge_fail(sim, "keys", "%s hears another key before the end of one", leg->call_id);
	if (same && duration < key->duration)
		judge_fail(sim, "keys", "the duration of a key goes back from %u to %u at %s", key->duration, duration,
			   leg->call_id);
	if (same && !key->on && !end)
		judge_fail(sim, "keys", "a key goes on behind its end at %s", leg->call_id);
	*key = (struct judge_key){.known = true,
				  .on = !end,
				  .seq = seq,
				  .duration = duration,
				  .timestamp = timestamp,
				  .speaker = rtp[13] & 63,
				  .life = sim->dataplane_deaths};
}

void judge_key_over(struct sim *sim, const struct datagram *d, struct judge_leg *leg, unsigned speaker)
{
	struct judge_key *key = &leg->key;
	if (key->on && key->speaker != speaker && !excused(sim, d, leg))
		judge_fail(sim, "keys", "%s hears somebody else before the end of a key", leg->call_id);
}

void judge_keys_told(struct sim *sim)
{
	struct plane *plane = world_plane(sim->world);
	const struct shard *shard = plane ? plane_shard(plane) : NULL;
	/* Who changes its SSRC in the middle of a key has begun another. */
	if (sim->plan.rude)
		return;
	for (const struct call *call = NULL; shard && (call = shard_next_call(shard, call));) {
		const uint64_t ids[] = {call->caller_leg, call->agent_leg, call->target_leg};
		for (unsigned i = 0; i < 3; i++) {
			const struct leg *leg = shard_leg(shard, ids[i]);
			for (unsigned n = 0; leg && n < sim->party_count; n++)
				if (strcmp(sim->parties[n]->call_id, leg->call_id) == 0 &&
				    leg->key_count > sim->parties[n]->media.keys)
					judge_fail(sim, "keys", "%u keys of %s are told, it pressed %u", leg->key_count,
						   leg->call_id, sim->parties[n]->media.keys);
		}
	}
}
