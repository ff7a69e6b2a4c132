/* The scan with AVX2. Only called where the processor has it, and the bit operations that came with it (scan.c). */
#include "paths.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SCAN_FN	    static inline __attribute__((target("avx2,bmi,bmi2")))
#define SCAN_RARE   static __attribute__((noinline, target("avx2,bmi,bmi2")))
#define SCAN_SMALL  static inline __attribute__((always_inline, target("avx2,bmi,bmi2")))
#define SCAN_PUBLIC __attribute__((target("avx2,bmi,bmi2")))

#include "text.h"

SCAN_SMALL uint32_t mask_of(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

SCAN_SMALL __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* What is looked for. Kept from the compiler as constants, else it makes them anew for each block. */
struct needles {
	__m256i cr, lf, low, del, colon, other_case;
};

SCAN_SMALL struct needles needles_make(void)
{
	struct needles n = {_mm256_set1_epi8('\r'), _mm256_set1_epi8('\n'), _mm256_set1_epi8(0x1f),
			    _mm256_set1_epi8(0x7f), _mm256_set1_epi8(':'),  _mm256_set1_epi8(0x20)};
	__asm__("" : "+x"(n.cr), "+x"(n.lf), "+x"(n.low), "+x"(n.del), "+x"(n.colon), "+x"(n.other_case));
	return n;
}

SCAN_SMALL uint64_t mask_both(__m256i a, __m256i b)
{
	return mask_of(a) | (uint64_t)mask_of(b) << 32;
}

SCAN_SMALL __m256i controls(const struct needles *n, __m256i v)
{
	return _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(v, n->low), v), _mm256_cmpeq_epi8(v, n->del));
}

SCAN_SMALL struct block block_load(const struct needles *n, const uint8_t *p)
{
	__m256i a = load(p), b = load(p + 32);
	return (struct block){
	    .cr = mask_both(_mm256_cmpeq_epi8(a, n->cr), _mm256_cmpeq_epi8(b, n->cr)),
	    .lf = mask_both(_mm256_cmpeq_epi8(a, n->lf), _mm256_cmpeq_epi8(b, n->lf)),
	    .controls = mask_both(controls(n, a), controls(n, b)),
	};
}

SCAN_SMALL size_t find3(struct text t, size_t at, size_t end, char x, char y, char z)
{
	const __m256i vx = _mm256_set1_epi8(x), vy = _mm256_set1_epi8(y), vz = _mm256_set1_epi8(z);
	for (; at < end && at + 32 <= t.len; at += 32) {
		__m256i v = load(t.d + at);
		uint32_t found = mask_of(_mm256_or_si256(
		    _mm256_or_si256(_mm256_cmpeq_epi8(v, vx), _mm256_cmpeq_epi8(v, vy)), _mm256_cmpeq_epi8(v, vz)));
		if (found) {
			at += (unsigned)__builtin_ctz(found);
			return at < end ? at : end;
		}
	}
	while (at < end && t.d[at] != (uint8_t)x && t.d[at] != (uint8_t)y && t.d[at] != (uint8_t)z)
		at++;
	return at < end ? at : end;
}

SCAN_SMALL void clear(uint16_t first[SIP_HEADER_COUNT])
{
	const size_t size = sizeof(uint16_t) * SIP_HEADER_COUNT;
	uint8_t *p = (uint8_t *)first;
	__m256i zero = _mm256_setzero_si256();
	__asm__("" : "+x"(zero)); /* else the compiler sees a memset, and makes of it what is slow for so few bytes */
	for (size_t i = 0; i + 32 <= size; i += 32)
		_mm256_storeu_si256((__m256i *)(p + i), zero);
	_mm256_storeu_si256((__m256i *)(p + size - 32), zero);
}

/* A name of the list, a colon, one space, and a value without white space round it. */
SCAN_SMALL unsigned header_plain(struct sip_scan_header *header, const struct needles *n, struct text t, size_t start,
				 size_t end)
{
	__m256i name = load(t.d + start);
	unsigned len = (unsigned)__builtin_ctz(mask_of(_mm256_cmpeq_epi8(name, n->colon)) | 1u << 31);
	if (len < 2)
		return SIP_HEADER_OTHER;
	unsigned id = names_candidate(t.d + start, len);
	__m256i known = load((const uint8_t *)names_text[id]);
	/* The list has letters and hyphens only: what differs in this bit alone is the other case, or a control
	 * character. The only ones here are line ends; so the colon is before them. */
	uint32_t same =
	    mask_of(_mm256_cmpeq_epi8(_mm256_or_si256(name, n->other_case), _mm256_or_si256(known, n->other_case)));
	/* Equal up to and with the colon. */
	if ((unsigned)__builtin_ctzll(~(uint64_t)same) <= len)
		return SIP_HEADER_OTHER;
	size_t value = start + len + 2;
	if (t.d[value - 1] != ' ' || t.d[value] <= ' ' || t.d[end - 1] <= ' ')
		return SIP_HEADER_OTHER;
	uint32_t name_span = (uint32_t)start | len << 16, value_span = (uint32_t)value | (uint32_t)(end - value) << 16;
	memcpy(&header->name, &name_span, sizeof(name_span));
	memcpy(&header->value, &value_span, sizeof(value_span));
	header->id = (uint8_t)id;
	header->folded = false;
	return id;
}

#include "lines.h"
#include "values.h"

SCAN_PUBLIC enum sip_scan_verdict avx2_message(struct sip_scan *scan, const uint8_t *data, size_t from, size_t len)
{
	return message_read(scan, (struct text){data, len}, from);
}

#endif
