#include "api.h"

#include "ask.h"
#include "captures.h"
#include "handlers.h"

typedef void (*handler)(struct api *api, struct ask *ask, const json_t *params);

static const handler handlers[XF_RPC_COUNT] = {
    [XF_RPC_SHOW_CALLS] = calls_show_all,     [XF_RPC_SHOW_CALL] = calls_show_one,
    [XF_RPC_SHOW_TRANSFERS] = transfers_show, [XF_RPC_SHOW_ENDPOINTS] = endpoints_show,
    [XF_RPC_SHOW_PORTS] = ports_show,	      [XF_RPC_SHOW_SOURCES] = sources_show,
    [XF_RPC_SHOW_NUMBERS] = numbers_show,     [XF_RPC_SHOW_PLANS] = plans_show,
    [XF_RPC_SHOW_PROVIDERS] = providers_show, [XF_RPC_SHOW_STATS] = stats_show,
    [XF_RPC_SHOW_DATAPLANE] = dataplane_show, [XF_RPC_SHOW_SCREEN] = screen_show,
    [XF_RPC_SHOW_VERSION] = version_show,     [XF_RPC_TRANSFER] = transfers_start,
    [XF_RPC_HANGUP] = calls_hang_up,	      [XF_RPC_CAPTURE_START] = captures_start,
    [XF_RPC_CAPTURE_STOP] = captures_stop,
};

int api_create(struct api **out, struct env *env, const struct config *config, struct shard *shard, struct media *media)
{
	struct api *api = calloc(1, sizeof(*api));
	if (!api)
		return -ENOMEM;
	api->env = env;
	api->config = config;
	api->shard = shard;
	api->media = media;
	api->created_ns = env->now_ns;
	api->query = question_query(api);
	*out = api;
	return 0;
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	captures_all_gone(api);
	ask_all_gone(api);
	free(api);
}

/* Bounds the parser's recursion before it starts. */
static bool too_deep(const char *line, size_t len)
{
	unsigned depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < len; i++) {
		char c = line[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > XF_RPC_DEPTH_MAX)
				return true;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return false;
}

static bool printable(const json_t *value)
{
	const char *text = json_string_value(value);
	for (size_t i = 0; i < json_string_length(value); i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

/* "call, to, plan" of a method, for people. */
static const char *param_names(char *buf, size_t size, enum xf_rpc_method method)
{
	size_t count, used = 0;
	const struct xf_rpc_param *params = xf_rpc_params(&count);
	snprintf(buf, size, "no parameters");
	for (size_t i = 0; i < count; i++)
		if (params[i].method == method && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s%s", used ? ", " : "", params[i].name,
						 params[i].required ? "" : " (optional)");
	return buf;
}

static const struct xf_rpc_param *param_find(enum xf_rpc_method method, const char *name)
{
	size_t count;
	const struct xf_rpc_param *params = xf_rpc_params(&count);
	for (size_t i = 0; i < count; i++)
		if (params[i].method == method && strcmp(params[i].name, name) == 0)
			return &params[i];
	return NULL;
}

static bool param_fits(const struct xf_rpc_param *param, const json_t *value, char *why, size_t why_size)
{
	if (param->kind == XF_RPC_BOOL) {
		snprintf(why, why_size, "parameter '%s' must be true or false", param->name);
		return json_is_boolean(value);
	}
	snprintf(why, why_size, "parameter '%s' must be a string of 1 to %zu printable bytes: %s", param->name,
		 param->max, param->help);
	return json_is_string(value) && json_string_length(value) >= 1 && json_string_length(value) <= param->max &&
	       printable(value);
}

/* Every parameter is known and of its kind, and the required ones are there. */
static bool params_check(enum xf_rpc_method method, json_t *params, char *why, size_t why_size)
{
	const char *name;
	json_t *value;
	char names[256];
	size_t count;
	if (params && !json_is_object(params)) {
		snprintf(why, why_size, "params must be an object; %s takes %s", xf_rpc_name(method),
			 param_names(names, sizeof(names), method));
		return false;
	}
	json_object_foreach(params, name, value)
	{
		const struct xf_rpc_param *param = param_find(method, name);
		if (!param) {
			snprintf(why, why_size, "parameter '%.64s' is not known; %s takes %s", name,
				 xf_rpc_name(method), param_names(names, sizeof(names), method));
			return false;
		}
		if (!param_fits(param, value, why, why_size))
			return false;
	}
	const struct xf_rpc_param *all = xf_rpc_params(&count);
	for (size_t i = 0; i < count; i++) {
		if (all[i].method != method || !all[i].required || json_object_get(params, all[i].name))
			continue;
		snprintf(why, why_size, "parameter '%s' is missing: %s", all[i].name, all[i].help);
		return false;
	}
	return true;
}

/* JSON-RPC 2.0, 4: what a request object must hold. NULL: it is one. */
static const char *request_check(const json_t *request)
{
	const json_t *version = json_object_get(request, "jsonrpc"), *id = json_object_get(request, "id");
	if (!json_is_object(request))
		return "a request must be an object";
	if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
		return "jsonrpc must be \"2.0\"";
	if (!json_is_string(json_object_get(request, "method")))
		return "method must be a string";
	if (id && !json_is_string(id) && !json_is_integer(id) && !json_is_real(id) && !json_is_null(id))
		return "id must be a string, a number or null";
	return NULL;
}

static void request_run(struct api *api, struct ask_line *line, uint64_t client, json_t *request)
{
	const char *wrong = request_check(request);
	if (wrong) {
		ask_line_error(line, NULL, XF_RPC_INVALID_REQUEST, wrong);
		return;
	}
	json_t *id = json_object_get(request, "id"), *params = json_object_get(request, "params");
	const char *name = json_string_value(json_object_get(request, "method"));
	if (api->ask_count >= ASKS_MAX || ask_client_count(api, client) >= ASKS_CLIENT_MAX) {
		if (id)
			ask_line_error(line, id, XF_RPC_INTERNAL,
				       "too many requests await their answers; wait for some first");
		return;
	}
	struct ask *ask = ask_open(api, line, id);
	if (!ask) {
		ask_line_error(line, id, XF_RPC_INTERNAL, "out of memory in the control plane");
		return;
	}
	unsigned method = xf_rpc_find(name);
	char why[512];
	if (method == XF_RPC_COUNT) {
		ask_fail(api, ask, XF_RPC_METHOD_NOT_FOUND, 0, "no method '%.64s'; xfergate help lists the commands",
			 name);
		return;
	}
	ask->method = method;
	if (!params_check(ask->method, params, why, sizeof(why))) {
		ask_fail(api, ask, XF_RPC_INVALID_PARAMS, 0, "%s", why);
		return;
	}
	handlers[method](api, ask, params);
}

static void line_refuse(struct api *api, struct ask_line *line, int code, const char *message)
{
	ask_line_error(line, NULL, code, message);
	ask_line_close(api, line);
}

void api_request(struct api *api, uint64_t client, const char *text, size_t len)
{
	json_error_t error;
	char why[JSON_ERROR_TEXT_LENGTH + 64];
	json_t *json = NULL;
	bool deep = len <= XF_RPC_LINE_MAX && too_deep(text, len);
	if (len <= XF_RPC_LINE_MAX && !deep)
		json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	size_t count = json_array_size(json);
	bool batch = count > 0 && count <= XF_RPC_BATCH_MAX;
	struct ask_line *line = ask_line_open(api, client, batch);
	if (!line) {
		json_decref(json);
		return;
	}
	if (len > XF_RPC_LINE_MAX) {
		line_refuse(api, line, XF_RPC_INVALID_REQUEST, "a request line may have at most 1048576 bytes");
		return;
	}
	if (deep) {
		line_refuse(api, line, XF_RPC_INVALID_REQUEST, "arrays and objects may be nested at most 16 deep");
		return;
	}
	if (!json) {
		snprintf(why, sizeof(why), "not JSON: %s (byte %d)", error.text, error.position);
		line_refuse(api, line, XF_RPC_PARSE, why);
		return;
	}
	if (json_is_array(json) && !batch)
		ask_line_error(line, NULL, XF_RPC_INVALID_REQUEST, "a batch holds 1 to 32 requests");
	else if (!batch)
		request_run(api, line, client, json);
	for (size_t i = 0; batch && i < count; i++)
		request_run(api, line, client, json_array_get(json, i));
	json_decref(json);
	ask_line_close(api, line);
}

void api_client_gone(struct api *api, uint64_t client)
{
	captures_client_gone(api, client);
	ask_client_gone(api, client);
}

void api_traffic(struct api *api, const struct shard_traffic *traffic)
{
	captures_traffic(api, traffic);
}

void api_call_gone(struct api *api, uint64_t call)
{
	captures_call_gone(api, call);
}

void api_transfer_finished(struct api *api, const struct transfer *transfer)
{
	transfers_finished(api, transfer);
}
