/* A set of endpoints by their index: a bit each, and a bit for each word of those, so that the next member is found
 * without a list through the endpoints' own memory. Plain data; whoever owns it reads and writes it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define INDEX_SET_NONE UINT32_MAX

struct index_set {
	uint64_t *bits;	    /* index_set_words(size) words for both, zeroed */
	uint64_t *not_zero; /* behind them: which words of `bits` have members */
	uint32_t size;	    /* indices are below */
	uint32_t count;
};

static inline uint32_t index_set_words_of(uint32_t bits)
{
	return bits / 64 + 1;
}

/* Words of memory that a set of indices below size needs. */
static inline uint32_t index_set_words(uint32_t size)
{
	return index_set_words_of(size) + index_set_words_of(index_set_words_of(size));
}

static inline void index_set_init(struct index_set *set, uint64_t *memory, uint32_t size)
{
	*set = (struct index_set){.bits = memory, .not_zero = memory + index_set_words_of(size), .size = size};
}

/* It is not a member yet. */
static inline void index_set_add(struct index_set *set, uint32_t index)
{
	set->bits[index / 64] |= 1ull << index % 64;
	set->not_zero[index / 4096] |= 1ull << index / 64 % 64;
	set->count++;
}

/* It is a member. */
static inline void index_set_del(struct index_set *set, uint32_t index)
{
	set->bits[index / 64] &= ~(1ull << index % 64);
	if (set->bits[index / 64] == 0)
		set->not_zero[index / 4096] &= ~(1ull << index / 64 % 64);
	set->count--;
}

/* The first of bit `from` and those after it that is set in memory of so many bits, or INDEX_SET_NONE. */
static inline uint32_t index_set_bit(const uint64_t *words, uint32_t bits, uint32_t from)
{
	for (uint32_t at = from / 64; from < bits && at <= (bits - 1) / 64; at++) {
		uint64_t word = words[at];
		if (at == from / 64)
			word &= ~0ull << from % 64;
		if (word)
			return at * 64 + (uint32_t)__builtin_ctzll(word);
	}
	return INDEX_SET_NONE;
}

/* The first member from `from` on, round the end if need be. The set is not empty. */
static inline uint32_t index_set_next(const struct index_set *set, uint32_t from)
{
	if (from >= set->size)
		from = 0;
	uint64_t rest = set->bits[from / 64] & ~0ull << from % 64;
	if (rest)
		return from / 64 * 64 + (uint32_t)__builtin_ctzll(rest);
	uint32_t words = index_set_words_of(set->size);
	uint32_t word = index_set_bit(set->not_zero, words, from / 64 + 1);
	if (word == INDEX_SET_NONE)
		word = index_set_bit(set->not_zero, words, 0);
	return word * 64 + (uint32_t)__builtin_ctzll(set->bits[word]);
}
