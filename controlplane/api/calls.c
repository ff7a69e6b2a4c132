/* Rows of `xfergate show calls` and `show call`, and `hangup`. */
#include "handlers.h"
#include "row.h"

int calls_leg_codec(const struct leg *leg)
{
	if (!leg->agreed)
		return -1;
	for (unsigned i = 0; i < leg->remote_sdp.codec_count && i < SDP_CODEC_MAX; i++) {
		unsigned codec = leg->remote_sdp.codecs[i].codec;
		if (codec >= XF_CODEC_EVENT)
			continue;
		for (unsigned k = 0; k < leg->local_sdp.codec_count && k < SDP_CODEC_MAX; k++)
			if (leg->local_sdp.codecs[k].codec == codec)
				return (int)codec;
	}
	return -1;
}

/* NULL: none yet. */
static const char *leg_codec(const struct leg *leg)
{
	static const char *const names[] = {
#define X(symbol, name, rate, pt, channels) name,
	    XF_CODECS(X)
#undef X
	};
	int codec = calls_leg_codec(leg);
	return codec < 0 ? NULL : names[codec];
}

static void put_leg(const struct api *api, struct row *row, const struct leg *leg)
{
	row_text(row, "kind", leg_kind_name(leg->kind));
	row_text(row, "state", leg_state_name(leg->state));
	row_text_or_null(row, "call_id", leg->call_id);
	row_text_or_null(row, "network", name_network(api->config, leg->network));
	row_sockaddr(row, "remote", &leg->hop);
	row_text_or_null(row, "codec", leg_codec(leg));
	row_endpoint(row, "endpoint", leg->endpoint);
}

static json_t *codec_list(const struct sdp_codec *codecs, unsigned count)
{
	static const struct {
		const char *name;
		unsigned rate;
	} known[] = {
#define X(symbol, name, rate, pt, channels) {name, rate},
	    XF_CODECS(X)
#undef X
	};
	json_t *list = json_array();
	for (unsigned i = 0; i < count && i < SDP_CODEC_MAX; i++) {
		char text[64];
		if (codecs[i].codec >= XF_CODEC_COUNT)
			continue;
		snprintf(text, sizeof(text), "%u %s/%u", codecs[i].pt, known[codecs[i].codec].name,
			 known[codecs[i].codec].rate);
		list = rows_add(list, json_string(text));
	}
	return list;
}

static const char *direction_name(unsigned direction)
{
	static const char *const names[] = {"inactive", "sendonly", "recvonly", "sendrecv"};
	return names[direction & SDP_SENDRECV];
}

static void put_leg_media(const struct api *api, struct row *row, const struct leg *leg)
{
	struct xf_sockaddr local = {0};
	if (leg->endpoint.index != XF_ENDPOINT_NONE)
		local = media_advertised(api->media, leg->endpoint);
	row_sockaddr(row, "media_local", &local);
	row_sockaddr(row, "media_remote", &leg->remote_sdp.rtp);
	row_bool(row, "agreed", leg->agreed);
	row_text_or_null(row, "local_direction",
			 leg->local_sdp.session_id ? direction_name(leg->local_sdp.direction) : "");
	row_text_or_null(row, "remote_direction",
			 leg->remote_sdp.codec_count ? direction_name(leg->remote_sdp.direction) : "");
	row_set(row, "remote_codecs", codec_list(leg->remote_sdp.codecs, leg->remote_sdp.codec_count));
	name_feed(row, "fed_from", leg->feed, media_own_prompt_name(api->media, leg->feed.generation));
	name_prompt(row, "while_silent", leg->feed_while_silent,
		    media_own_prompt_name(api->media, leg->feed_while_silent));
	row_bool(row, "paused", leg->feed_paused);
	row_count(row, "keys_pressed", leg->key_count);
	row_text_or_null(row, "keys", leg->keys);
}

static json_t *leg_detail(const struct api *api, const struct leg *leg)
{
	struct row row;
	uint64_t now = api->env->now_ns;
	row_init(&row);
	put_leg(api, &row, leg);
	row_bool(&row, "ours", leg->ours);
	row_text_or_null(&row, "provider", name_provider(api->config, leg->provider));
	row_text_or_null(&row, "agent", name_agent(api->config, leg->agent));
	row_uri(&row, "local_party", leg->local);
	row_uri(&row, "remote_party", leg->remote);
	row_uri(&row, "remote_target", leg->remote_target);
	put_leg_media(api, &row, leg);
	row_seconds(&row, "duration_s", leg->started_ns, now);
	if (leg->answered_ns)
		row_seconds(&row, "answered_s", leg->answered_ns, now);
	else
		row_null(&row, "answered_s");
	if (leg->final_status)
		row_count(&row, "status", (uint64_t)leg->final_status);
	else
		row_null(&row, "status");
	row_text_or_null(&row, "reason", leg->reason);
	return row_take(&row);
}

static json_t *leg_brief(const struct api *api, const struct leg *leg)
{
	struct row row;
	row_init(&row);
	put_leg(api, &row, leg);
	return row_take(&row);
}

static json_t *leg_list(const struct api *api, const struct call *call,
			json_t *(*leg_row)(const struct api *, const struct leg *))
{
	const uint64_t ids[] = {call->caller_leg, call->agent_leg, call->target_leg};
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct leg *leg = ids[i] ? shard_leg(api->shard, ids[i]) : NULL;
		if (leg)
			list = rows_add(list, leg_row(api, leg));
	}
	return list;
}

static void put_call(const struct api *api, struct row *row, const struct call *call)
{
	const struct transfer *transfer = call->transfer ? shard_transfer(api->shard, call->transfer) : NULL;
	row_text(row, "id", call->text_id);
	row_text(row, "state", call_state_name(call->state));
	row_text_or_null(row, "caller", call->caller_number);
	row_text_or_null(row, "dialled", call->dialled_number);
	row_text_or_null(row, "owner", call->owner);
	row_text_or_null(row, "provider", name_provider(api->config, call->provider));
	row_text_or_null(row, "agent", name_agent(api->config, call->agent));
	row_seconds(row, "duration_s", call->started_ns, api->env->now_ns);
	row_text_or_null(row, "transfer", transfer ? transfer->text_id : NULL);
}

void calls_show_all(struct api *api, struct ask *ask, const json_t *params)
{
	json_t *rows = json_array();
	for (const struct call *call = NULL; (call = shard_next_call(api->shard, call));) {
		struct row row;
		row_init(&row);
		put_call(api, &row, call);
		row_set(&row, "legs", leg_list(api, call, leg_brief));
		rows = rows_add(rows, row_take(&row));
	}
	ask_answer(api, ask, rows);
}

const struct call *calls_find(struct api *api, struct ask *ask, const json_t *params)
{
	char why[256] = "no such call; xfergate show calls lists them";
	const char *text = params_text(params, "call");
	const struct call *call = shard_find_call(api->shard, text, why, sizeof(why));
	if (!call)
		ask_refuse(api, ask, 404, "'%.80s': %s", text, why);
	return call;
}

static json_t *transfers_of(const struct api *api, const struct call *call)
{
	json_t *list = json_array();
	for (const struct transfer *transfer = NULL; (transfer = shard_next_transfer(api->shard, transfer));)
		if (transfer->call == call->id)
			list = rows_add(list, transfers_row(api, transfer));
	return list;
}

static json_t *message_row(const struct call *call, const struct trace_message *message)
{
	char leg[32];
	struct row row;
	row_init(&row);
	if (message->leg_number > 1)
		snprintf(leg, sizeof(leg), "%s %u", leg_kind_name(message->leg_kind), message->leg_number);
	else
		snprintf(leg, sizeof(leg), "%s", leg_kind_name(message->leg_kind));
	row_set(&row, "at", json_real((double)((message->ns - call->started_ns) / 1000) / 1e6));
	row_bool(&row, "sent", message->sent);
	row_text(&row, "leg", leg);
	row_sockaddr(&row, "address", &message->peer);
	row_text(&row, "start_line", message->start_line);
	row_text(&row, "cseq", message->cseq);
	row_bool(&row, "in_dialog", message->in_dialog);
	if (*message->sipfrag)
		row_text(&row, "sipfrag", message->sipfrag);
	if (*message->refer_to)
		row_text(&row, "refer_to", message->refer_to);
	row_bool(&row, "repeated", message->repeated);
	return row_take(&row);
}

static json_t *messages_of(const struct call *call)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < trace_count(call->trace); i++)
		list = rows_add(list, message_row(call, trace_at(call->trace, i)));
	return list;
}

void calls_show_one(struct api *api, struct ask *ask, const json_t *params)
{
	const struct call *call = calls_find(api, ask, params);
	struct row row;
	if (!call)
		return;
	row_init(&row);
	put_call(api, &row, call);
	if (call->answered_ns)
		row_seconds(&row, "answered_s", call->answered_ns, api->env->now_ns);
	else
		row_null(&row, "answered_s");
	row_text_or_null(&row, "reason", call->reason);
	row_set(&row, "legs", leg_list(api, call, leg_detail));
	row_set(&row, "transfers", transfers_of(api, call));
	row_set(&row, "announcements", announcements_of(api, call));
	row_set(&row, "messages", messages_of(call));
	row_count(&row, "messages_lost", call->trace ? call->trace->lost : 0);
	ask_answer(api, ask, row_take(&row));
}

void calls_hang_up(struct api *api, struct ask *ask, const json_t *params)
{
	const struct call *call = calls_find(api, ask, params);
	const char *reason = params_text(params, "reason");
	struct row row;
	if (!call)
		return;
	row_init(&row);
	row_text(&row, "id", call->text_id);
	row_text(&row, "reason", reason ? reason : "ended by the operator");
	if (shard_hangup(api->shard, call->id, reason ? reason : "ended by the operator") < 0) {
		json_decref(row_take(&row));
		ask_refuse(api, ask, 404, "the call is over already");
		return;
	}
	ask_answer(api, ask, row_take(&row));
}
