#include "request.h"

#include <errno.h>
#include <stdio.h>

#define REQUEST_ID 1

static int put_text(json_t *params, const char *key, const char *text)
{
	return text ? json_object_set_new(params, key, json_string(text)) : 0;
}

char *request_format(const struct args *args)
{
	const struct command_info *info = command_info(args->command);
	json_t *params = json_object();
	int r = put_text(params, "call", args->call) | put_text(params, "to", args->to) |
		put_text(params, "plan", args->plan) | put_text(params, "caller_id", args->caller_id) |
		put_text(params, "reason", args->reason);
	if (args->command == COMMAND_TRANSFER)
		r |= json_object_set_new(params, "wait", json_boolean(!args->no_wait));
	if (args->command == COMMAND_CAPTURE)
		r |= (args->all ? json_object_set_new(params, "all", json_true()) : 0) |
		     json_object_set_new(params, "media", json_boolean(args->media));
	json_t *request = r == 0 ? json_pack("{s:s,s:i,s:s,s:O}", "jsonrpc", "2.0", "id", REQUEST_ID, "method",
					     xf_rpc_name(info->method), "params", params)
				 : NULL;
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	json_decref(params);
	return line;
}

int request_parse(const char *line, json_t **result, char *why, size_t why_size)
{
	json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	json_t *error = json_object_get(answer, "error"), *value = json_object_get(answer, "result");
	const char *message = json_string_value(json_object_get(error, "message"));
	int r = -EBADMSG;
	snprintf(why, why_size, "the answer is not that of an xfergate-controlplane of this version");
	if (message) {
		snprintf(why, why_size, "%s", message);
		r = 1;
	} else if (value && json_integer_value(json_object_get(answer, "id")) == REQUEST_ID) {
		*result = json_incref(value);
		r = 0;
	}
	json_decref(answer);
	return r;
}
