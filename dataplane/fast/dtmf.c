#include <rte_ip.h>
#include "header.h"
#include "lockstep.h"
#include "loop.h"
#include "xfergate/fault.h"

#define DTMF_PAYLOAD   4
#define DTMF_END_TIMES 3      /* RFC 4733 2.5.1.4 */
#define DTMF_LONGEST   0xffff /* of a segment, in timestamp units */
#define DTMF_LOOK      32     /* slots looked at in one turn */
#define DTMF_KEY_LAST  16     /* digits, *, #, A to D, and flash (RFC 4733 table 3) */

void dtmf_init(struct dtmf *dtmf)
{
	TAILQ_INIT(&dtmf->used);
	TAILQ_INIT(&dtmf->free);
	for (unsigned i = 0; i < DTMF_SLOTS; i++)
		TAILQ_INSERT_TAIL(&dtmf->free, &dtmf->slots[i], link);
}

bool dtmf_parse(struct dtmf_event *event, const uint8_t *payload, uint16_t len)
{
	if (len < DTMF_PAYLOAD)
		return false;
	*event = (struct dtmf_event){.code = payload[0],
				     .end = payload[1] >> 7,
				     .volume = payload[1] & 0x7f,
				     .duration = (uint16_t)(payload[2] << 8 | payload[3])};
	return true;
}

static struct dtmf_slot *dtmf_slot(struct worker *w, const struct endpoint *e)
{
	return e->has_dtmf ? &w->dtmf.slots[endpoint_rest(e)->dtmf] : NULL;
}

/* NULL: there is none free. */
static struct dtmf_slot *dtmf_take(struct worker *w, struct endpoint *e)
{
	struct dtmf_slot *slot = dtmf_slot(w, e);
	if (slot)
		return slot;
	slot = TAILQ_FIRST(&w->dtmf.free);
	if (!slot) {
		counter_add(&w->stats.events_lost, 1);
		return NULL;
	}
	TAILQ_REMOVE(&w->dtmf.free, slot, link);
	TAILQ_INSERT_TAIL(&w->dtmf.used, slot, link);
	w->dtmf.count++;
	slot->endpoint = e;
	slot->in = slot->out = (struct dtmf_side){0};
	slot->keys_ns = 0;
	endpoint_rest(e)->dtmf = (uint16_t)(slot - w->dtmf.slots);
	e->has_dtmf = 1;
	return slot;
}

static void dtmf_give(struct worker *w, struct dtmf_slot *slot)
{
	slot->endpoint->has_dtmf = 0;
	TAILQ_REMOVE(&w->dtmf.used, slot, link);
	TAILQ_INSERT_TAIL(&w->dtmf.free, slot, link);
	w->dtmf.count--;
}

/* How far the packet's event is behind (< 0) or ahead of the known one; 0: it is this one. */
static int32_t dtmf_age(const struct dtmf_side *side, const struct rtp *rtp)
{
	return rtp->ssrc == side->ssrc ? (int32_t)(rtp->timestamp - side->timestamp) : INT32_MAX;
}

/* A key pressed for longer than the duration can say goes on with another timestamp (RFC 4733 2.5.1.3). */
static bool dtmf_goes_on(const struct dtmf_side *side, const struct rtp *rtp, const struct dtmf_event *event)
{
	return dtmf_age(side, rtp) == DTMF_LONGEST && event->code == side->code && !rtp->marker;
}

static void dtmf_begin(struct dtmf_side *side, const struct rtp *rtp, const struct dtmf_event *event, int codec)
{
	bool on = side->state != DTMF_NONE && dtmf_goes_on(side, rtp, event);
	*side = (struct dtmf_side){.state = on ? side->state : DTMF_ON,
				   .before = on ? side->before + DTMF_LONGEST : 0,
				   .ssrc = rtp->ssrc,
				   .timestamp = rtp->timestamp,
				   .code = event->code,
				   .codec = (uint8_t)codec};
}

/* Whether one more key may be told. A slot is kept for DTMF_LINGER_NS behind an event, which pays for all. */
static bool dtmf_may_tell(struct dtmf_slot *slot, uint64_t now_ns)
{
	uint64_t keys_ns = RTE_MAX(slot->keys_ns, now_ns);
	if (keys_ns - now_ns > (DTMF_KEYS - 1) * DTMF_KEY_NS)
		return false;
	slot->keys_ns = keys_ns + DTMF_KEY_NS;
	return true;
}

/* What is known of the latest event that came. */
static void dtmf_tell(struct worker *w, struct dtmf_slot *slot, uint64_t now_ns)
{
	struct endpoint *e = slot->endpoint;
	const struct dtmf_side *side = &slot->in;
	uint64_t units = (uint64_t)side->before + side->duration;
	uint64_t ms = units / (side->codec == XF_CODEC_EVENT48 ? 48 : 8);
	if (side->code > DTMF_KEY_LAST)
		return;
	if (e->digits < UINT8_MAX)
		shown8_set(&e->digits, (uint8_t)(e->digits + 1));
	if (!dtmf_may_tell(slot, now_ns)) {
		counter_add(&w->stats.keys_untold, 1);
		return;
	}
	struct xf_link_event event = {.id = e->id,
				      .event = XF_EVENT_DIGIT,
				      .digit = side->code,
				      .duration_ms = (uint16_t)RTE_MIN(ms, (uint64_t)UINT16_MAX),
				      .now_ns = now_ns};
	loop_event_post(w, &event, false);
}

void dtmf_received(struct worker *w, struct endpoint *e, const struct rtp *rtp, const struct dtmf_event *event,
		   int codec, uint64_t now_ns)
{
	struct dtmf_slot *slot = dtmf_take(w, e);
	if (!slot)
		return;
	struct dtmf_side *in = &slot->in;
	int32_t age = dtmf_age(in, rtp);
	if (in->state != DTMF_NONE && age < 0)
		return; /* late */
	if (in->state == DTMF_NONE || age != 0) {
		if (in->state == DTMF_ON && !dtmf_goes_on(in, rtp, event))
			dtmf_tell(w, slot, now_ns);
		dtmf_begin(in, rtp, event, codec);
	}
	in->duration = RTE_MAX(in->duration, event->duration);
	in->last_ns = now_ns;
	if (event->end && in->state == DTMF_ON) {
		in->state = DTMF_ENDED;
		dtmf_tell(w, slot, now_ns);
	}
}

bool dtmf_pass(struct worker *w, struct endpoint *to, const struct rtp *rtp, const struct dtmf_event *event,
	       uint64_t now_ns)
{
	struct dtmf_side *out = &dtmf_slot(w, to)->out;
	if (out->state == DTMF_NONE)
		return true;
	int32_t age = event ? dtmf_age(out, rtp) : INT32_MAX;
	if (age < 0 || (age == 0 && out->state == DTMF_ENDED && !event->end))
		return false;
	bool same = event && (age == 0 || dtmf_goes_on(out, rtp, event));
	if (same && out->state == DTMF_CUT) {
		out->timestamp = rtp->timestamp;
		out->last_ns = now_ns;
		return false;
	}
	if ((event && !same) || stream_begins(&to->stream, rtp))
		dtmf_end(w, to);
	/* The rest of what has just been ended. */
	return !same || out->state != DTMF_CUT;
}

void dtmf_sent(struct worker *w, struct endpoint *to, const struct rtp *rtp, const struct dtmf_event *event, int codec,
	       uint32_t out_timestamp, uint64_t now_ns)
{
	struct dtmf_slot *slot = dtmf_take(w, to);
	if (!slot)
		return;
	struct dtmf_side *out = &slot->out;
	if (out->state == DTMF_NONE || dtmf_age(out, rtp) != 0)
		dtmf_begin(out, rtp, event, codec);
	out->out_timestamp = out_timestamp;
	out->volume = event->volume;
	out->duration = RTE_MAX(out->duration, event->duration);
	out->last_ns = now_ns;
	if (event->end)
		out->state = DTMF_ENDED;
}

/* One end of the event, as the packet `seq` of the stream. */
static void dtmf_send(struct worker *w, struct endpoint *to, const struct dtmf_side *out, uint8_t pt, uint16_t seq)
{
	const uint16_t len = RTP_HEADER_LEN + DTMF_PAYLOAD;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w->pool);
	uint8_t *data = mbuf ? (uint8_t *)rte_pktmbuf_append(mbuf, len) : NULL;
	if (!data) {
		rte_pktmbuf_free(mbuf);
		stream_unsent(&to->stream, DTMF_PAYLOAD);
		worker_count_drop(w, XF_DROP_NO_MBUF, 1);
		return;
	}
	data[0] = 2 << 6; /* version 2, nothing else (RFC 3550 5.1) */
	rtp_write(data, pt, false, seq, out->out_timestamp, to->stream.ssrc);
	const uint8_t payload[DTMF_PAYLOAD] = {out->code, 0x80 | out->volume, (uint8_t)(out->duration >> 8),
					       (uint8_t)out->duration};
	memcpy(data + RTP_HEADER_LEN, payload, sizeof(payload));
	if (header_put(&to->header, mbuf, 0, len, rte_raw_cksum(data, len), w->ports[to->header.port].mtu) < 0) {
		stream_unsent(&to->stream, DTMF_PAYLOAD);
		return loop_drop(w, mbuf, XF_DROP_TX_FULL);
	}
	counter_add(&to->tx_bytes, len);
	if (unlikely(to->captured_out))
		capture_rtp(w, to, mbuf, len);
	loop_transmit(w, to->header.port, mbuf);
}

void dtmf_end(struct worker *w, struct endpoint *to)
{
	struct dtmf_slot *slot = dtmf_slot(w, to);
	if (!slot || slot->out.state != DTMF_ON)
		return;
	struct dtmf_side *out = &slot->out;
	int pt = endpoint_pt(to, out->codec);
	out->state = DTMF_CUT;
	if (pt < 0 || !endpoint_resolved(to) || to->paused || !w->pool || XF_FAULT("event-without-end"))
		return;
	lockstep_end_to(w->flows, to);
	uint16_t seq = stream_insert(&to->stream, out->out_timestamp, out->duration, DTMF_END_TIMES, DTMF_PAYLOAD);
	for (unsigned i = 0; i < DTMF_END_TIMES; i++)
		dtmf_send(w, to, out, (uint8_t)pt, (uint16_t)(seq + i));
}

void dtmf_refuse(struct worker *w, struct endpoint *to, uint64_t now_ns)
{
	if (to->source == XF_ENDPOINT_NONE)
		return;
	const struct dtmf_slot *from = dtmf_slot(w, flow_at(w->flows, to->source));
	if (!from || from->in.state == DTMF_NONE)
		return;
	const struct dtmf_side in = from->in;
	struct dtmf_slot *slot = dtmf_take(w, to);
	if (!slot)
		return;
	slot->out = in;
	slot->out.state = DTMF_CUT;
	slot->out.last_ns = now_ns;
}

void dtmf_forget(struct worker *w, struct endpoint *e)
{
	struct dtmf_slot *slot = dtmf_slot(w, e);
	if (slot)
		dtmf_give(w, slot);
}

static bool dtmf_age_side(struct dtmf_side *side, uint64_t now_ns)
{
	uint64_t silent = now_ns > side->last_ns ? now_ns - side->last_ns : 0;
	if (side->state > DTMF_ON && silent >= DTMF_LINGER_NS)
		side->state = DTMF_NONE;
	return side->state == DTMF_ON && silent >= DTMF_SILENT_NS;
}

unsigned dtmf_run(struct worker *w, uint64_t now_ns)
{
	unsigned look = RTE_MIN(w->dtmf.count, (unsigned)DTMF_LOOK), ended = 0;
	while (look-- > 0) {
		struct dtmf_slot *slot = TAILQ_FIRST(&w->dtmf.used);
		TAILQ_REMOVE(&w->dtmf.used, slot, link);
		TAILQ_INSERT_TAIL(&w->dtmf.used, slot, link);
		if (dtmf_age_side(&slot->in, now_ns)) {
			slot->in.state = DTMF_ENDED;
			dtmf_tell(w, slot, now_ns);
			ended++;
		}
		if (dtmf_age_side(&slot->out, now_ns)) {
			dtmf_end(w, slot->endpoint);
			ended++;
		}
		if (slot->in.state == DTMF_NONE && slot->out.state == DTMF_NONE)
			dtmf_give(w, slot);
	}
	return ended;
}
