#include <errno.h>
#include <string.h>
#include "load.h"
#include "rtcp.h"

enum {
	RTCP_PT_FIRST = 192,
	RTCP_PT_SR = 200,
	RTCP_PT_RR = 201,
	RTCP_PT_SDES = 202,
	RTCP_PT_BYE = 203,
	RTCP_PT_APP = 204,
	RTCP_PT_RTPFB = 205, /* RFC 4585 6.1 */
	RTCP_PT_PSFB = 206,
	RTCP_PT_LAST = 223,
};

#define RTCP_BLOCK_LEN	24
#define RTCP_SDES_CNAME 1

static uint8_t *rtcp_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	return p + 4;
}

/* Chunks of items, each chunk ended by a zero and padded to 32 bits (RFC 3550 6.5). */
static bool rtcp_sdes_ok(const uint8_t *p, size_t len, unsigned chunks)
{
	size_t at = 4;
	while (chunks-- > 0) {
		if (len - at < 8)
			return false;
		at += 4;
		while (at < len && p[at] != 0) {
			if (at + 2 > len || at + 2 + p[at + 1] > len)
				return false;
			at += 2u + p[at + 1];
		}
		if (at >= len)
			return false;
		at = (at + 4) & ~(size_t)3;
	}
	return at <= len;
}

static bool rtcp_bye_ok(const uint8_t *p, size_t len, unsigned sources)
{
	size_t at = 4 + 4 * (size_t)sources;
	return at <= len && (at == len || at + 1 + p[at] <= len);
}

static bool rtcp_packet_ok(const uint8_t *p, size_t len)
{
	unsigned count = p[0] & 0x1f;
	switch (p[1]) {
	case RTCP_PT_SR:
		return len >= 28 + RTCP_BLOCK_LEN * (size_t)count;
	case RTCP_PT_RR:
		return len >= 8 + RTCP_BLOCK_LEN * (size_t)count;
	case RTCP_PT_SDES:
		return rtcp_sdes_ok(p, len, count);
	case RTCP_PT_BYE:
		return rtcp_bye_ok(p, len, count);
	case RTCP_PT_APP:
	case RTCP_PT_RTPFB:
	case RTCP_PT_PSFB:
		return len >= 12;
	default:
		return p[1] >= RTCP_PT_FIRST && p[1] <= RTCP_PT_LAST && len >= 8;
	}
}

static void rtcp_read_block(struct rtcp *out, const uint8_t *p, uint32_t about)
{
	if (out->has_block || load_be32(p) != about)
		return;
	out->has_block = true;
	out->block = (struct rtcp_block){
	    .ssrc = about,
	    .lost = load_be32(p + 4),
	    .seq_ext = load_be32(p + 8),
	    .jitter = load_be32(p + 12),
	    .lsr = load_be32(p + 16),
	    .dlsr = load_be32(p + 20),
	};
}

static void rtcp_read_report(struct rtcp *out, const uint8_t *p, uint32_t about, bool first)
{
	bool sender = p[1] == RTCP_PT_SR;
	if (first) {
		out->sender = sender;
		out->ssrc = load_be32(p + 4);
	}
	if (first && sender) {
		out->ntp_high = load_be32(p + 8);
		out->ntp_low = load_be32(p + 12);
		out->timestamp = load_be32(p + 16);
		out->packets = load_be32(p + 20);
		out->octets = load_be32(p + 24);
	}
	const uint8_t *block = p + (sender ? 28 : 8);
	for (unsigned i = 0; i < (p[0] & 0x1fu); i++, block += RTCP_BLOCK_LEN)
		rtcp_read_block(out, block, about);
}

/* Bytes of the packet at `at`, checked; 0: it is not valid. */
static size_t rtcp_check(const uint8_t *data, size_t len, size_t at)
{
	const uint8_t *p = data + at;
	if (len - at < 4 || p[0] >> 6 != 2)
		return 0;
	size_t packet_len = 4 * ((size_t)(p[2] << 8 | p[3]) + 1), padding = 0;
	if (packet_len > len - at)
		return 0;
	if (p[0] & 0x20) {
		/* Only the last of several is padded, in whole words. */
		padding = p[packet_len - 1];
		if (at == 0 || at + packet_len != len || padding == 0 || padding % 4 || padding > packet_len - 4)
			return 0;
	}
	return rtcp_packet_ok(p, packet_len - padding) ? packet_len : 0;
}

int rtcp_parse(struct rtcp *out, const uint8_t *data, size_t len, uint32_t about)
{
	bool reduced = false;
	memset(out, 0, sizeof(*out));
	if (len < 8)
		return -EBADMSG;
	unsigned count = 0;
	for (size_t at = 0, packet_len; at < len; at += packet_len) {
		const uint8_t *p = data + at;
		packet_len = rtcp_check(data, len, at);
		if (packet_len == 0 || count++ == RTCP_PACKETS_MAX)
			return -EBADMSG;
		bool report = p[1] == RTCP_PT_SR || p[1] == RTCP_PT_RR;
		reduced = reduced || (at == 0 && !report);
		if (report)
			rtcp_read_report(out, p, about, at == 0);
	}
	return reduced ? -ENOTSUP : 0;
}

static uint8_t *rtcp_write_head(uint8_t *p, unsigned count, unsigned type, unsigned words)
{
	return rtcp_put32(p, 2u << 30 | count << 24 | type << 16 | (words - 1));
}

static uint8_t *rtcp_write_sdes(uint8_t *p, uint32_t ssrc, const uint8_t cname[CNAME_LEN])
{
	static const char digits[] = "0123456789abcdef";
	/* Head, SSRC, item of 2 + 24 bytes, its end and padding. */
	p = rtcp_write_head(p, 1, RTCP_PT_SDES, 9);
	p = rtcp_put32(p, ssrc);
	*p++ = RTCP_SDES_CNAME;
	*p++ = 2 * CNAME_LEN;
	for (unsigned i = 0; i < CNAME_LEN; i++) {
		*p++ = (uint8_t)digits[cname[i] >> 4];
		*p++ = (uint8_t)digits[cname[i] & 15];
	}
	*p++ = 0;
	*p++ = 0;
	return p;
}

size_t rtcp_write(uint8_t out[RTCP_OUT_MAX], const struct rtcp *rtcp, const uint8_t cname[CNAME_LEN])
{
	unsigned count = rtcp->has_block ? 1 : 0, words = (rtcp->sender ? 7 : 2) + 6 * count;
	uint8_t *p = rtcp_write_head(out, count, rtcp->sender ? RTCP_PT_SR : RTCP_PT_RR, words);
	p = rtcp_put32(p, rtcp->ssrc);
	if (rtcp->sender) {
		p = rtcp_put32(p, rtcp->ntp_high);
		p = rtcp_put32(p, rtcp->ntp_low);
		p = rtcp_put32(p, rtcp->timestamp);
		p = rtcp_put32(p, rtcp->packets);
		p = rtcp_put32(p, rtcp->octets);
	}
	if (rtcp->has_block) {
		p = rtcp_put32(p, rtcp->block.ssrc);
		p = rtcp_put32(p, rtcp->block.lost);
		p = rtcp_put32(p, rtcp->block.seq_ext);
		p = rtcp_put32(p, rtcp->block.jitter);
		p = rtcp_put32(p, rtcp->block.lsr);
		p = rtcp_put32(p, rtcp->block.dlsr);
	}
	p = rtcp_write_sdes(p, rtcp->ssrc, cname);
	if (rtcp->bye)
		p = rtcp_put32(rtcp_write_head(p, 1, RTCP_PT_BYE, 2), rtcp->ssrc);
	return (size_t)(p - out);
}
