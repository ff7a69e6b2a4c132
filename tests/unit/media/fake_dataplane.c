#include "fake_dataplane.h"

#include <stddef.h>

static const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE};

const struct fake_prompt fake_prompts[] = {
    {"ringback-us", 6000, 0}, {"ringback-de", 5000, 0}, {"busy-us", 1000, 0}, {XF_PROMPT_SILENCE, 100, 0},
    {"music", 60000, 0},      {"sorry", 3000, 1},	{"twice", 1000, 2},   {NULL, 0, 0},
};

const char *fake_prompt_name(const struct fake_dataplane *dp, uint32_t number)
{
	for (unsigned i = 0; fake_prompts[i].name; i++)
		if (dp->first_prompt + i == number && !(dp->no_announcements && fake_prompts[i].times))
			return fake_prompts[i].name;
	return "";
}

static uint32_t fake_room(const struct fake_dataplane *dp)
{
	return dp->addr_count * XF_PORT_PAIRS;
}

void fake_init(struct fake_dataplane *dp, const struct config *config)
{
	memset(dp, 0, sizeof(*dp));
	dp->version = XF_LINK_VERSION;
	dp->instance = 1000;
	dp->workers = 3;
	dp->dump_rows = 4;
	dp->first_prompt = 11;
	for (uint32_t n = 0; n < config->network_count; n++)
		for (uint32_t a = 0; a < config->networks[n].media_count; a++)
			dp->addr[dp->addr_count++] = config->networks[n].media[a];
	dp->endpoint = calloc(fake_room(dp), sizeof(*dp->endpoint));
	dp->sources = calloc(XF_MAX_SOURCES, sizeof(*dp->sources));
	dp->staged = calloc(XF_MAX_SOURCES, sizeof(*dp->staged));
}

void fake_connected(struct fake_dataplane *dp)
{
	for (unsigned i = 0; i < dp->out_count; i++)
		free(dp->out[i].bytes);
	dp->out_count = 0;
	dp->sequence_last = 0;
	dp->writer.len = 0;
}

void fake_fini(struct fake_dataplane *dp)
{
	fake_connected(dp);
	free(dp->out);
	free(dp->endpoint);
	free(dp->sources);
	free(dp->staged);
}

void fake_restart(struct fake_dataplane *dp)
{
	fake_connected(dp);
	memset(dp->endpoint, 0, fake_room(dp) * sizeof(*dp->endpoint));
	dp->instance++;
	dp->first_prompt += 7;
	dp->generation_last = 0;
	dp->source_count = dp->staged_count = dp->admitted_count = 0;
}

static void fake_flush(struct fake_dataplane *dp)
{
	if (dp->writer.len == 0)
		return;
	if (dp->out_count == dp->out_room) {
		dp->out_room = dp->out_room ? dp->out_room * 2 : 64;
		dp->out = reallocarray(dp->out, dp->out_room, sizeof(*dp->out));
	}
	struct fake_packet packet = {.len = dp->writer.len, .bytes = malloc(dp->writer.len)};
	memcpy(packet.bytes, dp->writer.packet, packet.len);
	dp->out[dp->out_count++] = packet;
	dp->writer.len = 0;
}

static void fake_say(struct fake_dataplane *dp, uint16_t type, uint32_t sequence, const void *body)
{
	if (link_writer_add(&dp->writer, type, sequence, body, xf_link_body_size(type)) == 0)
		return;
	fake_flush(dp);
	link_writer_add(&dp->writer, type, sequence, body, xf_link_body_size(type));
}

bool fake_take(struct fake_dataplane *dp, struct fake_packet *packet)
{
	if (dp->out_count == 0)
		return false;
	*packet = dp->out[0];
	memmove(dp->out, dp->out + 1, --dp->out_count * sizeof(*dp->out));
	return true;
}

struct fake_endpoint *fake_find(struct fake_dataplane *dp, struct xf_endpoint_id id)
{
	struct fake_endpoint *e = id.index < fake_room(dp) ? &dp->endpoint[id.index] : NULL;
	return e && e->open && e->generation == id.generation ? e : NULL;
}

unsigned fake_open_count(const struct fake_dataplane *dp)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < fake_room(dp); i++)
		count += dp->endpoint[i].open;
	return count;
}

static int fake_open(struct fake_dataplane *dp, const struct xf_link_open *open)
{
	if (open->id.index >= fake_room(dp) || open->worker >= dp->workers)
		return -EINVAL;
	struct fake_endpoint *e = &dp->endpoint[open->id.index];
	if (e->open)
		return -EEXIST;
	if (open->id.generation <= e->generation_last)
		return -ESTALE;
	*e = (struct fake_endpoint){.open = true, .source = nobody, .armed = nobody};
	e->generation = e->generation_last = open->id.generation;
	e->worker = open->worker;
	e->settings = open->settings;
	if (dp->generation_last < open->id.generation)
		dp->generation_last = open->id.generation;
	return 0;
}

void fake_shut(struct fake_dataplane *dp, struct xf_endpoint_id id)
{
	fake_find(dp, id)->open = false;
	for (uint32_t i = 0; i < fake_room(dp); i++) {
		struct fake_endpoint *e = &dp->endpoint[i];
		if (e->open && e->source.index == id.index) {
			e->source = e->while_silent ? xf_prompt_id(e->while_silent) : nobody;
			e->while_silent = 0;
		}
		if (e->open && e->armed.index == id.index)
			e->armed = nobody;
	}
}

static int fake_patch(struct fake_dataplane *dp, const struct xf_link_patch *patch, uint32_t *detail)
{
	for (unsigned i = 0; i < patch->count; i++) {
		const struct xf_link_move *m = &patch->moves[i];
		const struct fake_endpoint *to = fake_find(dp, m->to), *from = to;
		bool prompt = m->from.index == XF_ENDPOINT_PROMPT;
		*detail = i;
		if ((prompt || m->while_silent) && !*fake_prompt_name(dp, xf_move_prompt(m)))
			return -EINVAL;
		if (!xf_move_ok(m))
			return -EINVAL;
		if (!prompt && m->from.index != XF_ENDPOINT_NONE)
			from = fake_find(dp, m->from);
		*detail = i;
		if (!to || !from)
			return -ENOENT;
		if (to->worker != from->worker)
			return -EXDEV;
	}
	for (unsigned i = 0; i < patch->count; i++) {
		const struct xf_link_move *m = &patch->moves[i];
		struct fake_endpoint *to = fake_find(dp, m->to);
		to->paused = m->paused;
		if (m->armed_limit_ns && m->from.index != XF_ENDPOINT_PROMPT) {
			to->armed = m->from;
		} else {
			to->source = m->from;
			to->while_silent = m->while_silent;
			to->prompt_ended = false;
			to->armed = nobody;
		}
	}
	return 0;
}

static bool fake_dump(struct fake_dataplane *dp, uint32_t first, uint32_t sequence, struct xf_link_ack *ack)
{
	unsigned rows = 0;
	for (uint32_t i = first; i < fake_room(dp); i++) {
		const struct fake_endpoint *e = &dp->endpoint[i];
		if (!e->open)
			continue;
		if (rows++ == dp->dump_rows) {
			ack->result = 1;
			ack->detail = i;
			return true;
		}
		struct xf_endpoint_state row = {
		    .id = {i, e->generation},
		    .source = e->source,
		    .armed = e->armed,
		    .paused = e->paused,
		    .prompt = e->while_silent,
		    .prompt_ended = e->prompt_ended,
		    .timed_out = e->timed_out,
		    .heard_ms = e->heard_ms,
		    .last_rx_ns = e->last_rx_ns,
		    .remote = e->settings.remote,
		    .worker = e->worker,
		};
		fake_say(dp, XF_LINK_ENDPOINT, sequence, &row);
	}
	return false;
}

bool fake_admits(const struct fake_dataplane *dp, const struct xf_addr *addr)
{
	for (unsigned i = 0; i < dp->admitted_count; i++)
		if (xf_addr_eq(&dp->admitted[i], addr))
			return true;
	return false;
}

static int fake_withdraw(struct fake_dataplane *dp, const struct xf_addr *addr)
{
	for (unsigned i = 0; i < dp->admitted_count; i++) {
		if (!xf_addr_eq(&dp->admitted[i], addr))
			continue;
		dp->admitted[i] = dp->admitted[--dp->admitted_count];
		return 0;
	}
	return -ENOENT;
}

static void fake_hello(struct fake_dataplane *dp, const struct xf_link_hello *hello, uint32_t sequence)
{
	struct xf_link_hello_ok ok = {
	    .version = dp->version,
	    .generation_last = dp->generation_last,
	    .instance = dp->instance,
	    .now_ns = dp->now_ns,
	    .workers = dp->workers,
	    .media_addrs = dp->addr_count,
	};
	struct xf_link_ack no = {.result = -EPROTO};
	memcpy(ok.media_addr, dp->addr, sizeof(dp->addr));
	if (hello->version == dp->version && hello->instance != dp->control)
		dp->admitted_count = 0;
	dp->control = hello->instance;
	if (hello->version == dp->version)
		fake_say(dp, XF_LINK_HELLO_OK, sequence, &ok);
	for (unsigned i = 0; hello->version == dp->version && fake_prompts[i].name; i++) {
		struct xf_link_prompt row = {.number = dp->first_prompt + i,
					     .length_ms = fake_prompts[i].length_ms,
					     .times = fake_prompts[i].times};
		snprintf(row.name, sizeof(row.name), "%s", fake_prompts[i].name);
		if (*fake_prompt_name(dp, row.number))
			fake_say(dp, XF_LINK_PROMPT, 0, &row);
	}
	if (hello->version == dp->version)
		return;
	fake_say(dp, XF_LINK_ACK, sequence, &no);
}

union command {
	struct xf_link_hello hello;
	struct xf_source source;
	struct xf_link_admit admit;
	struct xf_link_open open;
	struct xf_link_update update;
	struct xf_link_close close;
	struct xf_link_patch patch;
	struct xf_link_dump dump;
	struct xf_link_capture capture;
};

static int fake_apply(struct fake_dataplane *dp, uint16_t type, const union command *c, struct xf_link_ack *ack)
{
	struct fake_endpoint *e;
	switch (type) {
	case XF_LINK_SOURCES_BEGIN:
		dp->staged_count = 0;
		return 0;
	case XF_LINK_SOURCE_ADD:
		dp->staged[dp->staged_count++] = c->source;
		return 0;
	case XF_LINK_SOURCES_COMMIT:
		memcpy(dp->sources, dp->staged, dp->staged_count * sizeof(*dp->sources));
		dp->source_count = dp->staged_count;
		return 0;
	case XF_LINK_ADMIT:
		if (fake_admits(dp, &c->admit.addr))
			return -EEXIST;
		if (dp->admitted_count == 64)
			return -ENOSPC;
		dp->admitted[dp->admitted_count++] = c->admit.addr;
		return 0;
	case XF_LINK_WITHDRAW:
		return fake_withdraw(dp, &c->admit.addr);
	case XF_LINK_OPEN:
		return fake_open(dp, &c->open);
	case XF_LINK_UPDATE:
		e = fake_find(dp, c->update.id);
		if (!e)
			return -ENOENT;
		if (c->update.settings.timeout_ns && !e->settings.timeout_ns)
			e->switched_on++;
		e->settings = c->update.settings;
		e->timed_out = false;
		e->relearned += c->update.settings.relearn;
		return 0;
	case XF_LINK_CLOSE:
		if (!fake_find(dp, c->close.id))
			return -ENOENT;
		fake_shut(dp, c->close.id);
		return 0;
	case XF_LINK_PATCH:
		return fake_patch(dp, &c->patch, &ack->detail);
	case XF_LINK_CAPTURE:
		e = fake_find(dp, c->capture.id);
		if (!e)
			return -ENOENT;
		e->captured = c->capture.on;
		return 0;
	}
	return -EINVAL;
}

static void fake_stats(struct fake_dataplane *dp, uint32_t sequence)
{
	struct xf_link_port port = {.name = "outside"};
	struct xf_link_drops drops = {.count = {[XF_DROP_RUNT] = 7}};
	struct xf_link_worker worker = {.endpoints = fake_open_count(dp)};
	struct xf_link_peer peer = {.peer = 1, .passed = 5};
	fake_say(dp, XF_LINK_PORT, sequence, &port);
	fake_say(dp, XF_LINK_DROPS, sequence, &drops);
	fake_say(dp, XF_LINK_WORKER, sequence, &worker);
	fake_say(dp, XF_LINK_PEER, sequence, &peer);
}

static void fake_command(struct fake_dataplane *dp, const struct link_record *record)
{
	union command c = {0};
	struct xf_link_ack ack = {.now_ns = ++dp->now_ns};
	if (record->sequence != ++dp->sequence_last || record->type >= 64 || record->body_len > sizeof(c) ||
	    (record->type == XF_LINK_HELLO) != (record->sequence == 1) ||
	    (record->type != XF_LINK_PATCH && record->body_len != xf_link_body_size(record->type)))
		dp->violations++;
	memcpy(&c, record->body, record->body_len > sizeof(c) ? sizeof(c) : record->body_len);
	dp->commands++;
	dp->seen[record->type % 64]++;
	if (record->type == XF_LINK_HELLO) {
		fake_hello(dp, &c.hello, record->sequence);
		return;
	}
	if (record->type == dp->fail_type) {
		dp->fail_type = 0;
		ack.result = dp->fail_result;
	} else if (record->type == XF_LINK_DUMP) {
		fake_dump(dp, c.dump.index_first, record->sequence, &ack);
	} else if (record->type == XF_LINK_STATS) {
		fake_stats(dp, record->sequence);
	} else {
		ack.result = fake_apply(dp, record->type, &c, &ack);
	}
	fake_say(dp, XF_LINK_ACK, record->sequence, &ack);
}

void fake_receive(struct fake_dataplane *dp, const void *packet, size_t len)
{
	struct link_reader reader;
	struct link_record record;
	int result;
	dp->packets++;
	link_reader_init(&reader, packet, len);
	while ((result = link_reader_next(&reader, &record)) > 0)
		fake_command(dp, &record);
	if (result < 0)
		dp->violations++;
	fake_flush(dp);
}

void fake_event(struct fake_dataplane *dp, struct xf_endpoint_id id, enum xf_link_event_type event)
{
	struct xf_link_event body = {.id = id, .event = event, .now_ns = ++dp->now_ns};
	struct fake_endpoint *e = fake_find(dp, id);
	if (e && (event == XF_EVENT_ARMED_FIRED || event == XF_EVENT_ARMED_LIMIT)) {
		e->source = e->armed;
		e->armed = nobody;
		e->while_silent = 0;
	}
	if (e && event == XF_EVENT_PROMPT_ENDED) {
		e->prompt_ended = true;
		body.prompt = e->source.index == XF_ENDPOINT_PROMPT ? e->source.generation : e->while_silent;
	}
	fake_say(dp, XF_LINK_EVENT, 0, &body);
	fake_flush(dp);
}

void fake_prompt_ended(struct fake_dataplane *dp, struct xf_endpoint_id id, uint32_t prompt, uint64_t now_ns)
{
	struct xf_link_event body = {
	    .id = id, .event = XF_EVENT_PROMPT_ENDED, .prompt = prompt, .now_ns = now_ns ? now_ns : ++dp->now_ns};
	fake_say(dp, XF_LINK_EVENT, 0, &body);
	fake_flush(dp);
}

void fake_silence(struct fake_dataplane *dp, struct xf_endpoint_id id, uint16_t spoke_ms)
{
	struct fake_endpoint *e = fake_find(dp, id);
	if (e) {
		e->timed_out = true;
		e->heard_ms = spoke_ms;
	}
	fake_silence_at(dp, id, spoke_ms, ++dp->now_ns);
}

void fake_silence_at(struct fake_dataplane *dp, struct xf_endpoint_id id, uint16_t spoke_ms, uint64_t now_ns)
{
	struct xf_link_event body = {
	    .id = id, .event = XF_EVENT_MEDIA_TIMEOUT, .duration_ms = spoke_ms, .now_ns = now_ns};
	fake_say(dp, XF_LINK_EVENT, 0, &body);
	fake_flush(dp);
}

void fake_fired_at(struct fake_dataplane *dp, struct xf_endpoint_id id, uint64_t now_ns)
{
	struct xf_link_event body = {.id = id, .event = XF_EVENT_ARMED_FIRED, .now_ns = now_ns};
	fake_say(dp, XF_LINK_EVENT, 0, &body);
	fake_flush(dp);
}

void fake_digit(struct fake_dataplane *dp, struct xf_endpoint_id id, uint8_t digit, uint16_t duration_ms)
{
	struct xf_link_event body = {
	    .id = id, .event = XF_EVENT_DIGIT, .digit = digit, .duration_ms = duration_ms, .now_ns = ++dp->now_ns};
	fake_say(dp, XF_LINK_EVENT, 0, &body);
	fake_flush(dp);
}

void fake_copy(struct fake_dataplane *dp, struct xf_endpoint_id id, bool sent, const char *from, const char *to,
	       const char *data, uint32_t lost)
{
	struct xf_link_captured row = {
	    .id = id, .now_ns = dp->now_ns, .lost = lost, .sent = sent, .len = (uint16_t)strlen(data)};
	xf_addr_parse(&row.from.addr, from);
	xf_addr_parse(&row.to.addr, to);
	row.from.port = row.to.port = xf_endpoint_port(id.index);
	memcpy(row.bytes, data, row.len);
	link_writer_add(&dp->writer, XF_LINK_CAPTURED, 0, &row, offsetof(struct xf_link_captured, bytes) + row.len);
	fake_flush(dp);
}

struct xf_endpoint_id fake_foreign(struct fake_dataplane *dp, uint32_t index, uint32_t generation)
{
	struct xf_link_open open = {.id = {index, generation}};
	fake_open(dp, &open);
	return open.id;
}
