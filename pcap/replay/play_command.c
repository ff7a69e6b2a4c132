/* What the user does to calls: commands go to the control plane as the CLI's do, and its answers are told. */
#include "play.h"

#include <jansson.h>
#include <stdlib.h>

#define NOT_FOUND 404

/* The Call-ID of the caller's leg of the nth call of the capture; NULL: it is no such number. */
static char *call_by_number(const struct play *play, const char *text)
{
	char *end;
	unsigned long number = *text >= '1' && *text <= '9' && strlen(text) < 7 ? strtoul(text, &end, 10) : 0;
	if (number == 0 || *end || number > play->rec->calls)
		return NULL;
	for (uint32_t i = 0; i < play->rec->leg_count; i++) {
		const struct script_leg *leg = &play->rec->legs[i];
		struct sip_text_span id = play->rec->entries[leg->opening].facts.call_id;
		if (leg->call == number)
			return strndup(id.at, id.len);
	}
	return NULL;
}

void play_command(struct play *play)
{
	const struct user_command *command = &play->options->commands.items[play->command_next++];
	char *call = call_by_number(play, command->call);
	json_t *params = json_loads(command->json, 0, NULL), *request = NULL;
	if (params && json_object_set_new(params, "call", json_string(call ? call : command->call)) == 0)
		request = json_pack("{s:s, s:i, s:s, s:O}", "jsonrpc", "2.0", "id", (int)play->command_next, "method",
				    command->method, "params", params);
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	play_note(play, "command: %s", command->text);
	if (line) {
		play->replies_open++;
		world_rpc(play->world, play->command_next, line, strlen(line));
	} else {
		play->failed = true;
	}
	free(line);
	json_decref(request);
	json_decref(params);
	free(call);
}

/* The gateway tells to ask it what calls are up; here the capture says which there are. */
static void say_calls(const struct play *play, const char *call, char *why, size_t size)
{
	char *known = call_by_number(play, call), to[16] = "";
	uint32_t calls = play->rec->calls;
	if (calls > 1)
		snprintf(to, sizeof(to), " to %u", calls);
	if (known)
		snprintf(why, size, "call %s of the capture is not up then", call);
	else if (calls == 0)
		snprintf(why, size, "no call begins in the capture");
	else
		snprintf(why, size, "'%.80s' names no call that is up then, or several; the capture has %u call%s: 1%s",
			 call, calls, calls == 1 ? "" : "s", to);
	free(known);
}

static bool is_up(const struct play *play, const char *call)
{
	char *known = call_by_number(play, call), why[256];
	bool up = shard_find_call(plane_shard(world_plane(play->world)), known ? known : call, why, sizeof(why));
	free(known);
	return up;
}

/* Why the gateway did not do it. false: it did. */
static bool refusal(const struct play *play, const struct user_command *command, const json_t *answer, char *why,
		    size_t size)
{
	const json_t *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	if (!error)
		return false;
	/* or no such plan */
	if (json_integer_value(json_object_get(json_object_get(error, "data"), "code")) == NOT_FOUND &&
	    !is_up(play, command->call))
		say_calls(play, command->call, why, size);
	else
		snprintf(why, size, "%s", message ? message : "the gateway does not say why");
	return true;
}

void play_reply(void *arg, uint64_t client, const char *json, size_t len)
{
	struct play *play = arg;
	const struct user_command *command = &play->options->commands.items[client - 1];
	json_t *answer = json_loadb(json, len, 0, NULL);
	double at_s = (double)play_since(play, world_now(play->world)) / 1e9;
	char why[512], line[1024];
	play->replies_open--;
	if (refusal(play, command, answer, why, sizeof(why))) {
		play->commands_refused++;
		snprintf(line, sizeof(line), "%.400s: refused: %s", command->text, why);
		fprintf(play->out, "%.3f s  %s\n", at_s, line);
		play_note(play, "%s", line);
		if (play->judge)
			judge_outcome(play->judge, line);
	} else {
		fprintf(play->out, "%.3f s  %s: %.*s\n", at_s, command->text, (int)len, json);
	}
	json_decref(answer);
}
