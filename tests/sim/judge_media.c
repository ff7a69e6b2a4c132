/* Every RTP packet that leaves: whose voice it is, to whom it goes, and that its stream is unbroken. */
#include "judge.h"
#include "party.h"

#define JUMP_MAX 6000 /* what one source may skip, twice: longer is a new line of numbers */

static struct judge_leg *leg_of_port(struct sim *sim, const struct xf_sockaddr *local)
{
	struct xf_sockaddr rtp = *local;
	rtp.port &= (uint16_t)~1u;
	/* The newest first: a port rests before it is used again. */
	for (struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next)
		if (xf_sockaddr_eq(&leg->local, &rtp))
			return leg;
	return NULL;
}

static void judge_receiver(struct sim *sim, const struct datagram *d, struct judge_leg *leg)
{
	char to[XF_SOCKADDR_STRLEN];
	const struct party *party = media_party(sim, &d->to);
	xf_sockaddr_format(&d->to, to);
	/* Where its identifiers came spoilt nobody can tell them apart. */
	if (party && (!leg->call || strcmp(party->call_id, leg->call_id) == 0))
		return;
	/* A private address in a party's SDP is what it has asked for. */
	if (sim->plan.rude && strncmp(to, "10.1.1.1:", 9) == 0)
		return;
	judge_fail(sim, "address", "media of %s goes to %s", leg->call_id, to);
}

static void judge_crossing(struct sim *sim, const struct datagram *d, const struct judge_leg *leg,
			   const struct media_mark *mark)
{
	if (mark->call == MEDIA_EVIL) {
		judge_fail(sim, "stranger-media", "a stranger's packet %u goes to %s", mark->number, leg->call_id);
		return;
	}
	const struct party *speaker = mark->party < sim->party_count ? sim->parties[mark->party] : NULL;
	if (!speaker || (leg->call && speaker->call != leg->call)) {
		judge_fail(sim, "crossing", "a packet of call %u, party %u goes to %s of call %u", mark->call,
			   mark->party, leg->call_id, leg->call ? leg->call->number : 99);
		return;
	}
	bool to_caller = leg->kind == JUDGE_CALLER, by_caller = speaker->kind == PARTY_CALLER;
	if (to_caller == by_caller)
		judge_fail(sim, "crossing", "%s %u is heard by %s", party_names[speaker->kind], speaker->number,
			   leg->call_id);
}

/* One law of G.711 is turned into the other where the receiver has only that, and nothing else is touched. */
static void judge_law(struct sim *sim, const struct judge_leg *leg, uint8_t pt, const struct media_mark *mark)
{
	bool other = (pt == 0 && mark->pt == 8) || (pt == 8 && mark->pt == 0);
	if (pt != mark->pt && !other)
		judge_fail(sim, "law", "payload type %u leaves as %u to %s", mark->pt, pt, leg->call_id);
	else if (mark->converted != other)
		judge_fail(sim, "law", "payload type %u leaves as %u to %s, octets %sconverted", mark->pt, pt,
			   leg->call_id, mark->converted ? "" : "not ");
}

static uint32_t hash(const uint8_t *data, size_t len)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * 16777619u;
	return h;
}

/* What a packet holds, in whichever law of G.711: that may change between a packet and its double. */
static uint32_t content(const uint8_t *payload, size_t len)
{
	struct media_mark mark = {0};
	if (!media_read(&mark, payload, len))
		return hash(payload, len);
	mark.converted = false;
	return hash((const uint8_t *)&mark, sizeof(mark));
}

static void stream_begin(struct sim *sim, struct judge_leg *leg, uint32_t ssrc, uint16_t seq, uint32_t timestamp)
{
	struct judge_stream *s = &leg->stream;
	*s = (struct judge_stream){.begun = true, .ssrc = ssrc, .highest = 0x10000u + seq, .timestamp = timestamp};
	leg->stream_life = sim->dataplane_deaths;
}

/* key: a key's packets have the time of its beginning. */
static void judge_stream(struct sim *sim, struct judge_leg *leg, const uint8_t *rtp, size_t len, bool key)
{
	struct judge_stream *s = &leg->stream;
	uint16_t seq = (uint16_t)(rtp[2] << 8 | rtp[3]);
	uint32_t timestamp, ssrc;
	memcpy(&timestamp, rtp + 4, 4);
	memcpy(&ssrc, rtp + 8, 4);
	timestamp = ntohl(timestamp);
	ssrc = ntohl(ssrc);
	if (!s->begun || leg->stream_life != sim->dataplane_deaths)
		stream_begin(sim, leg, ssrc, seq, timestamp);
	if (ssrc != s->ssrc)
		judge_fail(sim, "stream", "SSRC of %s changes from %08x to %08x", leg->call_id, s->ssrc, ssrc);
	int32_t step = (int16_t)(seq - (uint16_t)s->highest);
	uint32_t number = s->highest + (uint32_t)step, h = content(rtp + 12, len - 12);
	unsigned at = number % 64;
	if (s->last[at].seq == number && (s->last[at].hash != h || s->last[at].timestamp != timestamp))
		judge_fail(sim, "stream", "two packets of %s have the number %u", leg->call_id, seq);
	if (step > JUMP_MAX || step < -JUMP_MAX)
		judge_fail(sim, "stream", "the numbers of %s jump by %d to %u", leg->call_id, step, seq);
	if (step > 0 && s->packets && (int32_t)(timestamp - s->timestamp) <= 0 && !sim->plan.rude && !key)
		judge_fail(sim, "stream", "the time of %s goes back from %u to %u", leg->call_id, s->timestamp,
			   timestamp);
	if (step < 0 && (int32_t)(timestamp - s->timestamp) > 0 && !sim->plan.rude && !key)
		judge_fail(sim, "stream", "an earlier number of %s, %u, has a later time", leg->call_id, seq);
	s->last[at].seq = number;
	s->last[at].hash = h;
	s->last[at].timestamp = timestamp;
	if (step > 0 || !s->packets) {
		s->highest = number;
		if (!key || (int32_t)(timestamp - s->timestamp) > 0)
			s->timestamp = timestamp;
	}
	s->packets++;
}

/* What is sent on hold, in either law. */
static bool is_silence(const uint8_t *payload, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (payload[i] != 0xff && payload[i] != 0xd5)
			return false;
	return true;
}

void judge_rtp(struct sim *sim, const struct datagram *d)
{
	struct judge_leg *leg = leg_of_port(sim, &d->from);
	struct media_mark mark;
	char from[XF_SOCKADDR_STRLEN];
	if (!leg) {
		/* The SDP may have been lost before it was sent, for want of a neighbour. */
		if (sim->deaf[d->network])
			return;
		judge_fail(sim, "address", "media from %s, which no SDP has named", xf_sockaddr_format(&d->from, from));
		return;
	}
	judge_receiver(sim, d, leg);
	if (d->from.port & 1) {
		judge_reports(sim, d, leg);
		return;
	}
	judge_bye(sim, leg);
	if (d->len < 12)
		return;
	bool key = (d->data[1] & 0x7f) == MEDIA_KEY_PT && d->len == 16;
	if (key) {
		mark = (struct media_mark){.party = d->data[13] & 63};
		judge_crossing(sim, d, leg, &mark);
		judge_key(sim, d, leg);
	} else if (media_read(&mark, d->data + 12, d->len - 12)) {
		judge_key_over(sim, d, leg, mark.party);
		judge_crossing(sim, d, leg, &mark);
		judge_law(sim, leg, d->data[1] & 0x7f, &mark);
	} else if (leg->kind != JUDGE_CALLER && !is_silence(d->data + 12, d->len - 12)) {
		judge_fail(sim, "crossing", "a prompt is played to %s, which is no caller", leg->call_id);
	}
	judge_stream(sim, leg, d->data, d->len, key);
}
