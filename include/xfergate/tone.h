/* The tones of the telephone networks, as their countries have them (ITU-T E.180 Supplement 2): ringback, busy, and
 * congestion. Countries that sound alike share one tone; each has a name of its own for it, "ringback-de", "busy-us".
 * Argentina and Turkey as both DAHDI's zonedata.c and FreePBX's list of indications have them; the Emirates, Ireland
 * and Korea as spandsp's global-tones.xml has them too, but for Ireland's congestion. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define XF_TONE_PARTS 8

struct xf_tone {
	const char *name;
	uint16_t hz[2];			 /* together; [1] 0: one alone */
	uint16_t by_hz;			 /* what modulates hz[0], wholly; 0: nothing */
	uint16_t part_ms[XF_TONE_PARTS]; /* on, off, on, off and so on; 0: no more */
};

/* X("name", Hz, Hz, modulating Hz, cadence in ms) */
#define XF_TONES(X)                                                                                                    \
	X("ringback-eu", 425, 0, 0, 1000, 4000)                                                                        \
	X("ringback-us", 440, 480, 0, 2000, 4000)                                                                      \
	X("ringback-gb", 400, 450, 0, 400, 200, 400, 2000)                                                             \
	X("ringback-ar", 425, 0, 0, 1000, 4500)                                                                        \
	X("ringback-at", 420, 0, 0, 1000, 5000)                                                                        \
	X("ringback-au", 413, 438, 0, 400, 200, 400, 2000)                                                             \
	X("ringback-be", 425, 0, 0, 1000, 3000)                                                                        \
	X("ringback-cl", 400, 0, 0, 1000, 3000)                                                                        \
	X("ringback-cn", 450, 0, 0, 1000, 4000)                                                                        \
	X("ringback-es", 425, 0, 0, 1500, 3000)                                                                        \
	X("ringback-fr", 440, 0, 0, 1500, 3500)                                                                        \
	X("ringback-hk", 440, 480, 0, 400, 200, 400, 3000)                                                             \
	X("ringback-hu", 425, 0, 0, 1250, 3750)                                                                        \
	X("ringback-in", 400, 0, 25, 400, 200, 400, 2000)                                                              \
	X("ringback-jp", 400, 0, 16, 1000, 2000)                                                                       \
	X("ringback-kr", 440, 480, 0, 1000, 2000)                                                                      \
	X("ringback-my", 425, 0, 0, 400, 200, 400, 2000)                                                               \
	X("ringback-ph", 425, 480, 0, 1000, 4000)                                                                      \
	X("ringback-se", 425, 0, 0, 1000, 5000)                                                                        \
	X("ringback-sg", 425, 0, 24, 400, 200, 400, 2000)                                                              \
	X("ringback-tr", 450, 0, 0, 2000, 4000)                                                                        \
	X("ringback-za", 400, 0, 33, 400, 200, 400, 2000)                                                              \
	X("busy-eu", 425, 0, 0, 500, 500)                                                                              \
	X("busy-us", 480, 620, 0, 500, 500)                                                                            \
	X("busy-gb", 400, 0, 0, 375, 375)                                                                              \
	X("busy-at", 420, 0, 0, 400, 400)                                                                              \
	X("busy-au", 425, 0, 0, 375, 375)                                                                              \
	X("busy-br", 425, 0, 0, 250, 250)                                                                              \
	X("busy-cn", 450, 0, 0, 350, 350)                                                                              \
	X("busy-cz", 425, 0, 0, 330, 330)                                                                              \
	X("busy-de", 425, 0, 0, 480, 480)                                                                              \
	X("busy-es", 425, 0, 0, 200, 200)                                                                              \
	X("busy-fi", 425, 0, 0, 300, 300)                                                                              \
	X("busy-fr", 440, 0, 0, 500, 500)                                                                              \
	X("busy-in", 400, 0, 0, 750, 750)                                                                              \
	X("busy-jp", 400, 0, 0, 500, 500)                                                                              \
	X("busy-ru", 425, 0, 0, 350, 350)                                                                              \
	X("busy-sg", 425, 0, 0, 750, 750)                                                                              \
	X("busy-tr", 450, 0, 0, 500, 500)                                                                              \
	X("congestion-us", 480, 620, 0, 250, 250)                                                                      \
	X("congestion-gb", 400, 0, 0, 400, 350, 225, 525)                                                              \
	X("congestion-ar", 425, 0, 0, 200, 300)                                                                        \
	X("congestion-at", 420, 0, 0, 200, 200)                                                                        \
	X("congestion-be", 425, 0, 0, 167, 167)                                                                        \
	X("congestion-br", 425, 0, 0, 250, 250, 750, 250)                                                              \
	X("congestion-cl", 400, 0, 0, 200, 200)                                                                        \
	X("congestion-cn", 450, 0, 0, 700, 700)                                                                        \
	X("congestion-cz", 425, 0, 0, 165, 165)                                                                        \
	X("congestion-de", 425, 0, 0, 240, 240)                                                                        \
	X("congestion-es", 425, 0, 0, 200, 200, 200, 200, 200, 600)                                                    \
	X("congestion-fr", 440, 0, 0, 250, 250)                                                                        \
	X("congestion-in", 400, 0, 0, 250, 250)                                                                        \
	X("congestion-kr", 480, 620, 0, 300, 200)                                                                      \
	X("congestion-ru", 425, 0, 0, 175, 175)                                                                        \
	X("congestion-se", 425, 0, 0, 250, 750)                                                                        \
	X("congestion-th", 400, 0, 0, 300, 300)                                                                        \
	X("congestion-tr", 450, 0, 0, 200, 200, 200, 200, 200, 200, 600, 200)

/* X(region, ringback, busy, congestion): ISO 3166 alpha-2 in lower case, and which tones are its own. "eu" stands for
 * every country that is not here. */
#define XF_TONE_REGIONS(X)                                                                                             \
	X("eu", "ringback-eu", "busy-eu", "busy-es")                                                                   \
	X("us", "ringback-us", "busy-us", "congestion-us")                                                             \
	X("ca", "ringback-us", "busy-us", "congestion-us")                                                             \
	X("gb", "ringback-gb", "busy-gb", "congestion-gb")                                                             \
	X("ae", "ringback-gb", "busy-gb", "congestion-gb")                                                             \
	X("ar", "ringback-ar", "busy-fi", "congestion-ar")                                                             \
	X("at", "ringback-at", "busy-at", "congestion-at")                                                             \
	X("au", "ringback-au", "busy-au", "busy-au")                                                                   \
	X("be", "ringback-be", "busy-eu", "congestion-be")                                                             \
	X("bg", "ringback-eu", "busy-eu", "busy-br")                                                                   \
	X("br", "ringback-eu", "busy-br", "congestion-br")                                                             \
	X("ch", "ringback-eu", "busy-eu", "busy-es")                                                                   \
	X("cl", "ringback-cl", "busy-jp", "congestion-cl")                                                             \
	X("cn", "ringback-cn", "busy-cn", "congestion-cn")                                                             \
	X("cz", "ringback-eu", "busy-cz", "congestion-cz")                                                             \
	X("de", "ringback-eu", "busy-de", "congestion-de")                                                             \
	X("dk", "ringback-eu", "busy-eu", "busy-es")                                                                   \
	X("ee", "ringback-eu", "busy-fi", "busy-es")                                                                   \
	X("es", "ringback-es", "busy-es", "congestion-es")                                                             \
	X("fi", "ringback-eu", "busy-fi", "busy-es")                                                                   \
	X("fr", "ringback-fr", "busy-fr", "congestion-fr")                                                             \
	X("gr", "ringback-eu", "busy-fi", "busy-es")                                                                   \
	X("hk", "ringback-hk", "busy-us", "congestion-us")                                                             \
	X("hu", "ringback-hu", "busy-fi", "busy-fi")                                                                   \
	X("id", "ringback-eu", "busy-eu", "busy-br")                                                                   \
	X("ie", "ringback-gb", "busy-eu", "busy-eu")                                                                   \
	X("il", "ringback-cl", "busy-jp", "congestion-in")                                                             \
	X("in", "ringback-in", "busy-in", "congestion-in")                                                             \
	X("it", "ringback-eu", "busy-eu", "busy-es")                                                                   \
	X("jp", "ringback-jp", "busy-jp", "busy-jp")                                                                   \
	X("kr", "ringback-kr", "busy-us", "congestion-kr")                                                             \
	X("lt", "ringback-eu", "busy-ru", "busy-es")                                                                   \
	X("mx", "ringback-eu", "busy-br", "busy-br")                                                                   \
	X("my", "ringback-my", "busy-eu", "busy-eu")                                                                   \
	X("nl", "ringback-eu", "busy-eu", "busy-br")                                                                   \
	X("no", "ringback-eu", "busy-eu", "busy-es")                                                                   \
	X("nz", "ringback-gb", "busy-jp", "congestion-in")                                                             \
	X("ph", "ringback-ph", "busy-us", "congestion-us")                                                             \
	X("pl", "ringback-eu", "busy-eu", "busy-eu")                                                                   \
	X("pt", "ringback-se", "busy-eu", "busy-es")                                                                   \
	X("ru", "ringback-eu", "busy-ru", "congestion-ru")                                                             \
	X("se", "ringback-se", "busy-br", "congestion-se")                                                             \
	X("sg", "ringback-sg", "busy-sg", "busy-br")                                                                   \
	X("th", "ringback-at", "busy-jp", "congestion-th")                                                             \
	X("tr", "ringback-tr", "busy-tr", "congestion-tr")                                                             \
	X("tw", "ringback-kr", "busy-us", "congestion-us")                                                             \
	X("ve", "ringback-eu", "busy-eu", "busy-br")                                                                   \
	X("za", "ringback-za", "busy-jp", "congestion-in")

/* X(symbol, "name"): what a tone says. A region's own is "name-region". */
#define XF_TONE_KINDS(X)                                                                                               \
	X(RINGBACK, "ringback")                                                                                        \
	X(BUSY, "busy")                                                                                                \
	X(CONGESTION, "congestion")

enum xf_tone_kind {
#define X(symbol, name) XF_TONE_##symbol,
	XF_TONE_KINDS(X)
#undef X
	    XF_TONE_KIND_COUNT
};

struct xf_tone_region {
	const char *region;
	const char *tone[XF_TONE_KIND_COUNT];
};

/* The tones; NULL after the last. */
static inline const struct xf_tone *xf_tone(size_t i)
{
	static const struct xf_tone tones[] = {
#define X(name, hz1, hz2, by, ...) {name, {hz1, hz2}, by, {__VA_ARGS__}},
	    XF_TONES(X)
#undef X
	};
	return i < sizeof(tones) / sizeof(tones[0]) ? &tones[i] : NULL;
}

/* The regions, "eu" first; NULL after the last. */
static inline const struct xf_tone_region *xf_tone_region(size_t i)
{
	static const struct xf_tone_region regions[] = {
#define X(region, ringback, busy, congestion) {region, {ringback, busy, congestion}},
	    XF_TONE_REGIONS(X)
#undef X
	};
	return i < sizeof(regions) / sizeof(regions[0]) ? &regions[i] : NULL;
}

static inline const char *xf_tone_kind_name(unsigned kind)
{
	static const char *const names[] = {
#define X(symbol, name) name,
	    XF_TONE_KINDS(X)
#undef X
	};
	return kind < XF_TONE_KIND_COUNT ? names[kind] : "unknown";
}

/* The region's row; "eu" if it has none. region: in any case. */
static inline const struct xf_tone_region *xf_tone_region_find(const char *region)
{
	const struct xf_tone_region *row;
	for (size_t i = 0; (row = xf_tone_region(i)); i++)
		if (strcasecmp(row->region, region) == 0)
			return row;
	return xf_tone_region(0);
}

/* Whether it names a tone: "busy", of the region that a call is of, or "busy-us", of a region with a row. */
static inline bool xf_tone_is_name(const char *name)
{
	for (unsigned kind = 0; kind < XF_TONE_KIND_COUNT; kind++) {
		const char *word = xf_tone_kind_name(kind);
		size_t len = strlen(word);
		if (strncmp(name, word, len) != 0)
			continue;
		if (!name[len])
			return true;
		const struct xf_tone_region *row;
		for (size_t i = 0; name[len] == '-' && (row = xf_tone_region(i)); i++)
			if (strcmp(name + len + 1, row->region) == 0)
				return true;
	}
	return false;
}
