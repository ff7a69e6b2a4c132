/* Every compound packet of RTCP that leaves: of the leg's one stream, as far as that has come, about what its party has
 * sent, and a BYE behind everything else. */
#include "judge.h"
#include "party.h"

#define REPORT_NTP_1970 2208988800u
#define REPORT_BEHIND	6000 /* numbers that a report may be older than what it is about */

static uint32_t word(const uint8_t *p, unsigned i)
{
	uint32_t word;
	memcpy(&word, p + 4 * i, sizeof(word));
	return ntohl(word);
}

static void judge_sender(struct sim *sim, const struct judge_leg *leg, const uint8_t *p)
{
	const struct judge_stream *s = &leg->stream;
	double ntp = (double)word(p, 2) - REPORT_NTP_1970 + word(p, 3) / 4294967296.0, now = (double)sim_now(sim) / 1e9;
	if (!s->begun || leg->stream_life != sim->dataplane_deaths) {
		judge_fail(sim, "report", "%s is told of a stream that was not begun", leg->call_id);
		return;
	}
	/* Some may have left before the SDP that names the leg, which waited for a neighbour. */
	if ((int32_t)(word(p, 5) - (uint32_t)s->packets) < 0 || word(p, 6) > 172 * word(p, 5) ||
	    (word(p, 5) > s->packets && !sim->deaf[leg->network]))
		judge_fail(sim, "report", "%s is told of %u packets with %u octets, it was sent %lu", leg->call_id,
			   word(p, 5), word(p, 6), s->packets);
	if (ntp < now - 0.1 || ntp > now + 0.1)
		judge_fail(sim, "report", "%s is told %.3f at %.3f", leg->call_id, ntp, now);
	int32_t ahead = (int32_t)(word(p, 4) - s->timestamp);
	if (!sim->plan.rude && (ahead < -16000 || ahead > 8000 * 60))
		judge_fail(sim, "report", "the time of %s is %d units off", leg->call_id, ahead);
}

static void judge_block(struct sim *sim, const struct datagram *d, const struct judge_leg *leg, const uint8_t *p)
{
	const struct party *party = media_party(sim, &d->to);
	if (!party || sim->plan.rude)
		return;
	const struct media *m = &party->media;
	int16_t ahead = (int16_t)((uint16_t)word(p, 2) - m->seq);
	if (word(p, 0) != m->ssrc)
		judge_fail(sim, "report", "%s is told of %08x, and is %08x", leg->call_id, word(p, 0), m->ssrc);
	if (ahead > 0 || ahead < -REPORT_BEHIND)
		judge_fail(sim, "report", "%s is told of its number %u at %u", leg->call_id, (uint16_t)word(p, 2),
			   m->seq);
}

/* Report, SDES, BYE: nothing else is ever sent. False: not so. */
static bool judge_shape(const uint8_t *p, size_t len, bool *bye)
{
	size_t at = 0;
	for (unsigned n = 0; at < len; n++) {
		size_t packet = len - at < 8 ? 0 : 4 * ((word(p + at, 0) & 0xffff) + 1);
		unsigned type = packet ? p[at + 1] : 0;
		if (packet > len - at || p[at] >> 6 != 2 || p[at] & 0x20 || n > 2)
			return false;
		if (n == 0 ? type != 200 && type != 201 : type != 201 + n)
			return false;
		*bye = type == 203;
		at += packet;
	}
	return at == len;
}

void judge_reports(struct sim *sim, const struct datagram *d, struct judge_leg *leg)
{
	bool bye = false;
	if (!judge_shape(d->data, d->len, &bye)) {
		judge_fail(sim, "report", "RTCP of %s has another form", leg->call_id);
		return;
	}
	if (memmem(d->data, d->len, "secret", 6))
		judge_fail(sim, "report", "%s is told another side's name", leg->call_id);
	if (leg->lost)
		return;
	uint32_t ssrc = word(d->data, 1);
	bool began = leg->stream.begun && leg->stream_life == sim->dataplane_deaths;
	bool sender = d->data[1] == 200;
	if (began && ssrc != leg->stream.ssrc)
		judge_fail(sim, "report", "a report to %s names %08x, its stream is %08x", leg->call_id, ssrc,
			   leg->stream.ssrc);
	if (sender)
		judge_sender(sim, leg, d->data);
	if ((d->data[0] & 31) > 1)
		judge_fail(sim, "report", "%s is told of strangers", leg->call_id);
	else if (d->data[0] & 31)
		judge_block(sim, d, leg, d->data + (sender ? 28 : 8));
	judge_bye(sim, leg);
	leg->bye_said = bye;
	leg->bye_life = sim->dataplane_deaths;
}

void judge_bye(struct sim *sim, const struct judge_leg *leg)
{
	if (leg->bye_said && leg->bye_life == sim->dataplane_deaths && !leg->lost)
		judge_fail(sim, "report", "the stream of %s goes on behind its BYE", leg->call_id);
}
