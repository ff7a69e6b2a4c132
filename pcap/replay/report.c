/* --report: the end of a replay as JSON. */
#include "play.h"

#include <errno.h>
#include <jansson.h>

#define REAL_DIGITS 12 /* nanoseconds of a quarter of an hour, and no dust of binary fractions */

static json_t *seconds(const struct play *play, uint64_t live_ns)
{
	return live_ns ? json_real((double)play_since(play, live_ns) / 1e9) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static json_t *report_calls(const struct play *play)
{
	json_t *list = json_array();
	for (uint32_t i = 0; list && i < play->history.call_count; i++) {
		const struct history_call *call = &play->history.calls[i];
		json_array_append_new(
		    list,
		    json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:s}", "number", (int)i + 1,
			      "id", call->id, "caller", text_or_null(call->caller), "dialled",
			      text_or_null(call->dialled), "provider", text_or_null(call->provider), "agent",
			      text_or_null(call->agent), "started_s", seconds(play, call->started_ns), "answered_s",
			      seconds(play, call->answered_ns), "ended_s", seconds(play, call->ended_ns), "status",
			      call->status, "reason", text_or_null(call->reason), "state", call->state));
	}
	return list;
}

/* Where the gateway talks to the leg's party from. */
static struct xf_sockaddr own_media(const struct play *play, const struct script_leg *leg)
{
	struct xf_sockaddr own = leg->media;
	for (uint32_t n = 0; n < play->config->network_count; n++) {
		const struct config_network *network = &play->config->networks[n];
		if (network->advertise.family && network->media_count &&
		    xf_addr_eq(&network->advertise, &leg->media.addr))
			own.addr = network->media[0];
	}
	return own;
}

/* The longest time without a packet toward the caller around the moment of the transfer, while the call was up. */
static json_t *report_gap(const struct play *play, const struct history_transfer *transfer)
{
	uint64_t until = transfer->ended_ns + 1000000000, longest = UINT64_MAX;
	for (uint32_t i = 0; i < play->history.call_count; i++) {
		const struct history_call *call = &play->history.calls[i];
		if (strcmp(call->id, transfer->call) == 0 && call->ended_ns && call->ended_ns < until)
			until = call->ended_ns;
	}
	for (uint32_t n = 0; n < play->rec->leg_count && longest == UINT64_MAX; n++) {
		const struct script_leg *leg = &play->rec->legs[n];
		struct xf_sockaddr own = own_media(play, leg);
		if (strcmp(leg->call_text, transfer->call) == 0 && own.port)
			longest = judge_longest_gap(play->judge, &own, play_since(play, transfer->started_ns),
						    play_since(play, until));
	}
	return longest == UINT64_MAX ? json_null() : json_real((double)longest / 1e6);
}

static json_t *report_transfers(const struct play *play)
{
	json_t *list = json_array();
	for (uint32_t i = 0; list && i < play->history.transfer_count; i++) {
		const struct history_transfer *transfer = &play->history.transfers[i];
		bool done = transfer->ended_ns != 0;
		json_array_append_new(
		    list, json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:o, s:o, s:o}", "number", (int)i + 1,
				    "id", transfer->id, "call", transfer->call, "origin", transfer->origin, "plan",
				    text_or_null(transfer->plan), "result", text_or_null(transfer->result), "status",
				    transfer->status, "reason", text_or_null(transfer->reason), "started_s",
				    seconds(play, transfer->started_ns), "ended_s", seconds(play, transfer->ended_ns),
				    "gap_ms", done ? report_gap(play, transfer) : json_null()));
	}
	return list;
}

static json_t *report_refused(const struct play *play)
{
	json_t *list = json_array();
	for (uint32_t i = 0; list && i < play->history.refusal_count; i++) {
		const struct history_refusal *refusal = &play->history.refusals[i];
		json_array_append_new(list, json_pack("{s:I, s:i, s:s}", "calls", (json_int_t)refusal->calls, "status",
						      refusal->status, "reason", refusal->reason));
	}
	return list;
}

static json_t *report_drops(const struct world_counts *counts)
{
	json_t *drops = json_object();
	for (unsigned d = 0; drops && d < XF_DROP_COUNT; d++)
		if (counts->drops[d])
			json_object_set_new(drops, xf_drop_name(d), json_integer((json_int_t)counts->drops[d]));
	return drops;
}

static json_t *report_screen(const struct play *play, const struct world_counts *counts)
{
	const struct config *config = play->config;
	json_t *list = json_array();
	for (uint32_t i = 0; list && i < config->provider_count + config->agent_count && i < XF_MAX_PEERS; i++) {
		bool provider = i < config->provider_count;
		const char *name =
		    provider ? config->providers[i].name : config->agents[i - config->provider_count].name;
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "role", provider ? "provider" : "agent",
						      "peer", name, "passed", (json_int_t)counts->peer_passed[i],
						      "dropped", (json_int_t)counts->peer_dropped[i]));
	}
	return list;
}

static json_t *report_never(const struct play *play)
{
	json_t *list = json_array();
	char from[XF_SOCKADDR_STRLEN], label[LADDER_LABEL];
	for (uint32_t i = 0; list && i < play->rec->entry_count; i++) {
		const struct entry *entry = &play->rec->entries[i];
		if (entry->out || entry->state != ENTRY_NEVER)
			continue;
		ladder_label_bytes(label, entry->data, entry->len);
		json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s}", "packet", (json_int_t)entry->number,
						      "message", label, "from", xf_sockaddr_format(&entry->from, from),
						      "reason", entry->why ? entry->why : ""));
	}
	for (uint32_t i = 0; list && i < play->tracks.count; i++) {
		const struct track *track = &play->tracks.items[i];
		if (track->lost)
			json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:s, s:s}", "packet",
							      (json_int_t)track->lost_number, "message", "media",
							      "packets", (json_int_t)track->lost, "from",
							      xf_sockaddr_format(&track->from, from), "reason",
							      "xfergate named no port for it"));
	}
	return list;
}

static json_t *report_list(const struct play_note *notes, uint32_t count)
{
	json_t *list = json_array();
	for (uint32_t i = 0; list && i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:f, s:s}", "s", (double)notes[i].ns / 1e9, "what", notes[i].text));
	return list;
}

static json_t *report_packets(const struct play *play)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "captured", (json_int_t)play->notes.packets, "sip_in",
			 (json_int_t)play->sip_in, "media_in", (json_int_t)play->rtp_in, "sip_out",
			 (json_int_t)play->sip_sent, "media_out", (json_int_t)play->rtp_out, "cut",
			 (json_int_t)play->notes.cut);
}

int play_report(struct play *play, const char *path)
{
	struct world_counts counts;
	world_counts(play->world, &counts);
	json_t *streams = json_pack("{s:o, s:o, s:o}", "captured", judge_captured_streams(play->judge), "received",
				    judge_received_streams(play->judge), "sent", judge_sent_streams(play->judge));
	json_t *report = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "capture",
				   play->options->capture, "packets", report_packets(play), "calls", report_calls(play),
				   "refused", report_refused(play), "transfers", report_transfers(play), "streams",
				   streams, "drops", report_drops(&counts), "screen", report_screen(play, &counts),
				   "never_sent", report_never(play), "new", report_list(play->news, play->news_count),
				   "notes", report_list(play->notes_list, play->notes_count));
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdout : fopen(path, "we");
	int r = report && file ? 0 : file ? -ENOMEM : -errno;
	if (r == 0 && (json_dumpf(report, file, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS)) < 0 ||
		       fputc('\n', file) < 0 || fflush(file) != 0))
		r = -EIO;
	if (file && !standard && fclose(file) != 0)
		r = -errno;
	json_decref(report);
	if (r < 0)
		fprintf(stderr, "xfergate-replay: %s: %s\n", path, strerror(-r));
	return r;
}
