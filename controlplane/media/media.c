#include "media/media.h"
#include "media/media_internal.h"

static void on_greeted(void *arg, const struct xf_link_hello_ok *hello)
{
	struct media *media = arg;
	prompt_names_forget(&media->prompts);
	resync_greeted(media, hello);
}

static void on_answered(void *arg, const struct link_command *command, uint32_t sequence, const struct xf_link_ack *ack)
{
	struct media *media = arg;
	switch (command->type) {
	case XF_LINK_DUMP:
	case XF_LINK_STATS:
		query_answered(media, command, ack);
		break;
	case XF_LINK_ADMIT:
	case XF_LINK_WITHDRAW:
		if (!media->silent)
			admission_answered(media->admission, command, sequence, ack->result);
		break;
	case XF_LINK_SOURCES_BEGIN:
	case XF_LINK_SOURCE_ADD:
	case XF_LINK_SOURCES_COMMIT:
		if (ack->result < 0 && ack->result != -ENOTCONN)
			log_event(media->env, LOG_LEVEL_ERROR, "event=sources-refused command=%s error=\"%s\"",
				  xf_link_type_name(command->type), strerror(-ack->result));
		break;
	case XF_LINK_CAPTURE:
		copies_answered(media, command, ack->result);
		break;
	default:
		endpoint_answered(media, command, sequence, ack);
	}
}

static void on_row(void *arg, const struct link_command *command, enum xf_link_type type, const void *row)
{
	query_row(arg, command, type, row);
}

static void on_event(void *arg, const struct xf_link_event *event)
{
	endpoint_event(arg, event);
}

static void on_captured(void *arg, const struct xf_link_captured *row)
{
	copies_row(arg, row);
}

static void on_prompt(void *arg, const struct xf_link_prompt *row)
{
	struct media *media = arg;
	int result = prompt_names_row(&media->prompts, row);
	if (result < 0)
		log_event(media->env, LOG_LEVEL_ERROR, "event=link-prompt-refused error=\"%s\"", strerror(-result));
}

static void on_lost(void *arg)
{
	media_link_down(arg);
}

static void on_admitted(void *arg, uint64_t waiter, int result)
{
	struct media *media = arg;
	media->user.admitted(media->user.arg, waiter, result);
}

static void media_addresses(struct media *media)
{
	const struct config *config = media->config;
	for (uint32_t n = 0; n < config->network_count; n++) {
		const struct config_network *network = &config->networks[n];
		for (uint32_t a = 0; a < network->media_count; a++)
			media->addr[network->media_first + a] = network->media[a];
		if (network->media_count && network->media_first + network->media_count > media->addr_count)
			media->addr_count = network->media_first + network->media_count;
	}
}

int media_create(struct media **out, struct env *env, const struct config *config, const struct media_user *user)
{
	const struct link_client_user client_user = {
	    .greeted = on_greeted,
	    .answered = on_answered,
	    .row = on_row,
	    .event = on_event,
	    .captured = on_captured,
	    .prompt = on_prompt,
	    .lost = on_lost,
	};
	struct media *media = calloc(1, sizeof(*media));
	if (!media)
		return -ENOMEM;
	media->env = env;
	media->config = config;
	media->user = *user;
	media->orphan_timer = (struct timer){.expired = resync_orphan_expired, .arg = media};
	routes_init(media);
	int result = ports_create(&media->ports, config, env_random64(env));
	if (result < 0)
		goto err_media;
	media_addresses(media);
	orphans_init(&media->orphans, media->ports);
	result = shadow_init(&media->shadow, media->addr_count);
	if (result < 0)
		goto err_ports;
	result = source_blocks_init(&media->sources, config);
	if (result < 0)
		goto err_shadow;
	result = admission_create(&media->admission, env, &media->client, 64ull * config->t1_ms * NS_PER_MS,
				  on_admitted, media);
	if (result < 0)
		goto err_sources;
	link_client_init(&media->client, env, &client_user);
	media->client.user.arg = media;
	*out = media;
	return 0;

err_sources:
	source_blocks_fini(&media->sources);
err_shadow:
	shadow_fini(&media->shadow);
err_ports:
	ports_destroy(media->ports);
err_media:
	free(media);
	return result;
}

void media_destroy(struct media *media)
{
	if (!media)
		return;
	media->silent = true;
	media->ready = false;
	link_client_flush(&media->client);
	link_client_fini(&media->client);
	resync_forget(media);
	routes_fini(media);
	admission_destroy(media->admission);
	source_blocks_fini(&media->sources);
	shadow_fini(&media->shadow);
	prompt_names_fini(&media->prompts);
	orphans_fini(&media->orphans);
	ports_destroy(media->ports);
	free(media);
}

void media_link_up(struct media *media)
{
	media_link_down(media);
	link_client_up(&media->client);
}

void media_link_down(struct media *media)
{
	bool was_ready = media->ready;
	media->ready = false;
	resync_forget(media);
	link_client_down(&media->client);
	if (!was_ready)
		return;
	log_event(media->env, LOG_LEVEL_WARNING, "event=link-down endpoints=%u", media->shadow.count);
	media->user.link_changed(media->user.arg, false);
}

void media_link_receive(struct media *media, const void *packet, size_t len)
{
	link_client_receive(&media->client, packet, len);
}

void media_flush(struct media *media)
{
	link_client_flush(&media->client);
}

bool media_ready(const struct media *media)
{
	return media->ready;
}

struct xf_sockaddr media_advertised(const struct media *media, struct xf_endpoint_id id)
{
	struct xf_sockaddr advertised = {.port = xf_endpoint_port(id.index)};
	uint32_t network = ports_network(media->ports, id.index);
	if (network == XF_NONE)
		return (struct xf_sockaddr){0};
	advertised.addr = media->config->networks[network].advertise;
	if (advertised.addr.family == 0)
		advertised.addr = media->addr[xf_endpoint_local_addr(id.index)];
	return advertised;
}

bool media_knows(const struct media *media, struct xf_endpoint_id id, uint64_t *owner)
{
	const struct shadow_endpoint *endpoint = shadow_find(&media->shadow, id);
	if (endpoint && owner)
		*owner = endpoint->owner;
	return endpoint != NULL;
}

int media_prompt(const struct media *media, const char *name, struct media_prompt *prompt)
{
	uint32_t number = prompt_names_find(&media->prompts, name);
	const struct prompt_name *found = prompt_names_get(&media->prompts, number);
	if (!found || !found->theirs)
		return -ENOENT;
	*prompt =
	    (struct media_prompt){.source = xf_prompt_id(number), .length_ms = found->length_ms, .times = found->times};
	return 0;
}

const char *media_prompt_name(const struct media *media, uint32_t number)
{
	return media_own_prompt_name(media, prompt_names_ours(&media->prompts, number));
}

const char *media_own_prompt_name(const struct media *media, uint32_t number)
{
	const struct prompt_name *name = prompt_names_get(&media->prompts, number);
	return name ? name->name : NULL;
}

int media_admit_address(struct media *media, const struct xf_addr *addr, uint64_t waiter)
{
	if (source_blocks_contain(&media->sources, addr))
		return 0;
	return admission_admit(media->admission, addr, waiter, media->ready);
}

bool media_admits(const struct media *media, const struct xf_addr *addr)
{
	return source_blocks_contain(&media->sources, addr) || admission_holds(media->admission, addr);
}

void media_release_address(struct media *media, const struct xf_addr *addr)
{
	if (!source_blocks_contain(&media->sources, addr))
		admission_release(media->admission, addr);
}

void media_counts(const struct media *media, struct media_counts *counts)
{
	struct ports_counts ports;
	ports_count(media->ports, media->env->now_ns, &ports);
	*counts = (struct media_counts){
	    .endpoints = media->shadow.count,
	    .ports_free = ports.free,
	    .ports_resting = ports.resting,
	    .ports_used = ports.used,
	    .admitted = admission_count(media->admission),
	    .commands_pending = media->client.waiting,
	    .orphans = media->orphans.count,
	};
}
