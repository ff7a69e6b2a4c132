/* INVITEs as providers send them, of about 800 bytes, each with other numbers, names, tags, agents and media; well
 * formed, and none that a shipped rule drops. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define INVITE_SIZE 1200u

struct invites {
	uint64_t random;
};

/* Always the same ones. */
struct invites invites_begin(void);
/* The next, NUL-terminated; its length. host: the last byte of the sender's address, 198.51.100.0/24; 0: any. */
size_t invites_write(struct invites *invites, char text[static INVITE_SIZE], unsigned host);
