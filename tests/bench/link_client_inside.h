/* What the client's own files see of it. */
#pragma once

#include <stddef.h>
#include "link_client.h"

struct link_client {
	int fd;
	uint16_t workers;
	uint32_t sequence;	/* of the last command */
	uint32_t posted, acked; /* of a run */
	int result;		/* of a run: the first error */
	struct xf_link_ack ack; /* the last */
	size_t out_len;
	void (*row)(const struct xf_link_record *record, const void *body, void *arg);
	void *arg;
	uint8_t out[XF_LINK_PACKET_MAX], in[XF_LINK_PACKET_MAX];
};

/* Takes what is there. 0 or -errno. */
int link_client_read(struct link_client *client);
/* Sends what is gathered. 0: sent, or it has to wait (out_len > 0); or -errno. */
int link_client_write(struct link_client *client);
/* Gathers a command; there must be room. */
void link_client_put(struct link_client *client, uint16_t type, const void *body, uint16_t len);
