#include "history.h"

#include <stdlib.h>
#include <string.h>

void history_fini(struct history *history)
{
	free(history->calls);
	free(history->transfers);
	*history = (struct history){0};
}

static const char *skip_value(const char *p)
{
	if (*p != '"')
		return p + strcspn(p, " ");
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

bool history_value(const char *line, const char *key, char *buf, size_t size)
{
	size_t key_len = strlen(key), n = 0;
	for (const char *p = line; *p;) {
		p += strspn(p, " ");
		const char *equals = p + strcspn(p, "= ");
		if (*equals != '=') {
			p = equals;
			continue;
		}
		const char *value = equals + 1, *end = skip_value(value);
		if ((size_t)(equals - p) != key_len || strncmp(p, key, key_len) != 0) {
			p = end;
			continue;
		}
		bool quoted = *value == '"';
		if (quoted) {
			value++;
			end -= end > value && end[-1] == '"';
		}
		for (; value < end && n + 1 < size; value++) {
			if (quoted && *value == '\\' && value + 1 < end)
				value++;
			buf[n++] = *value;
		}
		buf[n] = 0;
		return true;
	}
	return false;
}

static bool grow(void **items, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return true;
	uint32_t more = *room ? *room * 2 : 16;
	void *bigger = realloc(*items, more * size);
	if (!bigger)
		return false;
	*items = bigger;
	*room = more;
	return true;
}

static struct history_call *find_call(const struct history *history, const char *id)
{
	/* most lines are of young calls */
	for (uint32_t i = history->call_count; i-- > 0;)
		if (strcmp(history->calls[i].id, id) == 0)
			return &history->calls[i];
	return NULL;
}

static struct history_call *make_call(struct history *history, const char id[static 24], uint64_t ns)
{
	struct history_call *call = find_call(history, id);
	if (call)
		return call;
	if (!grow((void **)&history->calls, history->call_count, &history->call_room, sizeof(*call))) {
		history->out_of_memory = true;
		return NULL;
	}
	call = &history->calls[history->call_count++];
	*call = (struct history_call){.started_ns = ns};
	memcpy(call->id, id, sizeof(call->id));
	return call;
}

static struct history_transfer *make_transfer(struct history *history, const char id[static 24], uint64_t ns)
{
	for (uint32_t i = history->transfer_count; i-- > 0;)
		if (strcmp(history->transfers[i].id, id) == 0)
			return &history->transfers[i];
	if (!grow((void **)&history->transfers, history->transfer_count, &history->transfer_room,
		  sizeof(*history->transfers))) {
		history->out_of_memory = true;
		return NULL;
	}
	struct history_transfer *transfer = &history->transfers[history->transfer_count++];
	*transfer = (struct history_transfer){.started_ns = ns};
	memcpy(transfer->id, id, sizeof(transfer->id));
	return transfer;
}

static void log_transfer(struct history *history, uint64_t ns, const char *line, const char *event,
			 const char id[static 24])
{
	struct history_transfer *transfer = make_transfer(history, id, ns);
	char text[16];
	if (!transfer)
		return;
	history_value(line, "call", transfer->call, sizeof(transfer->call));
	if (strcmp(event, "start") == 0) {
		history_value(line, "origin", transfer->origin, sizeof(transfer->origin));
		if (history_value(line, "plan", transfer->plan, sizeof(transfer->plan)) &&
		    strcmp(transfer->plan, "-") == 0)
			transfer->plan[0] = 0;
	} else if (strcmp(event, "finished") == 0) {
		history_value(line, "result", transfer->result, sizeof(transfer->result));
		history_value(line, "reason", transfer->reason, sizeof(transfer->reason));
		if (history_value(line, "status", text, sizeof(text)))
			transfer->status = atoi(text);
		transfer->ended_ns = ns;
	}
}

static void log_call(struct history *history, uint64_t ns, const char *line, const char *event,
		     const char id[static 24])
{
	struct history_call *call = make_call(history, id, ns);
	char leg[16] = "", text[16];
	if (!call)
		return;
	history_value(line, "leg", leg, sizeof(leg));
	bool caller = strcmp(leg, "caller") == 0;
	if (caller && strcmp(event, "invite") == 0) {
		history_value(line, "caller", call->caller, sizeof(call->caller));
		history_value(line, "dialled", call->dialled, sizeof(call->dialled));
		history_value(line, "provider", call->provider, sizeof(call->provider));
		history_value(line, "agent", call->agent, sizeof(call->agent));
	} else if (caller && strcmp(event, "answered") == 0) {
		call->answered_ns = ns;
	} else if (caller && (strcmp(event, "ended") == 0 || strcmp(event, "failed") == 0)) {
		if (history_value(line, "status", text, sizeof(text)))
			call->status = atoi(text);
		history_value(line, "reason", call->reason, sizeof(call->reason));
	} else if (!leg[0] && strcmp(event, "state") == 0) {
		history_value(line, "to", call->state, sizeof(call->state));
	} else if (!leg[0] && strcmp(event, "gone") == 0) {
		call->ended_ns = ns;
	}
}

static void log_refusal(struct history *history, const char *line)
{
	struct history_refusal new = {.calls = 0}, *refusal = history->refusals;
	char status[16];
	history->refused++;
	history_value(line, "reason", new.reason, sizeof(new.reason));
	if (history_value(line, "status", status, sizeof(status)))
		new.status = atoi(status);
	struct history_refusal *end = refusal + history->refusal_count;
	while (refusal < end && (refusal->status != new.status || strcmp(refusal->reason, new.reason) != 0))
		refusal++;
	if (refusal == history->refusals + HISTORY_REFUSALS)
		return;
	if (refusal == end) {
		history->refusal_count++;
		*refusal = new;
	}
	refusal->calls++;
}

void history_log(struct history *history, uint64_t ns, const char *line)
{
	char event[32], id[24] = "";
	if (!history_value(line, "event", event, sizeof(event)))
		return;
	if (strcmp(event, "call-refused") == 0)
		log_refusal(history, line);
	if (history_value(line, "transfer", id, sizeof(id)))
		log_transfer(history, ns, line, event, id);
	else if (history_value(line, "call", id, sizeof(id)) && id[0] == 'c')
		log_call(history, ns, line, event, id);
}
