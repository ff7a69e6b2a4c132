/* Internet addresses, IPv4 and IPv6 as equals.
 *
 * Plain data without padding bytes of unknown content: two equal addresses are equal by memcmp, so an
 * address can be a hash key and can cross the link as it is.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text of the longest address, with the NUL. */
#define XF_ADDR_STRLEN 48
/* Text of "[address]:port", with the NUL. */
#define XF_SOCKADDR_STRLEN 56

struct xf_addr {
	uint8_t family; /* 4, 6, or 0: none */
	uint8_t zero[3];
	uint8_t bytes[16]; /* network byte order; IPv4 in the first four, the rest 0 */
};

struct xf_sockaddr {
	struct xf_addr addr;
	uint16_t port; /* host byte order; 0: none */
	uint16_t zero;
};

/* A block of addresses: the first prefix_len bits of addr. */
struct xf_prefix {
	struct xf_addr addr;
	uint8_t prefix_len; /* 0..32 or 0..128 */
	uint8_t zero[3];
};

_Static_assert(sizeof(struct xf_addr) == 20, "crosses the link: raise XF_LINK_VERSION when it changes");
_Static_assert(sizeof(struct xf_sockaddr) == 24, "crosses the link: raise XF_LINK_VERSION when it changes");
_Static_assert(sizeof(struct xf_prefix) == 24, "crosses the link: raise XF_LINK_VERSION when it changes");

static inline struct xf_addr xf_addr_v4(const void *bytes4)
{
	struct xf_addr a = {.family = 4};
	memcpy(a.bytes, bytes4, 4);
	return a;
}

/* An IPv4-mapped address (::ffff:a.b.c.d) becomes IPv4, so that it can never pass for another one (RFC 5118 4.9). */
static inline struct xf_addr xf_addr_v6(const void *bytes16)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct xf_addr a = {.family = 6};
	if (memcmp(bytes16, mapped, sizeof(mapped)) == 0)
		return xf_addr_v4((const uint8_t *)bytes16 + 12);
	memcpy(a.bytes, bytes16, 16);
	return a;
}

static inline bool xf_addr_eq(const struct xf_addr *a, const struct xf_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool xf_sockaddr_eq(const struct xf_sockaddr *a, const struct xf_sockaddr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* "192.0.2.1" or "2001:db8::1" (no brackets). 0 or -EINVAL. */
static inline int xf_addr_parse(struct xf_addr *a, const char *text)
{
	uint8_t b[16];
	if (inet_pton(AF_INET, text, b) == 1) {
		*a = xf_addr_v4(b);
		return 0;
	}
	if (inet_pton(AF_INET6, text, b) == 1) {
		*a = xf_addr_v6(b);
		return 0;
	}
	return -EINVAL;
}

static inline const char *xf_addr_format(const struct xf_addr *a, char buf[static XF_ADDR_STRLEN])
{
	if (a->family != 4 && a->family != 6)
		return strcpy(buf, "none");
	inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, buf, XF_ADDR_STRLEN);
	return buf;
}

/* As it stands in a URI, a Via or a log: "192.0.2.1:5060", "[2001:db8::1]:5060". */
static inline const char *xf_sockaddr_format(const struct xf_sockaddr *s, char buf[static XF_SOCKADDR_STRLEN])
{
	char a[XF_ADDR_STRLEN];
	xf_addr_format(&s->addr, a);
	snprintf(buf, XF_SOCKADDR_STRLEN, s->addr.family == 6 ? "[%s]:%u" : "%s:%u", a, s->port);
	return buf;
}

/* "192.0.2.0/24", "2001:db8::/32", or an address alone (a whole one). Bits beyond the prefix must be 0.
 * 0, -EINVAL (not an address block), -ERANGE (prefix too long) or -EDOM (bits set beyond the prefix). */
static inline int xf_prefix_parse(struct xf_prefix *p, const char *text)
{
	char buf[XF_ADDR_STRLEN + 4];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	*p = (struct xf_prefix){0};
	if (n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, n);
	buf[n] = 0;
	if (xf_addr_parse(&p->addr, buf) < 0)
		return -EINVAL;
	unsigned max = p->addr.family == 4 ? 32 : 128, len = max;
	if (slash) {
		char *end;
		unsigned long v = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end)
			return -EINVAL;
		if (v > max)
			return -ERANGE;
		len = (unsigned)v;
	}
	p->prefix_len = (uint8_t)len;
	for (unsigned bit = len; bit < max; bit++)
		if (p->addr.bytes[bit / 8] & (0x80u >> (bit % 8)))
			return -EDOM;
	return 0;
}

static inline bool xf_prefix_contains(const struct xf_prefix *p, const struct xf_addr *a)
{
	unsigned whole = p->prefix_len / 8, rest = p->prefix_len % 8;
	if (p->addr.family != a->family || memcmp(p->addr.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((p->addr.bytes[whole] ^ a->bytes[whole]) & (0xff00u >> rest) & 0xff) == 0;
}

static inline const char *xf_prefix_format(const struct xf_prefix *p, char buf[static XF_SOCKADDR_STRLEN])
{
	char a[XF_ADDR_STRLEN];
	xf_addr_format(&p->addr, a);
	snprintf(buf, XF_SOCKADDR_STRLEN, "%s/%u", a, p->prefix_len);
	return buf;
}

static inline socklen_t xf_sockaddr_to_os(const struct xf_sockaddr *s, struct sockaddr_storage *os)
{
	memset(os, 0, sizeof(*os));
	if (s->addr.family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)os;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(s->port);
		memcpy(&in6->sin6_addr, s->addr.bytes, 16);
		return sizeof(*in6);
	}
	struct sockaddr_in *in4 = (struct sockaddr_in *)os;
	in4->sin_family = AF_INET;
	in4->sin_port = htons(s->port);
	memcpy(&in4->sin_addr, s->addr.bytes, 4);
	return sizeof(*in4);
}

/* 0 or -EAFNOSUPPORT. */
static inline int xf_sockaddr_from_os(struct xf_sockaddr *s, const struct sockaddr_storage *os)
{
	*s = (struct xf_sockaddr){0};
	if (os->ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)os;
		s->addr = xf_addr_v4(&in4->sin_addr);
		s->port = ntohs(in4->sin_port);
		return 0;
	}
	if (os->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)os;
		s->addr = xf_addr_v6(&in6->sin6_addr);
		s->port = ntohs(in6->sin6_port);
		return 0;
	}
	return -EAFNOSUPPORT;
}
