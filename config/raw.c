#include "raw.h"

#include "schema.h"
#include "xfergate/config.h"
#include "xfergate/endpoint.h"
#include "xfergate/source.h"

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define REQUIRED SCHEMA_REQUIRED
#define TEXT_MAX 255
#define LIST_MAX 10000

#define TEXT(key, need, type, member) CYAML_FIELD_STRING_PTR(key, need, type, member, 1, TEXT_MAX)
#define LIST(key, need, type, member, entry, min, max)                                                                 \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | (need), type, member, entry, min, max)
#define ENUM(key, need, type, member, strings)                                                                         \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (need), type, member, strings, CYAML_ARRAY_LEN(strings))
#define CREDENTIALS(type)                                                                                              \
	TEXT("username", OPTIONAL, type, credentials.username),                                                        \
	    TEXT("password-file", OPTIONAL, type, credentials.password_file),                                          \
	    TEXT("password-env", OPTIONAL, type, credentials.password_env),                                            \
	    CYAML_FIELD_STRING_PTR("password", OPTIONAL, type, credentials.password, 0, 1024),                         \
	    TEXT("realm", OPTIONAL, type, credentials.realm)

static const struct cyaml_schema_value raw_text = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, TEXT_MAX)};

static const struct cyaml_strval raw_idles[] = {
    {"poll", CONFIG_IDLE_POLL}, {"backoff", CONFIG_IDLE_BACKOFF}, {"interrupt", CONFIG_IDLE_INTERRUPT}};
static const struct cyaml_strval raw_malformeds[] = {{"answer", RAW_MALFORMED_ANSWER}, {"drop", RAW_MALFORMED_DROP}};
static const struct cyaml_strval raw_keys[] = {{"count", RAW_KEYS_COUNT}, {"show", RAW_KEYS_SHOW}};
static const struct cyaml_strval raw_media_sources[] = {{"learn", RAW_MEDIA_LEARN}, {"strict", RAW_MEDIA_STRICT}};
static const struct cyaml_strval raw_formats[] = {{"plus", CONFIG_NUMBER_PLUS}, {"plain", CONFIG_NUMBER_PLAIN}};
static const struct cyaml_strval raw_validities[] = {
    {"possible", CONFIG_VALIDITY_POSSIBLE},
    {"strict", CONFIG_VALIDITY_STRICT},
};
static const struct cyaml_strval raw_verifieds[] = {{"no", 0}, {"operator", 1}};
static const struct cyaml_strval raw_target_types[] = {
    {"number", CONFIG_TARGET_NUMBER},
    {"sip", CONFIG_TARGET_SIP},
    {"agent", CONFIG_TARGET_AGENT},
    {"hang-up", CONFIG_TARGET_HANGUP},
    {"announcement", CONFIG_TARGET_ANNOUNCEMENT},
};

static const struct cyaml_schema_field raw_dataplane_fields[] = {
    CYAML_FIELD_UINT_PTR("workers", OPTIONAL, struct raw, dataplane.workers),
    ENUM("idle", OPTIONAL, struct raw, dataplane.idle, raw_idles),
    TEXT("link", OPTIONAL, struct raw, dataplane.link),
    CYAML_FIELD_UINT_PTR("memory", OPTIONAL, struct raw, dataplane.memory),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_control_fields[] = {
    TEXT("socket", OPTIONAL, struct raw, control.socket),
    TEXT("user", OPTIONAL, struct raw, control.user),
    TEXT("group", OPTIONAL, struct raw, control.group),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_sip_fields[] = {
    TEXT("t1", OPTIONAL, struct raw, sip.t1),
    TEXT("ring-time", OPTIONAL, struct raw, sip.ring_time),
    TEXT("user-agent", OPTIONAL, struct raw, sip.user_agent),
    CYAML_FIELD_UINT_PTR("max-calls", OPTIONAL, struct raw, sip.max_calls),
    TEXT("max-call-time", OPTIONAL, struct raw, sip.max_call_time),
    TEXT("dscp", OPTIONAL, struct raw, sip.dscp),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_media_fields[] = {
    TEXT("ports", OPTIONAL, struct raw, media.ports),
    TEXT("timeout", OPTIONAL, struct raw, media.timeout),
    TEXT("learn-window", OPTIONAL, struct raw, media.learn_window),
    TEXT("quarantine", OPTIONAL, struct raw, media.quarantine),
    TEXT("dscp", OPTIONAL, struct raw, media.dscp),
    ENUM("keys", OPTIONAL, struct raw, media.keys, raw_keys),
    TEXT("ringback", OPTIONAL, struct raw, media.ringback),
    TEXT("hold-music", OPTIONAL, struct raw, media.hold_music),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_rate_fields[] = {
    CYAML_FIELD_UINT_PTR("per-second", OPTIONAL, struct raw_rate, per_second),
    CYAML_FIELD_UINT_PTR("burst", OPTIONAL, struct raw_rate, burst),
    CYAML_FIELD_END,
};

#define RATE(key, member) CYAML_FIELD_MAPPING(key, OPTIONAL, struct raw_limits, member, raw_rate_fields)
static const struct cyaml_schema_field raw_limits_fields[] = {
    RATE("packets", packets), RATE("invites", invites),	    RATE("requests", requests),
    RATE("dialogs", dialogs), RATE("responses", responses), CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_screen_fields[] = {
    TEXT("signatures", OPTIONAL, struct raw, screen.signatures),
    ENUM("malformed", OPTIONAL, struct raw, screen.malformed, raw_malformeds),
    CYAML_FIELD_MAPPING("ceiling", OPTIONAL, struct raw, screen.ceiling, raw_rate_fields),
    CYAML_FIELD_MAPPING("targets", OPTIONAL, struct raw, screen.targets, raw_limits_fields),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_port_fields[] = {
    TEXT("name", REQUIRED, struct raw_port, name),
    TEXT("device", REQUIRED, struct raw_port, device),
    LIST("members", OPTIONAL, struct raw_port, members, &raw_text, 1, 8),
    TEXT("tap", REQUIRED, struct raw_port, tap),
    CYAML_FIELD_UINT_PTR("mtu", OPTIONAL, struct raw_port, mtu),
    CYAML_FIELD_UINT_PTR("vlan", OPTIONAL, struct raw_port, vlan),
    LIST("addresses", OPTIONAL, struct raw_port, addresses, &raw_text, 0, 64),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_port = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_port, raw_port_fields)};

static const struct cyaml_schema_field raw_network_fields[] = {
    TEXT("name", REQUIRED, struct raw_network, name),
    TEXT("port", REQUIRED, struct raw_network, port),
    TEXT("sip", REQUIRED, struct raw_network, sip),
    LIST("media", REQUIRED, struct raw_network, media, &raw_text, 1, XF_MAX_MEDIA_ADDRS),
    TEXT("advertise", OPTIONAL, struct raw_network, advertise),
    TEXT("media-dscp", OPTIONAL, struct raw_network, media_dscp),
    TEXT("sip-dscp", OPTIONAL, struct raw_network, sip_dscp),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_network = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_network, raw_network_fields)};

static const struct cyaml_schema_field raw_provider_fields[] = {
    TEXT("name", REQUIRED, struct raw_provider, name),
    TEXT("owner", OPTIONAL, struct raw_provider, owner),
    TEXT("network", REQUIRED, struct raw_provider, network),
    TEXT("region", REQUIRED, struct raw_provider, region),
    TEXT("trunk", REQUIRED, struct raw_provider, trunk),
    LIST("sources", REQUIRED, struct raw_provider, sources, &raw_text, 1, XF_MAX_SOURCES),
    CREDENTIALS(struct raw_provider),
    ENUM("number-format", OPTIONAL, struct raw_provider, number_format, raw_formats),
    ENUM("validity", OPTIONAL, struct raw_provider, validity, raw_validities),
    ENUM("media-source", OPTIONAL, struct raw_provider, media_source, raw_media_sources),
    CYAML_FIELD_MAPPING("limits", OPTIONAL, struct raw_provider, limits, raw_limits_fields),
    CYAML_FIELD_FLOAT("cost-per-minute", OPTIONAL, struct raw_provider, cost_per_minute),
    TEXT("currency", OPTIONAL, struct raw_provider, currency),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_provider = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_provider, raw_provider_fields)};

static const struct cyaml_schema_field raw_number_fields[] = {
    TEXT("number", REQUIRED, struct raw_number, number),
    TEXT("owner", OPTIONAL, struct raw_number, owner),
    ENUM("verified", OPTIONAL, struct raw_number, verified, raw_verifieds),
    CYAML_FIELD_BOOL_PTR("active", OPTIONAL, struct raw_number, active),
    LIST("providers", OPTIONAL, struct raw_number, providers, &raw_text, 0, XF_MAX_PEERS),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_number = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_number, raw_number_fields)};

static const struct cyaml_schema_field raw_may_fields[] = {
    LIST("plans", OPTIONAL, struct raw_may, plans, &raw_text, 0, LIST_MAX),
    LIST("prefixes", OPTIONAL, struct raw_may, prefixes, &raw_text, 0, LIST_MAX),
    LIST("countries", OPTIONAL, struct raw_may, countries, &raw_text, 0, 300),
    LIST("domains", OPTIONAL, struct raw_may, domains, &raw_text, 0, LIST_MAX),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field raw_agent_fields[] = {
    TEXT("name", REQUIRED, struct raw_agent, name),
    TEXT("owner", OPTIONAL, struct raw_agent, owner),
    TEXT("network", REQUIRED, struct raw_agent, network),
    TEXT("uri", REQUIRED, struct raw_agent, uri),
    LIST("sources", REQUIRED, struct raw_agent, sources, &raw_text, 1, XF_MAX_SOURCES),
    CREDENTIALS(struct raw_agent),
    TEXT("region", OPTIONAL, struct raw_agent, region),
    TEXT("caller-id", OPTIONAL, struct raw_agent, caller_id),
    TEXT("provider", OPTIONAL, struct raw_agent, provider),
    CYAML_FIELD_UINT_PTR("refer-accept-code", OPTIONAL, struct raw_agent, refer_accept_code),
    ENUM("media-source", OPTIONAL, struct raw_agent, media_source, raw_media_sources),
    CYAML_FIELD_MAPPING("limits", OPTIONAL, struct raw_agent, limits, raw_limits_fields),
    CYAML_FIELD_MAPPING("may", OPTIONAL, struct raw_agent, may, raw_may_fields),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_agent = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_agent, raw_agent_fields)};

static const struct cyaml_schema_field raw_route_fields[] = {
    TEXT("number", REQUIRED, struct raw_route, number),
    TEXT("provider", OPTIONAL, struct raw_route, provider),
    TEXT("agent", REQUIRED, struct raw_route, agent),
    TEXT("ring-time", OPTIONAL, struct raw_route, ring_time),
    TEXT("agent-fails", OPTIONAL, struct raw_route, agent_fails),
    TEXT("agent-lost", OPTIONAL, struct raw_route, agent_lost),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_route = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_route, raw_route_fields)};

static const struct cyaml_schema_field raw_sound_fields[] = {
    TEXT("name", REQUIRED, struct raw_sound, name),
    TEXT("file", REQUIRED, struct raw_sound, file),
    CYAML_FIELD_UINT_PTR("times", OPTIONAL, struct raw_sound, times),
    CYAML_FIELD_BOOL_PTR("loop", OPTIONAL, struct raw_sound, loop),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_sound = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_sound, raw_sound_fields)};

#define TARGET(owner, prefix)                                                                                          \
	CYAML_FIELD_ENUM_PTR("type", CYAML_FLAG_STRICT | REQUIRED, owner, prefix type, raw_target_types,               \
			     CYAML_ARRAY_LEN(raw_target_types)),                                                       \
	    TEXT("destination", OPTIONAL, owner, prefix destination), TEXT("region", OPTIONAL, owner, prefix region),  \
	    TEXT("caller-id", OPTIONAL, owner, prefix caller_id), TEXT("provider", OPTIONAL, owner, prefix provider),  \
	    TEXT("network", OPTIONAL, owner, prefix network), TEXT("ring-time", OPTIONAL, owner, prefix ring_time),    \
	    TEXT("sound", OPTIONAL, owner, prefix sound), TEXT("time", OPTIONAL, owner, prefix time)

static const struct cyaml_schema_field raw_target_fields[] = {
    TARGET(struct raw_target, ),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_target = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_target, raw_target_fields)};

static const struct cyaml_schema_field raw_plan_fields[] = {
    TEXT("name", REQUIRED, struct raw_plan, name),
    TEXT("owner", OPTIONAL, struct raw_plan, owner),
    TARGET(struct raw_plan, target.),
    LIST("fallbacks", OPTIONAL, struct raw_plan, fallbacks, &raw_target, 0, CONFIG_TARGETS_MAX - 1),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_plan = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_plan, raw_plan_fields)};

static const struct cyaml_schema_field raw_sip_server_fields[] = {
    TEXT("host", REQUIRED, struct raw_sip_server, host),
    TEXT("owner", OPTIONAL, struct raw_sip_server, owner),
    CREDENTIALS(struct raw_sip_server),
    TEXT("network", OPTIONAL, struct raw_sip_server, network),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value raw_sip_server = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_sip_server, raw_sip_server_fields)};

/* A section whose members stand in struct raw itself: its fields count their offsets from there. */
#define SECTION(name, member_fields)                                                                                   \
	{                                                                                                              \
		.key = name, .data_offset = 0, .value = { CYAML_VALUE_MAPPING(OPTIONAL, struct raw, member_fields) }   \
	}

static const struct cyaml_schema_field raw_fields[] = {
    SECTION("dataplane", raw_dataplane_fields),
    LIST("ports", REQUIRED, struct raw, ports, &raw_port, 1, 8),
    LIST("networks", REQUIRED, struct raw, networks, &raw_network, 1, 64),
    SECTION("control", raw_control_fields),
    SECTION("sip", raw_sip_fields),
    SECTION("media", raw_media_fields),
    SECTION("screen", raw_screen_fields),
    LIST("providers", OPTIONAL, struct raw, providers, &raw_provider, 0, XF_MAX_PEERS),
    LIST("numbers", OPTIONAL, struct raw, numbers, &raw_number, 0, LIST_MAX),
    LIST("agents", OPTIONAL, struct raw, agents, &raw_agent, 0, XF_MAX_PEERS),
    LIST("routes", OPTIONAL, struct raw, routes, &raw_route, 0, LIST_MAX),
    LIST("sounds", OPTIONAL, struct raw, sounds, &raw_sound, 0, CONFIG_SOUNDS_MAX),
    LIST("plans", OPTIONAL, struct raw, plans, &raw_plan, 0, LIST_MAX),
    LIST("sip-servers", OPTIONAL, struct raw, sip_servers, &raw_sip_server, 0, LIST_MAX),
    CYAML_FIELD_END,
};

const struct cyaml_schema_value raw_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, raw_fields)};
