#include "media/prompts.h"

#include <errno.h>
#include <stdlib.h>

void prompt_names_fini(struct prompt_names *names)
{
	free(names->names);
	*names = (struct prompt_names){0};
}

void prompt_names_forget(struct prompt_names *names)
{
	for (uint32_t i = 0; i < names->count; i++)
		names->names[i].theirs = XF_PROMPT_NONE;
}

uint32_t prompt_names_find(const struct prompt_names *names, const char *name)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i].name, name) == 0)
			return i + 1;
	return XF_PROMPT_NONE;
}

const struct prompt_name *prompt_names_get(const struct prompt_names *names, uint32_t ours)
{
	return ours && ours <= names->count ? &names->names[ours - 1] : NULL;
}

int prompt_names_row(struct prompt_names *names, const struct xf_link_prompt *row)
{
	if (!row->name[0] || strnlen(row->name, sizeof(row->name)) == sizeof(row->name) ||
	    row->number >= XF_PROMPT_NUMBERS)
		return -EBADMSG;
	uint32_t ours = prompt_names_find(names, row->name);
	if (!ours && names->count == names->room) {
		uint32_t room = names->room ? names->room * 2 : 256;
		struct prompt_name *more = reallocarray(names->names, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		names->names = more;
		names->room = room;
	}
	if (!ours)
		ours = ++names->count;
	struct prompt_name *name = &names->names[ours - 1];
	*name = (struct prompt_name){.theirs = row->number, .length_ms = row->length_ms, .times = row->times};
	memcpy(name->name, row->name, sizeof(name->name));
	return 0;
}

uint32_t prompt_names_ours(const struct prompt_names *names, uint32_t theirs)
{
	for (uint32_t i = 0; theirs && i < names->count; i++)
		if (names->names[i].theirs == theirs)
			return i + 1;
	return XF_PROMPT_NONE;
}

uint32_t prompt_names_theirs(const struct prompt_names *names, uint32_t ours)
{
	const struct prompt_name *name = prompt_names_get(names, ours);
	return name ? name->theirs : XF_PROMPT_NONE;
}

struct xf_endpoint_id prompt_names_source_theirs(const struct prompt_names *names, struct xf_endpoint_id source)
{
	if (source.index != XF_ENDPOINT_PROMPT)
		return source;
	uint32_t theirs = prompt_names_theirs(names, source.generation);
	return theirs ? xf_prompt_id(theirs) : (struct xf_endpoint_id){.index = XF_ENDPOINT_NONE};
}

struct xf_endpoint_id prompt_names_source_ours(const struct prompt_names *names, struct xf_endpoint_id source)
{
	return source.index == XF_ENDPOINT_PROMPT ? xf_prompt_id(prompt_names_ours(names, source.generation)) : source;
}

bool prompt_names_same(const struct prompt_names *names, uint32_t a, uint32_t b)
{
	uint32_t theirs = prompt_names_theirs(names, a);
	return a == b || (theirs && theirs == prompt_names_theirs(names, b));
}
