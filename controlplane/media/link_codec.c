#include "media/link_codec.h"

int link_writer_add(struct link_writer *writer, uint16_t type, uint32_t sequence, const void *body, size_t body_len)
{
	size_t size = xf_link_record_size(body_len);
	if (body_len > UINT16_MAX || size > sizeof(writer->packet))
		return -EMSGSIZE;
	if (size > sizeof(writer->packet) - writer->len)
		return -ENOBUFS;
	struct xf_link_record header = {.type = type, .body_len = (uint16_t)body_len, .sequence = sequence};
	uint8_t *at = writer->packet + writer->len;
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), body, body_len);
	memset(at + sizeof(header) + body_len, 0, size - sizeof(header) - body_len);
	writer->len += size;
	return 0;
}

void link_reader_init(struct link_reader *reader, const void *packet, size_t len)
{
	reader->at = packet;
	reader->left = len;
}

int link_reader_next(struct link_reader *reader, struct link_record *record)
{
	struct xf_link_record header;
	if (reader->left == 0)
		return 0;
	if (reader->left < sizeof(header))
		return -EBADMSG;
	memcpy(&header, reader->at, sizeof(header));
	size_t size = xf_link_record_size(header.body_len);
	if (size > reader->left)
		return -EBADMSG;
	*record = (struct link_record){
	    .type = header.type,
	    .body_len = header.body_len,
	    .sequence = header.sequence,
	    .body = reader->at + sizeof(header),
	};
	reader->at += size;
	reader->left -= size;
	return 1;
}

int link_record_body(const struct link_record *record, void *body, size_t size)
{
	if (xf_link_body_size(record->type) != size || record->body_len != size)
		return -EBADMSG;
	memcpy(body, record->body, size);
	return 0;
}
