#include "reader.h"

#include <stdlib.h>
#include <string.h>
#include "wanted.h"
#include "xfergate/prompt.h"
#include "xfergate/tone.h"

/* A section whose entries have a name: where in an entry, and where its owner. */
struct find_section {
	const char *key;  /* "providers" */
	const char *noun; /* "provider" */
	const void *entries;
	uint32_t count;
	size_t size, name_offset, owner_offset;
	bool owned;
};

#define FIND_SECTION(r, section, one, member, type, has_owner, owner_member)                                           \
	(struct find_section)                                                                                          \
	{                                                                                                              \
		.key = section, .noun = one, .entries = (r)->raw->member, .count = (r)->raw->member##_count,           \
		.size = sizeof(type), .name_offset = offsetof(type, name),                                             \
		.owner_offset = offsetof(type, owner_member), .owned = has_owner,                                      \
	}

static struct find_section find_ports(const struct reader *r)
{
	return FIND_SECTION(r, "ports", "port", ports, struct raw_port, false, name);
}

static struct find_section find_networks(const struct reader *r)
{
	return FIND_SECTION(r, "networks", "network", networks, struct raw_network, false, name);
}

static struct find_section find_providers(const struct reader *r)
{
	return FIND_SECTION(r, "providers", "provider", providers, struct raw_provider, true, owner);
}

static struct find_section find_agents(const struct reader *r)
{
	return FIND_SECTION(r, "agents", "agent", agents, struct raw_agent, true, owner);
}

static struct find_section find_plans(const struct reader *r)
{
	return FIND_SECTION(r, "plans", "plan", plans, struct raw_plan, true, owner);
}

static struct find_section find_sounds(const struct reader *r)
{
	return FIND_SECTION(r, "sounds", "sound", sounds, struct raw_sound, false, name);
}

static const char *find_text(const struct find_section *s, uint32_t i, size_t offset)
{
	return *(char *const *)((const char *)s->entries + i * s->size + offset);
}

static bool find_may_name(const struct find_section *s, uint32_t i, const char *owner)
{
	return find_text(s, i, s->name_offset) &&
	       (!s->owned || !owner || strcmp(reader_owner(find_text(s, i, s->owner_offset)), owner) == 0);
}

/* A name that stands twice is complained about where it does; here it is told once. */
static bool find_is_told(const struct find_section *s, uint32_t i, const char *owner)
{
	for (uint32_t j = 0; j < i; j++)
		if (find_may_name(s, j, owner) &&
		    strcmp(find_text(s, j, s->name_offset), find_text(s, i, s->name_offset)) == 0)
			return true;
	return false;
}

/* "a, b, c" of the section's names that `owner` may use, at most twenty. For free(). */
static char *find_names(const struct find_section *s, const char *owner)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	unsigned written = 0;

	if (!out)
		return NULL;
	for (uint32_t i = 0; i < s->count && written < 20; i++) {
		if (find_may_name(s, i, owner) && !find_is_told(s, i, owner))
			fprintf(out, "%s%s", written++ ? ", " : "", find_text(s, i, s->name_offset));
	}
	if (!written)
		fputs("none", out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static uint32_t find_in(struct reader *r, struct find_section s, const char *path, const char *name, const char *owner)
{
	char ours[READER_OWNER_MAX], theirs[READER_OWNER_MAX];

	if (!name)
		return XF_NONE;
	for (uint32_t i = 0; i < s.count; i++) {
		const char *n = find_text(&s, i, s.name_offset);
		if (!n || strcmp(n, name) != 0)
			continue;
		const char *o = s.owned ? reader_owner(find_text(&s, i, s.owner_offset)) : "";
		if (!s.owned || !owner || strcmp(o, owner) == 0)
			return i;
		reader_reject(r, path, "%s '%.64s' belongs to %s, this to %s; one of the same owner", s.noun, name,
			      reader_owner_words(theirs, o), reader_owner_words(ours, owner));
		return XF_NONE;
	}
	/* A section that was itself complained about names nothing, and each reference to it would only echo that; so
	 * does a required one that is missing. */
	bool bad, present;
	document_find(&r->doc, s.key, &present, &bad);
	if (bad || (!present && wanted_value(s.key)))
		return XF_NONE;
	char *names = find_names(&s, owner);
	reader_reject(r, path, "unknown %s '%.64s'; known: %s", s.noun, name, names ? names : "");
	free(names);
	return XF_NONE;
}

uint32_t find_port(struct reader *r, const char *path, const char *name)
{
	return find_in(r, find_ports(r), path, name, NULL);
}

uint32_t find_network(struct reader *r, const char *path, const char *name)
{
	return find_in(r, find_networks(r), path, name, NULL);
}

uint32_t find_provider(struct reader *r, const char *path, const char *name, const char *owner)
{
	return find_in(r, find_providers(r), path, name, owner);
}

uint32_t find_agent(struct reader *r, const char *path, const char *name, const char *owner)
{
	return find_in(r, find_agents(r), path, name, owner);
}

uint32_t find_plan(struct reader *r, const char *path, const char *name, const char *owner)
{
	return find_in(r, find_plans(r), path, name, owner);
}

char *find_sound(struct reader *r, const char *path, const char *name)
{
	bool bad;

	if (!name)
		return NULL;
	for (uint32_t i = 0; i < r->raw->sounds_count; i++)
		if (r->raw->sounds[i].name && strcmp(r->raw->sounds[i].name, name) == 0)
			return reader_copy(r, name);
	if (xf_tone_is_name(name) || strcmp(name, XF_PROMPT_SILENCE) == 0 || strcmp(name, XF_PROMPT_NOISE) == 0)
		return reader_copy(r, name);
	document_find(&r->doc, "sounds", NULL, &bad);
	if (bad)
		return reader_copy(r, "");
	struct find_section sounds = find_sounds(r);
	char *names = find_names(&sounds, NULL);
	reader_reject(r, path,
		      "unknown sound '%.64s'; of sounds: %s; or ringback, busy, congestion, one of a country like "
		      "busy-us, silence, comfort-noise",
		      name, names ? names : "");
	free(names);
	return reader_copy(r, "");
}

uint32_t find_number(const struct config *config, const char *number)
{
	for (uint32_t i = 0; i < config->number_count; i++)
		if (config->numbers[i].number[0] && strcmp(config->numbers[i].number, number) == 0)
			return i;
	return XF_NONE;
}

static void find_doubles_in(struct reader *r, struct find_section s)
{
	for (uint32_t i = 1; i < s.count; i++) {
		const char *name = find_text(&s, i, s.name_offset);
		for (uint32_t j = 0; name && j < i; j++) {
			const char *other = find_text(&s, j, s.name_offset);
			if (!other || strcmp(name, other) != 0)
				continue;
			unsigned line = document_find(&r->doc, reader_at(r, "%s[%u].name", s.key, j), NULL, NULL);
			reader_reject(r, reader_at(r, "%s[%u].name", s.key, i),
				      "'%.64s' is already a %s, in line %u; a name of its own", name, s.noun, line);
			break;
		}
	}
}

void find_doubles(struct reader *r)
{
	find_doubles_in(r, find_ports(r));
	find_doubles_in(r, find_networks(r));
	find_doubles_in(r, find_providers(r));
	find_doubles_in(r, find_agents(r));
	find_doubles_in(r, find_sounds(r));
	find_doubles_in(r, find_plans(r));
}
