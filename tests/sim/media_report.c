/* What parties report in RTCP: now and then, between their packets, of what they have sent and heard. */
#include "judge.h"
#include "party.h"

static uint8_t *put(uint8_t *p, uint32_t word)
{
	word = htonl(word);
	memcpy(p, &word, sizeof(word));
	return p + sizeof(word);
}

/* About what it hears from the gateway, if it has heard anything; a stranger's words among them now and then. */
static uint8_t *put_blocks(uint8_t *p, struct party *party, unsigned *count)
{
	struct judge_leg *leg = judge_leg(party->sim, party->call_id);
	struct media *m = &party->media;
	if (party_chance(party, 100)) {
		p = put(put(put(put(put(put(p, 0x5a5a5a5a), 77), 77), 77), 77), 77);
		++*count;
	}
	if (!leg || !leg->stream.begun)
		return p;
	m->lost += party_roll(party, 3);
	++*count;
	p = put(put(p, leg->stream.ssrc), party_roll(party, 256) << 24 | m->lost);
	return put(put(put(put(p, leg->stream.highest), party_roll(party, 400)), party_roll(party, 9) << 16), 0x1000);
}

void media_report(struct party *party)
{
	struct media *m = &party->media;
	struct xf_sockaddr from = m->source, to = m->remote;
	uint8_t packet[160], *p = packet, *head = packet;
	unsigned count = 0;
	uint32_t now = m->timestamp + (uint32_t)((sim_now(party->sim) - m->last_ns) / 125000); /* 8 kHz */
	bool sender = m->number > 0 && party_chance(party, 700);
	p = put(put(p, 0), m->ssrc);
	if (sender)
		p = put(put(put(put(put(p, 0x10000 + party->number), m->number), now), m->number), m->number * 160);
	p = put_blocks(p, party, &count);
	put(head, 0x80000000u | count << 24 | (sender ? 200u : 201u) << 16 | (uint32_t)((p - head) / 4 - 1));
	p = put(put(p, 0x81ca0004), m->ssrc);
	memcpy(p, "\1\6secret\0\0\0", 12); /* no network is told it */
	p += 12;
	if (party_chance(party, 100))
		p = put(put(p, 0x81cb0001), m->ssrc); /* and goes on, as nobody should */
	from.port++;
	to.port++;
	network_send(party->sim, &from, &to, packet, (size_t)(p - packet));
}
