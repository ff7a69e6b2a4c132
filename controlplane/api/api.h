/* JSON-RPC 2.0 over the Unix socket: one request a line, one response a line. Methods: include/xfergate/rpc.h. */
#pragma once

#include "call/call.h"
#include "core/env.h"
#include "media/media.h"
#include "xfergate/config.h"

struct api;

int api_create(struct api **out, struct env *env, const struct config *config, struct shard *shard,
	       struct media *media);
void api_destroy(struct api *api);

/* A line from a client (untrusted); answered through env->seam->reply, at once or when what it waits for has come. */
void api_request(struct api *api, uint64_t client, const char *line, size_t len);
/* The client is gone: nothing more is sent to it. */
void api_client_gone(struct api *api, uint64_t client);
/* From shard_user. */
void api_transfer_finished(struct api *api, const struct transfer *transfer);
void api_traffic(struct api *api, const struct shard_traffic *traffic);
void api_call_gone(struct api *api, uint64_t call);
