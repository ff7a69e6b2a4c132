/* Link layers. */
#include "capture.h"

#include <pcap/dlt.h>

enum {
	FRAME_ETHER_IP = 0x0800,
	FRAME_ETHER_IP6 = 0x86dd,
	FRAME_ETHER_VLAN = 0x8100,
	FRAME_ETHER_QINQ = 0x88a8,
	FRAME_ETHER_QINQ_OLD = 0x9100,
	FRAME_TAGS_MAX = 8,
};

/* What is left of a frame. */
struct frame_rest {
	const uint8_t *at;
	size_t len;
};

static bool frame_skip(struct frame_rest *rest, size_t n)
{
	if (rest->len < n)
		return false;
	rest->at += n;
	rest->len -= n;
	return true;
}

static unsigned frame_be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

bool capture_link_known(int link)
{
	switch (link) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
		return true;
	default:
		return false;
	}
}

/* The packet's own version must be the one that the link layer named (0: it named none). */
static enum capture_frame frame_ip(struct frame_rest rest, unsigned version, const uint8_t **ip, size_t *ip_len,
				   bool *cut)
{
	if (rest.len == 0)
		return CAPTURE_FRAME_SHORT;
	unsigned is = rest.at[0] >> 4;
	size_t header = is == 6 ? 40 : (rest.at[0] & 15u) * 4, total;

	if ((is != 4 && is != 6) || (version && is != version) || header < 20)
		return CAPTURE_FRAME_OTHER;
	if (rest.len < header)
		return CAPTURE_FRAME_SHORT;
	if (is == 4)
		total = frame_be16(rest.at + 2);
	else
		total = frame_be16(rest.at + 4) || rest.at[6] == IPPROTO_NONE ? 40 + frame_be16(rest.at + 4) : 0;
	/* No length: the network card was to fill it in when it cut the packet into segments. */
	if (total == 0)
		total = rest.len;
	if (total < header)
		return CAPTURE_FRAME_OTHER;
	*cut = rest.len < total;
	*ip = rest.at;
	*ip_len = *cut ? rest.len : total;
	return CAPTURE_FRAME_IP;
}

static enum capture_frame frame_ethertype(struct frame_rest rest, unsigned type, const uint8_t **ip, size_t *ip_len,
					  bool *cut)
{
	for (unsigned tags = 0; type == FRAME_ETHER_VLAN || type == FRAME_ETHER_QINQ || type == FRAME_ETHER_QINQ_OLD;
	     tags++) {
		const uint8_t *tag = rest.at;
		if (tags == FRAME_TAGS_MAX)
			return CAPTURE_FRAME_OTHER;
		if (!frame_skip(&rest, 4))
			return CAPTURE_FRAME_SHORT;
		type = frame_be16(tag + 2);
	}
	if (type == FRAME_ETHER_IP)
		return frame_ip(rest, 4, ip, ip_len, cut);
	if (type == FRAME_ETHER_IP6)
		return frame_ip(rest, 6, ip, ip_len, cut);
	return CAPTURE_FRAME_OTHER;
}

/* AF_INET6 has another number on every system; NULL has it in the byte order of the machine that captured. */
static unsigned frame_family_version(uint32_t family)
{
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return 4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return 6;
	default:
		return 0;
	}
}

static enum capture_frame frame_loopback(struct frame_rest rest, const uint8_t **ip, size_t *ip_len, bool *cut)
{
	uint32_t family;
	if (rest.len < sizeof(family))
		return CAPTURE_FRAME_SHORT;
	memcpy(&family, rest.at, sizeof(family));
	frame_skip(&rest, sizeof(family));
	unsigned version = frame_family_version(family);
	return version ? frame_ip(rest, version, ip, ip_len, cut) : CAPTURE_FRAME_OTHER;
}

enum capture_frame capture_frame(int link, const uint8_t *frame, size_t len, const uint8_t **ip, size_t *ip_len,
				 bool *cut)
{
	struct frame_rest rest = {frame, len};

	switch (link) {
	case DLT_EN10MB:
		return frame_skip(&rest, 14) ? frame_ethertype(rest, frame_be16(frame + 12), ip, ip_len, cut)
					     : CAPTURE_FRAME_SHORT;
	case DLT_LINUX_SLL:
		return frame_skip(&rest, 16) ? frame_ethertype(rest, frame_be16(frame + 14), ip, ip_len, cut)
					     : CAPTURE_FRAME_SHORT;
	case DLT_LINUX_SLL2:
		return frame_skip(&rest, 20) ? frame_ethertype(rest, frame_be16(frame), ip, ip_len, cut)
					     : CAPTURE_FRAME_SHORT;
	case DLT_RAW:
		return frame_ip(rest, 0, ip, ip_len, cut);
	case DLT_IPV4:
		return frame_ip(rest, 4, ip, ip_len, cut);
	case DLT_IPV6:
		return frame_ip(rest, 6, ip, ip_len, cut);
	case DLT_NULL:
	case DLT_LOOP:
		return frame_loopback(rest, ip, ip_len, cut);
	default:
		return CAPTURE_FRAME_OTHER;
	}
}
