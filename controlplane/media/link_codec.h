/* Records of the link (xfergate/link.h) to and from packets. Plain bytes: no socket, no state of the conversation. */
#pragma once

#include "xfergate/link.h"

/* Several records in one packet. */
struct link_writer {
	size_t len;
	_Alignas(8) uint8_t packet[XF_LINK_PACKET_MAX];
};

/* 0, -ENOBUFS (send what there is and try again) or -EMSGSIZE (longer than any packet). The writer is unchanged on
 * error. */
int link_writer_add(struct link_writer *writer, uint16_t type, uint32_t sequence, const void *body, size_t body_len);

struct link_reader {
	const uint8_t *at;
	size_t left;
};

/* A record as it lies in the packet; body may be unaligned. */
struct link_record {
	uint16_t type;
	uint16_t body_len;
	uint32_t sequence;
	const uint8_t *body;
};

void link_reader_init(struct link_reader *reader, const void *packet, size_t len);
/* 1: *record is set; 0: the packet ends here; -EBADMSG: what follows is no record (the reader stays there). */
int link_reader_next(struct link_reader *reader, struct link_record *record);
/* Copies the body into a struct of its type, `size` bytes. 0 or -EBADMSG: unknown type or another length. */
int link_record_body(const struct link_record *record, void *body, size_t size);
