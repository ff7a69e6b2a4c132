/* Rows of `xfergate show endpoints`: what the dataplane has open, and which call it belongs to. */
#include "handlers.h"
#include "media/quality.h"
#include "row.h"
#include "xfergate/counter_rows.h"

/* The call that a leg belongs to; NULL if either is gone. */
static const char *call_of(const struct api *api, const struct leg *leg)
{
	const struct call *call = leg ? shard_call(api->shard, leg->call) : NULL;
	return call ? call->text_id : NULL;
}

/* Of what is received; how it sounds is known only of a leg's codec. */
static void put_quality(struct row *row, const struct xf_endpoint_state *state, const struct leg *leg)
{
	uint64_t lost = quality_lost(state);
	int codec = leg ? calls_leg_codec(leg) : -1;
	const struct quality quality = {state->rx_expected, lost, state->jitter_us, state->rtt_us};
	double mos = codec < 0 ? 0 : quality_mos((enum xf_codec)codec, &quality);
	row_count(row, "rx_lost", lost);
	row_set(row, "jitter_ms", json_real(state->jitter_us / 1000.0));
	if (state->rtt_us)
		row_set(row, "rtt_ms", json_real(state->rtt_us / 1000.0));
	else
		row_null(row, "rtt_ms");
	if (mos > 0)
		row_set(row, "mos", json_real((double)(int)(mos * 100 + 0.5) / 100));
	else
		row_null(row, "mos");
}

static void put_counters(struct row *row, const struct xf_endpoint_state *state)
{
#define X(field) row_count(row, #field, state->field);
	XF_ENDPOINT_COUNTERS(X)
#undef X
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
	/* A row takes kilobytes until it is sent; later rows find no ask. */
	if (json_array_size(ask->rows) == ENDPOINTS_ROWS_MAX) {
		ask_refuse(api, ask, 413,
			   "more than %u endpoints are open: show dataplane counts them, show call has those of a "
			   "call, and DPDK's telemetry (/xfergate/endpoint) has each by its index",
			   ENDPOINTS_ROWS_MAX);
		return;
	}
	struct row row;
	uint64_t owner = 0;
	bool known = media_knows(api->media, state->id, &owner);
	const struct leg *leg = known ? shard_leg(api->shard, owner) : NULL;
	row_init(&row);
	row_count(&row, "index", state->id.index);
	row_count(&row, "generation", state->id.generation);
	row_sockaddr(&row, "local", &state->local);
	row_sockaddr(&row, "remote", &state->remote);
	row_sockaddr(&row, "locked", &state->locked);
	name_feed(&row, "source", state->source, media_prompt_name(api->media, state->source.generation));
	name_prompt(&row, "while_silent", state->prompt, media_prompt_name(api->media, state->prompt));
	row_bool(&row, "prompt_ended", state->prompt_ended);
	row_endpoint(&row, "armed", state->armed);
	row_bool(&row, "paused", state->paused);
	row_bool(&row, "neighbour_resolved", state->neighbour_resolved);
	put_counters(&row, state);
	put_quality(&row, state, leg);
	row_count(&row, "worker", state->worker);
	row_text_or_null(&row, "call", call_of(api, leg));
	row_bool(&row, "orphan", !known);
	ask->rows = rows_add(ask->rows, row_take(&row));
}

void endpoints_show(struct api *api, struct ask *ask, const json_t *params)
{
	ask->rows = json_array();
	question_ask(api, ask, QUESTION_DUMP);
}
