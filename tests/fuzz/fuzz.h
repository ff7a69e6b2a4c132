/* What every fuzz target has: bytes in, and judgement that ends the run. Built with libFuzzer, or over its seeds only
 * by run_seeds.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* data: a block of just len bytes, so that a read behind it is found. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Says what is wrong, and aborts: libFuzzer keeps the input. */
#define fuzz_check(condition, ...)                                                                                     \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                \
			fprintf(stderr, " " __VA_ARGS__);                                                              \
			fputc('\n', stderr);                                                                           \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* Takes values from the front of an input; zeros when it is used up. */
struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_bytes *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t fuzz_u16(struct fuzz_bytes *in)
{
	uint16_t high = fuzz_u8(in);
	return (uint16_t)(high << 8 | fuzz_u8(in));
}

static inline uint32_t fuzz_u32(struct fuzz_bytes *in)
{
	uint32_t high = fuzz_u16(in);
	return high << 16 | fuzz_u16(in);
}

/* At most len bytes; *got says how many there were. */
static inline const uint8_t *fuzz_take(struct fuzz_bytes *in, size_t len, size_t *got)
{
	const uint8_t *at = in->at;
	*got = len < in->left ? len : in->left;
	in->at += *got;
	in->left -= *got;
	return at;
}

/* The input as text with a NUL behind it, for free(). NULL: it holds a NUL of its own. */
static inline char *fuzz_text(const uint8_t *data, size_t len)
{
	if (len && memchr(data, 0, len))
		return NULL;
	char *text = malloc(len + 1);
	fuzz_check(text);
	if (len)
		memcpy(text, data, len);
	text[len] = 0;
	return text;
}
