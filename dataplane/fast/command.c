#include "lockstep.h"
#include "loop.h"

int command_endpoint(const struct worker *w, struct endpoint **out, const struct xf_endpoint_id *id)
{
	struct endpoint *e = flow_get(w->flows, id->index);
	*out = NULL;
	if (!e)
		return -ENOENT;
	/* Before all else: another worker's may come and go while we look. */
	if (endpoint_owner(e) != (int)w->index)
		return -EXDEV;
	if (e->id.generation != id->generation)
		return -ESTALE;
	*out = e;
	return 0;
}

static int command_open(struct worker *w, const struct endpoint_config *config, uint64_t now_ns)
{
	uint32_t index = config->id.index;
	if (index >= w->flows->slot_count || config->settings.port >= w->port_count)
		return -EINVAL;
	if (config->owner != w->index)
		return -EXDEV;
	if (flow_get(w->flows, index))
		return -EEXIST;
	struct endpoint *e = flow_at(w->flows, index);
	if (config->id.generation <= e->id.generation)
		return -ESTALE;
	endpoint_open(w->flows, e, config, now_ns);
	index_set_add(&w->owned, index);
	return 0;
}

static int command_update(struct worker *w, const struct command *c, uint64_t now_ns)
{
	struct endpoint *e;
	int ret = command_endpoint(w, &e, &c->id);
	if (ret == 0)
		ret =
		    endpoint_check(&c->settings, &w->flows->media[xf_endpoint_local_addr(c->id.index)], w->port_count);
	if (ret == 0)
		endpoint_update(w->flows, e, &c->settings, &c->egress, now_ns);
	return ret;
}

static int command_close(struct worker *w, const struct command *c, uint64_t now_ns)
{
	struct endpoint *e;
	int ret = command_endpoint(w, &e, &c->id);
	if (ret < 0)
		return ret;
	media_rtcp_bye(w, e, now_ns);
	patch_clear(w, e);
	dtmf_forget(w, e);
	index_set_del(&w->owned, c->id.index);
	endpoint_close(e);
	return 0;
}

static int command_header(struct worker *w, const struct command *c)
{
	struct endpoint *e;
	int ret = command_endpoint(w, &e, &c->id);
	if (ret == 0)
		endpoint_set_egress(w->flows, e, &c->egress);
	return ret;
}

static int command_sources(struct worker *w, struct command *c)
{
	const struct source_table *old = w->tables.sources;
	w->tables.sources = c->sources;
	c->sources = old;
	return 0;
}

static int command_signatures(struct worker *w, struct command *c)
{
	struct screen_rules *rules = &w->screen.rules;
	const struct signatures *old = rules->signatures;
	struct signatures_scratch *old_scratch = rules->scratch;
	if (c->signatures && !c->scratch)
		return -EINVAL;
	rules->signatures = c->signatures;
	rules->scratch = c->scratch;
	c->signatures = old;
	c->scratch = old_scratch;
	return 0;
}

static int command_prompts(struct worker *w, struct command *c)
{
	struct prompt_set *old = w->prompts;
	w->prompts = c->prompts;
	c->prompts = old;
	return 0;
}

static int command_capture(struct worker *w, const struct command *c)
{
	struct endpoint *e;
	int ret = command_endpoint(w, &e, &c->id);
	if (ret < 0)
		return ret;
	lockstep_leave(w->flows, e);
	e->captured = e->captured_out = c->on;
	return 0;
}

static int command_apply(struct worker *w, struct command *c, uint64_t now_ns)
{
	switch (c->type) {
	case COMMAND_OPEN:
		return command_open(w, c->open, now_ns);
	case COMMAND_UPDATE:
		return command_update(w, c, now_ns);
	case COMMAND_CLOSE:
		return command_close(w, c, now_ns);
	case COMMAND_PATCH:
		return patch_apply(w, &c->patch, now_ns, &c->detail);
	case COMMAND_HEADER:
		return command_header(w, c);
	case COMMAND_SOURCES:
		return command_sources(w, c);
	case COMMAND_SIGNATURES:
		return command_signatures(w, c);
	case COMMAND_PROMPTS:
		return command_prompts(w, c);
	case COMMAND_CAPTURE:
		return command_capture(w, c);
	}
	return -EINVAL;
}

unsigned command_run(struct worker *w, uint64_t now_ns)
{
	void *commands[LOOP_COMMANDS];
	/* No more than can be given back: a command is never lost. */
	unsigned room = RTE_MIN(rte_ring_free_count(w->done), (unsigned)LOOP_COMMANDS);
	unsigned n = rte_ring_dequeue_burst(w->commands, commands, room, NULL);
	for (unsigned i = 0; i < n; i++) {
		struct command *c = commands[i];
		c->detail = 0;
		c->result = command_apply(w, c, now_ns);
		c->now_ns = now_ns;
	}
	if (n > 0)
		rte_ring_enqueue_burst(w->done, commands, n, NULL);
	return n;
}
