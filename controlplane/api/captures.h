/* Captures under way, each of one client. At most CAPTURES_MAX, for each packet is copied to every one that wants it.
 */
#pragma once

#include "ask.h"

/* From shard_user. */
void captures_traffic(struct api *api, const struct shard_traffic *traffic);
void captures_call_gone(struct api *api, uint64_t call);
/* Nothing more is sent to the client; to anybody. */
void captures_client_gone(struct api *api, uint64_t client);
void captures_all_gone(struct api *api);
