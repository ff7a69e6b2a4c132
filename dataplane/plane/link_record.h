/* Records of the link: bounds and lengths, before anybody looks at their content. Any thread. */
#pragma once

#include <stddef.h>
#include "xfergate/link.h"

/* Walks the records of one packet. */
struct link_cursor {
	const uint8_t *at, *end;
};

struct link_view {
	uint16_t type;
	uint16_t body_len;
	uint32_t sequence;
	const void *body; /* aligned as the packet is */
};

/* packet: aligned to 8 bytes. */
static inline struct link_cursor link_cursor(const void *packet, size_t len)
{
	return (struct link_cursor){packet, (const uint8_t *)packet + len};
}

/* The next record. 1; 0: end of the packet; -EBADMSG: header or body reaches beyond the packet. */
int link_record_next(struct link_cursor *cursor, struct link_view *view);

/* Whether it is a command of the control plane with a body of the right length. 0; -ENOSYS: no such command;
 * -EMSGSIZE: wrong length for its type. */
int link_record_check(const struct link_view *view);

/* Writes a record with its padding. Its length, or -ENOSPC. */
int link_record_put(void *out, size_t size, uint16_t type, uint32_t sequence, const void *body, uint16_t body_len);
