/* Captures that are damaged or senseless: they end, and nothing is believed of them. */
#include "replay/play.h"

#include <criterion/criterion.h>
#include "scene.h"

static struct scene scene;

static uint32_t dice(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void play_it(const char *as)
{
	struct options options = {.capture = scene.capture,
				  .config = scene.config,
				  .report = scene.report,
				  .as = as,
				  .ladder = true,
				  .seed = 1};
	struct play *play;
	char *summary;
	size_t len;
	FILE *memory = open_memstream(&summary, &len);
	if (play_open(&play, &options, memory) == 0) {
		cr_expect_eq(play_run(play), 0);
		play_never(play);
		play_summary(play);
		cr_expect_eq(play_report(play, scene.report), 0);
		play_close(play);
	}
	fclose(memory);
	free(summary);
}

/* Bytes of the file's packets are changed, but not those of the file's own headers. */
static void damage(uint32_t *state, unsigned count)
{
	FILE *file = fopen(scene.capture, "r+");
	fseek(file, 0, SEEK_END);
	long len = ftell(file);
	for (unsigned i = 0; i < count; i++) {
		fseek(file, 24 + (long)(dice(state) % (uint32_t)(len - 24)), SEEK_SET);
		fputc((int)(dice(state) & 0xff), file);
	}
	fclose(file);
}

Test(garbage, damaged_captures, .timeout = 60)
{
	uint32_t state = 4711;
	for (unsigned i = 0; i < 40; i++) {
		scene_open(&scene);
		if (i % 2)
			scene_direct_call(&scene);
		else
			scene_call(&scene, 0);
		scene_done(&scene);
		damage(&state, 1 + i * 20);
		play_it(i % 2 ? "caller=10.0.0.5@carrier,callee=10.0.0.9@bot" : NULL);
		scene_remove(&scene);
	}
}

/* Pieces of messages, put together at random, as inputs and outputs. */
Test(garbage, senseless_messages, .timeout = 60)
{
	static const char *const starts[] = {"INVITE sip:+12025550100@192.0.2.1 SIP/2.0\n",
					     "SIP/2.0 200 OK\n",
					     "ACK sip:x SIP/2.0\n",
					     "BYE sip: SIP/2.0\n",
					     "SIP/2.0 abc\n",
					     "PRACK  SIP/2.0\n",
					     "CANCEL sip:+12025550100@192.0.2.1 SIP/2.0\n",
					     "NOTIFY <sip:x> SIP/2.0\n"};
	static const char *const lines[] = {"Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1\n",
					    "Via: ,,;branch=\n",
					    "From: <sip:+12025550199@x>;tag=a\n",
					    "To: <sip:+12025550100@192.0.2.1>\n",
					    "To: \"<sip:x@y>;tag=b\n",
					    "Call-ID: c\n",
					    "i: \n",
					    "CSeq: 1 INVITE\n",
					    "CSeq: 99999999999999999999 \n",
					    "Contact: <sip:a@192.0.2.20\n",
					    "Contact: *\n",
					    "Record-Route: <sip:;lr>\n",
					    "RAck: 1 1 INVITE\n",
					    "RSeq: 1\n",
					    "Subscription-State: terminated\n",
					    "Content-Length: -7\n",
					    "Refer-To: <sip:x?Replaces=%3B%3D%>\n",
					    "%SDP 192.0.2.20 40000\n"};
	uint32_t state = 815;
	scene_open(&scene);
	for (unsigned i = 0; i < 600; i++) {
		char text[2048];
		int n = snprintf(text, sizeof(text), "%s", starts[dice(&state) % (sizeof(starts) / sizeof(starts[0]))]);
		for (unsigned k = dice(&state) % 12; k > 0; k--)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s",
				      lines[dice(&state) % (sizeof(lines) / sizeof(lines[0]) - (k > 1))]);
		bool in = dice(&state) % 3;
		scene_sip(&scene, 0.01 * i, in ? "192.0.2.20" : "192.0.2.1", in ? "192.0.2.1" : "192.0.2.20", text);
	}
	scene_done(&scene);
	play_it(NULL);
	play_it("caller=192.0.2.20,callee=192.0.2.1@bot");
	scene_remove(&scene);
}

Test(garbage, no_capture_at_all)
{
	scene_open(&scene);
	scene_done(&scene);
	play_it(NULL);
	FILE *file = fopen(scene.capture, "w");
	fputs("this is no capture", file);
	fclose(file);
	play_it(NULL);
	scene_remove(&scene);
	play_it(NULL);
}

/* The capture begins between an INVITE of the gateway and its CANCEL. */
Test(garbage, cancelled_invite_that_is_not_in_the_capture, .timeout = 60)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	scene_sip(&scene, 7, "198.51.100.1", "198.51.100.10",
		  "CANCEL sip:bot@agent.lab SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKgone\n"
		  "From: <sip:x@198.51.100.1>;tag=a\nTo: <sip:bot@agent.lab>\nCall-ID: gone\nCSeq: 1 CANCEL\n\n");
	scene_sip(&scene, 7.1, "198.51.100.10", "198.51.100.1",
		  "SIP/2.0 487 Request Terminated\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKgone\n"
		  "From: <sip:x@198.51.100.1>;tag=a\nTo: <sip:bot@agent.lab>;tag=b\nCall-ID: gone\nCSeq: 1 INVITE\n\n");
	scene_done(&scene);
	play_it(NULL);
	scene_remove(&scene);
}
