#include "report.h"

#include <stdlib.h>

#define REPORT_GAP_BEFORE_NS (1 * NS_PER_S) /* round the moment at which a transfer had its result */
#define REPORT_GAP_AFTER_NS  (3 * NS_PER_S)

struct call_row {
	uint64_t id;
	char text_id[CALL_TEXT_ID_LEN + 4];
	char caller[CALL_NUMBER_MAX], dialled[CALL_NUMBER_MAX], reason[128];
	uint32_t agent;
	struct xf_addr listener; /* where the caller hears; family 0: not known */
	uint64_t started_ns, answered_ns, ended_ns;
	uint8_t state;
	bool seen; /* in the look that is under way */
};

struct transfer_row {
	struct transfer transfer; /* as it was seen last; its pointers are not used */
	unsigned call;		  /* number, from 1; 0: of none that was seen */
};

struct report {
	const struct config *config;
	uint64_t start_ns;
	struct call_row *calls;
	struct transfer_row *transfers;
	unsigned call_count, transfer_count;
	bool failed;
};

int report_create(struct report **out, const struct config *config, uint64_t start_ns)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->config = config;
	(*out)->start_ns = start_ns;
	return 0;
}

void report_destroy(struct report *report)
{
	if (!report)
		return;
	free(report->calls);
	free(report->transfers);
	free(report);
}

static struct call_row *call_row(struct report *report, uint64_t id)
{
	for (unsigned i = report->call_count; i-- > 0;)
		if (report->calls[i].id == id)
			return &report->calls[i];
	struct call_row *grown = reallocarray(report->calls, report->call_count + 1, sizeof(*grown));
	if (!grown) {
		report->failed = true;
		return NULL;
	}
	report->calls = grown;
	grown[report->call_count] = (struct call_row){.id = id};
	return &grown[report->call_count++];
}

static void look_at_call(struct report *report, const struct shard *shard, const struct call *call)
{
	struct call_row *row = call_row(report, call->id);
	const struct leg *caller = shard_leg(shard, call->caller_leg);
	if (!row)
		return;
	row->seen = true;
	memcpy(row->text_id, call->text_id, sizeof(row->text_id));
	memcpy(row->caller, call->caller_number, sizeof(row->caller));
	memcpy(row->dialled, call->dialled_number, sizeof(row->dialled));
	memcpy(row->reason, call->reason, sizeof(row->reason));
	row->agent = call->agent;
	row->started_ns = call->started_ns;
	row->answered_ns = call->answered_ns;
	row->state = call->state;
	if (caller && caller->remote_sdp.rtp.addr.family)
		row->listener = caller->remote_sdp.rtp.addr;
}

static void look_at_transfer(struct report *report, const struct transfer *transfer)
{
	struct transfer_row *row = NULL;
	for (unsigned i = report->transfer_count; i-- > 0 && !row;)
		if (report->transfers[i].transfer.id == transfer->id)
			row = &report->transfers[i];
	if (!row) {
		struct transfer_row *grown =
		    reallocarray(report->transfers, report->transfer_count + 1, sizeof(*grown));
		if (!grown) {
			report->failed = true;
			return;
		}
		report->transfers = grown;
		row = &grown[report->transfer_count++];
		row->call = 0;
		for (unsigned i = 0; i < report->call_count; i++)
			if (report->calls[i].id == transfer->call)
				row->call = i + 1;
	}
	row->transfer = *transfer;
}

void report_look(struct report *report, struct world *world)
{
	struct plane *plane = world_plane(world);
	const struct shard *shard = plane ? plane_shard(plane) : NULL;
	for (unsigned i = 0; i < report->call_count; i++)
		report->calls[i].seen = report->calls[i].ended_ns != 0;
	for (const struct call *call = NULL; shard && (call = shard_next_call(shard, call));)
		look_at_call(report, shard, call);
	for (const struct transfer *transfer = NULL; shard && (transfer = shard_next_transfer(shard, transfer));)
		look_at_transfer(report, transfer);
	for (unsigned i = 0; i < report->call_count; i++)
		if (!report->calls[i].seen)
			report->calls[i].ended_ns = world_now(world);
}

const char *report_call_id(const struct report *report, unsigned number)
{
	return number >= 1 && number <= report->call_count ? report->calls[number - 1].text_id : NULL;
}

/* ---- for people, and for what must stay the same */

static void call_line(const struct report *report, unsigned i, char *line, size_t size)
{
	const struct call_row *row = &report->calls[i];
	snprintf(line, size, "call %u: %s to %s, agent %s, %s%s%s%s", i + 1, row->caller, row->dialled,
		 row->agent < report->config->agent_count ? report->config->agents[row->agent].name : "none",
		 row->answered_ns ? "answered" : "not answered", row->ended_ns ? "" : ", still up",
		 *row->reason ? ", ended: " : "", row->reason);
}

static void transfer_line(const struct report *report, unsigned i, char *line, size_t size)
{
	const struct transfer *t = &report->transfers[i].transfer;
	const char *plan = t->plan < report->config->plan_count ? report->config->plans[t->plan].name : NULL;
	int n = snprintf(line, size, "transfer %u: of call %u by %s%s%s, %s, %d%s%s", i + 1, report->transfers[i].call,
			 transfer_origin_name(t->origin), plan ? ", plan " : "", plan ? plan : "",
			 t->result ? transfer_result_name(t->result) : "under way", t->final_status,
			 *t->reason ? ": " : "", t->reason);
	for (unsigned a = 0; a < t->attempt_count && a <= t->attempt && n > 0 && (size_t)n < size; a++) {
		const struct transfer_attempt *attempt = &t->attempts[a];
		n += snprintf(line + n, size - (size_t)n, "; %s%s%s %d", *attempt->destination ? "to " : "then ",
			      *attempt->destination		     ? attempt->destination
			      : attempt->type == CONFIG_TARGET_AGENT ? "back to the agent"
								     : "hung up",
			      *attempt->caller_id ? " as " : "", attempt->status);
		if (*attempt->caller_id && (size_t)n < size)
			n += snprintf(line + n, size - (size_t)n, " (%s)", attempt->caller_id);
	}
}

void report_outcomes(const struct report *report, struct world *world, struct judge *judge)
{
	char line[4096];
	struct world_counts counts;
	for (unsigned i = 0; i < report->call_count; i++) {
		call_line(report, i, line, sizeof(line));
		judge_outcome(judge, line);
	}
	for (unsigned i = 0; i < report->transfer_count; i++) {
		transfer_line(report, i, line, sizeof(line));
		judge_outcome(judge, line);
	}
	world_counts(world, &counts);
	for (unsigned d = 0; d < XF_DROP_COUNT; d++) {
		if (!counts.drops[d])
			continue;
		snprintf(line, sizeof(line), "dropped as %s: %llu", xf_drop_name(d),
			 (unsigned long long)counts.drops[d]);
		judge_outcome(judge, line);
	}
}

void report_print(const struct report *report, struct world *world, FILE *out)
{
	char line[4096];
	struct world_counts counts;
	world_counts(world, &counts);
	for (unsigned i = 0; i < report->call_count; i++) {
		call_line(report, i, line, sizeof(line));
		fprintf(out, "%s\n", line);
	}
	for (unsigned i = 0; i < report->transfer_count; i++) {
		transfer_line(report, i, line, sizeof(line));
		fprintf(out, "%s\n", line);
	}
	fprintf(out, "packets: %llu in, %llu out; SIP: %llu in, %llu out\n", (unsigned long long)counts.frames_in,
		(unsigned long long)counts.frames_out, (unsigned long long)counts.sip_in,
		(unsigned long long)counts.sip_out);
	for (unsigned d = 0; d < XF_DROP_COUNT; d++)
		if (counts.drops[d])
			fprintf(out, "dropped: %llu as %s (%s)\n", (unsigned long long)counts.drops[d], xf_drop_name(d),
				xf_drop_text(d));
	if (counts.missed)
		fprintf(out, "missed: %llu packets longer than the port's MTU, or too many at once\n",
			(unsigned long long)counts.missed);
}

/* ---- JSON */

/* Seconds since the capture's first packet; null: never. */
static json_t *seconds(const struct report *report, uint64_t ns)
{
	return ns ? json_real(((double)ns - (double)report->start_ns) / 1e9) : json_null();
}

static json_t *call_json(const struct report *report, unsigned i)
{
	const struct call_row *row = &report->calls[i];
	return json_pack("{s:i, s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:s}", "call", (int)i + 1, "id", row->text_id,
			 "caller", row->caller, "dialled", row->dialled, "agent",
			 row->agent < report->config->agent_count ? report->config->agents[row->agent].name : NULL,
			 "state", row->ended_ns ? "ended" : call_state_name(row->state), "started_s",
			 seconds(report, row->started_ns), "answered_s", seconds(report, row->answered_ns), "ended_s",
			 seconds(report, row->ended_ns), "reason", row->reason);
}

static json_t *attempts_json(const struct report *report, const struct transfer *t)
{
	json_t *array = json_array();
	for (unsigned a = 0; array && a < t->attempt_count && a <= t->attempt; a++) {
		const struct transfer_attempt *attempt = &t->attempts[a];
		static const char *const types[] = {"number", "sip", "agent", "hang-up"};
		const struct config_provider *provider = attempt->provider < report->config->provider_count
							     ? &report->config->providers[attempt->provider]
							     : NULL;
		json_t *row =
		    json_pack("{s:s, s:s, s:s, s:s?, s:i, s:s, s:o, s:o}", "type",
			      attempt->type < 4 ? types[attempt->type] : "unknown", "destination", attempt->destination,
			      "caller_id", attempt->caller_id, "provider", provider ? provider->name : NULL, "status",
			      attempt->status, "reason", attempt->reason, "started_s",
			      seconds(report, attempt->started_ns), "ended_s", seconds(report, attempt->ended_ns));
		if (row && provider && provider->cost_per_minute > 0)
			json_object_set_new(row, "cost_per_minute", json_real(provider->cost_per_minute));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* The longest silence that the caller heard about the time of the transfer; null: it heard nothing then. */
static json_t *gap_json(const struct report *report, const struct transfer_row *row, const struct judge *judge)
{
	const struct transfer *t = &row->transfer;
	uint64_t gap = UINT64_MAX;
	if (row->call && t->ended_ns >= report->start_ns && report->calls[row->call - 1].listener.family) {
		uint64_t at = t->ended_ns - report->start_ns;
		gap = judge_longest_gap(judge, &report->calls[row->call - 1].listener,
					at > REPORT_GAP_BEFORE_NS ? at - REPORT_GAP_BEFORE_NS : 0,
					at + REPORT_GAP_AFTER_NS);
	}
	return gap == UINT64_MAX ? json_null() : json_real((double)gap / 1e6);
}

static json_t *transfer_json(const struct report *report, unsigned i, const struct judge *judge)
{
	const struct transfer_row *row = &report->transfers[i];
	const struct transfer *t = &row->transfer;
	return json_pack("{s:i, s:i, s:s, s:s, s:s?, s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "transfer", (int)i + 1,
			 "call", (int)row->call, "id", t->text_id, "origin", transfer_origin_name(t->origin), "plan",
			 t->plan < report->config->plan_count ? report->config->plans[t->plan].name : NULL, "result",
			 t->result ? transfer_result_name(t->result) : "under way", "status", t->final_status, "reason",
			 t->reason, "started_s", seconds(report, t->started_ns), "ended_s",
			 seconds(report, t->ended_ns), "gap_ms", gap_json(report, row, judge), "attempts",
			 attempts_json(report, t));
}

static json_t *rows(unsigned count, json_t *(*row)(const struct report *, unsigned, const struct judge *),
		    const struct report *report, const struct judge *judge)
{
	json_t *array = json_array();
	for (unsigned i = 0; array && i < count; i++)
		if (json_array_append_new(array, row(report, i, judge)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *call_row_json(const struct report *report, unsigned i, const struct judge *judge)
{
	return call_json(report, i);
}

static json_t *screen_json(const struct report *report, const struct world_counts *counts)
{
	const struct config *config = report->config;
	json_t *peers = json_array();
	for (uint32_t p = 0; peers && p < config->provider_count + config->agent_count && p < XF_MAX_PEERS; p++) {
		const char *name = p < config->provider_count ? config->providers[p].name
							      : config->agents[p - config->provider_count].name;
		json_array_append_new(peers, json_pack("{s:s, s:I, s:I}", "peer", name, "passed",
						       (json_int_t)counts->peer_passed[p], "dropped",
						       (json_int_t)counts->peer_dropped[p]));
	}
	return json_pack("{s:o, s:I, s:I}", "peers", peers, "unknown_source",
			 (json_int_t)counts->drops[XF_DROP_SIP_SOURCE], "unknown_source_tcp",
			 (json_int_t)counts->drops[XF_DROP_SIP_TCP_SOURCE]);
}

static json_t *drops_json(const struct world_counts *counts)
{
	json_t *drops = json_object();
	for (unsigned d = 0; drops && d < XF_DROP_COUNT; d++)
		if (counts->drops[d])
			json_object_set_new(drops, xf_drop_name(d), json_integer((json_int_t)counts->drops[d]));
	return drops;
}

static json_t *notes_json(const char *capture, const struct capture_notes *notes)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "file", capture,
			 "packets", (json_int_t)notes->packets, "not_ip", (json_int_t)notes->not_ip, "short",
			 (json_int_t)notes->short_packets, "cut", (json_int_t)notes->cut, "other_protocols",
			 (json_int_t)notes->other_protocols, "fragments", (json_int_t)notes->fragments,
			 "fragments_lost", (json_int_t)notes->fragments_lost, "tcp_packets",
			 (json_int_t)notes->tcp_packets, "tcp_streams_sip", (json_int_t)notes->tcp_streams_sip,
			 "tcp_gaps", (json_int_t)notes->tcp_gaps, "tls_streams", (json_int_t)notes->tls_streams,
			 "out_of_order", (json_int_t)notes->out_of_order, "damage", notes->damage);
}

json_t *report_json(const struct report *report, struct world *world, const struct judge *judge, const char *capture,
		    const struct capture_notes *notes, json_t *never_sent, json_t *added, json_t *stand_ins)
{
	struct world_counts counts;
	world_counts(world, &counts);
	if (report->failed)
		return NULL;
	return json_pack(
	    "{s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:O, s:O, s:O}", "capture",
	    notes_json(capture, notes), "calls", rows(report->call_count, call_row_json, report, judge), "transfers",
	    rows(report->transfer_count, transfer_json, report, judge), "streams", "captured",
	    judge_captured_streams(judge), "received", judge_received_streams(judge), "sent", judge_sent_streams(judge),
	    "drops", drops_json(&counts), "screen", screen_json(report, &counts), "packets", "in",
	    (json_int_t)counts.frames_in, "out", (json_int_t)counts.frames_out, "missed", (json_int_t)counts.missed,
	    "sip_in", (json_int_t)counts.sip_in, "sip_out", (json_int_t)counts.sip_out, "to_kernel_other",
	    (json_int_t)counts.to_kernel_other, "never_sent", never_sent, "added", added, "stand_ins", stand_ins);
}

int report_write(json_t *json, const char *path, char why[static JUDGE_WHY])
{
	int r = 0;
	if (!json) {
		snprintf(why, JUDGE_WHY, "out of memory: no report");
		return -ENOMEM;
	}
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	if (!file || json_dumpf(json, file, JSON_INDENT(2)) < 0 || fputc('\n', file) < 0 || fflush(file) != 0)
		r = errno ? -errno : -EIO;
	if (file && file != stdout && fclose(file) != 0 && r == 0)
		r = -errno;
	if (r < 0)
		snprintf(why, JUDGE_WHY, "the report cannot be written to %.300s: %s", path, strerror(-r));
	return r;
}
