/* Questions that only the dataplane can answer: the ask waits for its rows. */
#include "handlers.h"

static void question_row(void *arg, uint64_t cookie, enum xf_link_type type, const void *row)
{
	struct api *api = arg;
	struct ask *ask = ask_find(api, cookie);
	if (!ask) /* its client has left */
		return;
	if (ask->method == XF_RPC_SHOW_ENDPOINTS && type == XF_LINK_ENDPOINT)
		endpoints_row(api, ask, row);
	else if (ask->method == XF_RPC_SHOW_PORTS && type == XF_LINK_PORT)
		ports_row(ask, row);
	else if (ask->method == XF_RPC_SHOW_DATAPLANE)
		dataplane_row(ask, type, row);
	else if (ask->method == XF_RPC_SHOW_SOURCES && type == XF_LINK_PEER)
		sources_row(ask, row);
	else if (ask->method == XF_RPC_SHOW_SCREEN)
		screen_row(api, ask, type, row);
	else if (ask->method == XF_RPC_SHOW_STATS)
		stats_row(ask, type, row);
}

static void question_failed(struct api *api, struct ask *ask, int result)
{
	if (ask->method == XF_RPC_SHOW_SOURCES)
		sources_done(api, ask, false);
	else if (result == -ENOTCONN)
		ask_refuse(api, ask, 503,
			   "dataplane not connected: is xfergate-dataplane running and is dataplane.link the "
			   "same in both?");
	else
		ask_refuse(api, ask, 503, "the dataplane did not answer (%s): try again, and see its log",
			   strerror(-result));
}

static void question_done(void *arg, uint64_t cookie, int result, uint64_t dataplane_ns)
{
	struct api *api = arg;
	struct ask *ask = ask_find(api, cookie);
	if (!ask)
		return;
	if (result < 0)
		question_failed(api, ask, result);
	else if (ask->method == XF_RPC_SHOW_SOURCES)
		sources_done(api, ask, true);
	else if (ask->method == XF_RPC_SHOW_STATS)
		stats_done(api, ask);
	else
		ask_answer(api, ask, json_incref(ask->rows));
}

struct media_query question_query(struct api *api)
{
	return (struct media_query){.arg = api, .row = question_row, .done = question_done};
}

void question_ask(struct api *api, struct ask *ask, enum question question)
{
	uint64_t cookie = ask->cookie;
	int result = question == QUESTION_DUMP ? media_dump(api->media, &api->query, cookie)
					       : media_stats(api->media, &api->query, cookie);
	/* found by its cookie, for media may have ended it already */
	if (result < 0 && (ask = ask_find(api, cookie)))
		question_failed(api, ask, result);
}
