#include "trace_sdp.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include "ladder/bytes.h"

#define TYPES_MAX 24 /* of one address */

struct type {
	uint8_t number;
	char name[TRACE_CODEC];
};

struct media {
	struct xf_sockaddr address; /* first: the key */
	struct type types[TYPES_MAX];
	unsigned type_count;
};

struct trace_sdp {
	void *media; /* tree of struct media */
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct xf_sockaddr));
}

int trace_sdp_create(struct trace_sdp **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void trace_sdp_destroy(struct trace_sdp *sdp)
{
	if (sdp)
		tdestroy(sdp->media, free);
	free(sdp);
}

static const struct media *find(const struct trace_sdp *sdp, const struct xf_sockaddr *address)
{
	void *const *node = tfind(address, &sdp->media, compare);
	return node ? *node : NULL;
}

bool trace_sdp_has(const struct trace_sdp *sdp, const struct xf_sockaddr *address)
{
	return find(sdp, address);
}

static int put(struct trace_sdp *sdp, const struct media *media)
{
	static const struct xf_addr any = {.family = 4}, any6 = {.family = 6};
	const struct xf_addr *addr = &media->address.addr;
	if (!media->address.port || !addr->family || xf_addr_eq(addr, &any) || xf_addr_eq(addr, &any6))
		return 0; /* refused, on hold, or by name */
	struct media *known = (struct media *)find(sdp, &media->address);
	if (known) {
		*known = *media;
		return 0;
	}
	struct media *copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *media;
	if (tsearch(copy, &sdp->media, compare))
		return 0;
	free(copy);
	return -ENOMEM;
}

/* The next word, of at most size - 1 bytes; what is longer is none. */
static bool word(struct bytes *rest, const char *ends, char *buf, size_t size)
{
	size_t len = 0;
	*rest = bytes_trim(*rest);
	while (len < rest->len && rest->ptr[len] && !strchr(ends, rest->ptr[len]))
		len++;
	if (len == 0 || len >= size)
		return false;
	memcpy(buf, rest->ptr, len);
	buf[len] = 0;
	rest->ptr += len;
	rest->len -= len;
	return true;
}

/* "c=IN IP4 192.0.2.1/127" */
static void read_address(struct bytes rest, struct xf_addr *addr)
{
	char net[8], family[8], text[XF_ADDR_STRLEN];
	*addr = (struct xf_addr){0};
	if (word(&rest, " ", net, sizeof(net)) && word(&rest, " ", family, sizeof(family)) &&
	    word(&rest, " /", text, sizeof(text)) && xf_addr_parse(addr, text) < 0)
		*addr = (struct xf_addr){0};
}

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;
	*value = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && *value <= max;
}

/* "m=audio 16384 RTP/AVP 0 101" */
static void read_media(struct bytes rest, struct media *media)
{
	char text[24];
	unsigned long value;
	if (!word(&rest, " ", text, sizeof(text)) || (strcmp(text, "audio") != 0 && strcmp(text, "video") != 0))
		return;
	if (word(&rest, " /", text, sizeof(text)) && number(text, UINT16_MAX, &value))
		media->address.port = (uint16_t)value;
}

/* "a=rtpmap:101 telephone-event/8000" */
static void read_type(struct bytes rest, struct media *media)
{
	char text[8];
	unsigned long value;
	struct type *type = &media->types[media->type_count];
	if (media->type_count < TYPES_MAX && word(&rest, " ", text, sizeof(text)) && number(text, 127, &value) &&
	    word(&rest, " /", type->name, sizeof(type->name))) {
		type->number = (uint8_t)value;
		media->type_count++;
	}
}

int trace_sdp_add(struct trace_sdp *sdp, const char *body, size_t len)
{
	struct bytes rest = {body, len}, line;
	struct xf_addr session = {0};
	struct media media = {0};
	bool in_media = false;
	int r = 0;
	while (r == 0 && bytes_line(&rest, &line)) {
		struct bytes value =
		    line.len > 2 ? (struct bytes){line.ptr + 2, line.len - 2} : (struct bytes){line.ptr, 0};
		if (bytes_begin(line, "m=")) {
			r = put(sdp, &media);
			media = (struct media){.address.addr = session};
			in_media = true;
			read_media(value, &media);
		} else if (bytes_begin(line, "c=")) {
			read_address(value, in_media ? &media.address.addr : &session);
		} else if (bytes_begin(line, "a=rtpmap:")) {
			read_type((struct bytes){line.ptr + 9, line.len - 9}, &media);
		}
	}
	return r == 0 ? put(sdp, &media) : r;
}

static const char *name_in(const struct media *media, uint8_t payload_type)
{
	for (unsigned i = 0; media && i < media->type_count; i++)
		if (media->types[i].number == payload_type)
			return media->types[i].name;
	return NULL;
}

const char *trace_sdp_codec(const struct trace_sdp *sdp, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
			    uint8_t payload_type, char buf[static TRACE_CODEC])
{
	static const char *const fixed[] = {
	    [0] = "PCMU",  [3] = "GSM",	  [4] = "G723",	 [8] = "PCMA",	[9] = "G722", [13] = "CN",
	    [15] = "G728", [18] = "G729", [26] = "JPEG", [31] = "H261", [34] = "H263"};
	const char *name = name_in(find(sdp, to), payload_type);
	if (!name)
		name = name_in(find(sdp, from), payload_type);
	if (!name && payload_type < sizeof(fixed) / sizeof(fixed[0]))
		name = fixed[payload_type];
	if (name)
		snprintf(buf, TRACE_CODEC, "%s", name);
	else
		snprintf(buf, TRACE_CODEC, "payload %u", payload_type);
	return buf;
}
