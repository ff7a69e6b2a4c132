#include "media/media_internal.h"

static int query_ask(struct media *media, uint16_t type, struct query_run *run)
{
	struct link_command command = {.type = type, .data = run};
	struct xf_link_dump dump = {.index_first = run->index_first};
	struct xf_link_empty empty = {0};
	if (type == XF_LINK_DUMP)
		return link_client_send(&media->client, &command, &dump, sizeof(dump), NULL);
	return link_client_send(&media->client, &command, &empty, sizeof(empty), NULL);
}

int query_start(struct media *media, uint16_t type, enum query_purpose purpose, const struct media_query *user,
		uint64_t cookie)
{
	struct query_run *run = calloc(1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	run->purpose = purpose;
	run->cookie = cookie;
	if (user)
		run->user = *user;
	int result = query_ask(media, type, run);
	if (result < 0)
		free(run);
	return result;
}

void query_row(struct media *media, const struct link_command *command, enum xf_link_type type, const void *row)
{
	struct query_run *run = command->data;
	if (type == XF_LINK_ENDPOINT) {
		const struct xf_endpoint_state *endpoint = row;
		if (endpoint->id.index < run->index_next || endpoint->id.index == XF_ENDPOINT_NONE) {
			log_event(media->env, LOG_LEVEL_ERROR, "event=link-protocol-error what=dump-order index=%u",
				  endpoint->id.index);
			return;
		}
		run->index_next = endpoint->id.index + 1;
	}
	switch (run->purpose) {
	case QUERY_USER:
		run->user.row(run->user.arg, run->cookie, type, row);
		break;
	case QUERY_COMPARE:
		resync_row(media, row);
		break;
	case QUERY_ORPHANS:
		resync_orphan_row(media, row);
		break;
	}
}

static void query_finish(struct media *media, struct query_run *run, int result, uint64_t dataplane_ns)
{
	struct query_run finished = *run;
	free(run);
	if (media->silent)
		return;
	switch (finished.purpose) {
	case QUERY_USER:
		finished.user.done(finished.user.arg, finished.cookie, result, dataplane_ns);
		break;
	case QUERY_COMPARE:
		resync_done(media, result, dataplane_ns);
		break;
	case QUERY_ORPHANS:
		resync_orphan_done(media, result);
		break;
	}
}

void query_answered(struct media *media, const struct link_command *command, const struct xf_link_ack *ack)
{
	struct query_run *run = command->data;
	int result = ack->result;
	if (result > 0 && command->type == XF_LINK_DUMP) {
		/* The pages must come to an end. */
		if (ack->detail <= run->index_first || ack->detail < run->index_next) {
			result = -EPROTO;
		} else {
			run->index_first = run->index_next = ack->detail;
			result = query_ask(media, XF_LINK_DUMP, run);
			if (result == 0)
				return;
		}
	}
	query_finish(media, run, result < 0 ? result : 0, ack->now_ns);
}

int media_dump(struct media *media, const struct media_query *query, uint64_t cookie)
{
	return media->ready ? query_start(media, XF_LINK_DUMP, QUERY_USER, query, cookie) : -ENOTCONN;
}

int media_stats(struct media *media, const struct media_query *query, uint64_t cookie)
{
	return media->ready ? query_start(media, XF_LINK_STATS, QUERY_USER, query, cookie) : -ENOTCONN;
}
