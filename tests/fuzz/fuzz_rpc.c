/* JSON-RPC lines into a control plane that has a call: each request gets exactly one answer, well formed and with its
 * id; a notification gets none (JSON-RPC 2.0, 4 to 6). Lines of one input are of one client. */
#include <jansson.h>
#include "call.h"

#define LINES 4

static struct fuzz_call call;
static struct net *net;
static unsigned runs;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fuzz_call_start(&call);
	net = call.net;
	return 0;
}

/* Is a request object as far as JSON-RPC says. */
static bool is_request(const json_t *request)
{
	const json_t *version = json_object_get(request, "jsonrpc"), *id = json_object_get(request, "id");
	return json_is_object(request) && json_is_string(version) && strcmp(json_string_value(version), "2.0") == 0 &&
	       json_is_string(json_object_get(request, "method")) &&
	       (!id || json_is_string(id) || json_is_number(id) || json_is_null(id));
}

static bool is_notification(const json_t *request)
{
	return is_request(request) && !json_object_get(request, "id");
}

/* What a request is owed. */
static void answer(const json_t *request, const json_t *reply)
{
	json_t *id = json_object_get(reply, "id"), *asked = is_request(request) ? json_object_get(request, "id") : NULL;
	const json_t *error = json_object_get(reply, "error"), *result = json_object_get(reply, "result");
	const json_t *version = json_object_get(reply, "jsonrpc");
	fuzz_check(version && json_is_string(version) && strcmp(json_string_value(version), "2.0") == 0);
	fuzz_check(id && (!error != !result), "id, and either a result or an error");
	fuzz_check(asked ? json_equal(id, asked) : json_is_null(id), "another id");
	if (!error)
		return;
	fuzz_check(is_request(request) || json_integer_value(json_object_get(error, "code")) <= -32600);
	fuzz_check(json_is_integer(json_object_get(error, "code")) &&
		   json_is_string(json_object_get(error, "message")));
	fuzz_check(json_string_length(json_object_get(error, "message")) > 0);
}

static void batch(const json_t *requests, const json_t *replies)
{
	size_t owed = 0, used = 0;
	fuzz_check(json_is_array(replies) && json_array_size(replies) <= 32);
	bool taken[32] = {false};
	for (size_t i = 0; i < json_array_size(requests); i++) {
		const json_t *request = json_array_get(requests, i), *id = json_object_get(request, "id");
		if (is_notification(request))
			continue;
		owed++;
		for (size_t k = 0; k < json_array_size(replies); k++) {
			const json_t *reply = json_array_get(replies, k), *of = json_object_get(reply, "id");
			if (taken[k] || (is_request(request) ? !json_equal(of, id) : !json_is_null(of)))
				continue;
			answer(request, reply);
			taken[k] = true;
			used++;
			break;
		}
	}
	fuzz_check(owed == used && owed == json_array_size(replies), "%zu requests, %zu answers", owed,
		   json_array_size(replies));
}

static void one_line(const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	unsigned before = net->replies;
	bool silent = is_notification(request);
	if (json_array_size(request) > 0 && json_array_size(request) <= 32) {
		silent = true;
		for (size_t i = 0; i < json_array_size(request); i++)
			silent = silent && is_notification(json_array_get(request, i));
	}
	plane_rpc(net->plane, net->now_ns, 1, line, len);
	/* One that waits is answered when its transfer has ended, and every transfer ends. */
	net_pass(net, 1);
	if (net->replies == before && !silent)
		net_pass(net, 120000);
	fuzz_check(net->replies == before + !silent, "%u answers to '%.*s'", net->replies - before, (int)len, line);
	if (!silent) {
		fuzz_check(!strchr(net->reply, '\n'), "more than a line");
		json_t *reply = json_loads(net->reply, 0, NULL);
		fuzz_check(reply, "not JSON: %s", net->reply);
		if (json_is_array(reply))
			batch(request, reply);
		else
			answer(request, reply);
		json_decref(reply);
	}
	json_decref(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *at = (const char *)data, *end = at + len;
	struct shard_counts before = net_counts(net);
	unsigned sent = net->sent_count;
	if (len > 16384 || fuzz_call_is_watched(data, len))
		return 0;
	for (unsigned i = 0; i < LINES && at < end; i++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		one_line(at, (size_t)(stop - at));
		at = stop < end ? stop + 1 : end;
	}
	struct shard_counts after = net_counts(net);
	/* The next input begins with a call that nobody has touched. */
	if (memcmp(&before, &after, sizeof(after)) != 0 || sent != net->sent_count || ++runs > 1000) {
		fuzz_call_restart(&call);
		runs = 0;
	}
	return 0;
}
