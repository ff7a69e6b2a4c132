#include "media/link_codec.h"

#include <criterion/criterion.h>

static struct link_writer writer;

Test(link_codec, every_type_round_trips)
{
	static const struct {
		uint16_t type;
		size_t size;
	} types[] = {
#define X(symbol, number, name, body) {XF_LINK_##symbol, sizeof(body)},
	    XF_LINK_TYPES(X)
#undef X
	};
	static uint8_t body[sizeof(types) / sizeof(types[0])][8192], got[8192];
	unsigned count = sizeof(types) / sizeof(types[0]);
	writer.len = 0;
	for (unsigned i = 0; i < count; i++) {
		for (unsigned b = 0; b < types[i].size; b++)
			body[i][b] = (uint8_t)(i * 31 + b);
		cr_assert_eq(link_writer_add(&writer, types[i].type, i + 1, body[i], types[i].size), 0);
		cr_assert_eq(writer.len % 8, 0);
	}
	/* The reader must not lean on alignment. */
	uint8_t *odd = malloc(writer.len + 1);
	memcpy(odd + 1, writer.packet, writer.len);
	struct link_reader reader;
	struct link_record record;
	link_reader_init(&reader, odd + 1, writer.len);
	for (unsigned i = 0; i < count; i++) {
		cr_assert_eq(link_reader_next(&reader, &record), 1);
		cr_assert_eq(record.type, types[i].type);
		cr_assert_eq(record.sequence, i + 1);
		cr_assert_eq(link_record_body(&record, got, types[i].size), 0);
		cr_assert_arr_eq(got, body[i], types[i].size);
		cr_assert_eq(link_record_body(&record, got, types[i].size - 1), -EBADMSG);
	}
	cr_assert_eq(link_reader_next(&reader, &record), 0);
	free(odd);
}

Test(link_codec, a_packet_is_filled_to_the_byte)
{
	static uint8_t body[XF_LINK_PACKET_MAX];
	writer.len = 0;
	cr_assert_eq(link_writer_add(&writer, 1, 1, body, 32768 - 8), 0);
	cr_assert_eq(link_writer_add(&writer, 1, 2, body, 32768 - 8 + 1), -ENOBUFS);
	cr_assert_eq(writer.len, 32768);
	cr_assert_eq(link_writer_add(&writer, 1, 2, body, 32768 - 8), 0);
	cr_assert_eq(writer.len, XF_LINK_PACKET_MAX);
	cr_assert_eq(link_writer_add(&writer, 1, 3, body, 0), -ENOBUFS);
	writer.len = 0;
	cr_assert_eq(link_writer_add(&writer, 1, 3, body, 65536), -EMSGSIZE);
}

Test(link_codec, every_truncation_is_refused)
{
	struct xf_link_ack ack = {.result = 5};
	struct link_record record;
	struct link_reader reader;
	writer.len = 0;
	link_writer_add(&writer, XF_LINK_ACK, 9, &ack, sizeof(ack));
	for (size_t len = 1; len < writer.len; len++) {
		uint8_t *copy = malloc(len); /* of this size, so that a sanitizer sees a step beyond */
		memcpy(copy, writer.packet, len);
		link_reader_init(&reader, copy, len);
		cr_assert_eq(link_reader_next(&reader, &record), -EBADMSG, "at %zu", len);
		free(copy);
	}
	link_reader_init(&reader, writer.packet, 0);
	cr_assert_eq(link_reader_next(&reader, &record), 0);
}
