#include <rte_ip.h>
#include "header.h"
#include "loop.h"

#define PROMPT_MS_NS   1000000ull
#define PROMPT_LATE_MS 100 /* what is later than this is left out: nobody waits for it any more */

/* A source counts as silent when nothing of it has come through for so long. Whole rounds of the wheel. */
#define PROMPT_SILENCE_MS 200
static_assert(PROMPT_SILENCE_MS % PROMPT_MS == 0, "the prompt stays in its slot");

struct prompt *prompt_get(const struct worker *w, uint32_t number)
{
	return w->prompts && number < XF_PROMPT_NUMBERS ? w->prompts->prompts[number] : NULL;
}

/* One writer; the main thread looks whether it is 0. */
static void prompt_count(struct worker *w, struct prompt *prompt, int by)
{
	uint32_t *playing = &prompt->playing[w->index];
	__atomic_store_n(playing, *playing + (uint32_t)by, __ATOMIC_RELEASE);
}

static struct endpoint_rest *prompt_rest(const struct worker *w, uint32_t index)
{
	return endpoint_rest(flow_at(w->flows, index));
}

static void prompt_enter(struct worker *w, const struct endpoint *e, unsigned slot)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	struct endpoint_rest *rest = endpoint_rest(e);
	rest->prompt_next = wheel->slots[slot];
	rest->prompt_prev = XF_ENDPOINT_NONE;
	if (rest->prompt_next != XF_ENDPOINT_NONE)
		prompt_rest(w, rest->prompt_next)->prompt_prev = e->id.index;
	wheel->slots[slot] = e->id.index;
	wheel->slot_count[slot]++;
	wheel->count++;
}

static void prompt_leave(struct worker *w, const struct endpoint *e)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	const struct endpoint_rest *rest = endpoint_rest(e);
	unsigned slot = rest->prompt_since_ms % PROMPT_MS;
	if (rest->prompt_prev != XF_ENDPOINT_NONE)
		prompt_rest(w, rest->prompt_prev)->prompt_next = rest->prompt_next;
	else
		wheel->slots[slot] = rest->prompt_next;
	if (rest->prompt_next != XF_ENDPOINT_NONE)
		prompt_rest(w, rest->prompt_next)->prompt_prev = rest->prompt_prev;
	if (wheel->next == e->id.index)
		wheel->next = rest->prompt_next;
	wheel->slot_count[slot]--;
	wheel->count--;
}

static void prompt_set(struct worker *w, struct endpoint *e, struct prompt *prompt)
{
	struct endpoint_rest *rest = endpoint_rest(e);
	if (rest->prompt)
		prompt_count(w, rest->prompt, -1);
	if (prompt)
		prompt_count(w, prompt, 1);
	rest->prompt = prompt;
	shown16_set(&rest->prompt_number, prompt ? (uint16_t)prompt->number : XF_PROMPT_NONE);
}

/* The first millisecond that the wheel has yet to come to. */
static uint64_t prompt_soonest(struct prompt_wheel *wheel, uint64_t now_ns)
{
	uint64_t now_ms = (now_ns + PROMPT_MS_NS - 1) / PROMPT_MS_NS;
	if (wheel->count == 0) {
		wheel->ms = now_ms;
		wheel->begun = false;
	}
	return RTE_MAX(now_ms, wheel->ms + wheel->begun);
}

/* The slot with the fewest gets the endpoint; of equals the one that comes first. */
static uint64_t prompt_emptiest(const struct prompt_wheel *wheel, uint64_t soonest)
{
	uint64_t best = soonest;
	for (uint64_t ms = soonest + 1; ms < soonest + PROMPT_MS; ms++)
		if (wheel->slot_count[ms % PROMPT_MS] < wheel->slot_count[best % PROMPT_MS])
			best = ms;
	return best;
}

/* The first millisecond from `soonest` on that belongs to its slot. */
static uint64_t prompt_in_slot(const struct endpoint_rest *rest, uint64_t soonest)
{
	return soonest + ((uint64_t)rest->prompt_since_ms + PROMPT_MS - soonest % PROMPT_MS) % PROMPT_MS;
}

static void prompt_begin_at(struct endpoint_rest *rest, uint64_t ms)
{
	rest->prompt_since_ms = (uint32_t)(ms % PROMPT_WRAP_MS);
}

void prompt_play(struct worker *w, struct endpoint *e, struct prompt *prompt, uint64_t now_ns)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	struct endpoint_rest *rest = endpoint_rest(e);
	bool heard = rest->prompt_number & ENDPOINT_PROMPT_HEARD;
	if (rest->prompt == prompt && !(rest->prompt_number & ENDPOINT_PROMPT_ENDED))
		return;
	if (!prompt) {
		if (rest->prompt)
			prompt_leave(w, e);
		return prompt_set(w, e, NULL);
	}
	uint64_t since = prompt_soonest(wheel, now_ns);
	if (rest->prompt)
		/* One prompt after another: in the same slot, so that the packets keep their distance. */
		since = prompt_in_slot(rest, since);
	else
		prompt_enter(w, e, (since = prompt_emptiest(wheel, since)) % PROMPT_MS);
	prompt_set(w, e, prompt);
	prompt_begin_at(rest, since);
	if (e->source == XF_ENDPOINT_NONE || heard)
		return;
	/* Whether the latest packet came through is known of those to come only. */
	uint64_t last_ms = (flow_at(w->flows, e->source)->last_rx_ns + PROMPT_MS_NS - 1) / PROMPT_MS_NS;
	if (last_ms && last_ms + PROMPT_SILENCE_MS > since)
		prompt_begin_at(rest, prompt_in_slot(rest, last_ms + PROMPT_SILENCE_MS));
}

/* The codec that the endpoint's peer can hear, the first of its list that there is, and its payload type. False: none.
 */
static bool prompt_codec(const struct endpoint *e, enum sound_codec *codec, uint8_t *pt)
{
	static const int8_t codecs[XF_CODEC_COUNT] = {
	    [XF_CODEC_PCMU] = SOUND_PCMU + 1, [XF_CODEC_PCMA] = SOUND_PCMA + 1, [XF_CODEC_G722] = SOUND_G722 + 1};
	for (unsigned i = 0; i < e->pt_count; i++) {
		if (codecs[e->pts[i].codec] == 0)
			continue;
		*codec = (enum sound_codec)(codecs[e->pts[i].codec] - 1);
		*pt = e->pts[i].pt;
		return true;
	}
	return false;
}

/* Whether what was sent last, but for packets that were lost, was of this prompt. */
static bool prompt_is_mapped(const struct endpoint *e)
{
	return e->stream.mapped && endpoint_rest(e)->prompt_number & ENDPOINT_PROMPT_HEARD;
}

/* The next packet of the stream, with frame n. NULL: *drop says why not; the stream has not moved then. */
static struct rte_mbuf *prompt_packet(struct worker *w, struct endpoint *e, uint64_t n, uint64_t now_ns,
				      enum xf_drop *drop)
{
	enum sound_codec codec;
	uint8_t pt;
	*drop = XF_DROP_PAYLOAD_TYPE;
	if (!prompt_codec(e, &codec, &pt))
		return NULL;
	*drop = XF_DROP_PAUSED;
	if (e->paused)
		return NULL;
	*drop = XF_DROP_NO_NEIGHBOUR;
	if (!endpoint_resolved(e))
		return NULL;
	*drop = XF_DROP_NO_MBUF;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w->pool);
	if (!mbuf)
		return NULL;
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(mbuf, RTP_HEADER_LEN + PROMPT_SAMPLES);
	struct stream_out out;
	struct endpoint_rest *rest = endpoint_rest(e);
	if (!prompt_is_mapped(e))
		stream_unmap(&e->stream);
	/* A source without loss: its sequence counts what is sent, its timestamp what was due. */
	struct rtp in = {.seq = (uint16_t)(e->stream.in_ext + 1),
			 .timestamp = (uint32_t)(n * PROMPT_SAMPLES),
			 .payload_len = PROMPT_SAMPLES};
	if (!data || stream_map(&e->stream, &in, 8000, now_ns, &out) < 0) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	shown16_set(&rest->prompt_number, rest->prompt_number | ENDPOINT_PROMPT_HEARD);
	data[0] = 2 << 6; /* version 2, nothing else (RFC 3550 5.1) */
	rtp_write(data, pt, out.marker, out.seq, out.timestamp, e->stream.ssrc);
	memcpy(data + RTP_HEADER_LEN, sound_at(rest->prompt->sound, codec, n), PROMPT_SAMPLES);
	return mbuf;
}

static void prompt_send(struct worker *w, struct endpoint *e, uint64_t n, uint64_t now_ns)
{
	const uint16_t len = RTP_HEADER_LEN + PROMPT_SAMPLES;
	enum xf_drop drop;
	struct rte_mbuf *mbuf = prompt_packet(w, e, n, now_ns, &drop);
	if (!mbuf) {
		counter_add(&w->stats.drops[drop], 1);
		return;
	}
	uint16_t sum = rte_raw_cksum(rte_pktmbuf_mtod(mbuf, const void *), len);
	if (header_put(&e->header, mbuf, 0, len, sum, w->ports[e->header.port].mtu) < 0) {
		stream_unsent(&e->stream, PROMPT_SAMPLES);
		return loop_drop(w, mbuf, XF_DROP_TX_FULL);
	}
	counter_add(&e->tx_bytes, len);
	if (unlikely(e->captured_out))
		capture_rtp(w, e, mbuf, len);
	loop_transmit(w, e->header.port, mbuf);
}

/* How long its prompt has played at this millisecond; more than half of PROMPT_WRAP_MS: it is yet to begin. */
static uint32_t prompt_since(const struct endpoint_rest *rest, uint64_t ms)
{
	return (uint32_t)((ms + PROMPT_WRAP_MS - rest->prompt_since_ms) % PROMPT_WRAP_MS);
}

void prompt_yield(struct endpoint *e)
{
	struct endpoint_rest *rest = endpoint_rest(e);
	if (!(rest->prompt_number & ENDPOINT_PROMPT_HEARD))
		return;
	stream_unmap(&e->stream);
	shown16_set(&rest->prompt_number, rest->prompt_number & (uint16_t)~ENDPOINT_PROMPT_HEARD);
}

void prompt_wait(struct endpoint *e, uint64_t now_ns)
{
	struct endpoint_rest *rest = endpoint_rest(e);
	uint64_t now_ms = (now_ns + PROMPT_MS_NS - 1) / PROMPT_MS_NS;
	prompt_begin_at(rest, prompt_in_slot(rest, now_ms + PROMPT_SILENCE_MS));
}

/* It has been played as often as it was to be, and its last frame has lasted. */
static void prompt_end(struct worker *w, struct endpoint *e, uint64_t now_ns)
{
	struct endpoint_rest *rest = endpoint_rest(e);
	uint16_t number = (uint16_t)rest->prompt->number;
	endpoint_hide(e);
	prompt_leave(w, e);
	prompt_set(w, e, NULL);
	shown16_set(&rest->prompt_number, number | ENDPOINT_PROMPT_ENDED);
	stream_unmap(&e->stream);
	endpoint_publish(e);
	loop_event(w, e, XF_EVENT_PROMPT_ENDED, NULL, now_ns);
}

/* Its n-th packet is due. */
static void prompt_due(struct worker *w, struct endpoint *e, uint32_t n, uint64_t now_ns)
{
	struct endpoint_rest *rest = endpoint_rest(e);
	uint64_t packets = sound_packets(rest->prompt->sound);
	if (!prompt_is_mapped(e) || e->paused) {
		/* Whoever hears it hears it from its beginning: what nobody hears yet does not go on either. */
		dtmf_end(w, e);
		prompt_begin_at(rest, (uint64_t)rest->prompt_since_ms + (uint64_t)n * PROMPT_MS);
		n = 0;
	} else if (packets && n >= packets) {
		return prompt_end(w, e, now_ns);
	}
	prompt_send(w, e, n, now_ns);
}

unsigned prompt_run(struct worker *w, uint64_t now_ns)
{
	struct prompt_wheel *wheel = &w->prompt_wheel;
	uint64_t now_ms = now_ns / PROMPT_MS_NS;
	unsigned done = 0, passed = 0;
	if (wheel->count == 0)
		return 0;
	if (now_ms > wheel->ms + PROMPT_LATE_MS) {
		wheel->ms = now_ms - PROMPT_LATE_MS;
		wheel->begun = false;
	}
	/* Twice round is two packets for each. */
	while (wheel->ms <= now_ms && done < LOOP_PROMPTS && passed < 2 * PROMPT_MS) {
		if (!wheel->begun)
			wheel->next = wheel->slots[wheel->ms % PROMPT_MS];
		wheel->begun = wheel->next != XF_ENDPOINT_NONE;
		if (!wheel->begun) {
			wheel->ms++;
			passed++;
			continue;
		}
		struct endpoint *e = flow_at(w->flows, wheel->next);
		const struct endpoint_rest *rest = endpoint_rest(e);
		wheel->next = rest->prompt_next;
		done++;
		uint32_t ms = prompt_since(rest, wheel->ms);
		if (ms < PROMPT_WRAP_MS / 2)
			prompt_due(w, e, ms / PROMPT_MS, now_ns);
	}
	return done;
}
