/* How much faster than it happened a capture is replayed, output written, beside what reading and writing the packets
 * of that capture alone takes.
 *
 * A: `xfergate-replay` as a user runs it, start of the process included.
 * B: the capture library alone: each datagram read, and written again. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "call_capture.h"
#include "capture/capture.h"
#include "turns.h"

struct bench {
	char folder[64], capture[96], config[96], out[96], tool[PATH_MAX];
	struct call_capture calls;
	double out_packets;
};

static uint64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double replay_turn(void *arg)
{
	struct bench *b = arg;
	uint64_t start = wall_ns();
	int status;
	pid_t child = fork();
	turns_require(child >= 0, "no process");
	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execl(b->tool, b->tool, b->capture, "-c", b->config, "-o", b->out, NULL);
		_exit(127);
	}
	turns_require(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "%s ended with status %d", b->tool, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return (double)(wall_ns() - start);
}

/* Datagrams of the file; written again to `out` if it is not NULL. */
static uint64_t copy(const char *path, const char *out)
{
	char why[CAPTURE_WHY];
	struct capture_reader *reader;
	struct capture_writer *writer = NULL;
	struct capture_unit unit;
	uint64_t count = 0;
	turns_require(capture_reader_open(&reader, path, why) == 0, "%s", why);
	turns_require(!out || capture_writer_open(&writer, out, why) == 0, "%s", why);
	for (; capture_reader_next(reader, &unit) == 1; count++)
		if (out)
			capture_writer_udp(writer, unit.ns, &unit.from, &unit.to, unit.data, unit.len);
	capture_reader_close(reader);
	turns_require(!out || capture_writer_close(writer, true) == 0, "%s cannot be written", out ? out : "");
	return count;
}

static double copy_turn(void *arg)
{
	struct bench *b = arg;
	uint64_t start = wall_ns();
	copy(b->capture, b->out);
	return (double)(wall_ns() - start);
}

static void prepare(struct bench *b)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	turns_require(n > 0, "who am I?");
	self[n] = 0;
	*strrchr(self, '/') = 0;
	snprintf(b->tool, sizeof(b->tool), "%.3000s/../../pcap/replay/xfergate-replay", self);
	strcpy(b->folder, "/tmp/xfergate-bench-XXXXXX");
	turns_require(mkdtemp(b->folder), "no folder");
	snprintf(b->capture, sizeof(b->capture), "%s/in.pcap", b->folder);
	snprintf(b->config, sizeof(b->config), "%s/config.yaml", b->folder);
	snprintf(b->out, sizeof(b->out), "%s/out.pcap", b->folder);
	FILE *config = fopen(b->config, "w");
	turns_require(config && fputs(CALL_CAPTURE_CONFIG, config) >= 0 && fclose(config) == 0, "no configuration");
	call_capture_write(&b->calls, b->capture);
}

static void clean(const struct bench *b)
{
	unlink(b->capture);
	unlink(b->config);
	unlink(b->out);
	rmdir(b->folder);
}

int main(int argc, char **argv)
{
	struct turns_options options;
	struct turns_result result;
	static struct bench b;
	turns_parse(&options, argc, argv, 0);
	b.calls = options.quick ? (struct call_capture){.calls = 5, .seconds = 1, .per_second = 10}
				: (struct call_capture){.calls = 1000, .seconds = 20, .per_second = 10};
	prepare(&b);
	replay_turn(&b);
	/* What was said to one side was heard on the other. */
	uint64_t out_packets = copy(b.out, NULL);
	turns_require(out_packets >= b.calls.rtp, "only %llu of %llu packets of audio came out",
		      (unsigned long long)out_packets, (unsigned long long)b.calls.rtp);
	turns_run(&result, options.pairs, replay_turn, copy_turn, &b);
	clean(&b);
	double wall_s = result.a_ns / 1e9, factor = b.calls.span_s / wall_s;
	printf("%u calls of %u s, %.0f s in all, %llu packets toward the gateway\n"
	       "  replayed in                  %8.2f s  %.0f times real time, %.0f ns a packet\n"
	       "  read and written alone in    %8.2f s\n"
	       "  ratio %.2f (%.2f to %.2f in %u pairs)\n",
	       b.calls.calls, b.calls.seconds, b.calls.span_s, (unsigned long long)b.calls.packets, wall_s, factor,
	       result.a_ns / (double)b.calls.packets, result.b_ns / 1e9, result.ratio, result.ratio_min,
	       result.ratio_max, options.pairs);
	if (options.json)
		printf("{\"bench\":\"replay\",\"packets\":%llu,\"wall_s\":%.3f,\"realtime_factor\":%.1f,"
		       "\"copy_s\":%.3f,\"ratio\":%.2f,\"ratio_min\":%.2f,\"ratio_max\":%.2f,\"pairs\":%u}\n",
		       (unsigned long long)b.calls.packets, wall_s, factor, result.b_ns / 1e9, result.ratio,
		       result.ratio_min, result.ratio_max, options.pairs);
	return 0;
}
