#include "sound.h"

#include <errno.h>
#include <spandsp.h>
#include <stdlib.h>
#include <string.h>
#include "halve.h"

#define ENCODE_RATE   8000 /* Hz, of G.711 */
#define ENCODE_SETTLE 80   /* samples of a silence in which what was before fades: 10 ms */
#define ENCODE_FIRST  8000 /* samples after which it matters no more how the code began */

/* A sound's parts, while it is made. */
struct encode_memory {
	struct sound sound;
	uint8_t payload[];
};

/* The samples in whole frames: cut, with what was cut off faded into the beginning, as a loop; else filled up. */
static int encode_fit(struct pcm *out, const struct pcm *in, bool loop)
{
	const size_t frame = in->rate / 1000 * SOUND_FRAME_MS;
	size_t whole = in->count / frame * frame, rest = in->count - whole;
	bool cut = loop && whole > 0;

	*out = (struct pcm){.rate = in->rate, .count = cut || rest == 0 ? whole : whole + frame};
	out->samples = calloc(out->count, sizeof(*out->samples));
	if (out->samples == NULL)
		return -ENOMEM;
	memcpy(out->samples, in->samples, (cut ? whole : in->count) * sizeof(*in->samples));
	for (size_t i = 0; cut && i < rest; i++) {
		double share = (double)(i + 1) / (double)(rest + 1);
		out->samples[i] = (int16_t)((1 - share) * in->samples[whole + i] + share * in->samples[i]);
	}
	return 0;
}

/* Where the parts of a sound lie, in samples at 8000 Hz, which are octets in each codec. */
struct encode_plan {
	size_t lead, first, len; /* first: of the beginning, that is kept apart */
	size_t forced;		 /* of the end: silence that is long enough to be encoded like the lead */
};

static void encode_g711(uint8_t *mu, uint8_t *a, const int16_t *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mu[i] = samples ? linear_to_ulaw(samples[i]) : linear_to_ulaw(0);
		a[i] = samples ? linear_to_alaw(samples[i]) : linear_to_alaw(0);
	}
}

static struct encode_plan encode_plan(const struct pcm *pcm, bool loop)
{
	const size_t step = pcm->rate / ENCODE_RATE, lead = SOUND_LEAD * SOUND_FRAME;
	struct encode_plan plan = {.lead = lead, .len = pcm->count / step};
	size_t silent = 0;

	while (silent < pcm->count && pcm->samples[pcm->count - 1 - silent] == 0)
		silent++;
	silent /= step;
	if (silent >= lead + ENCODE_SETTLE)
		plan.forced = silent - ENCODE_SETTLE;
	else if (loop)
		plan.first = plan.len < ENCODE_FIRST ? plan.len : ENCODE_FIRST;
	return plan;
}

/* An adaptive code: silence, encoded from the code's first state, brings coder and decoder to a known one, in which the
 * sound begins. One that ends in such silence ends in that state. Another loop is encoded twice: the end of the second
 * time leads to its beginning, as the end of the first did; only the very first beginning follows the silence. */
static int encode_g722(uint8_t *out, const struct pcm *pcm, const struct encode_plan *plan)
{
	const int rate = pcm->rate == ENCODE_RATE ? G722_SAMPLE_RATE_8000 : 0;
	const size_t step = pcm->rate / ENCODE_RATE, silence = plan->lead > plan->forced ? plan->lead : plan->forced;
	g722_encode_state_t *still = g722_encode_init(NULL, 64000, rate), *state = g722_encode_init(NULL, 64000, rate);
	int16_t *zeros = calloc(silence * step, sizeof(*zeros));
	uint8_t *codes = malloc(silence), *body = out + plan->lead + plan->first;
	int r = still && state && zeros && codes ? 0 : -ENOMEM;

	if (r == 0) {
		g722_encode(still, codes, zeros, (int)(silence * step));
		g722_encode(state, out, zeros, (int)(plan->lead * step));
		g722_encode(state, body, pcm->samples, (int)((plan->len - plan->forced) * step));
		memcpy(body + plan->len - plan->forced, codes, plan->forced);
		if (plan->first) {
			memcpy(out + plan->lead, body, plan->first);
			g722_encode(state, body, pcm->samples, (int)pcm->count);
		}
	}
	if (still)
		g722_encode_free(still);
	if (state)
		g722_encode_free(state);
	free(zeros);
	free(codes);
	return r;
}

static void encode_narrow(uint8_t *mu, uint8_t *a, const int16_t *samples, const struct encode_plan *plan)
{
	encode_g711(mu, a, NULL, plan->lead);
	encode_g711(mu + plan->lead, a + plan->lead, samples, plan->first);
	encode_g711(mu + plan->lead + plan->first, a + plan->lead + plan->first, samples, plan->len);
}

static int encode_all(uint8_t *payload, size_t total, const struct pcm *wide, const struct encode_plan *plan, bool loop)
{
	struct pcm narrow = *wide;
	int r = 0;

	if (wide->rate != ENCODE_RATE)
		r = halve(&narrow, wide, loop);
	if (r == 0)
		encode_narrow(payload, payload + total, narrow.samples, plan);
	if (r == 0)
		r = encode_g722(payload + SOUND_G722 * total, wide, plan);
	if (wide->rate != ENCODE_RATE)
		free(narrow.samples);
	return r;
}

static int encode_make(struct sound **out, const char *name, const struct pcm *pcm, uint32_t times)
{
	const struct encode_plan plan = encode_plan(pcm, times != 1);
	const size_t total = plan.lead + plan.first + plan.len;
	struct encode_memory *m = calloc(1, sizeof(*m) + SOUND_CODECS * total);

	if (m == NULL)
		return -ENOMEM;
	m->sound.frames = (uint32_t)(plan.len / SOUND_FRAME);
	m->sound.intro = (uint32_t)((plan.lead + plan.first) / SOUND_FRAME);
	m->sound.times = times;
	strcpy(m->sound.name, name);
	for (unsigned codec = 0; codec < SOUND_CODECS; codec++)
		m->sound.payload[codec] = (sound_frame *)(m->payload + codec * total);
	int r = encode_all(m->payload, total, pcm, &plan, times != 1);
	if (r < 0)
		free(m);
	else
		*out = &m->sound;
	return r;
}

int sound_encode(struct sound **out, const char *name, const struct pcm *pcm, uint32_t times)
{
	struct pcm fit;

	*out = NULL;
	if ((pcm->rate != ENCODE_RATE && pcm->rate != 2 * ENCODE_RATE) || pcm->count == 0 ||
	    pcm->count > (size_t)SOUND_SECONDS_MAX * pcm->rate || strlen(name) >= XF_PROMPT_NAME_SIZE)
		return -EINVAL;
	int r = encode_fit(&fit, pcm, times != 1);
	if (r < 0)
		return r;
	r = encode_make(out, name, &fit, times);
	free(fit.samples);
	return r;
}

void sound_destroy(struct sound *sound)
{
	free(sound); /* the first member of its memory */
}
