#include "ip.h"

#define IP_EXTENSIONS_MAX 16

uint64_t capture_ip_sum(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len >= 4; p += 4, len -= 4) {
		uint32_t word;
		memcpy(&word, p, 4);
		sum += word;
	}
	if (len) {
		uint32_t word = 0;
		memcpy(&word, p, len);
		sum += word;
	}
	return sum;
}

uint16_t capture_ip_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static int ip_parse4(struct capture_ip *ip, const uint8_t *p, size_t len)
{
	if (len < 20)
		return -ENODATA;
	size_t header = (p[0] & 15u) * 4;
	unsigned flags = capture_be16(p + 6);

	if (header < 20)
		return -EBADMSG;
	if (len < header)
		return -ENODATA;
	*ip = (struct capture_ip){
	    .family = 4,
	    .proto = p[9],
	    .ttl = p[8],
	    .dscp = p[1] >> 2,
	    .from = p + 12,
	    .to = p + 16,
	    .payload = p + header,
	    .payload_len = len - header,
	    .fragment = (flags & 0x3fff) != 0,
	    .more = (flags & 0x2000) != 0,
	    .offset = (uint16_t)((flags & 0x1fff) * 8),
	    .id = capture_be16(p + 4),
	    .unfragmentable = header,
	};
	return 0;
}

static void ip_fragment6(struct capture_ip *ip, const uint8_t *header, size_t at, size_t next_at)
{
	ip->fragment = true;
	ip->more = header[3] & 1;
	ip->offset = (uint16_t)(capture_be16(header + 2) & 0xfff8);
	ip->id = capture_be32(header + 4);
	ip->unfragmentable = at;
	ip->next_at = next_at;
}

static int ip_parse6(struct capture_ip *ip, const uint8_t *p, size_t len)
{
	if (len < 40)
		return -ENODATA;
	*ip = (struct capture_ip){
	    .family = 6,
	    .ttl = p[7],
	    .dscp = (uint8_t)((capture_be16(p) >> 6) & 0x3f),
	    .from = p + 8,
	    .to = p + 24,
	};
	size_t at = 40, next_at = 6;
	for (unsigned n = 0; !ip->fragment; n++) {
		unsigned next = p[next_at];
		size_t size = 8;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_AH && next != IPPROTO_FRAGMENT)
			break;
		if (n == IP_EXTENSIONS_MAX)
			return -EBADMSG;
		if (len - at < 8)
			return -ENODATA;
		if (next == IPPROTO_FRAGMENT)
			ip_fragment6(ip, p + at, at, next_at);
		else if (next == IPPROTO_AH)
			size = (p[at + 1] + 2u) * 4;
		else
			size = (p[at + 1] + 1u) * 8;
		if (len - at < size)
			return -ENODATA;
		next_at = at;
		at += size;
	}
	ip->proto = p[next_at];
	ip->payload = p + at;
	ip->payload_len = len - at;
	return 0;
}

int capture_ip_parse(struct capture_ip *ip, const uint8_t *packet, size_t len)
{
	if (len == 0)
		return -ENODATA;
	if (packet[0] >> 4 == 4)
		return ip_parse4(ip, packet, len);
	if (packet[0] >> 4 == 6)
		return ip_parse6(ip, packet, len);
	return -EBADMSG;
}
