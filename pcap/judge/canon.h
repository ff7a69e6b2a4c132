/* SIP messages in a form in which two runs of the same call look the same: what is chosen at random (Call-IDs, tags,
 * branches, nonces, numbers of requests, sessions and their versions, ports of ours) is replaced by a word with a
 * number, in order of appearance; what says nothing of the call (User-Agent, Date, Content-Length) is left out; the
 * other header lines are in order of their names, those of one name in their own order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "judge/strmap.h"
#include "xfergate/addr.h"

struct canon_message {
	uint64_t ns;
	struct xf_sockaddr from, to;
	char *text; /* lines that end in \n: start line, headers, a blank line, body */
};

struct canon_token {
	char word[24]; /* "{tag 3}" */
};

struct canon {
	struct canon_message *messages;
	uint32_t count, room;
	struct canon_token *tokens;
	uint32_t token_count, token_room;
	struct strmap token_of; /* by what it stands for */
	uint32_t numbers[10];	/* the last number, by kind of word */
};

/* 0 or -ENOMEM. */
int canon_add(struct canon *canon, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
	      const void *data, size_t len);
void canon_fini(struct canon *canon);
