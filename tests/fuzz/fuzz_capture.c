/* Captures: whatever the bytes are, each unit lies within what was given, the notes add up, and reading ends. The first
 * byte says what the rest is: a capture file; frames of one link layer; IP packets for reassembly alone; or TCP
 * segments of one connection, so that the streams are reached without luck. */
#include "capture/capture.h"
#include "fuzz.h"

/* Reads every byte, so that one that is not there is found. */
static unsigned touch(const uint8_t *data, size_t len)
{
	unsigned sum = 0;
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + data[i];
	return sum;
}

static volatile unsigned sink;

static void judge_unit(const struct capture_unit *unit, const struct capture_notes *notes)
{
	sink = touch(unit->data, unit->len);
	fuzz_check(unit->kind == CAPTURE_UDP || unit->kind == CAPTURE_SIP_TCP);
	fuzz_check(unit->number > 0, "packets count from 1");
	fuzz_check(unit->from.addr.family == 4 || unit->from.addr.family == 6);
	fuzz_check(unit->to.addr.family == 4 || unit->to.addr.family == 6);
	fuzz_check(unit->len <= 65535 + 1, "%zu", unit->len);
	if (unit->kind == CAPTURE_SIP_TCP)
		fuzz_check(!unit->cut && !unit->ip && unit->len >= 14 && notes->tcp_streams_sip > 0);
	if (unit->ip) {
		sink = touch(unit->ip, unit->ip_len);
		fuzz_check(!unit->cut && unit->data >= unit->ip + 28 &&
			   unit->data + unit->len <= unit->ip + unit->ip_len);
	}
}

static void judge_notes(const struct capture_notes *n)
{
	fuzz_check(n->not_ip + n->short_packets + n->other_protocols <= n->packets);
	fuzz_check(n->cut <= n->packets && n->fragments <= n->packets && n->tcp_packets <= n->packets);
	fuzz_check(n->fragments_lost <= n->fragments);
	fuzz_check(n->tcp_streams <= n->tcp_packets && n->tcp_streams_sip <= n->tcp_streams);
	fuzz_check(n->tls_streams <= n->tcp_streams);
	fuzz_check(n->out_of_order < n->packets || n->packets == 0);
	fuzz_check(memchr(n->damage, 0, sizeof(n->damage)));
}

static void read_all(const uint8_t *data, size_t len)
{
	struct capture_reader *reader;
	struct capture_unit unit;
	char why[CAPTURE_WHY];
	int rc = capture_reader_memory(&reader, data, len, why);

	fuzz_check((rc == 0) == (why[0] == 0), "a reason, and only on failure: '%s'", why);
	if (rc < 0)
		return;
	const struct capture_notes *notes = capture_reader_notes(reader);
	while ((rc = capture_reader_next(reader, &unit)) == 1)
		judge_unit(&unit, notes);
	fuzz_check(rc == 0, "%d", rc);
	fuzz_check(capture_reader_next(reader, &unit) == 0, "the end stays the end");
	judge_notes(notes);
	capture_reader_close(reader);
}

static void put32(FILE *out, uint32_t v)
{
	fwrite(&v, 4, 1, out);
}

static FILE *begin(char **file, size_t *len, uint32_t link)
{
	FILE *out = open_memstream(file, len);
	fuzz_check(out);
	put32(out, 0xa1b23c4d);
	put32(out, 4u << 16 | 2);
	put32(out, 0);
	put32(out, 0);
	put32(out, 65535);
	put32(out, link);
	return out;
}

static void record(FILE *out, uint32_t *ms, int step, const uint8_t *data, size_t len, size_t missing)
{
	*ms = (uint32_t)((int64_t)*ms + step);
	put32(out, *ms / 1000);
	put32(out, *ms % 1000 * 1000000);
	put32(out, (uint32_t)len);
	put32(out, (uint32_t)(len + missing));
	fwrite(data, 1, len, out);
}

/* A step of the clock: mostly a few ms, back too, sometimes seconds. */
static int step(uint8_t byte)
{
	int ms = (int8_t)byte;
	return ms > 100 || ms < -100 ? ms * 100 : ms;
}

static void frames(struct fuzz_bytes in)
{
	static const uint32_t links[] = {1, 113, 276, 101, 228, 229, 0, 108};
	char *file = NULL;
	size_t len = 0, got;
	uint32_t ms = 100000;
	FILE *out = begin(&file, &len, links[fuzz_u8(&in) % 8]);

	while (in.left) {
		int by = step(fuzz_u8(&in));
		size_t want = fuzz_u8(&in), missing = fuzz_u8(&in) % 16 ? 0 : 9;
		const uint8_t *data = fuzz_take(&in, want, &got);
		record(out, &ms, by, data, got, missing);
	}
	fclose(out);
	read_all((const uint8_t *)file, len);
	free(file);
}

static void reassemble(struct fuzz_bytes in)
{
	static const int links[] = {1, 113, 276, 12, 228, 229, 0, 108, 147};
	struct capture_reassembly *r;
	uint64_t ns = 1;

	fuzz_check(capture_reassembly_create(&r) == 0);
	while (in.left) {
		const uint8_t *ip, *whole;
		size_t ip_len, whole_len, got;
		bool cut;
		int link = links[fuzz_u8(&in) % 9];
		ns += fuzz_u8(&in) * 100000000ull;
		size_t want = fuzz_u8(&in);
		const uint8_t *data = fuzz_take(&in, want, &got);
		/* In a block of its own: what lies beyond is found. */
		uint8_t *frame = malloc(got ? got : 1);
		fuzz_check(frame);
		memcpy(frame, data, got);
		if (capture_frame(link, frame, got, &ip, &ip_len, &cut) == CAPTURE_FRAME_IP) {
			fuzz_check(ip >= frame && ip + ip_len <= frame + got && ip_len >= 20);
			int rc = capture_reassembly_add(r, ns, ip, ip_len, &whole, &whole_len);
			fuzz_check(rc == 0 || rc == 1 || rc == -EBADMSG);
			if (rc == 1) {
				sink = touch(whole, whole_len);
				fuzz_check(whole_len <= 65535 + 40 && whole[0] >> 4 == ip[0] >> 4);
				fuzz_check(capture_frame(12, whole, whole_len, &ip, &ip_len, &cut) == CAPTURE_FRAME_IP);
				fuzz_check(ip_len == whole_len && !cut, "%zu of %zu", ip_len, whole_len);
			}
		}
		free(frame);
	}
	capture_reassembly_destroy(r);
}

/* One connection: its first side sends what `in` says, at sequence numbers near where it is. */
static void segments(struct fuzz_bytes in)
{
	char *file = NULL;
	size_t len = 0, got;
	uint32_t ms = 100000, next[2] = {1000, 0xffffff00u};
	FILE *out = begin(&file, &len, 228);

	while (in.left) {
		uint8_t packet[40 + 255] = {0x45, [8] = 64, [9] = 6, [12] = 10, [15] = 1, [16] = 10, [19] = 2};
		uint8_t how = fuzz_u8(&in);
		int by = step(fuzz_u8(&in)), side = how & 1;
		uint32_t seq = next[side], ack = htonl(next[!side] + (how & 2 ? 100u : 0u));
		size_t want = fuzz_u8(&in);
		const uint8_t *data = fuzz_take(&in, want, &got);
		if (how & 4)
			seq += (uint32_t)(int32_t)(int8_t)fuzz_u8(&in);
		else
			next[side] += (uint32_t)got;
		seq = htonl(seq);
		packet[3] = (uint8_t)(40 + got);
		packet[2] = (uint8_t)((40 + got) >> 8);
		packet[15] = side ? 2 : 1;
		packet[19] = side ? 1 : 2;
		packet[20 + side * 2] = packet[21 + side * 2] = 0x13;
		packet[22 - side * 2] = packet[23 - side * 2] = 0x14;
		memcpy(packet + 24, &seq, 4);
		memcpy(packet + 28, &ack, 4);
		packet[32] = 0x50;
		packet[33] = (uint8_t)((how & 8 ? 16 : 0) | (how & 16 ? 2 : 0) | (how & 32 ? 1 : 0));
		memcpy(packet + 40, data, got);
		record(out, &ms, by, packet, 40 + got, 0);
	}
	fclose(out);
	read_all((const uint8_t *)file, len);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_bytes in = {data, len};
	switch (fuzz_u8(&in) % 4) {
	case 0:
		read_all(in.at, in.left);
		break;
	case 1:
		frames(in);
		break;
	case 2:
		reassemble(in);
		break;
	case 3:
		segments(in);
		break;
	}
	return 0;
}
