/* Rows of `xfergate show endpoints`: what the dataplane has open, and which call it belongs to. */
#include "handlers.h"
#include "row.h"

/* The call that an endpoint's owner, a leg, belongs to; NULL if it is gone. */
static const char *call_of_owner(const struct api *api, uint64_t owner)
{
	const struct leg *leg = shard_leg(api->shard, owner);
	const struct call *call = leg ? shard_call(api->shard, leg->call) : NULL;
	return call ? call->text_id : NULL;
}

static void put_counters(struct row *row, const struct xf_endpoint_state *state)
{
	row_count(row, "rx_packets", state->rx_packets);
	row_count(row, "rx_bytes", state->rx_bytes);
	row_count(row, "rx_rtcp", state->rx_rtcp);
	row_count(row, "rx_dropped", state->rx_dropped);
	row_count(row, "rx_wrong_source", state->rx_wrong_source);
	row_count(row, "tx_packets", state->tx_packets);
	row_count(row, "tx_bytes", state->tx_bytes);
	row_count(row, "tx_rtcp", state->tx_rtcp);
	row_milliseconds(row, "gap_longest_s", state->gap_longest_ns / NS_PER_MS);
	/* an SSRC means something only once a packet carried it */
	if (state->rx_packets)
		row_count(row, "ssrc_in", state->ssrc_in);
	else
		row_null(row, "ssrc_in");
	if (state->tx_packets)
		row_count(row, "ssrc_out", state->ssrc_out);
	else
		row_null(row, "ssrc_out");
}

void endpoints_row(struct api *api, struct ask *ask, const struct xf_endpoint_state *state)
{
	struct row row;
	uint64_t owner = 0;
	bool known = media_knows(api->media, state->id, &owner);
	row_init(&row);
	row_count(&row, "index", state->id.index);
	row_count(&row, "generation", state->id.generation);
	row_sockaddr(&row, "local", &state->local);
	row_sockaddr(&row, "remote", &state->remote);
	row_sockaddr(&row, "locked", &state->locked);
	row_endpoint(&row, "source", state->source);
	row_endpoint(&row, "armed", state->armed);
	row_bool(&row, "paused", state->paused);
	row_bool(&row, "neighbour_resolved", state->neighbour_resolved);
	put_counters(&row, state);
	row_count(&row, "worker", state->worker);
	row_text_or_null(&row, "call", known ? call_of_owner(api, owner) : NULL);
	row_bool(&row, "orphan", !known);
	ask->rows = rows_add(ask->rows, row_take(&row));
}

void endpoints_show(struct api *api, struct ask *ask, const json_t *params)
{
	ask->rows = json_array();
	question_ask(api, ask, QUESTION_DUMP);
}
