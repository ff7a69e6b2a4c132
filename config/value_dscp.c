#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "value.h"

/* The registry of RFC 2474, with RFC 2597, 3246, 5865 and 8622. CS0 is also called DF and best effort. */
static const struct {
	const char *name;
	uint8_t dscp;
} names[] = {
    {"EF", 46},	  {"VA", 44},	{"CS0", 0},   {"CS1", 8},   {"CS2", 16},  {"CS3", 24},	{"CS4", 32},  {"CS5", 40},
    {"CS6", 48},  {"CS7", 56},	{"AF11", 10}, {"AF12", 12}, {"AF13", 14}, {"AF21", 18}, {"AF22", 20}, {"AF23", 22},
    {"AF31", 26}, {"AF32", 28}, {"AF33", 30}, {"AF41", 34}, {"AF42", 36}, {"AF43", 38}, {"LE", 1},
};

uint8_t value_dscp(struct reader *r, const char *path, const char *text, uint8_t missing)
{
	if (!text)
		return missing;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(text, names[i].name) == 0)
			return names[i].dscp;
	size_t len = strspn(text, "0123456789");
	if (len >= 1 && len <= 2 && !text[len] && (len == 1 || text[0] != '0') && atoi(text) <= 63)
		return (uint8_t)atoi(text);
	reader_reject(r, path, "'%.40s' is no DSCP; EF, VA, CS0 to CS7, AF11 to AF43, LE, or 0 to 63", text);
	return missing;
}
