/* All that a history leaves to chance. Every choice is a number below a bound, and 0 is always the plain one: no loss,
 * no delay, the usual answer. Choices are drawn from streams (one for each actor), so that a history can be played
 * again with some of its choices made plain: the others stay what they are, in their places.
 *
 * What was chosen and is not plain is the history's trace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DICE_STREAMS 128

enum dice_stream {
	DICE_WORLD, /* what the history is about */
	DICE_IN,    /* the network toward the gateway */
	DICE_OUT,
	DICE_ORDER, /* of the steps of workers, main thread and control plane */
	DICE_SPREAD,
	DICE_NAMES,
	DICE_TROUBLE,
	DICE_OPERATOR,
	DICE_STRANGER,
	DICE_PARTY = 16, /* + number of the party */
};

struct dice_choice {
	uint32_t stream, index; /* the how-many-th of its stream */
	uint32_t value;		/* > 0 */
};

struct dice_trace {
	struct dice_choice *choices; /* by stream, then index */
	size_t count, room;
};

struct dice;

struct dice *dice_create(uint64_t seed);
/* Chooses what the trace says, and what is plain where it says nothing. The trace must outlive the dice. */
struct dice *dice_replay(const struct dice_trace *trace);
void dice_destroy(struct dice *dice);

/* 0 … sides-1, all equally likely. */
unsigned dice_roll(struct dice *dice, unsigned stream, unsigned sides);
bool dice_chance(struct dice *dice, unsigned stream, unsigned permille);
/* An index of the weights; the first one is plain. */
unsigned dice_pick(struct dice *dice, unsigned stream, const uint16_t *weights, unsigned count);
#define DICE_PICK(dice, stream, ...)                                                                                   \
	dice_pick((dice), (stream), (const uint16_t[]){__VA_ARGS__},                                                   \
		  sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

/* A copy of what was chosen so far; free with dice_trace_free. */
struct dice_trace dice_trace(const struct dice *dice);
void dice_trace_add(struct dice_trace *trace, const struct dice_choice *choice);
void dice_trace_free(struct dice_trace *trace);
/* One line each choice, after a line "seed N" and "fault NAME" if there is one. 0 or -errno. */
int dice_trace_save(const struct dice_trace *trace, const char *path, uint64_t seed, const char *fault);
int dice_trace_load(struct dice_trace *trace, const char *path, uint64_t *seed, char *fault, size_t fault_size);
