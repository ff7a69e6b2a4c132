/* The prompts that the dataplane has, by name. It numbers them anew in each of its lives; here a name has one number as
 * long as this process lives, and that is what the shadow and its users know. One thread. */
#pragma once

#include <stdbool.h>
#include "xfergate/link.h"

struct prompt_name {
	char name[XF_PROMPT_NAME_SIZE];
	uint32_t theirs; /* the dataplane's number; XF_PROMPT_NONE: it has none of that name */
	uint32_t length_ms, times;
};

struct prompt_names {
	uint32_t count, room;
	struct prompt_name *names; /* number n is names[n - 1] */
};

void prompt_names_fini(struct prompt_names *names);
/* Another dataplane, perhaps: it will tell what it has. */
void prompt_names_forget(struct prompt_names *names);
/* What it tells. 0, -ENOMEM, or -EBADMSG: no name, or a number out of range. */
int prompt_names_row(struct prompt_names *names, const struct xf_link_prompt *row);
/* Ours; XF_PROMPT_NONE: never heard of. */
uint32_t prompt_names_find(const struct prompt_names *names, const char *name);
/* NULL: there is no such number. */
const struct prompt_name *prompt_names_get(const struct prompt_names *names, uint32_t ours);
/* The first that has their number, as ours; XF_PROMPT_NONE: none. */
uint32_t prompt_names_ours(const struct prompt_names *names, uint32_t theirs);
/* Theirs, of ours; XF_PROMPT_NONE if it has none. */
uint32_t prompt_names_theirs(const struct prompt_names *names, uint32_t ours);
/* A source that may be a prompt, from our numbers to theirs (nobody, if it has none) and back. */
struct xf_endpoint_id prompt_names_source_theirs(const struct prompt_names *names, struct xf_endpoint_id source);
struct xf_endpoint_id prompt_names_source_ours(const struct prompt_names *names, struct xf_endpoint_id source);
/* Whether two of ours sound the same at present. */
bool prompt_names_same(const struct prompt_names *names, uint32_t a, uint32_t b);
