#include "value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static const struct value_unit {
	const char *name;
	uint32_t ms;
} value_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}};

static const char *value_format_time(char buf[static 24], uint32_t ms)
{
	unsigned u = 0;

	while (u < 3 && ms && ms % value_units[u + 1].ms == 0)
		u++;
	snprintf(buf, 24, "%u%s", ms / value_units[u].ms, value_units[u].name);
	return buf;
}

uint32_t value_time(struct reader *r, const char *path, const char *text, struct value_range range)
{
	char lo[24], hi[24];
	char *unit;

	if (!text)
		return range.missing;
	size_t digits = strspn(text, "0123456789");
	unsigned long long v = strtoull(text, &unit, 10);
	uint64_t ms = UINT64_MAX;
	for (size_t i = 0; digits && digits < 10 && i < sizeof(value_units) / sizeof(value_units[0]); i++)
		if (strcmp(unit, value_units[i].name) == 0)
			ms = v * value_units[i].ms;
	value_format_time(lo, range.min);
	value_format_time(hi, range.max);
	const char *none = range.zero ? ", or 0s for none" : "";
	if (digits && !*unit)
		reader_reject(r, path, "'%.40s' has no unit; %s to %s%s, written like 500ms, 20s, 5m, 4h", text, lo, hi,
			      none);
	else if (ms == UINT64_MAX)
		reader_reject(r, path, "'%.40s' is no time; %s to %s%s, written like 500ms, 20s, 5m, 4h", text, lo, hi,
			      none);
	else if ((ms < range.min || ms > range.max) && !(range.zero && ms == 0))
		reader_reject(r, path, "'%.40s' is out of range; %s to %s%s", text, lo, hi, none);
	else
		return (uint32_t)ms;
	return range.missing;
}

uint32_t value_uint(struct reader *r, const char *path, const uint32_t *number, struct value_range range)
{
	if (!number)
		return range.missing;
	if (*number >= range.min && *number <= range.max)
		return *number;
	reader_reject(r, path, "'%u' is out of range; %u to %u", *number, range.min, range.max);
	return range.missing;
}

static bool value_is_name(const char *text, size_t max)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len && !text[len] && len <= max && isalnum((unsigned char)text[0]);
}

char *value_name(struct reader *r, const char *path, const char *text, size_t max)
{
	if (text && !value_is_name(text, max))
		reader_reject(r, path,
			      "'%.80s' is no name; 1 to %zu letters, digits, '.', '_', '-', a letter or digit first",
			      text, max);
	return reader_copy(r, text ? text : "");
}

char *value_socket(struct reader *r, const char *path, const char *text, const char *missing)
{
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (text && (text[0] != '/' || strlen(text) > max))
		reader_reject(r, path,
			      "'%.120s' is no place for a socket; a path that begins with / and has at most %zu bytes",
			      text, max);
	return reader_copy(r, text ? text : missing);
}

char *value_plain(struct reader *r, const char *path, const char *text, const char *missing)
{
	if (text && strpbrk(text, "\"\\<>"))
		reader_reject(r, path, "'%.80s' has a quote, backslash or bracket; text without \" \\ < >", text);
	return reader_copy(r, text ? text : missing);
}

static bool value_is_unicast(const struct xf_addr *a)
{
	static const uint8_t any[16];

	if (a->family == 4)
		return a->bytes[0] != 0 && a->bytes[0] < 224;
	return a->bytes[0] != 0xff && memcmp(a->bytes, any, 16) != 0;
}

struct xf_addr value_addr(struct reader *r, const char *path, const char *text)
{
	struct xf_addr a = {0};

	if (!text)
		return a;
	if (xf_addr_parse(&a, text) == 0 && value_is_unicast(&a))
		return a;
	reader_reject(r, path, "'%.80s' is no host's address; an IPv4 or IPv6 address, not multicast, broadcast or 0",
		      text);
	return (struct xf_addr){0};
}

/* The port behind an address: 1 to 65535, or 0. */
static uint16_t value_port(const char *text)
{
	size_t len = strspn(text, "0123456789");
	unsigned long v = len && len <= 5 && !text[len] ? strtoul(text, NULL, 10) : 0;

	return v <= 65535 ? (uint16_t)v : 0;
}

struct xf_sockaddr value_sockaddr(struct reader *r, const char *path, const char *text, uint16_t port)
{
	struct xf_sockaddr s = {.port = port};
	char host[XF_ADDR_STRLEN] = "";
	const char *colon;

	if (!text)
		return s;
	if (text[0] == '[') {
		const char *end = strchr(text, ']');
		size_t len = end ? (size_t)(end - text - 1) : 0;
		if (len && len < sizeof(host))
			memcpy(host, text + 1, len);
		colon = end && end[1] == ':' ? end + 1 : end && end[1] ? "" : NULL;
	} else {
		colon = strchr(text, ':');
		if (colon && strchr(colon + 1, ':'))
			colon = NULL;
		snprintf(host, sizeof(host), "%.*s", (int)(colon ? colon - text : (int)strlen(text)), text);
	}
	if (colon)
		s.port = value_port(*colon ? colon + 1 : "");
	if (xf_addr_parse(&s.addr, host) == 0 && s.port && value_is_unicast(&s.addr))
		return s;
	reader_reject(
	    r, path,
	    "'%.80s' is no address; an address of a host and a port, like 192.0.2.1:5060, [2001:db8::1]:5060, "
	    "or an address alone (port %u)",
	    text, port);
	return (struct xf_sockaddr){0};
}

struct xf_prefix value_prefix(struct reader *r, const char *path, const char *text)
{
	struct xf_prefix p = {0};
	int err = text ? xf_prefix_parse(&p, text) : 0;

	if (err == -EDOM)
		reader_reject(r, path, "'%.80s' has bits set behind its length; the first address of the block", text);
	else if (err == -ERANGE)
		reader_reject(r, path, "'%.80s' is too long a prefix; at most /32 (IPv4) or /128 (IPv6)", text);
	else if (err)
		reader_reject(r, path, "'%.80s' is no address block; like 192.0.2.0/24, 2001:db8::/32 or one address",
			      text);
	return err ? (struct xf_prefix){0} : p;
}

struct xf_prefix value_interface(struct reader *r, const char *path, const char *text)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	struct xf_prefix p = {0};
	char host[XF_ADDR_STRLEN];
	size_t digits = slash ? strspn(slash + 1, "0123456789") : 0;

	if (!text)
		return p;
	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - text) : 0, text);
	if (digits && digits <= 3 && !slash[1 + digits] && xf_addr_parse(&p.addr, host) == 0 &&
	    value_is_unicast(&p.addr)) {
		unsigned long len = strtoul(slash + 1, NULL, 10);
		p.prefix_len = (uint8_t)len;
		if (len >= 1 && len <= (p.addr.family == 4 ? 32 : 128))
			return p;
	}
	reader_reject(r, path,
		      "'%.80s' is no interface's address; its address and the length of its network, like 192.0.2.1/24",
		      text);
	return (struct xf_prefix){0};
}

void value_ports(struct reader *r, const char *path, const char *text, uint16_t *first, uint16_t *last)
{
	char a[8] = "";
	const char *dash = text ? strchr(text, '-') : NULL;
	static const char allowed[] = "an even first and an odd last one within 16384-32767";

	if (!text)
		return;
	snprintf(a, sizeof(a), "%.*s", dash && dash - text < 6 ? (int)(dash - text) : 0, text);
	unsigned from = value_port(a), to = dash ? value_port(dash + 1) : 0;
	if (!from || !to)
		reader_reject(r, path, "'%.40s' is no range of ports; %s", text, allowed);
	else if (from < 16384 || to > 32767 || from > to)
		reader_reject(r, path, "'%.40s' is out of range; %s", text, allowed);
	else if (from % 2 || to % 2 == 0)
		reader_reject(r, path, "'%.40s' cuts a pair of RTP and RTCP ports; %s", text, allowed);
	else {
		*first = (uint16_t)from;
		*last = (uint16_t)to;
	}
}

static bool value_is_domain(const char *text)
{
	size_t len = strlen(text), label = 0;

	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '.' && label == 0)
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63 || (c != '.' && c != '-' && c != '_' && !isalnum(c)))
			return false;
	}
	/* all digits and dots, and yet no address: 300.1.1.1 */
	return strspn(text, "0123456789.") != len;
}

bool value_is_host(const char *text)
{
	struct xf_addr a;

	return xf_addr_parse(&a, text) == 0 || value_is_domain(text);
}

/* Splits behind the scheme. False if it is no URI that we can send to. */
static bool value_split_uri(const char *text, char user[static 128], char host[static 256], uint16_t *port)
{
	const char *at = strchr(text, '@'), *h = at ? at + 1 : text, *end;
	size_t user_len = at ? (size_t)(at - text) : 0, host_len;

	if (at && (user_len == 0 || user_len > 127 || strcspn(text, ":<>\"\\ /?;") < user_len))
		return false;
	memcpy(user, text, user_len);
	user[user_len] = 0;
	if (*h == '[') {
		end = strchr(++h, ']');
		if (!end || !memchr(h, ':', (size_t)(end - h)))
			return false;
		host_len = (size_t)(end++ - h);
	} else {
		host_len = strcspn(h, ":;");
		end = h + host_len;
	}
	if (host_len > 253)
		return false;
	memcpy(host, h, host_len);
	host[host_len] = 0;
	*port = 0;
	if (*end == ':') {
		char digits[8] = "";
		size_t len = strcspn(++end, ";");
		if (len < sizeof(digits))
			memcpy(digits, end, len);
		*port = value_port(digits);
		end += len;
		if (!*port)
			return false;
	}
	/* The only parameters that change nothing: UDP is what we speak. */
	if (*end && strcasecmp(end, ";transport=udp") != 0 && strcasecmp(end, ";user=phone") != 0)
		return false;
	return value_is_host(host);
}

/* sips:, or a ;transport= other than udp. */
static bool value_is_other_transport(const char *text)
{
	const char *transport = strcasestr(text, ";transport=");
	const char *value = transport ? transport + strlen(";transport=") : "udp";

	return strncasecmp(text, "sips:", 5) == 0 || strncasecmp(value, "udp", 3) != 0 ||
	       isalnum((unsigned char)value[3]);
}

struct config_uri value_uri(struct reader *r, const char *path, const char *text)
{
	char user[128] = "", host[256] = "";
	uint16_t port = 0;

	if (text && value_is_other_transport(text))
		reader_reject(r, path,
			      "only SIP over UDP is spoken; sip:user@host:port, without sips: and ;transport=");
	else if (text && strncasecmp(text, "sip:", 4) == 0 && strchr(text, '@') &&
		 memchr(text + 4, ':', (size_t)(strchr(text, '@') - text - 4)))
		reader_reject(r, path, "a password in a URI; secrets stand in password-file or password-env");
	else if (text && (strncasecmp(text, "sip:", 4) != 0 || !value_split_uri(text + 4, user, host, &port)))
		reader_reject(r, path, "'%.120s' is no SIP URI; sip:user@host:port, user and port where needed", text);
	return (struct config_uri){
	    .text = reader_copy(r, text ? text : ""),
	    .user = reader_copy(r, user),
	    .host = reader_copy(r, host),
	    .port = port,
	};
}

char *value_region(struct reader *r, const char *path, const char *text)
{
	if (text && !e164_region_known(text))
		reader_reject(r, path, "'%.20s' is no region; two capital letters of ISO 3166, like US or GB", text);
	return reader_copy(r, text);
}

char *value_number(struct reader *r, const char *path, const char *text)
{
	struct e164 number = {0};
	char why[E164_WHY_MAX];

	if (!text)
		return reader_copy(r, "");
	enum e164_result result = e164_parse(&number, text, NULL);
	if (result == E164_NO_REGION)
		reader_reject(r, path,
			      "'%.80s' has no country code; write it with + and the country code, like +12025550143",
			      text);
	else if (result != E164_OK)
		reader_reject(r, path, "'%.80s' %s; a number like +12025550143", text,
			      e164_explain(why, sizeof(why), result, &number));
	else if (!number.valid)
		reader_warn(r, path, "'%.80s' is possible, but not known to the numbering data (%s)", text,
			    e164_data_version());
	return reader_copy(r, number.text);
}
