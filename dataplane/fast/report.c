#include "endpoint.h"
#include "prompt.h"
#include "report.h"
#include "rtcp.h"
#include "xfergate/fault.h"

#define REPORT_NS_PER_MS 1000000ull
#define REPORT_NS_PER_S	 1000000000ull
#define REPORT_NTP_1970	 2208988800u /* seconds from 1900, where NTP begins */

/* RFC 3550 6.2: two parties need the smallest interval. Time is cut into intervals, and a report goes out somewhere in
 * the middle half of each: from one to the next it takes 0.5 to 1.5 of them, and nothing has to be kept but which one
 * has had its report. */
#define REPORT_INTERVAL_MS 5000u
#define REPORT_LATE_MS	   1500u
/* Whoever has sent nothing for two of them is no sender. */
#define REPORT_SENDER_NS (2 * REPORT_INTERVAL_MS * REPORT_NS_PER_MS)

/* Whoever has sent no report for five of them is gone (RFC 3550 6.3.5). In units of 1/65536 s. */
#define REPORT_HEARD (5 * REPORT_INTERVAL_MS * 65536u / 1000)

#define REPORT_INDEX_MASK ((1u << REPORT_INDEX_BITS) - 1)
#define REPORT_AGE_MASK	  ((1u << REPORT_AGE_BITS) - 1)

/* A round trip that is longer is somebody's mistake. */
#define REPORT_RTT_MAX (10 << 16)
/* What the rounding of two clocks may take away from a round trip: 1 ms. */
#define REPORT_RTT_SLACK 66

uint64_t report_table_size(struct report_table *table, uint32_t endpoints)
{
	uint32_t records = RTE_MIN(RTE_MAX(endpoints, (uint32_t)REPORT_WAYS), (uint32_t)REPORT_MAX);
	table->set_count = records / REPORT_WAYS;
	return (uint64_t)table->set_count * sizeof(*table->sets);
}

void report_time(const struct report_table *table, struct rtcp *rtcp, uint64_t now_ns)
{
	uint64_t wall_ns = now_ns + table->wall_offset_ns;
	rtcp->ntp_high = (uint32_t)(wall_ns / REPORT_NS_PER_S) + REPORT_NTP_1970;
	rtcp->ntp_low = (uint32_t)((wall_ns % REPORT_NS_PER_S << 32) / REPORT_NS_PER_S);
}

static uint32_t report_middle(const struct rtcp *rtcp)
{
	return rtcp->ntp_high << 16 | rtcp->ntp_low >> 16;
}

static uint32_t report_now(const struct report_table *table, uint64_t now_ns)
{
	struct rtcp rtcp;
	report_time(table, &rtcp, now_ns);
	return report_middle(&rtcp);
}

/* Packets that the sequences of the peer's streams say were sent up to here (RFC 3550 A.3), and how many of them are
 * missing; modulo 2^32. */
static uint32_t report_expected(const struct endpoint *e)
{
	return e->rx_packets ? e->expected_before + (e->seq_ext - e->seq_first + 1) : 0;
}

static uint32_t report_missing(const struct endpoint *e)
{
	return report_expected(e) - e->rx_packets;
}

static struct report *report_find(const struct report_table *table, const struct endpoint *e)
{
	struct report *set = table->sets[e->id.index % table->set_count];
	for (unsigned i = 0; i < REPORT_WAYS; i++)
		if (set[i].generation == e->id.generation && set[i].index == e->id.index)
			return &set[i];
	return NULL;
}

/* Nobody's, or the one that was used longest ago. now: as `used`. */
static struct report *report_oldest(struct report *set, uint32_t now)
{
	struct report *oldest = set;
	for (unsigned i = 1; i < REPORT_WAYS && oldest->generation; i++) {
		uint32_t age = (now - set[i].used) & REPORT_AGE_MASK;
		if (set[i].generation == 0 || age > ((now - oldest->used) & REPORT_AGE_MASK))
			oldest = &set[i];
	}
	return oldest;
}

/* The endpoint's record; of its set the one that was used longest ago becomes it if it has none. */
static struct report *report_of(struct report_table *table, const struct endpoint *e, uint64_t now_ns)
{
	const uint32_t now = report_now(table, now_ns) >> (32 - REPORT_AGE_BITS - 3);
	struct report *r = report_find(table, e);
	if (!r) {
		r = report_oldest(table->sets[e->id.index % table->set_count], now);
		*r = (struct report){
		    .index = e->id.index & REPORT_INDEX_MASK, .generation = e->id.generation, .ssrc = e->ssrc_in};
	}
	/* Of another stream nothing was lost before it is told. */
	if (r->ssrc != e->ssrc_in) {
		r->ssrc = e->ssrc_in;
		r->lost_told = 0;
		r->expected = report_expected(e);
		r->lost = report_missing(e);
		if (e->expected_before == 0)
			r->expected = r->lost = 0;
	}
	r->used = now & REPORT_AGE_MASK;
	return r;
}

bool report_is_heard(const struct report_table *table, const struct endpoint *e, uint64_t now_ns)
{
	const struct report *r = report_find(table, e);
	return r && r->heard_ntp && report_now(table, now_ns) - r->heard < REPORT_HEARD;
}

static void report_round_trip(struct endpoint *e, const struct rtcp_block *block, uint32_t now)
{
	int32_t units = (int32_t)(now - block->lsr - block->dlsr);
	if (block->lsr == 0 || e->tx_rtcp == 0 || units < -REPORT_RTT_SLACK || units > REPORT_RTT_MAX)
		return;
	uint32_t rtt = units > 0 ? (uint32_t)((units * 10000ull + 0x8000) >> 16) : 0;
	shown16_set(endpoint_rtt(e), (uint16_t)(rtt > UINT16_MAX ? UINT16_MAX : rtt ? rtt : 1));
}

void report_heard(struct report_table *table, struct endpoint *e, const struct rtcp *rtcp, uint64_t now_ns)
{
	uint32_t now = report_now(table, now_ns);
	if (rtcp->has_block)
		report_round_trip(e, &rtcp->block, now);
	if (!rtcp->sender)
		return;
	struct report *r = report_of(table, e, now_ns);
	r->heard_ntp = report_middle(rtcp);
	r->heard = now;
}

/* Number of the present source's first packet, as sent. */
static uint32_t report_first(const struct stream *s)
{
	return s->in_first + stream_seq_offset(s);
}

/* What is known of one source says nothing of the next. If it is the only one that the stream ever had, what its
 * receiver has lost is all its own. */
static bool report_line(struct report *r, const struct stream *s, uint32_t lost, uint32_t lost_told)
{
	r->line = report_first(s);
	r->lost_base = (s->only ? 0 : lost) - lost_told;
	r->based = 1;
	return s->only;
}

/* What the peer is told of its own stream from now on counts from here. */
static void report_tell(struct report *r, const struct endpoint *to, uint32_t lost_told)
{
	r->lost_told = lost_told;
	r->expected = report_expected(to);
	r->lost = report_missing(to);
}

bool report_translate(struct report_table *table, struct endpoint *e, struct endpoint *to, struct rtcp_block *block,
		      uint64_t now_ns)
{
	const struct stream *s = &e->stream;
	if (e->source != to->id.index || !s->mapped || s->in_ssrc != to->ssrc_in || e == to)
		return false;
	/* Its cycles are counted from where it began to listen: only the low half is common ground. */
	uint32_t number = s->out_ext + (uint32_t)(int32_t)(int16_t)((uint16_t)block->seq_ext - (uint16_t)s->out_ext);
	if ((int32_t)(number - s->out_ext) > 0 || (int32_t)(number - report_first(s)) < 0)
		return false;
	/* The second may take the first's place in the table: then both are of no use, and harmless. */
	struct report *r = report_of(table, e, now_ns), *told = report_of(table, to, now_ns);
	uint32_t lost = rtcp_lost(block);
	uint8_t fraction = (uint8_t)(block->lost >> 24);
	/* Up to this report it may have been lost of this source or of one before. */
	if ((!r->based || r->line != report_first(s)) && !report_line(r, s, lost, told->lost_told))
		fraction = 0;
	report_tell(told, to, lost - r->lost_base);
	block->ssrc = XF_FAULT("block-of-our-stream") ? s->ssrc : s->in_ssrc;
	block->lost = rtcp_lost_field(fraction, told->lost_told);
	uint16_t seq = (uint16_t)(number - stream_seq_offset(s));
	block->seq_ext = to->seq_ext + (uint32_t)(int32_t)(int16_t)(seq - (uint16_t)to->seq_ext);
	/* Our time in what the source's report became, the source's in what it said itself. */
	bool answers = told->heard_ntp && block->lsr == told->heard;
	block->lsr = answers ? told->heard_ntp : 0;
	block->dlsr = answers ? block->dlsr : 0;
	return true;
}

/* Spreads reports over time; the SSRC is random. */
static uint32_t report_dice(const struct endpoint *e, uint32_t round, uint32_t sides)
{
	uint64_t x = (uint64_t)e->stream.ssrc << 32 | e->id.generation;
	x += (round + 1) * 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)((x >> 32) * sides >> 32);
}

bool report_due(struct endpoint *e, uint64_t now_ns)
{
	uint64_t ms = now_ns / REPORT_NS_PER_MS + report_dice(e, UINT32_MAX, REPORT_INTERVAL_MS);
	uint32_t round = (uint32_t)(ms / REPORT_INTERVAL_MS), at = (uint32_t)(ms % REPORT_INTERVAL_MS);
	uint32_t due = REPORT_INTERVAL_MS / 4 + report_dice(e, round, REPORT_INTERVAL_MS / 2);
	if (at < due || at - due >= REPORT_LATE_MS || e->report_round == round % 4)
		return false;
	e->report_round = round % 4;
	return e->stream.started || e->rx_packets;
}

static void report_own_block(struct report *r, struct endpoint *e, struct rtcp_block *block, uint32_t now)
{
	int32_t of = (int32_t)(report_expected(e) - r->expected), gone = (int32_t)(report_missing(e) - r->lost);
	uint8_t fraction = of > 0 && gone > 0 ? (uint8_t)(gone >= of ? 255 : (uint64_t)gone * 256 / (uint64_t)of) : 0;
	report_tell(r, e, r->lost_told + (uint32_t)gone);
	*block = (struct rtcp_block){
	    .ssrc = e->ssrc_in,
	    .lost = rtcp_lost_field(fraction, r->lost_told),
	    .seq_ext = e->seq_ext,
	    .jitter = e->jitter >> 4,
	    .lsr = r->heard_ntp,
	    .dlsr = r->heard_ntp ? now - r->heard : 0,
	};
}

/* Where the prompt's time stands at now_ns, in the stream's units. */
static uint32_t report_prompt_timestamp(const struct endpoint *e, uint64_t now_ns)
{
	uint64_t now_ms = now_ns / REPORT_NS_PER_MS;
	uint64_t ms = (now_ms + PROMPT_WRAP_MS - endpoint_rest(e)->prompt_since_ms) % PROMPT_WRAP_MS;
	uint64_t us = ms * 1000 + now_ns % REPORT_NS_PER_MS / 1000;
	return e->stream.timestamp_offset + (uint32_t)(us * (e->stream.rate / 1000u) / 1000);
}

/* Where the stream's time stands, by what feeds it. False: nothing does, or has not lately (RFC 3550 6.4). */
static bool report_timestamp(const struct endpoint *e, const struct endpoint *source, uint64_t now_ns,
			     uint32_t *timestamp)
{
	const struct stream *s = &e->stream;
	if (e->paused || !s->mapped)
		return false;
	if (endpoint_rest(e)->prompt_number & ENDPOINT_PROMPT_HEARD) {
		*timestamp = report_prompt_timestamp(e, now_ns);
		return true;
	}
	if (!source || source->ssrc_in != s->in_ssrc || now_ns - source->last_rx_ns > REPORT_SENDER_NS)
		return false;
	/* A source's clock is known by its packets only: the latest was on time. */
	*timestamp = s->out_timestamp + (uint32_t)((now_ns - source->last_rx_ns) / 1000 * (s->rate / 1000u) / 1000);
	return true;
}

void report_own(struct report_table *table, struct endpoint *e, const struct endpoint *source, struct rtcp *rtcp,
		uint64_t now_ns)
{
	struct report *r = report_of(table, e, now_ns);
	*rtcp = (struct rtcp){.ssrc = e->stream.ssrc};
	rtcp->sender = report_timestamp(e, source, now_ns, &rtcp->timestamp);
	if (rtcp->sender) {
		report_time(table, rtcp, now_ns);
		rtcp->packets = e->stream.packets;
		rtcp->octets = e->stream.octets;
	}
	/* Of a source that has been silent since the last report there is nothing to say (RFC 3550 6.4). */
	rtcp->has_block = e->rx_packets && report_expected(e) != r->expected;
	if (rtcp->has_block)
		report_own_block(r, e, &rtcp->block, report_now(table, now_ns));
}
