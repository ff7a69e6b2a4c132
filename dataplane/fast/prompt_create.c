#include <errno.h>
#include <math.h>
#include <rte_malloc.h>
#include "g711.h"
#include "prompt.h"

#define PROMPT_RATE  8000 /* Hz */
#define PROMPT_PARTS 4	  /* on, off, on, off */

/* Peak of the sound as a whole. With two tones that is -16 dBm0 each, -13 dBm0 together; one alone has -10 dBm0: all
 * within the -10 dBm0 +- 5 dB of ITU-T E.180. A sine of 32124 has +3.17 dBm0 (G.711 table 5). */
#define PROMPT_PEAK 7000

struct prompt_sound {
	unsigned hz[2];
	unsigned part_ms[PROMPT_PARTS];
};

static const struct prompt_sound prompt_sounds[XF_PROMPT_END] = {
#define X(symbol, number, name, hz1, hz2, on1, off1, on2, off2) [number] = {{hz1, hz2}, {on1, off1, on2, off2}},
    XF_PROMPTS(X)
#undef X
};

static unsigned prompt_period_ms(const struct prompt_sound *sound)
{
	unsigned ms = 0;
	for (unsigned part = 0; part < PROMPT_PARTS; part++)
		ms += sound->part_ms[part];
	return ms;
}

/* The n-th sample of a part with sound. */
static int16_t prompt_sample(const struct prompt_sound *sound, unsigned n)
{
	double t = 2 * M_PI * n / PROMPT_RATE;
	if (sound->hz[1] == 0)
		return (int16_t)lrint(PROMPT_PEAK * sin(sound->hz[0] * t));
	return (int16_t)lrint(PROMPT_PEAK / 2.0 * (sin(sound->hz[0] * t) + sin(sound->hz[1] * t)));
}

static void prompt_fill(const struct prompt_sound *sound, uint8_t *mu, uint8_t *a)
{
	for (unsigned part = 0; part < PROMPT_PARTS; part++) {
		for (unsigned n = 0; n < sound->part_ms[part] * PROMPT_RATE / 1000; n++) {
			int16_t sample = part % 2 == 0 ? prompt_sample(sound, n) : 0;
			*mu++ = g711_mu(sample);
			*a++ = g711_a(sample);
		}
	}
}

int prompt_set_create(struct prompt_set **out, int socket)
{
	size_t size = sizeof(struct prompt_set);
	*out = NULL;
	for (unsigned i = XF_PROMPT_NONE + 1; i < XF_PROMPT_END; i++)
		size += PROMPT_LAWS * prompt_period_ms(&prompt_sounds[i]) / PROMPT_MS * PROMPT_SAMPLES;
	struct prompt_set *set = rte_zmalloc_socket("xf_prompts", size, RTE_CACHE_LINE_SIZE, socket);
	if (!set)
		return -ENOMEM;
	uint8_t(*at)[PROMPT_SAMPLES] = (void *)(set + 1);
	for (unsigned i = XF_PROMPT_NONE + 1; i < XF_PROMPT_END; i++) {
		uint32_t frames = prompt_period_ms(&prompt_sounds[i]) / PROMPT_MS;
		prompt_fill(&prompt_sounds[i], at[0], at[frames]);
		set->prompts[i] = (struct prompt){.number = i, .frames = frames, .payload = {at, at + frames}};
		at += PROMPT_LAWS * frames;
	}
	*out = set;
	return 0;
}

void prompt_set_destroy(struct prompt_set *set)
{
	rte_free(set);
}
