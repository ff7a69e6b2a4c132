/* Whole replays: a capture in, both real planes, a capture out. */
#include "replay/play.h"

#include <criterion/criterion.h>
#include "scene.h"

struct result {
	struct play *play; /* NULL: it did not open */
	char *summary;
	size_t summary_len;
	FILE *memory;
	struct options options;
};

static struct scene scene;
static struct result run;

/* Plays the scene with these arguments behind "capture -c config -o out". */
static void play(const char *arguments)
{
	static char copy[1024], *argv[64];
	char why[OPTIONS_WHY];
	int argc = 5;
	argv[0] = scene.capture;
	argv[1] = (char *)"-c";
	argv[2] = scene.config;
	argv[3] = (char *)"-o";
	argv[4] = scene.out;
	snprintf(copy, sizeof(copy), "%s", arguments);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	run = (struct result){.play = NULL};
	cr_assert_eq(options_parse(&run.options, argc, argv, why), 0, "%s", why);
	run.memory = open_memstream(&run.summary, &run.summary_len);
	if (play_open(&run.play, &run.options, run.memory) != 0) {
		run.play = NULL;
		return;
	}
	cr_assert_eq(play_run(run.play), 0);
	cr_assert_eq(capture_writer_close(run.play->writer, true), 0);
	run.play->writer = NULL;
}

static void end(void)
{
	play_close(run.play);
	options_fini(&run.options);
	fclose(run.memory);
	free(run.summary);
}

static void expect_summary(const char *line)
{
	fflush(run.memory);
	cr_expect(strstr(run.summary, line), "no '%s' in\n%s", line, run.summary);
}

/* What stands in out.pcap: SIP messages whose start line begins so, to that address. */
static unsigned sent(const char *start, const char *to)
{
	struct capture_reader *reader;
	struct capture_unit unit;
	char why[CAPTURE_WHY], addr[XF_ADDR_STRLEN];
	unsigned count = 0;
	cr_assert_eq(capture_reader_open(&reader, scene.out, why), 0, "%s", why);
	while (capture_reader_next(reader, &unit) == 1)
		count += unit.len > strlen(start) && memcmp(unit.data, start, strlen(start)) == 0 &&
			 strcmp(xf_addr_format(&unit.to.addr, addr), to) == 0;
	capture_reader_close(reader);
	return count;
}

#define RTP "\x80"

Test(play, a_call_as_it_was)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	scene_done(&scene);
	play("");
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	play_summary(run.play);
	expect_summary("call 1: +12025550199 to +12025550100 at 0.000 s: answered after 0.999 s, ended at 6.1");
	expect_summary("in: 6 SIP, 500 media");
	cr_expect_eq(sent("INVITE ", "198.51.100.10"), 1);
	cr_expect_eq(sent("SIP/2.0 200", "192.0.2.20"), 2);
	cr_expect_eq(sent("ACK ", "198.51.100.10"), 1);
	cr_expect_eq(sent("BYE ", "198.51.100.10"), 1);
	cr_expect_eq(sent(RTP, "192.0.2.20"), 250);
	cr_expect_eq(sent(RTP, "198.51.100.10"), 250);
	end();
	scene_remove(&scene);
}

/* The recorded gateway took 1.7 s for what this one does at once. */
Test(play, of_a_slower_gateway)
{
	scene_open(&scene);
	scene_call(&scene, 1.7);
	scene_done(&scene);
	play("");
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	cr_expect_eq(sent("SIP/2.0 200", "192.0.2.20"), 2);
	cr_expect_eq(sent(RTP, "192.0.2.20"), 250);
	cr_expect_eq(sent(RTP, "198.51.100.10"), 250);
	play_summary(run.play);
	expect_summary("answered after 0.999 s");
	end();
	scene_remove(&scene);
}

#define AS "--as caller=10.0.0.5@carrier,callee=10.0.0.9@bot "

Test(play, in_place_of_another_middle)
{
	scene_open(&scene);
	scene_direct_call(&scene);
	scene_done(&scene);
	play(AS);
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	cr_expect_eq(sent("INVITE ", "198.51.100.10"), 1);
	cr_expect_eq(sent("BYE ", "192.0.2.2"), 1);
	cr_expect_eq(sent(RTP, "192.0.2.2"), 200);
	cr_expect_eq(sent(RTP, "198.51.100.10"), 200);
	play_summary(run.play);
	expect_summary("answered after 2.000 s, ended at 6.");
	end();
	scene_remove(&scene);
}

Test(play, dials_another_number)
{
	scene_open(&scene);
	scene_direct_call(&scene);
	scene_done(&scene);
	play(AS "--dial +12025550177");
	cr_assert_not_null(run.play);
	play_never(run.play);
	play_summary(run.play);
	expect_summary("refused: 1 call");
	expect_summary("ACK from 10.0.0.5: xfergate answered the INVITE with 404, not 200");
	cr_expect_eq(sent("SIP/2.0 404", "192.0.2.2"), 1);
	end();
	scene_remove(&scene);
}

Test(play, an_injected_transfer)
{
	scene_open(&scene);
	scene_direct_call(&scene);
	scene_done(&scene);
	play(AS "--at 3s transfer 1 --plan sales --ladder");
	cr_assert_not_null(run.play);
	cr_assert_eq(run.play->history.transfer_count, 1);
	cr_expect_str_eq(run.play->history.transfers[0].result, "connected");
	cr_expect_eq(sent("INVITE sip:+12025550150@", "192.0.2.2"), 1);
	cr_expect_eq(sent("BYE ", "198.51.100.10"), 1);
	/* the stand-in's silence takes the place of the agent, until the capture ends */
	cr_expect_geq(sent(RTP, "192.0.2.2"), 250);
	/* what the agent would have said after its BYE */
	cr_expect_gt(run.play->tracks.left_out, 50);
	cr_expect_gt(play_never(run.play), 0);
	play_summary(run.play);
	expect_summary("transfer 1 (operator) at 3.000 s: connected after 1.000 s, 200");
	expect_summary("\"result\":\"connected\"");
	expect_summary("stand-in: stands in for sip:+12025550150@edge.carrier.lab");
	expect_summary("* command: transfer 1 --plan sales");
	expect_summary("from 10.0.0.9: xfergate had ended its dialog");
	end();
	scene_remove(&scene);
}

Test(play, targets_behave_as_told)
{
	static const struct {
		const char *target, *result;
		int status;
	} rows[] = {{"busy", "returned", 486},
		    {"603", "returned", 603},
		    {"silent", "hung-up", 408}, /* the agent of the capture goes meanwhile */
		    {"answer:100ms", "connected", 200}};
	scene_open(&scene);
	scene_direct_call(&scene);
	scene_done(&scene);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char arguments[128];
		snprintf(arguments, sizeof(arguments), AS "--at 3s transfer 1 --plan sales --target %s",
			 rows[i].target);
		play(arguments);
		cr_assert_not_null(run.play);
		cr_assert_eq(run.play->history.transfer_count, 1);
		cr_expect_str_eq(run.play->history.transfers[0].result, rows[i].result, "%s: %s", rows[i].target,
				 run.play->history.transfers[0].result);
		cr_expect_eq(run.play->history.transfers[0].status, rows[i].status, "%s: %d", rows[i].target,
			     run.play->history.transfers[0].status);
		end();
	}
	scene_remove(&scene);
}

/* The operator hangs up while the recorded agent still rings: it is not told so in the capture. */
Test(play, the_script_is_cancelled)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	scene_done(&scene);
	play("--at 500ms hangup 1");
	cr_assert_not_null(run.play);
	cr_expect_eq(sent("CANCEL ", "198.51.100.10"), 1);
	cr_expect_eq(sent("ACK ", "198.51.100.10"), 1, "of the 487");
	cr_expect_eq(sent("BYE ", "198.51.100.10"), 0);
	cr_expect_gt(play_never(run.play), 0);
	play_summary(run.play);
	expect_summary("200 (INVITE) from 198.51.100.10: xfergate cancelled this INVITE");
	expect_summary("ended at 0.5");
	expect_summary("stand-in: acknowledges ");
	end();
	scene_remove(&scene);
}

/* Nobody in the capture answers the agent's INVITE, which is its last message. */
Test(play, a_capture_that_ends_early)
{
	scene_open(&scene);
	scene_sip(&scene, 0, "192.0.2.20", "192.0.2.1",
		  "INVITE sip:+12025550100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK1\n"
		  "From: <sip:+12025550199@x>;tag=a\nTo: <sip:+12025550100@192.0.2.1>\nCall-ID: c\nCSeq: 1 INVITE\n"
		  "Max-Forwards: 70\nContact: <sip:a@192.0.2.20>\n%SDP 192.0.2.20 40000\n");
	scene_done(&scene);
	play("");
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	play_summary(run.play);
	expect_summary("stand-in: stands in for sip:bot@agent.lab");
	expect_summary("answered after 1.000 s, still up (agent)");
	expect_summary("the capture does not tell the address of agent.lab: 198.51.100.10");
	end();
	scene_remove(&scene);
}

static char *whole(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	fseek(file, 0, SEEK_END);
	*len = (size_t)ftell(file);
	rewind(file);
	char *data = malloc(*len + 1);
	cr_assert_eq(fread(data, 1, *len, file), *len);
	fclose(file);
	return data;
}

Test(play, the_same_bytes_twice)
{
	size_t len[3];
	char *data[3];
	scene_open(&scene);
	scene_direct_call(&scene);
	scene_done(&scene);
	for (unsigned i = 0; i < 3; i++) {
		play(i < 2 ? AS "--at 3s transfer 1 --plan sales" : AS "--at 3s transfer 1 --plan sales --seed 2");
		cr_assert_not_null(run.play);
		end();
		data[i] = whole(scene.out, &len[i]);
	}
	cr_expect_eq(len[0], len[1]);
	cr_expect_eq(memcmp(data[0], data[1], len[0]), 0);
	cr_expect(len[0] != len[2] || memcmp(data[0], data[2], len[0]) != 0, "the seed must matter");
	for (unsigned i = 0; i < 3; i++)
		free(data[i]);
	scene_remove(&scene);
}

/* 3 kB of a header: in fragments into the gateway, and in fragments out of it, for an answer repeats every Via. */
Test(play, fragments_both_ways)
{
	char text[8192];
	int n =
	    snprintf(text, sizeof(text),
		     "OPTIONS sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1\nMax-Forwards: 70\n"
		     "From: <sip:a@x>;tag=a\nTo: <sip:192.0.2.1>\nCall-ID: o2\nCSeq: 1 OPTIONS\n");
	for (unsigned i = 0; i < 30; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "Via: SIP/2.0/UDP 10.0.0.%u;branch=z9hG4bK%u%080u\n",
			      i, i, i);
	scene_open(&scene);
	scene_sip(&scene, 0, "192.0.2.20", "192.0.2.1", text);
	scene_done(&scene);
	play("");
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	cr_expect_eq(sent("SIP/2.0 200", "192.0.2.20"), 1);
	cr_expect_geq(run.play->frames_out, 2);
	cr_expect_eq(run.play->sip_sent, 1);
	end();
	scene_remove(&scene);
}

Test(play, strangers_and_noise_go_in)
{
	scene_open(&scene);
	scene_sip(&scene, 0, "203.0.113.99", "192.0.2.1",
		  "OPTIONS sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 203.0.113.99;branch=z9hG4bK1\n"
		  "From: <sip:friendly-scanner@x>;tag=a\nTo: <sip:192.0.2.1>\nCall-ID: o\nCSeq: 1 OPTIONS\n");
	scene_sip(&scene, 0.5, "192.0.2.20", "192.0.2.1",
		  "OPTIONS sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1\nMax-Forwards: 70\n"
		  "From: <sip:a@x>;tag=a\nTo: <sip:192.0.2.1>\nCall-ID: o2\nCSeq: 1 OPTIONS\n");
	scene_udp(&scene, 1, "192.0.2.20", "192.0.2.1", "\r\n\r\n", 4);
	scene_rtp(&scene, 2, "203.0.113.99:4000", "192.0.2.1:17000", 3, 1);
	scene_done(&scene);
	play("--ladder");
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	cr_expect_eq(sent("SIP/2.0 200", "192.0.2.20"), 1);
	cr_expect_eq(sent("SIP/2.0 ", "203.0.113.99"), 0);
	play_summary(run.play);
	expect_summary("dropped: 1 sip-source");
	expect_summary("dropped: 3 no-endpoint");
	expect_summary("* dropped: 1 sip-source");
	expect_summary("in: 2 SIP, 4 media and other datagrams");
	end();
	scene_remove(&scene);
}

Test(play, without_the_password)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	scene_done(&scene);
	unsetenv("SCENE_PASSWORD");
	play("");
	cr_assert_not_null(run.play);
	cr_expect_eq(play_never(run.play), 0);
	end();
	scene_remove(&scene);
}

Test(play, a_capture_of_others)
{
	scene_open(&scene);
	scene_direct_call(&scene);
	scene_done(&scene);
	play("");
	cr_expect_null(run.play);
	options_fini(&run.options);
	fclose(run.memory);
	free(run.summary);
	scene_remove(&scene);
}
