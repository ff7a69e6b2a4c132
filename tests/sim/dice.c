#include "dice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dice {
	const struct dice_trace *replayed; /* NULL: drawn */
	size_t at[DICE_STREAMS];	   /* next choice of the stream in `replayed` */
	uint64_t state[DICE_STREAMS];
	uint32_t index[DICE_STREAMS];
	struct dice_trace trace;
};

/* SplitMix64. */
static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

struct dice *dice_create(uint64_t seed)
{
	struct dice *dice = calloc(1, sizeof(*dice));
	if (!dice)
		abort();
	for (unsigned i = 0; i < DICE_STREAMS; i++) {
		uint64_t start = seed * DICE_STREAMS + i;
		dice->state[i] = mix(&start);
	}
	return dice;
}

struct dice *dice_replay(const struct dice_trace *trace)
{
	struct dice *dice = dice_create(0);
	dice->replayed = trace;
	for (unsigned i = 0; i < DICE_STREAMS; i++)
		dice->at[i] = trace->count;
	for (size_t i = trace->count; i-- > 0;)
		if (trace->choices[i].stream < DICE_STREAMS)
			dice->at[trace->choices[i].stream] = i;
	return dice;
}

void dice_destroy(struct dice *dice)
{
	if (!dice)
		return;
	dice_trace_free(&dice->trace);
	free(dice);
}

static uint32_t told(struct dice *dice, unsigned stream, uint32_t index)
{
	const struct dice_trace *trace = dice->replayed;
	size_t *at = &dice->at[stream];
	while (*at < trace->count && trace->choices[*at].stream == stream && trace->choices[*at].index < index)
		++*at;
	if (*at < trace->count && trace->choices[*at].stream == stream && trace->choices[*at].index == index)
		return trace->choices[*at].value;
	return 0;
}

/* drawn: what the generator says. */
static uint32_t choose(struct dice *dice, unsigned stream, uint32_t drawn, uint32_t sides)
{
	uint32_t index = dice->index[stream]++;
	uint32_t value = dice->replayed ? told(dice, stream, index) : drawn;
	if (value >= sides)
		value = sides - 1;
	if (value)
		dice_trace_add(&dice->trace, &(struct dice_choice){stream, index, value});
	return value;
}

unsigned dice_roll(struct dice *dice, unsigned stream, unsigned sides)
{
	return choose(dice, stream, (uint32_t)((mix(&dice->state[stream]) >> 32) * sides >> 32), sides);
}

bool dice_chance(struct dice *dice, unsigned stream, unsigned permille)
{
	uint32_t drawn = (uint32_t)((mix(&dice->state[stream]) >> 32) * 1000 >> 32);
	return choose(dice, stream, drawn < permille, 2);
}

unsigned dice_pick(struct dice *dice, unsigned stream, const uint16_t *weights, unsigned count)
{
	uint32_t sum = 0, picked = 0;
	for (unsigned i = 0; i < count; i++)
		sum += weights[i];
	uint32_t drawn = (uint32_t)((mix(&dice->state[stream]) >> 32) * sum >> 32);
	while (picked + 1 < count && drawn >= weights[picked])
		drawn -= weights[picked++];
	return choose(dice, stream, picked, count);
}

/* ---- traces */

static int by_place(const void *a, const void *b)
{
	const struct dice_choice *x = a, *y = b;
	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void dice_trace_add(struct dice_trace *trace, const struct dice_choice *choice)
{
	if (trace->count == trace->room) {
		trace->room = trace->room ? trace->room * 2 : 256;
		trace->choices = reallocarray(trace->choices, trace->room, sizeof(*choice));
		if (!trace->choices)
			abort();
	}
	trace->choices[trace->count++] = *choice;
}

struct dice_trace dice_trace(const struct dice *dice)
{
	struct dice_trace copy = {0};
	for (size_t i = 0; i < dice->trace.count; i++)
		dice_trace_add(&copy, &dice->trace.choices[i]);
	if (copy.count)
		qsort(copy.choices, copy.count, sizeof(*copy.choices), by_place);
	return copy;
}

void dice_trace_free(struct dice_trace *trace)
{
	free(trace->choices);
	*trace = (struct dice_trace){0};
}

int dice_trace_save(const struct dice_trace *trace, const char *path, uint64_t seed, const char *fault)
{
	FILE *file = fopen(path, "w");
	if (!file)
		return -errno;
	fprintf(file, "seed %llu\n", (unsigned long long)seed);
	if (fault)
		fprintf(file, "fault %s\n", fault);
	for (size_t i = 0; i < trace->count; i++)
		fprintf(file, "%u %u %u\n", trace->choices[i].stream, trace->choices[i].index, trace->choices[i].value);
	return fclose(file) ? -EIO : 0;
}

int dice_trace_load(struct dice_trace *trace, const char *path, uint64_t *seed, char *fault, size_t fault_size)
{
	FILE *file = fopen(path, "r");
	char line[128];
	int r = 0;
	if (!file)
		return -errno;
	*trace = (struct dice_trace){0};
	*fault = 0;
	while (r == 0 && fgets(line, sizeof(line), file)) {
		struct dice_choice choice;
		unsigned long long number;
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "seed %llu", &number) == 1)
			*seed = number;
		else if (strncmp(line, "fault ", 6) == 0)
			snprintf(fault, fault_size, "%s", line + 6);
		else if (sscanf(line, "%u %u %u", &choice.stream, &choice.index, &choice.value) == 3 &&
			 choice.stream < DICE_STREAMS && choice.value)
			dice_trace_add(trace, &choice);
		else
			r = -EBADMSG;
	}
	fclose(file);
	if (trace->count)
		qsort(trace->choices, trace->count, sizeof(*trace->choices), by_place);
	return r;
}
