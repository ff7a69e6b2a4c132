/* What a recorded identifier of the gateway's is in this run: Call-IDs, tags, Contact URIs, nonces. */
#pragma once

#include "sip_text.h"
#include "judge/strmap.h"

enum id_kind {
	ID_CALL,
	ID_TAG,
	ID_URI,
	ID_NONCE,
};

struct ids {
	struct strmap map;
	char **live;
	uint32_t count, room;
};

void ids_fini(struct ids *ids);
/* As the party knows them: two parties may have heard different things under one name. 0 or -ENOMEM. */
int ids_learn(struct ids *ids, enum id_kind kind, uint32_t party, struct sip_text_span recorded,
	      struct sip_text_span live);
/* The party's, else anybody's; NULL: not known. */
const char *ids_find(const struct ids *ids, enum id_kind kind, uint32_t party, struct sip_text_span recorded);

/* A header value with its identifiers replaced, piece by piece, escaped ones in URIs too (Refer-To with Replaces).
 * Returns the length; 0: nothing to change; -E2BIG. */
long ids_rewrite(const struct ids *ids, uint32_t party, struct sip_text_span value, char *buf, size_t size);
