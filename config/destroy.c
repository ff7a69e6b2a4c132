#include "xfergate/config.h"

#include <stdlib.h>
#include <string.h>

static void destroy_uri(struct config_uri *uri)
{
	free(uri->text);
	free(uri->user);
	free(uri->host);
}

static void destroy_credentials(struct config_credentials *c)
{
	free(c->username);
	free(c->realm);
	if (c->password)
		explicit_bzero(c->password, strlen(c->password));
	free(c->password);
}

static void destroy_texts(char **texts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void destroy_planes(struct config *c)
{
	for (uint32_t i = 0; i < c->port_count; i++) {
		free(c->ports[i].name);
		free(c->ports[i].device);
		destroy_texts(c->ports[i].members, c->ports[i].member_count);
		free(c->ports[i].tap);
		free(c->ports[i].addresses);
	}
	for (uint32_t i = 0; i < c->network_count; i++) {
		free(c->networks[i].name);
		free(c->networks[i].media);
	}
	free(c->ports);
	free(c->networks);
	free(c->link_socket);
	free(c->api_socket);
	free(c->user);
	free(c->group);
	free(c->user_agent);
	free(c->screen.signatures);
	free(c->ringback_region);
	free(c->hold_music);
}

static void destroy_provider(struct config_provider *p)
{
	free(p->name);
	free(p->owner);
	free(p->region);
	free(p->currency);
	free(p->sources);
	destroy_uri(&p->trunk);
	destroy_credentials(&p->credentials);
}

static void destroy_agent(struct config_agent *a)
{
	free(a->name);
	free(a->owner);
	free(a->region);
	free(a->caller_id);
	free(a->sources);
	free(a->may.plans);
	destroy_texts(a->may.prefixes, a->may.prefix_count);
	destroy_texts(a->may.countries, a->may.country_count);
	destroy_texts(a->may.domains, a->may.domain_count);
	destroy_uri(&a->uri);
	destroy_credentials(&a->credentials);
}

static void destroy_plan(struct config_plan *p)
{
	free(p->name);
	free(p->owner);
	for (uint32_t i = 0; i < p->target_count; i++) {
		free(p->targets[i].destination);
		free(p->targets[i].caller_id);
		free(p->targets[i].region);
		free(p->targets[i].sound);
		destroy_uri(&p->targets[i].uri);
	}
}

void config_destroy(struct config *c)
{
	if (!c)
		return;
	destroy_planes(c);
	for (uint32_t i = 0; i < c->provider_count; i++)
		destroy_provider(&c->providers[i]);
	for (uint32_t i = 0; i < c->number_count; i++) {
		free(c->numbers[i].number);
		free(c->numbers[i].owner);
		free(c->numbers[i].providers);
	}
	for (uint32_t i = 0; i < c->agent_count; i++)
		destroy_agent(&c->agents[i]);
	for (uint32_t i = 0; i < c->route_count; i++)
		free(c->routes[i].number);
	for (uint32_t i = 0; i < c->sound_count; i++) {
		free(c->sounds[i].name);
		free(c->sounds[i].file);
	}
	for (uint32_t i = 0; i < c->plan_count; i++)
		destroy_plan(&c->plans[i]);
	for (uint32_t i = 0; i < c->sip_server_count; i++) {
		free(c->sip_servers[i].host);
		free(c->sip_servers[i].owner);
		destroy_credentials(&c->sip_servers[i].credentials);
	}
	free(c->providers);
	free(c->numbers);
	free(c->agents);
	free(c->routes);
	free(c->sounds);
	free(c->plans);
	free(c->sip_servers);
	free(c->file);
	free(c);
}
