/* The scan with AVX2. Only called where the processor has it (scan.c). */
#include "paths.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SCAN_FN	    static inline __attribute__((target("avx2")))
#define SCAN_SMALL  static inline __attribute__((always_inline, target("avx2")))
#define SCAN_PUBLIC __attribute__((target("avx2")))

#include "text.h"

SCAN_SMALL uint32_t mask_of(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

SCAN_SMALL uint32_t mask_eq(__m256i v, char c)
{
	return mask_of(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)));
}

SCAN_SMALL __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

SCAN_SMALL uint32_t mask_controls(__m256i v)
{
	__m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
	__m256i tab = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t'));
	__m256i del = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f));
	return mask_of(_mm256_or_si256(_mm256_andnot_si256(tab, low), del));
}

SCAN_SMALL struct block block_load(const uint8_t *p)
{
	__m256i a = load(p), b = load(p + 32);
	return (struct block){
	    .cr = mask_eq(a, '\r') | (uint64_t)mask_eq(b, '\r') << 32,
	    .lf = mask_eq(a, '\n') | (uint64_t)mask_eq(b, '\n') << 32,
	    .controls = mask_controls(a) | (uint64_t)mask_controls(b) << 32,
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

SCAN_SMALL bool name_is(struct text t, size_t at, size_t len, unsigned id)
{
	if (at + NAMES_WIDTH > t.len)
		return sip_header_find((const char *)t.d + at, len) == id;
	/* The list has letters and hyphens only: what differs in this bit alone is the other case, or a control
	 * character, which the caller excludes. */
	__m256i bit = _mm256_set1_epi8(0x20);
	__m256i a = _mm256_or_si256(load(t.d + at), bit);
	__m256i b = _mm256_or_si256(load((const uint8_t *)names_text[id]), bit);
	return (~mask_of(_mm256_cmpeq_epi8(a, b)) & (((uint32_t)1 << len) - 1)) == 0;
}

#include "lines.h"
#include "values.h"

SCAN_PUBLIC enum sip_scan_verdict avx2_message(struct sip_scan *scan, const uint8_t *data, size_t from, size_t len)
{
	return message_read(scan, (struct text){data, len}, from);
}

#endif
