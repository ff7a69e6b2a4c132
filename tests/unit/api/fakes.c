#include "fakes.h"

#include <criterion/criterion.h>
#include "xfergate/e164.h"

struct fakes fakes;

static void take_reply(void *arg, uint64_t client, const char *json, size_t len)
{
	cr_assert(fakes.reply_count < FAKE_REPLIES);
	cr_assert(len == strlen(json) && !memchr(json, '\n', len), "a reply is one line");
	fakes.clients[fakes.reply_count] = client;
	fakes.replies[fakes.reply_count++] = strdup(json);
	if (fakes.gone_on_reply)
		api_client_gone(fakes.api, client);
}

void fakes_init(void)
{
	fakes = (struct fakes){.start_status = 0, .start_why = ""};
	fakes.seam.reply = take_reply;
	fakes.env.seam = &fakes.seam;
	fakes.env.now_ns = 1000 * NS_PER_S;
	cr_assert(api_create(&fakes.api, &fakes.env, &fakes.config, NULL, NULL) == 0);
}

void fakes_fini(void)
{
	api_destroy(fakes.api);
	for (unsigned i = 0; i < fakes.reply_count; i++)
		free(fakes.replies[i]);
	fakes.reply_count = 0;
}

void fakes_answer(int result)
{
	const struct media_query *query = fakes.query;
	cr_assert(query);
	fakes.query = NULL;
	for (size_t i = 0; result == 0 && i < fakes.row_count; i++)
		query->row(query->arg, fakes.cookie, fakes.rows[i].type, fakes.rows[i].row);
	query->done(query->arg, fakes.cookie, result, 5);
}

json_t *fakes_ask(const char *line)
{
	unsigned before = fakes.reply_count;
	api_request(fakes.api, 7, line, strlen(line));
	if (fakes.reply_count == before)
		return NULL;
	cr_assert(fakes.reply_count == before + 1);
	cr_assert(fakes.clients[before] == 7);
	json_t *reply = json_loads(fakes.replies[before], 0, NULL);
	cr_assert(reply, "not JSON: %s", fakes.replies[before]);
	return reply;
}

int fakes_error(json_t *reply, const char *text)
{
	json_t *error = json_object_get(reply, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	int code = (int)json_integer_value(json_object_get(error, "code"));
	if (error && text)
		cr_assert(message && strstr(message, text), "'%s' does not say '%s'", message ? message : "", text);
	json_decref(reply);
	return code;
}

/* ---- call/ */

#define NAMES(function, list, count)                                                                                   \
	const char *function(unsigned value)                                                                           \
	{                                                                                                              \
		static const char *const names[] = {list(NAME)};                                                       \
		return value < (count) ? names[value] : "unknown";                                                     \
	}
#define NAME(symbol, name) name,
NAMES(leg_kind_name, LEG_KINDS, LEG_KIND_COUNT)
NAMES(leg_state_name, LEG_STATES, LEG_STATE_COUNT)
NAMES(call_state_name, CALL_STATES, CALL_STATE_COUNT)
NAMES(transfer_origin_name, TRANSFER_ORIGINS, TRANSFER_ORIGIN_COUNT)
NAMES(transfer_state_name, TRANSFER_STATES, TRANSFER_STATE_COUNT)
NAMES(transfer_result_name, TRANSFER_RESULTS, TRANSFER_RESULT_COUNT)

const struct call *shard_next_call(const struct shard *shard, const struct call *call)
{
	size_t next = call ? (size_t)(call - fakes.calls) + 1 : 0;
	return next < fakes.call_count ? &fakes.calls[next] : NULL;
}

const struct transfer *shard_next_transfer(const struct shard *shard, const struct transfer *transfer)
{
	size_t next = transfer ? (size_t)(transfer - fakes.transfers) + 1 : 0;
	return next < fakes.transfer_count ? &fakes.transfers[next] : NULL;
}

const struct call *shard_call(const struct shard *shard, uint64_t id)
{
	for (size_t i = 0; i < fakes.call_count; i++)
		if (fakes.calls[i].id == id)
			return &fakes.calls[i];
	return NULL;
}

const struct leg *shard_leg(const struct shard *shard, uint64_t id)
{
	for (size_t i = 0; i < fakes.leg_count; i++)
		if (fakes.legs[i].id == id)
			return &fakes.legs[i];
	return NULL;
}

const struct transfer *shard_transfer(const struct shard *shard, uint64_t id)
{
	for (size_t i = 0; i < fakes.transfer_count; i++)
		if (fakes.transfers[i].id == id)
			return &fakes.transfers[i];
	return NULL;
}

const struct call *shard_find_call(const struct shard *shard, const char *text, char *why, size_t why_size)
{
	for (size_t i = 0; i < fakes.call_count; i++)
		if (strcmp(fakes.calls[i].text_id, text) == 0)
			return &fakes.calls[i];
	snprintf(why, why_size, "no such call: give an id");
	return NULL;
}

void shard_counts(const struct shard *shard, struct shard_counts *counts)
{
	*counts = (struct shard_counts){.calls = (uint32_t)fakes.call_count, .legs = 3, .transfers_refused = 11};
}

const struct sip_stack *shard_sip(const struct shard *shard)
{
	return NULL;
}

void sip_stack_counts(const struct sip_stack *stack, struct sip_counts *counts)
{
	*counts = (struct sip_counts){.transactions = 2, .received = 40, .malformed = 1};
}

static void keep(char *buf, size_t size, const char *text)
{
	snprintf(buf, size, "%s", text ? text : "(none)");
}

int shard_transfer_start(struct shard *shard, uint64_t call, const char *to, const char *plan, const char *caller_id,
			 uint64_t *transfer, char *why, size_t why_size)
{
	fakes.started_call = call;
	keep(fakes.started_to, sizeof(fakes.started_to), to);
	keep(fakes.started_plan, sizeof(fakes.started_plan), plan);
	keep(fakes.started_caller_id, sizeof(fakes.started_caller_id), caller_id);
	if (fakes.start_status) {
		snprintf(why, why_size, "%s", fakes.start_why);
		return fakes.start_status;
	}
	*transfer = fakes.transfers[0].id;
	return 0;
}

int shard_hangup(struct shard *shard, uint64_t call, const char *reason)
{
	fakes.hung_up = call;
	keep(fakes.hang_up_reason, sizeof(fakes.hang_up_reason), reason);
	return shard_call(shard, call)->state == CALL_ENDING ? -ENOENT : 0;
}

void shard_capture_media(struct shard *shard, uint64_t call, bool on)
{
	fakes.media_captures += on ? 1 : -1u;
}

/* ---- media/ */

static int asked(const struct media_query *query, uint64_t cookie)
{
	fakes.questions++;
	if (fakes.link_result < 0)
		return fakes.link_result;
	fakes.query = query;
	fakes.cookie = cookie;
	if (fakes.answers_inside)
		fakes_answer(0);
	return 0;
}

int media_dump(struct media *media, const struct media_query *query, uint64_t cookie)
{
	return asked(query, cookie);
}

int media_stats(struct media *media, const struct media_query *query, uint64_t cookie)
{
	return asked(query, cookie);
}

bool media_ready(const struct media *media)
{
	return fakes.link_result == 0;
}

/* Odd generations are ours, of the leg whose id is the generation. */
const char *media_prompt_name(const struct media *media, uint32_t number)
{
	return number == 7 ? "sorry" : NULL;
}

const char *media_own_prompt_name(const struct media *media, uint32_t number)
{
	return number == 4 ? "music" : NULL;
}

bool media_knows(const struct media *media, struct xf_endpoint_id id, uint64_t *owner)
{
	*owner = id.generation;
	return id.generation % 2;
}

struct xf_sockaddr media_advertised(const struct media *media, struct xf_endpoint_id id)
{
	struct xf_sockaddr s = {.port = xf_endpoint_port(id.index)};
	cr_assert(xf_addr_parse(&s.addr, "203.0.113.7") == 0);
	return s;
}

void media_counts(const struct media *media, struct media_counts *counts)
{
	*counts = (struct media_counts){.endpoints = 2, .ports_free = 8190, .orphans = 1};
}

/* ---- the numbering data */

const char *e164_data_version(void)
{
	return "libphonenumber 8.12, numbering data of 2022-11";
}

int64_t e164_data_time(void)
{
	return 1667260800;
}
