/* Whose each SIP message is. A transaction says its leg, else the dialog does. The first INVITE of a call and its 100
 * come before the call exists: they wait, within the datagram that brought the INVITE, for the leg that takes them. */
#include "call/shard.h"

#include <stdlib.h>

static struct traffic_name name_of(const struct leg *leg)
{
	return (struct traffic_name){.leg = leg->id, .call = leg->call, .kind = leg->kind, .number = leg->number};
}

void traffic_leg_gone(struct shard *shard, const struct leg *leg)
{
	shard->departed[pool_slot_of(leg->id) % TRAFFIC_DEPARTED_MAX] = name_of(leg);
}

static bool by_owner(const struct shard *shard, uint64_t owner, struct traffic_name *name)
{
	const struct leg *leg = owner ? shard_leg(shard, owner) : NULL;
	if (leg) {
		*name = name_of(leg);
		return true;
	}
	*name = shard->departed[pool_slot_of(owner) % TRAFFIC_DEPARTED_MAX];
	return owner && name->leg == owner;
}

static bool by_dialog(struct shard *shard, const struct trace_dialog *dialog, struct traffic_name *name)
{
	const struct leg *leg = *dialog->local_tag ? shard_by_tag(shard, dialog->local_tag, dialog->call_id) : NULL;
	if (leg)
		*name = name_of(leg);
	return leg;
}

static void tell(const struct shard *shard, uint64_t call, const struct trace_message *message, uint32_t network,
		 const char *data, size_t len)
{
	const struct xf_sockaddr *ours = &shard->config->networks[network].sip;
	struct shard_traffic traffic = {.call = call,
					.ns = message->ns,
					.network = network,
					.from = message->sent ? *ours : message->peer,
					.to = message->sent ? message->peer : *ours,
					.data = data,
					.len = len};
	if (shard->user.traffic)
		shard->user.traffic(shard->user.arg, &traffic);
}

static void note(struct shard *shard, const struct traffic_name *name, struct trace_message *message)
{
	struct call *call = shard_get_call(shard, name->call);
	message->leg_kind = name->kind;
	message->leg_number = name->number;
	if (call)
		trace_add(&call->trace, message);
}

/* For the leg, or (NULL) for nobody. */
static void release(struct shard *shard, const struct leg *leg)
{
	unsigned count = shard->waiting_count;
	shard->waiting_count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct traffic_waiting *waiting = &shard->waiting[i];
		struct traffic_name name = leg ? name_of(leg) : (struct traffic_name){0};
		if (leg)
			note(shard, &name, &waiting->message);
		tell(shard, name.call, &waiting->message, waiting->network, waiting->data, waiting->len);
		free(waiting->data);
	}
}

void traffic_adopt(struct shard *shard, const struct leg *leg)
{
	release(shard, leg);
}

void traffic_settle(struct shard *shard)
{
	release(shard, NULL);
}

/* Does it, or what it answers, perhaps begin a call? */
static bool may_wait(const struct shard *shard, const struct sip_traffic *traffic)
{
	const struct sip_message *message = traffic->message;
	if (shard->waiting_count)
		return shard->waiting_count < TRAFFIC_WAITING_MAX;
	return message && message->request && message->method == SIP_INVITE && !*message->to.tag;
}

static bool wait(struct shard *shard, const struct sip_traffic *traffic, const struct trace_message *message)
{
	char *data = may_wait(shard, traffic) ? malloc(traffic->len) : NULL;
	if (!data)
		return false;
	shard->waiting[shard->waiting_count++] =
	    (struct traffic_waiting){.message = *message,
				     .network = traffic->peer->network,
				     .data = memcpy(data, traffic->data, traffic->len),
				     .len = traffic->len};
	return true;
}

void traffic_passed(void *arg, const struct sip_traffic *traffic)
{
	struct shard *shard = arg;
	struct trace_message message;
	struct trace_dialog dialog;
	struct traffic_name name = {0};
	trace_read(&message, &dialog, traffic);
	message.ns = shard->env->now_ns;
	if (by_owner(shard, traffic->owner, &name) || by_dialog(shard, &dialog, &name))
		note(shard, &name, &message);
	else if (wait(shard, traffic, &message))
		return;
	tell(shard, name.call, &message, traffic->peer->network, traffic->data, traffic->len);
}

/* ---- media */

void traffic_leg_media(struct leg *leg)
{
	const struct call *call = shard_call(leg->shard, leg->call);
	if (leg->endpoint.index != XF_ENDPOINT_NONE)
		media_capture(leg->shard->media, leg->endpoint, leg->shard->captures || (call && call->captures));
}

void shard_capture_media(struct shard *shard, uint64_t id, bool on)
{
	struct call *call = shard_get_call(shard, id);
	uint32_t *count = call ? &call->captures : &shard->captures;
	uint32_t at = 0;
	struct leg *leg;
	if (id && !call)
		return;
	*count += on ? 1 : -1u;
	while ((leg = pool_walk(&shard->legs, &at)))
		if (!id || leg->call == id)
			traffic_leg_media(leg);
}

void traffic_copied(struct shard *shard, uint64_t owner, const struct media_copy *copy)
{
	const struct leg *leg = shard_leg(shard, owner);
	if (!leg || !shard->user.traffic)
		return;
	struct shard_traffic traffic = {.call = leg->call,
					.ns = copy->ns,
					.network = copy->network,
					.from = copy->from,
					.to = copy->to,
					.data = copy->data,
					.len = copy->len,
					.media = true,
					.lost = copy->lost};
	shard->user.traffic(shard->user.arg, &traffic);
}
