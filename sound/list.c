#include "sound.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "tone.h"

static int list_room(struct sound_list *list, size_t count)
{
	*list = (struct sound_list){.sounds = calloc(count ? count : 1, sizeof(*list->sounds))};
	return list->sounds ? 0 : -ENOMEM;
}

void sound_list_destroy(struct sound_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		sound_destroy(list->sounds[i]);
	free(list->sounds);
	*list = (struct sound_list){0};
}

/* Takes the samples, and what came of making them. */
static int list_add(struct sound_list *list, const char *name, struct pcm *pcm, uint32_t times, int made)
{
	int r = made < 0 ? made : sound_encode(&list->sounds[list->count], name, pcm, times);

	free(pcm->samples);
	if (r == 0)
		list->count++;
	return r;
}

int sound_list_builtin(struct sound_list *out)
{
	size_t tones = 0;
	struct pcm pcm;

	while (xf_tone(tones))
		tones++;
	int r = list_room(out, tones + 2);
	for (size_t i = 0; i < tones && r == 0; i++)
		r = list_add(out, xf_tone(i)->name, &pcm, 0, tone_make(&pcm, xf_tone(i)));
	if (r == 0)
		r = list_add(out, XF_PROMPT_SILENCE, &pcm, 0, tone_silence(&pcm));
	if (r == 0)
		r = list_add(out, XF_PROMPT_NOISE, &pcm, 0, tone_noise(&pcm));
	if (r < 0)
		sound_list_destroy(out);
	return r;
}

static void list_tell(const struct config *config, uint32_t i, const char *why, config_tell *tell, void *arg)
{
	const struct config_sound *s = &config->sounds[i];
	char key[32], *text = NULL;

	snprintf(key, sizeof(key), "sounds[%u].file", i);
	if (asprintf(&text, "'%s' %s", s->file, why) < 0)
		text = NULL;
	tell(arg, &(struct config_problem){
		      .file = config->file, .line = s->line, .key = key, .text = text ? text : "out of memory"});
	free(text);
}

/* 0; -ENOMEM; -EINVAL: said why. */
static int list_load(struct sound_list *list, const struct config *config, uint32_t i, double *seconds,
		     config_tell *tell, void *arg)
{
	const struct config_sound *s = &config->sounds[i];
	char why[256];
	struct pcm pcm = {0};
	int fd = open(s->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : sound_read(&pcm, fd, why, sizeof(why));

	if (fd < 0)
		snprintf(why, sizeof(why), "cannot be read: %s", strerror(errno));
	if (r == 0) {
		*seconds += (double)pcm.count / pcm.rate;
		if (*seconds > SOUND_SECONDS_ALL) {
			r = -EINVAL;
			snprintf(why, sizeof(why), "is too much; all sounds together at most %d s", SOUND_SECONDS_ALL);
		}
	}
	int added = list_add(list, s->name, &pcm, s->times, r);
	if (r < 0)
		list_tell(config, i, why, tell, arg);
	return r < 0 && r != -ENOMEM ? -EINVAL : added;
}

int sound_list_check(struct sound_list *out, const struct config *config, config_tell *tell, void *arg)
{
	double seconds = 0;
	int r = list_room(out, config->sound_count);

	for (uint32_t i = 0; i < config->sound_count && r != -ENOMEM; i++) {
		int one = list_load(out, config, i, &seconds, tell, arg);
		if (one < 0)
			r = one;
	}
	if (r < 0)
		sound_list_destroy(out);
	return r;
}

int sound_list_load(struct sound_list *out, const struct config *config, FILE *errors)
{
	return sound_list_check(out, config, config_write_problem, errors);
}
