/* The scan in plain C. */
#include "paths.h"

#include <endian.h>
#include <string.h>

#define SCAN_FN	   static inline
#define SCAN_RARE  static __attribute__((noinline))
#define SCAN_SMALL static inline __attribute__((always_inline))

#include "text.h"

#define EACH(byte) (0x0101010101010101u * (byte))

/* The top bit of each byte that is 0; exact, as nothing is carried from byte to byte. */
SCAN_SMALL uint64_t zeros(uint64_t v)
{
	return ~(((v & EACH(0x7f)) + EACH(0x7f)) | v) & EACH(0x80);
}

/* The top bits of 8 bytes as the low 8 bits, first byte first. */
SCAN_SMALL uint64_t gather(uint64_t tops)
{
	return (tops * 0x0002040810204081u) >> 56;
}

struct needles {
	char none; /* they are constants here */
};

SCAN_SMALL struct needles needles_make(void)
{
	return (struct needles){0};
}

SCAN_SMALL struct block block_load(const struct needles *n, const uint8_t *p)
{
	struct block block = {0};
	for (unsigned i = 0; i < 8; i++) {
		uint64_t v;
		memcpy(&v, p + 8 * i, 8);
		v = le64toh(v);
		uint64_t controls = zeros(v & EACH(0xe0)) | zeros(v ^ EACH(0x7f));
		if (!controls)
			continue;
		block.cr |= gather(zeros(v ^ EACH('\r'))) << 8 * i;
		block.lf |= gather(zeros(v ^ EACH('\n'))) << 8 * i;
		block.controls |= gather(controls) << 8 * i;
	}
	return block;
}

SCAN_SMALL size_t find3(struct text t, size_t at, size_t end, char x, char y, char z)
{
	while (at < end && t.d[at] != (uint8_t)x && t.d[at] != (uint8_t)y && t.d[at] != (uint8_t)z)
		at++;
	return at < end ? at : end;
}

SCAN_SMALL void clear(uint16_t first[SIP_HEADER_COUNT])
{
	memset(first, 0, sizeof(uint16_t) * SIP_HEADER_COUNT);
}

SCAN_SMALL unsigned header_plain(struct sip_scan_header *header, const struct needles *n, struct text t, size_t start,
				 size_t end)
{
	return SIP_HEADER_OTHER;
}

#include "lines.h"
#include "values.h"

enum sip_scan_verdict portable_message(struct sip_scan *scan, const uint8_t *data, size_t from, size_t len)
{
	return message_read(scan, (struct text){data, len}, from);
}
