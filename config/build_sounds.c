#include "reader.h"

#include <stdlib.h>
#include <string.h>
#include "value.h"
#include "xfergate/prompt.h"
#include "xfergate/tone.h"

static bool build_is_taken(const char *name)
{
	return xf_tone_is_name(name) || strcmp(name, XF_PROMPT_SILENCE) == 0 || strcmp(name, XF_PROMPT_NOISE) == 0 ||
	       strcmp(name, "none") == 0;
}

static void build_sound(struct reader *r, uint32_t i)
{
	const struct raw_sound *raw = &r->raw->sounds[i];
	struct config_sound *s = &r->config->sounds[i];
	const char *path = reader_at(r, "sounds[%u].name", i);

	s->name = value_name(r, path, raw->name, XF_PROMPT_NAME_SIZE - 1);
	if (raw->name && build_is_taken(raw->name))
		reader_reject(r, path, "'%.64s' is the name of a sound that is always there; a name of its own",
			      raw->name);
	path = reader_at(r, "sounds[%u].file", i);
	s->line = document_find(&r->doc, path, NULL, NULL);
	s->file = reader_path(r, raw->file ? raw->file : "");
	bool loop = raw->loop && *raw->loop;
	path = reader_at(r, "sounds[%u].times", i);
	if (loop && raw->times)
		reader_reject(r, path, "goes on for ever with loop: true; one of the two");
	s->times = value_uint(r, path, raw->times, (struct value_range){.min = 1, .max = 1000, .missing = 1});
	if (loop)
		s->times = 0;
}

/* What is heard by those who are on hold must not end. */
static char *build_hold_music(struct reader *r, const char *text)
{
	const char *path = "media.hold-music";

	if (text && strcmp(text, "none") == 0)
		return NULL;
	if (!text)
		text = XF_PROMPT_SILENCE;
	if (strcmp(text, XF_PROMPT_SILENCE) == 0 || strcmp(text, XF_PROMPT_NOISE) == 0)
		return reader_copy(r, text);
	for (uint32_t i = 0; i < r->config->sound_count; i++) {
		if (!r->raw->sounds[i].name || strcmp(r->raw->sounds[i].name, text) != 0)
			continue;
		if (r->config->sounds[i].times)
			reader_reject(r, path, "'%.64s' comes to an end; with loop: true in sounds[%u]", text, i);
		return reader_copy(r, text);
	}
	reader_reject(r, path, "unknown sound '%.64s'; none, silence, comfort-noise, or the name of one of sounds",
		      text);
	return NULL;
}

static char *build_ringback(struct reader *r, const char *text)
{
	if (!text || strcmp(text, "automatic") == 0)
		return NULL;
	return value_region(r, "media.ringback", text);
}

void build_sounds(struct reader *r)
{
	struct config *c = r->config;

	c->sounds = reader_alloc(r, r->raw->sounds_count, sizeof(*c->sounds));
	c->sound_count = c->sounds ? r->raw->sounds_count : 0;
	for (uint32_t i = 0; i < c->sound_count; i++)
		build_sound(r, i);
	c->ringback_region = build_ringback(r, r->raw->media.ringback);
	c->hold_music = build_hold_music(r, r->raw->media.hold_music);
}
