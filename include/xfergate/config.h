/* The configuration, as both daemons and `xfergate check` see it: read from one YAML file, wholly checked.
 *
 * Strings are never NULL unless the comment says so. References between sections are indices (XF_NONE: none), resolved
 * when the file was read. Read-only after config_load; may be read from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "xfergate/addr.h"
#include "xfergate/source.h"

#define XF_NONE UINT32_MAX

/* A SIP URI's parts as the configuration needs them. The name stays a name: it is resolved when used. */
struct config_uri {
	char *text;    /* as written */
	char *user;    /* "" if none */
	char *host;    /* name or address, IPv6 without brackets */
	uint16_t port; /* 0: none given */
};

/* User name and password for a digest challenge. The password never leaves this struct in print. */
struct config_credentials {
	char *username; /* NULL: no credentials */
	char *password;
	char *realm; /* NULL: the peer's domain's challenge is answered whatever its realm */
};

/* What a worker without traffic does. */
enum config_idle {
	CONFIG_IDLE_POLL,      /* goes on asking its ports */
	CONFIG_IDLE_BACKOFF,   /* sleeps up to 200 us */
	CONFIG_IDLE_INTERRUPT, /* sleeps up to 1 ms, or until a port's receive interrupt */
};

struct config_port {
	char *name;
	char *device;	/* DPDK device arguments: "0000:3b:00.0", "net_af_xdp0,iface=eth1" */
	char **members; /* of net_bonding: the devices under it */
	uint32_t member_count;
	char *tap; /* name of its kernel interface */
	uint32_t mtu;
	uint16_t vlan; /* 802.1Q: all frames on the wire have this tag; 0: none is added or taken off */
	struct xf_prefix
	    *addresses; /* set on the TAP; addr is the host's own address here, bits beyond the prefix kept */
	uint32_t address_count;
};

struct config_network {
	char *name;
	uint32_t port;		/* index */
	struct xf_sockaddr sip; /* address and port of the SIP socket, UDP */
	struct xf_addr *media;	/* media addresses */
	uint32_t media_count;
	uint32_t media_first;	  /* index of media[0] in the list of all networks' media addresses: the link's order */
	struct xf_addr advertise; /* family 0: none; else stands in Via, Contact and SDP in place of our own */
	uint8_t media_dscp;	  /* 0..63, of RTP and RTCP */
	uint8_t sip_dscp;	  /* 0..63 */
};

/* So many a second, and so many at once after a silence. */
struct config_rate {
	uint32_t per_second; /* 0: no limit */
	uint32_t burst;
};

/* How much SIP over UDP a peer may send. */
struct config_limits {
	struct config_rate packets;   /* of any kind, before they are read */
	struct config_rate invites;   /* new ones */
	struct config_rate requests;  /* others without To tag */
	struct config_rate dialogs;   /* requests with To tag */
	struct config_rate responses; /* */
};

struct config_screen {
	char *signatures;    /* path of the rules; NULL: none. Relative ones were, to the configuration's folder */
	bool malformed_drop; /* what is no SIP message by its form; else the control plane answers it */
	struct config_rate ceiling;   /* messages of all peers together */
	struct config_limits targets; /* admitted addresses, together */
};

enum config_validity {
	CONFIG_VALIDITY_POSSIBLE,
	CONFIG_VALIDITY_STRICT,
};

enum config_number_format {
	CONFIG_NUMBER_PLUS,  /* +12025550143 */
	CONFIG_NUMBER_PLAIN, /* 12025550143 */
};

struct config_provider {
	char *name;
	char *owner; /* "" if the file names no owners: all belong together */
	uint32_t network;
	char *region; /* ISO 3166 alpha-2, how its inbound numbers are read */
	struct config_uri trunk;
	struct xf_prefix *sources;
	uint32_t source_count;
	struct config_credentials credentials;
	uint8_t number_format; /* enum config_number_format */
	uint8_t validity;      /* enum config_validity */
	bool strict_source;    /* media only from the SDP address */
	struct config_limits limits;
	double cost_per_minute; /* of a call that we place; in `currency`; 0: not said */
	char *currency;		/* "" if no cost is given */
};

struct config_number {
	char *number; /* E.164 with '+' */
	char *owner;
	bool verified; /* "operator" */
	bool active;
	uint32_t *providers; /* indices: those that authorise it */
	uint32_t provider_count;
};

struct config_may {
	uint32_t *plans; /* indices */
	uint32_t plan_count;
	char **prefixes; /* E.164 with '+': "+1202" */
	uint32_t prefix_count;
	char **countries; /* ISO 3166 alpha-2, upper case */
	uint32_t country_count;
	char **domains; /* exact host of a SIP URI, or "*.example.com"; or an address block text */
	uint32_t domain_count;
};

struct config_agent {
	char *name;
	char *owner;
	uint32_t network;
	struct config_uri uri; /* where its INVITE goes */
	struct xf_prefix *sources;
	uint32_t source_count;
	struct config_credentials credentials;
	char *region;	 /* NULL: none */
	char *caller_id; /* E.164 with '+', or "dialled", or NULL: none */
	struct config_may may;
	uint16_t refer_accept_code; /* 202 or 200 */
	bool strict_source;
	struct config_limits limits;
	uint32_t provider; /* over which its numbers go; XF_NONE: that of the call */
};

struct config_route {
	char *number;	   /* E.164 with '+', or "*" : any other */
	uint32_t provider; /* XF_NONE: any */
	uint32_t agent;
	uint32_t ring_ms;
	uint32_t fails_plan; /* agent-fails; XF_NONE: answer fails_code */
	uint16_t fails_code; /* 0: pass on what the agent said (480 if nothing) */
	uint32_t lost_plan;  /* agent-lost; XF_NONE: hang up */
};

#define CONFIG_SOUNDS_MAX 64

/* A sound of a WAV file. */
struct config_sound {
	char *name;
	char *file;	/* path; relative ones were, to the configuration's folder */
	uint32_t times; /* that it is played; 0: over and over */
	unsigned line;	/* of `file`, in the configuration */
};

enum config_target_type {
	CONFIG_TARGET_NUMBER,
	CONFIG_TARGET_SIP,
	CONFIG_TARGET_AGENT, /* back to the agent */
	CONFIG_TARGET_HANGUP,
	CONFIG_TARGET_ANNOUNCEMENT, /* the caller hears a sound */
};

struct config_target {
	uint8_t type;	       /* enum config_target_type */
	char *destination;     /* number as written, or SIP URI; NULL for others */
	struct config_uri uri; /* of a SIP target */
	char *caller_id; /* as config_agent.caller_id, or for a SIP target also any registered number; NULL: not said */
	uint32_t ring_ms;
	uint32_t network;  /* SIP target: XF_NONE: by the route to it */
	uint32_t provider; /* number: XF_NONE: the call's */
	char *region;	   /* NULL: not said */
	char *sound;	   /* announcement: a sound's name, a prompt's that is always there, or a kind of tone */
	uint32_t play_ms;  /* announcement: no longer than this; 0: until it ends, 10 s if it never does */
};

#define CONFIG_TARGETS_MAX 8

struct config_plan {
	char *name;
	char *owner;
	struct config_target targets[CONFIG_TARGETS_MAX]; /* [0] the plan's own, then its fallbacks in order */
	uint32_t target_count;
};

/* Who asks us for credentials when we call a SIP URI: by host of the URI. */
struct config_sip_server {
	char *host; /* of the URI */
	char *owner;
	struct config_credentials credentials;
	uint32_t network; /* XF_NONE: by route */
};

struct config {
	char *file;

	/* dataplane */
	uint32_t workers;
	enum config_idle idle;
	char *link_socket;
	uint32_t memory_mb; /* of DPDK without hugepages */
	struct config_port *ports;
	uint32_t port_count;
	struct config_network *networks;
	uint32_t network_count;
	struct config_screen screen;

	/* control plane */
	char *api_socket;
	char *user, *group;
	uint32_t t1_ms;	      /* RFC 3261 T1; 500 */
	uint32_t ring_ms;     /* default ring time */
	uint32_t call_max_ms; /* longest call; 0: none */
	uint32_t calls_max;
	uint32_t media_timeout_ms; /* 0: none */
	bool keys_shown;	   /* which keys people press is logged (debug) and shown; else how many */
	uint32_t learn_window_ms;
	uint32_t quarantine_ms;			    /* of a closed port */
	uint16_t media_port_first, media_port_last; /* even, odd */
	char *ringback_region; /* whose tones callers hear; NULL: that of the number they dialled */
	char *hold_music;      /* a prompt's name; NULL: nothing is sent */
	char *user_agent;

	struct config_provider *providers;
	uint32_t provider_count;
	struct config_number *numbers;
	uint32_t number_count;
	struct config_agent *agents;
	uint32_t agent_count;
	struct config_route *routes;
	uint32_t route_count;
	struct config_sound *sounds;
	uint32_t sound_count;
	struct config_plan *plans;
	uint32_t plan_count;
	struct config_sip_server *sip_servers;
	uint32_t sip_server_count;
};

/* The numbers by which both planes and the link know peers (struct xf_source): providers first, then agents. */
static inline uint32_t config_peer_of_provider(const struct config *config, uint32_t provider)
{
	return provider;
}

static inline uint32_t config_peer_of_agent(const struct config *config, uint32_t agent)
{
	return config->provider_count + agent;
}

static inline uint32_t config_peer_count(const struct config *config)
{
	return config->provider_count + config->agent_count;
}

/* A peer's limits; NULL: there is no such peer. XF_PEER_TARGETS is one. */
static inline const struct config_limits *config_peer_limits(const struct config *config, uint32_t peer)
{
	if (peer == XF_PEER_TARGETS)
		return &config->screen.targets;
	if (peer < config->provider_count)
		return &config->providers[peer].limits;
	return peer < config_peer_count(config) ? &config->agents[peer - config->provider_count].limits : NULL;
}

/* Reads and checks. 0; or -EINVAL after writing every error to `errors`, one line each:
 * "file:line: key: what is wrong with value 'v'; what is allowed". Warnings (a number possible but not valid) go there
 * too, as "file:line: warning: …", and do not fail. -errno if the file cannot be read, said there as well. */
int config_load(struct config **out, const char *file, FILE *errors);

/* The same, for those who need no passwords and may not be able to read them (the dataplane): all are "". */
int config_load_without_secrets(struct config **out, const char *file, FILE *errors);

/* One thing that is wrong, or doubtful, with a configuration. */
struct config_problem {
	const char *file;
	unsigned line; /* from 1; 0: the file as a whole */
	bool warning;
	const char *key;  /* "providers[0].trunk"; "": none */
	const char *text; /* what is wrong; what is allowed */
};

typedef void config_tell(void *arg, const struct config_problem *problem);

/* A config_tell that writes a line as config_load does: arg is a FILE. */
static inline void config_write_problem(void *arg, const struct config_problem *problem)
{
	char line[16] = "";
	if (problem->line)
		snprintf(line, sizeof(line), "%u:", problem->line);
	fprintf((FILE *)arg, "%s:%s %s%s%s%s\n", problem->file, line, problem->warning ? "warning: " : "", problem->key,
		*problem->key ? ": " : "", problem->text);
}

/* As config_load, told one by one, and warns of a control.user or control.group that this machine does not have. For
 * `xfergate check`: the file may be checked on another machine than it is for, and a daemon looks for itself. */
int config_check(struct config **out, const char *file, config_tell *tell, void *arg);

/* A summary for people, a line each thing; no secrets. */
void config_print(const struct config *config, FILE *out);

/* Wipes secrets before it frees. NULL is fine. */
void config_destroy(struct config *config);
