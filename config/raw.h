/* The file as libcyaml reads it: text, not yet judged. A key that is not there, or was complained about, is NULL. */
#pragma once

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

enum raw_malformed {
	RAW_MALFORMED_ANSWER,
	RAW_MALFORMED_DROP,
};

enum raw_keys {
	RAW_KEYS_COUNT,
	RAW_KEYS_SHOW,
};

enum raw_media_source {
	RAW_MEDIA_LEARN,
	RAW_MEDIA_STRICT,
};

struct raw_credentials {
	char *username, *password_file, *password_env, *realm;
	char *password; /* known only to be refused with a hint */
};

struct raw_port {
	char *name, *device, *tap;
	char **members;
	uint32_t members_count;
	uint32_t *mtu, *vlan;
	char **addresses;
	uint32_t addresses_count;
};

struct raw_network {
	char *name, *port, *sip, *advertise;
	char **media;
	uint32_t media_count;
	char *media_dscp, *sip_dscp;
};

struct raw_rate {
	uint32_t *per_second, *burst;
};

struct raw_limits {
	struct raw_rate packets, invites, requests, dialogs, responses;
};

struct raw_provider {
	char *name, *owner, *network, *region, *trunk, *currency;
	char **sources;
	uint32_t sources_count;
	struct raw_credentials credentials;
	int number_format; /* enum config_number_format */
	int validity;	   /* enum config_validity */
	int media_source;  /* enum raw_media_source */
	struct raw_limits limits;
	double cost_per_minute;
};

struct raw_number {
	char *number, *owner;
	int verified;
	bool *active;
	char **providers;
	uint32_t providers_count;
};

struct raw_may {
	char **plans, **prefixes, **countries, **domains;
	uint32_t plans_count, prefixes_count, countries_count, domains_count;
};

struct raw_agent {
	char *name, *owner, *network, *uri, *region, *caller_id, *provider;
	char **sources;
	uint32_t sources_count;
	struct raw_credentials credentials;
	struct raw_may may;
	uint32_t *refer_accept_code;
	int media_source;
	struct raw_limits limits;
};

struct raw_route {
	char *number, *provider, *agent, *ring_time, *agent_fails, *agent_lost;
};

struct raw_sound {
	char *name, *file;
	uint32_t *times;
	bool *loop;
};

struct raw_target {
	int *type; /* enum config_target_type */
	char *destination, *region, *caller_id, *provider, *network, *ring_time, *sound, *time;
};

struct raw_plan {
	char *name, *owner;
	struct raw_target target;
	struct raw_target *fallbacks;
	uint32_t fallbacks_count;
};

struct raw_sip_server {
	char *host, *owner, *network;
	struct raw_credentials credentials;
};

struct raw {
	struct {
		uint32_t *workers, *memory;
		int idle; /* enum config_idle */
		char *link;
	} dataplane;
	struct {
		char *socket, *user, *group;
	} control;
	struct {
		char *t1, *ring_time, *user_agent, *max_call_time, *dscp;
		uint32_t *max_calls;
	} sip;
	struct {
		char *ports, *timeout, *learn_window, *quarantine, *dscp, *ringback, *hold_music;
		int keys; /* enum raw_keys */
	} media;
	struct {
		char *signatures;
		int malformed; /* enum raw_malformed */
		struct raw_rate ceiling;
		struct raw_limits targets;
	} screen;
	struct raw_port *ports;
	struct raw_network *networks;
	struct raw_provider *providers;
	struct raw_number *numbers;
	struct raw_agent *agents;
	struct raw_route *routes;
	struct raw_sound *sounds;
	struct raw_plan *plans;
	struct raw_sip_server *sip_servers;
	uint32_t ports_count, networks_count, providers_count, numbers_count, agents_count, routes_count, sounds_count,
	    plans_count, sip_servers_count;
};

extern const struct cyaml_schema_value raw_schema;
