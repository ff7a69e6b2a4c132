/* What the parts of config_load share while one file is read: build_*.c turn raw text into struct config, check.c looks
 * at the whole. Each complains through here and goes on, so that one run shows every error. */
#pragma once

#include "document.h"
#include "problems.h"
#include "raw.h"
#include "xfergate/config.h"

#define READER_PATH_MAX 160

struct reader {
	struct document doc;
	struct problems problems;
	const struct raw *raw;
	struct config *config;
	bool secrets;  /* passwords are wanted */
	bool accounts; /* so is a look whether user and group exist */
	bool out_of_memory;
	char path[READER_PATH_MAX];
};

/* "providers[1].trunk", printed into r->path: good until the next call. */
__attribute__((format(printf, 2, 3))) const char *reader_at(struct reader *r, const char *format, ...);

/* "'value' what is wrong; what is allowed". Silent if that place was complained about already. */
__attribute__((format(printf, 3, 4))) void reader_reject(struct reader *r, const char *path, const char *format, ...);
__attribute__((format(printf, 3, 4))) void reader_warn(struct reader *r, const char *path, const char *format, ...);

/* True if the key stands in the file, sound or not. */
bool reader_has(struct reader *r, const char *path);

/* Copies; NULL stays NULL. Out of memory is noted in r and "" returned for the moment. */
char *reader_copy(struct reader *r, const char *text);
/* A path is taken from where the configuration stands, not from where a daemon was started. */
char *reader_path(struct reader *r, const char *text);
/* Zeroed; never NULL but for a count of 0 or when out of memory, which is noted. */
void *reader_alloc(struct reader *r, size_t count, size_t size);

/* What a key that names an owner stands for when it is missing. */
static inline const char *reader_owner(const char *owner)
{
	return owner ? owner : "";
}

#define READER_OWNER_MAX 80
/* "owner 'x'", or "no owner". Returns `out`. */
const char *reader_owner_words(char out[static READER_OWNER_MAX], const char *owner);

/* build_planes.c */
void build_dataplane(struct reader *r);
void build_control(struct reader *r);
/* build_screen.c */
void build_screen(struct reader *r);
/* `prefix`: the path of what holds the five keys. */
void build_limits(struct reader *r, const char *prefix, const struct raw_limits *raw, struct config_limits *limits);
/* When peers and workers are known. */
void check_screen(struct reader *r);
/* build_peers.c; plans are built before agents, agents after numbers */
void build_providers(struct reader *r);
void build_numbers(struct reader *r);
void build_agents(struct reader *r);
void build_sip_servers(struct reader *r);
/* build_sounds.c; before plans */
void build_sounds(struct reader *r);
/* build_plans.c */
void build_plans(struct reader *r);
void build_routes(struct reader *r);
/* check.c: what concerns several sections at once */
void check_sources(struct reader *r);
void check_media(struct reader *r);
void check_caller_ids(struct reader *r);
void check_accounts(struct reader *r);

/* find.c: index of the named thing in the raw file, or XF_NONE after a complaint that says which names exist. NULL
 * name: XF_NONE without one. owner: it must have the same; NULL: any. */
uint32_t find_port(struct reader *r, const char *path, const char *name);
uint32_t find_network(struct reader *r, const char *path, const char *name);
uint32_t find_provider(struct reader *r, const char *path, const char *name, const char *owner);
uint32_t find_agent(struct reader *r, const char *path, const char *name, const char *owner);
uint32_t find_plan(struct reader *r, const char *path, const char *name, const char *owner);
/* A registered number in r->config, which must be built; no complaint. */
uint32_t find_number(const struct config *config, const char *number);

/* A copy of the name of what an announcement plays, or "" after a complaint. */
char *find_sound(struct reader *r, const char *path, const char *name);

/* Complains about names that stand twice in one section. */
void find_doubles(struct reader *r);

/* secret.c: whichever of the raw keys there are, with `prefix` as the path of what holds them. */
void secret_read(struct reader *r, const char *prefix, const struct raw_credentials *raw,
		 struct config_credentials *credentials);
