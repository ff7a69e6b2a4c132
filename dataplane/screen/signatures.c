#include <errno.h>
#include <string.h>
#include "screen/signatures_set.h"

#define NUMBER(b) (((b) >= '0' && (b) <= '9') || (b) == '+' || (b) == '-' || (b) == '.')
#define WORD(b)                                                                                                        \
	(((b) >= 'a' && (b) <= 'z') || ((b) >= 'A' && (b) <= 'Z') || (b) == ' ' || (b) == ',' || (b) == '/' ||         \
	 (b) == ':' || (b) == '@' || (b) == '_' || (b) == '~')
#define LEVEL(b)   (NUMBER(b) ? SIGNATURE_NUMBER : WORD(b) ? SIGNATURE_WORD : SIGNATURE_ODD)
#define LEVEL4(b)  LEVEL(b), LEVEL((b) + 1), LEVEL((b) + 2), LEVEL((b) + 3)
#define LEVEL16(b) LEVEL4(b), LEVEL4((b) + 4), LEVEL4((b) + 8), LEVEL4((b) + 12)
#define LEVEL64(b) LEVEL16(b), LEVEL16((b) + 16), LEVEL16((b) + 32), LEVEL16((b) + 48)

const uint8_t signature_levels[256] = {LEVEL64(0), LEVEL64(64), LEVEL64(128), LEVEL64(192)};

/* What the callbacks of one scan work on. */
struct signatures_scan {
	const struct signatures *set;
	struct signatures_hits *hits, *waiting;
	bool found; /* something, be it only a literal */
};

static bool signatures_bit(const uint64_t *words, unsigned index)
{
	return words[index / 64] >> (index % 64) & 1;
}

static void signatures_hit(struct signatures_hits *hits, unsigned index, uint32_t rank)
{
	unsigned word = index / 64;
	if (!(hits->used >> word & 1)) {
		hits->used |= 1ull << word;
		hits->words[word] = 0;
	}
	hits->words[word] |= 1ull << (index % 64);
	if (rank < hits->best)
		hits->best = rank;
}

static int signatures_found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	struct signatures_scan *scan = arg;
	scan->found = true;
	signatures_hit(signatures_bit(scan->set->conditional, id) ? scan->waiting : scan->hits, id,
		       scan->set->rank[id]);
	return 0;
}

static int signatures_confirmed(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	const struct signatures_scan *scan = arg;
	const struct signatures_hits *waiting = scan->waiting;
	if (waiting->used >> (id / 64) & 1 && signatures_bit(waiting->words, id))
		signatures_hit(scan->hits, id, scan->set->rank[id]);
	return 0;
}

/* The highest of the span. */
static enum signature_level signatures_level(const uint8_t *data, size_t len)
{
	unsigned seen = 0; /* bits of levels */
	size_t i = 0;
	for (; i + 4 <= len && seen < SIGNATURE_ODD; i += 4)
		seen |= signature_levels[data[i]] | signature_levels[data[i + 1]] | signature_levels[data[i + 2]] |
			signature_levels[data[i + 3]];
	for (; i < len; i++)
		seen |= signature_levels[data[i]];
	return seen < SIGNATURE_ODD ? (enum signature_level)seen : SIGNATURE_ODD;
}

static bool signatures_run(const hs_database_t *db, const void *data, size_t len, struct signatures_scratch *scratch,
			   match_event_handler found, struct signatures_scan *scan)
{
	return !db || hs_scan(db, data, (unsigned)len, 0, scratch->hs, found, scan) == HS_SUCCESS;
}

static uint64_t signatures_word(const uint8_t *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* Where it would be: by its first and last bytes. */
static struct signatures_clean *signatures_clean_place(struct signatures_scratch *scratch, const void *by,
						       const uint8_t *data, size_t len)
{
	uint64_t hash = (uintptr_t)by ^ len << 56;
	if (len >= 8) {
		uint64_t last = signatures_word(data + len - 8);
		hash ^= signatures_word(data) ^ (last << 23 | last >> 41);
	} else {
		for (size_t i = 0; i < len; i++)
			hash = hash << 7 ^ data[i];
	}
	return &scratch->clean[hash * 0x9e3779b97f4a7c15ull >> 56];
}
_Static_assert(SIGNATURES_CLEAN == 256, "eight bits of the hash");

static bool signatures_scan_levels(const struct signatures_place *at, struct signatures_scratch *scratch,
				   enum signature_level level, const uint8_t *data, size_t len,
				   struct signatures_scan *scan)
{
	for (unsigned i = SIGNATURE_NUMBER; i <= level; i++)
		if (at->first[i][data[0] / 8] >> (data[0] % 8) & 1 &&
		    !signatures_run(at->levels[i], data, len, scratch, signatures_found, scan))
			return false;
	return scan->waiting->used == 0 || signatures_run(at->confirm, data, len, scratch, signatures_confirmed, scan);
}

/* What only a span of that level may hold is scanned for. */
static enum signature_level signatures_look(const struct signatures_place *at, const uint8_t *data, size_t len)
{
	bool one = !at->levels[SIGNATURE_WORD] && !at->levels[SIGNATURE_ODD];
	return one ? SIGNATURE_NUMBER : signatures_level(data, len);
}

int signatures_scan(const struct signatures *signatures, struct signatures_scratch *scratch, enum signature_place place,
		    const void *data, size_t len, struct signatures_hits *hits)
{
	if (!signatures || len == 0)
		return 0;
	if ((unsigned)place >= SIGNATURE_PLACE_COUNT || !scratch || len > UINT32_MAX)
		return -EINVAL;
	const struct signatures_place *at = &signatures->places[place];
	struct signatures_scan scan = {signatures, hits, &scratch->waiting, false};
	const void *by = at->memory == SIGNATURES_REMEMBER && len <= SIGNATURES_CLEAN_BYTES ? at : NULL;
	enum signature_level level = SIGNATURE_NUMBER;
	if (!by) {
		level = signatures_look(at, data, len);
		if (at->memory == SIGNATURES_REMEMBER_NUMBERS && level == SIGNATURE_NUMBER &&
		    len <= SIGNATURES_CLEAN_BYTES)
			by = at->levels[SIGNATURE_NUMBER];
	}
	struct signatures_clean *clean = by ? signatures_clean_place(scratch, by, data, len) : NULL;
	if (clean && clean->by == by && clean->len == len && memcmp(clean->bytes, data, len) == 0)
		return 0;
	if (by == at)
		level = signatures_look(at, data, len);
	signatures_hits_clear(scan.waiting);
	if (!signatures_scan_levels(at, scratch, level, data, len, &scan))
		return -EINVAL;
	if (clean && !scan.found) {
		clean->by = by;
		clean->len = (uint16_t)len;
		memcpy(clean->bytes, data, len);
	}
	return 0;
}

struct signatures_verdict signatures_verdict(const struct signatures_hits *hits)
{
	if (hits->best == SIGNATURES_BEST_NONE)
		return (struct signatures_verdict){.action = SIGNATURE_NONE};
	return (struct signatures_verdict){.action = (uint8_t)(hits->best / SIGNATURES_MAX),
					   .rule = (uint16_t)(hits->best % SIGNATURES_MAX)};
}

void signatures_tally(struct signatures_scratch *scratch, const struct signatures_hits *hits)
{
	for (uint64_t used = hits->used; used; used &= used - 1) {
		unsigned word = (unsigned)__builtin_ctzll(used);
		for (uint64_t bits = hits->words[word]; bits; bits &= bits - 1) {
			unsigned index = word * 64 + (unsigned)__builtin_ctzll(bits);
			if (index < scratch->count)
				__atomic_store_n(&scratch->hits[index], scratch->hits[index] + 1, __ATOMIC_RELAXED);
		}
	}
}

uint64_t signatures_scratch_hits(const struct signatures_scratch *scratch, unsigned index)
{
	return index < scratch->count ? __atomic_load_n(&scratch->hits[index], __ATOMIC_RELAXED) : 0;
}

unsigned signatures_count(const struct signatures *signatures)
{
	return signatures ? signatures->count : 0;
}

const struct signature *signatures_rule(const struct signatures *signatures, unsigned index)
{
	return index < signatures_count(signatures) ? &signatures->rules[index] : NULL;
}
