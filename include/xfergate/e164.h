/* Telephone numbers as E.164 has them, read and judged by libphonenumber.
 *
 * Pure functions but for the library's own tables, which it builds once, when first asked, under a lock of its own: any
 * thread but a worker's may call. A number is *possible* when its length fits its country's plan, and *valid* when the
 * library's data also knows its block; that data ages, so a new area code is possible and not valid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* '+', at most 17 digits (15 by the Recommendation; libphonenumber's plans of some countries exceed it), NUL. */
#define E164_STRLEN 20
/* ISO 3166 alpha-2, or "001" for numbers of no country, with the NUL. */
#define E164_REGION_STRLEN 4
/* Bytes of the longest text that is read. */
#define E164_TEXT_MAX 64

struct e164 {
	char text[E164_STRLEN];		  /* "+12025550143" */
	char country[E164_REGION_STRLEN]; /* whose number it is; "" if the data does not say: never guessed */
	char region[E164_REGION_STRLEN]; /* country, or else the main one of its calling code: for reading other numbers
					  */
	bool valid;
};

/* X(symbol, "what is wrong, and what to do") */
#define E164_RESULTS(X)                                                                                                \
	X(OK, "is a possible number")                                                                                  \
	X(EMPTY, "is empty")                                                                                           \
	X(NOT_A_NUMBER, "is no telephone number; write digits, with + and the country code in front")                  \
	X(LETTERS, "has letters; write the digits")                                                                    \
	X(NO_REGION, "has no country code; write it with + and the country code, or set a region")                     \
	X(BAD_COUNTRY, "has a country code that does not exist")                                                       \
	X(TOO_SHORT, "is too short for its country")                                                                   \
	X(TOO_LONG, "is too long for its country")                                                                     \
	X(BAD_LENGTH, "has a length that no number of its country has")                                                \
	X(EMERGENCY, "is an emergency number, which is never dialled")                                                 \
	X(FAILED, "could not be judged: libphonenumber failed")

enum e164_result {
#define X(symbol, text) E164_##symbol,
	E164_RESULTS(X)
#undef X
	    E164_RESULT_COUNT
};

/* `region`: ISO 3166 alpha-2 of whoever wrote it, for national spelling; NULL or "": only with '+'. Separators
 * (spaces, - . / and brackets) are passed over; letters, '*', '#' and a '+' inside are refused, as are extensions. On
 * failure the number is empty but for `region`, as which it was read; "" if that is not known. */
enum e164_result e164_parse(struct e164 *number, const char *text, const char *region);

const char *e164_result_text(enum e164_result result);

/* Bytes that e164_explain needs, with the NUL. */
#define E164_WHY_MAX 96

/* The text of a result of e164_parse, with the country as which `number` was read where its length is wrong:
 * "is too short for a number of US". Returns `out`. */
const char *e164_explain(char *out, size_t size, enum e164_result result, const struct e164 *number);

/* Made of digits, separators and a leading '+' only: what a user part must be to count as a number. */
bool e164_is_spelling(const char *text);

/* True for an upper-case ISO 3166 alpha-2 code that the numbering data has. */
bool e164_region_known(const char *region);

/* "12025550143" of "+12025550143". */
const char *e164_plain(const char *e164_text);

/* "libphonenumber 8.12, numbering data of 2022-11"; static. The date is that of the library's file. */
const char *e164_data_version(void);

/* When that data was made, seconds since 1970; 0: not known. Its age is for who has a clock. */
int64_t e164_data_time(void);

#ifdef __cplusplus
}
#endif
