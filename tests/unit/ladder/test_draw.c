/* Ladders as they stand on the terminal, to the column. */
#include <criterion/criterion.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ladder/ladder.h"
#include "ladder/text.h"

#define MS   1000000ull
#define DAY1 (1700000000000ull * MS)

static struct ladder *ladder;

static void setup(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	cr_assert(ladder_create(&ladder) == 0);
}

static void teardown(void)
{
	ladder_destroy(ladder);
}

TestSuite(draw, .init = setup, .fini = teardown);

static void lanes(const char *const *names)
{
	for (int i = 0; names[i]; i++)
		cr_assert(ladder_lane(ladder, names[i]) == i);
}

static void message(unsigned ms, int from, int to, const char *label)
{
	cr_assert(ladder_message(ladder, DAY1 + ms * MS, from, to, label, false) == 0);
}

static void packets(unsigned ms, unsigned count, int from, int to, uint64_t stream)
{
	for (unsigned i = 0; i < count; i++)
		cr_assert(ladder_rtp(ladder, DAY1 + (ms + 20 * i) * MS, from, to, stream, "PCMU") == 0);
}

static char *drawn(int hub, unsigned width)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	cr_assert(out);
	ladder_print(ladder, out, hub, width);
	fclose(out);
	return text;
}

static void expect(int hub, unsigned width, const char *wanted)
{
	char *text = drawn(hub, width);
	cr_expect_str_eq(text, wanted, "drawn:\n%s\nwanted:\n%s", text, wanted);
	free(text);
}

/* A transfer: what the lab plays. */
static void play_transfer(void)
{
	lanes((const char *const[]){"caller", "gateway", "agent", "PBX", NULL});
	message(0, 0, 1, "INVITE");
	ladder_message(ladder, DAY1 + 500 * MS, 0, 1, "INVITE", true);
	message(501, 1, 0, "100 (INVITE)");
	message(510, 1, 2, "INVITE");
	message(610, 2, 1, "200 (INVITE)");
	packets(620, 50, 0, 1, 1);
	packets(621, 49, 1, 0, 2);
	packets(622, 49, 2, 1, 3);
	message(1100, 2, 1, "REFER sip:plan-sales@xfergate.example.com");
	ladder_note(ladder, DAY1 + 1102 * MS,
		    "patched: caller with target after 12 ms, by plan sales of acme, "
		    "first attempt");
	message(1101, 1, 2, "202 (REFER)");
	message(1200, 1, 3, "OPTIONS");
	message(61234, 3, 0, "BYE");
}

Test(draw, terminal_of_80)
{
	play_transfer();
	expect(1, 80,
	       "              caller           gateway           agent             PBX\n"
	       "   0.000         |---- INVITE --->|                |                |\n"
	       "   0.500         |~~~~ INVITE ~~~>|                |                |\n"
	       "   0.501         |< 100 (INVITE) -|                |                |\n"
	       "   0.510         |                |---- INVITE --->|                |\n"
	       "   0.610         |                |< 200 (INVITE) -|                |\n"
	       "   0.620         |... RTP PCMU ..>|                |                |\n"
	       "   0.621         |<.. RTP PCMU ...|                |                |\n"
	       "   0.622         |                |<.. RTP PCMU ...|                |\n"
	       "         media: caller 24/24, agent 24/0\n"
	       "   1.100         |                |<REFER sip:plan…|                |\n"
	       "         media: caller 1/0\n"
	       "   1.101         |                |- 202 (REFER) ->|                |\n"
	       "   1.102 * patched: caller with target after 12 ms, by plan sales of acme, first\n"
	       "           attempt\n"
	       "         media: caller 4/5, agent 5/0\n"
	       "   1.200         |                |------------ OPTIONS ----------->|\n"
	       "         media: caller 21/20, agent 20/0\n"
	       "  61.234         |<--------------------- BYE -----------------------|\n");
}

Test(draw, terminal_of_200)
{
	play_transfer();
	expect(
	    1, 200,
	    "                          caller                                  gateway                                 "
	    " agent                                    PBX                    media until the next message\n"
	    "   0.000                     |--------------- INVITE --------------->|                                    "
	    "   |                                       |\n"
	    "   0.500                     |~~~~~~~~~~~ INVITE (again) ~~~~~~~~~~~>|                                    "
	    "   |                                       |\n"
	    "   0.501                     |<----------- 100 (INVITE) -------------|                                    "
	    "   |                                       |\n"
	    "   0.510                     |                                       |--------------- INVITE "
	    "--------------->|                                       |\n"
	    "   0.610                     |                                       |<----------- 200 (INVITE) "
	    "-------------|                                       |                     caller 24/24, agent 24/0\n"
	    "   0.620                     |.............. RTP PCMU ..............>|                                    "
	    "   |                                       |\n"
	    "   0.621                     |<............. RTP PCMU ...............|                                    "
	    "   |                                       |\n"
	    "   0.622                     |                                       |<............. RTP PCMU "
	    "...............|                                       |\n"
	    "   1.100                     |                                       |<REFER "
	    "sip:plan-sales@xfergate.example…|                                       |                     caller 1/0\n"
	    "   1.101                     |                                       |------------- 202 (REFER) "
	    "------------>|                                       |                     caller 4/5, agent 5/0\n"
	    "   1.102 * patched: caller with target after 12 ms, by plan sales of acme, first attempt\n"
	    "   1.200                     |                                       |----------------------------------- "
	    "OPTIONS ---------------------------------->|                     caller 21/20, agent 20/0\n"
	    "  61.234                     |<-------------------------------------------------------- BYE "
	    "---------------------------------------------------------|\n");
}

Test(draw, terminal_of_40)
{
	play_transfer();
	expect(1, 40,
	       "          caller  gateway  agent    PBX\n"
	       "   0.000     |INVITE>|       |       |\n"
	       "   0.500     |~INVI…>|       |       |\n"
	       "   0.501     |<100 (…|       |       |\n"
	       "   0.510     |       |INVITE>|       |\n"
	       "   0.610     |       |<200 (…|       |\n"
	       "   0.620     |RTP P…>|       |       |\n"
	       "   0.621     |<RTP P…|       |       |\n"
	       "   0.622     |       |<RTP P…|       |\n"
	       "         media: caller 24/24, agent 24/0\n"
	       "   1.100     |       |<REFER…|       |\n"
	       "         media: caller 1/0\n"
	       "   1.101     |       |202 (…>|       |\n"
	       "   1.102 * patched: caller with target\n"
	       "           after 12 ms, by plan sales of\n"
	       "           acme, first attempt\n"
	       "         media: caller 4/5, agent 5/0\n"
	       "   1.200     |       |--- OPTIONS -->|\n"
	       "         media: caller 21/20, agent 20/0\n"
	       "  61.234     |<-------- BYE ---------|\n");
}

/* Without a width nothing is cut, and a ladder is drawn the same again. */
Test(draw, whole)
{
	lanes((const char *const[]){"a", "b", NULL});
	message(0, 0, 1, "REFER sip:plan-sales@xfergate.example.com");
	packets(1, 2, 0, 1, 1);
	expect(-1, 0,
	       "                                a                                             b                        "
	       "media until the next message\n"
	       "   0.000                        |- REFER sip:plan-sales@xfergate.example.com >|                        "
	       "a 2/0, b 0/2\n"
	       "   0.001                        |................. RTP PCMU .................>|\n");
	expect(-1, 0,
	       "                                a                                             b                        "
	       "media until the next message\n"
	       "   0.000                        |- REFER sip:plan-sales@xfergate.example.com >|                        "
	       "a 2/0, b 0/2\n"
	       "   0.001                        |................. RTP PCMU .................>|\n");
}

Test(draw, without_media)
{
	lanes((const char *const[]){"a", "b", "c", NULL});
	message(0, 0, 1, "INVITE");
	message(7, 2, 0, "200 (INVITE)");
	expect(-1, 80,
	       "                 a                b                c\n"
	       "   0.000         |---- INVITE --->|                |\n"
	       "   0.007         |<-------- 200 (INVITE) ----------|\n");
}

Test(draw, messages_to_oneself)
{
	lanes((const char *const[]){"a", "b", NULL});
	message(0, 0, 0, "OPTIONS");
	message(1, 1, 1, "200 (OPTIONS)");
	ladder_message(ladder, DAY1 + 2 * MS, 0, 0, "OPTIONS", true);
	packets(3, 1, 0, 0, 1);
	expect(-1, 80,
	       "                  a                 b          media until the next message\n"
	       "   0.000          |<> OPTIONS       |\n"
	       "   0.001          | 200 (OPTIONS) <>|\n"
	       "   0.002          |<~ OPTIONS       |          a 1/1\n"
	       "   0.003          |.. RTP PCMU      |\n");
}

Test(draw, one_lane)
{
	lanes((const char *const[]){"127.0.0.1", NULL});
	message(0, 0, 0, "OPTIONS");
	packets(3, 1, 0, 0, 1);
	expect(-1, 80,
	       "                  127.0.0.1\n"
	       "   0.000              |<> OPTIONS\n"
	       "   0.003              |.. RTP PCMU\n"
	       "         media: 127.0.0.1 1/1\n");
}

Test(draw, nothing_steers_the_terminal)
{
	lanes((const char *const[]){"\x1b]0;owned\x07", "M\xc3\xbcller \xe7\x94\xb0", NULL});
	message(0, 0, 1, "IN\x1b[2JVITE");
	message(1, 1, 0, "\xe7\x94\xb0\xe4\xb8\xad\xe7\x94\xb0\xe4\xb8\xad");
	message(2, 1, 0, "\xe7\x94\xb0\xe4\xb8\xad\xe7\x94\xb0\xe4\xb8\xad\xe7\x94\xb0\xe4\xb8\xad\xe7\x94\xb0");
	ladder_note(ladder, DAY1 + 3 * MS, "\xe2\x80\xaegnissim\nx");
	expect(-1, 44,
	       "         \\x1b]0;owned\\x07     Müller 田\n"
	       "   0.000         |--IN\\x1b[2JVITE>|\n"
	       "   0.001         |<-- 田中田中 ---|\n"
	       "   0.002         |<田中田中田中田-|\n"
	       "   0.003 * \\u{202e}gnissim\\x0ax\n");
}

/* A name that is wider than its lane goes on below; none is lost. */
Test(draw, long_names)
{
	lanes((const char *const[]){"2001:db8:1:ffff::1:20", "gateway", "2001:db8:2::10", NULL});
	message(0, 0, 1, "INVITE");
	expect(-1, 54,
	       "         2001:db8:1:fff     gateway    2001:db8:2::10\n"
	       "             f::1:20\n"
	       "   0.000        |--- INVITE -->|              |\n");
}

/* What comes first in time stands first, whatever came first to the ladder; equals keep their order. */
Test(draw, order_of_time)
{
	lanes((const char *const[]){"a", "b", NULL});
	message(20, 0, 1, "third");
	packets(5, 2, 1, 0, 1);
	message(10, 0, 1, "first");
	packets(1, 1, 1, 0, 1);
	message(10, 1, 0, "second");
	expect(0, 0,
	       "                 a                b          media until the next message\n"
	       "   0.000         |<.. RTP PCMU ...|          b 2/0\n"
	       "   0.009         |---- first ---->|\n"
	       "   0.009         |<--- second ----|\n"
	       "   0.019         |---- third ---->|          b 1/0\n");
}

/* Each stream has one arrow: lanes, payload type and SSRC tell them apart. */
Test(draw, streams)
{
	lanes((const char *const[]){"a", "b", NULL});
	for (unsigned i = 0; i < 300; i++) {
		cr_assert(ladder_rtp(ladder, DAY1 + i * MS, 0, 1, i % 100, NULL) == 0);
		cr_assert(ladder_rtp(ladder, DAY1 + i * MS, 1, 0, i % 100, "") == 0);
	}
	char *text = drawn(-1, 0);
	unsigned arrows = 0;
	for (const char *at = text; (at = strstr(at, " RTP ")); at++)
		arrows++;
	cr_expect(arrows == 200, "%u", arrows);
	cr_expect(strstr(text, "a 300/300, b 300/300\n"), "%s", text);
	free(text);
}

Test(draw, nothing)
{
	expect(-1, 80, "");
	lanes((const char *const[]){"a", NULL});
	expect(-1, 80, "");
}

Test(draw, notes_alone)
{
	ladder_note(ladder, DAY1, "dropped: wrong-source");
	expect(-1, 80, "   0.000 * dropped: wrong-source\n");
}

Test(draw, lanes_that_are_not_there)
{
	lanes((const char *const[]){"a", "b", NULL});
	static const int bad[][2] = {{0, 2}, {2, 0}, {-1, 0}, {0, -1}, {0, 70000}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect(ladder_message(ladder, 0, bad[i][0], bad[i][1], "x", false) == -EINVAL);
		cr_expect(ladder_rtp(ladder, 0, bad[i][0], bad[i][1], 0, NULL) == -EINVAL);
	}
	expect(-1, 0, "");
}

/* At any width no row but the names' is wider than the terminal, as long as that has room for the narrowest lanes, and
 * the bars of each rung stand one below the other. */
Test(draw, the_grid_holds)
{
	play_transfer();
	for (unsigned width = 9 + 4 * 8; width < 220; width++) {
		char *text = drawn(1, width), *rest = text;
		for (char *line; (line = strsep(&rest, "\n"));)
			cr_expect(text_width(line) <= width, "%u: %s", width, line);
		free(text);
	}
}

/* 10,000 messages, 100,000 packets and the lanes of a conference in a fraction of a second. */
Test(draw, fast)
{
	struct timespec start, end;
	char name[32];
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "lane %d", i);
		ladder_lane(ladder, name);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < 10000; i++)
		message(10000 - i, (int)i % 10, (int)(i / 10) % 10, "200 (INVITE)");
	for (unsigned i = 0; i < 100000; i++)
		ladder_rtp(ladder, DAY1 + i * (MS / 10), (int)i % 10, (int)(i / 10) % 10, i % 1000, "PCMU");
	char *text = drawn(-1, 120);
	clock_gettime(CLOCK_MONOTONIC, &end);
	double took = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
	cr_expect(took < 1.0, "%.3f s", took);
	cr_log_info("%.3f s", took);
	free(text);
}
