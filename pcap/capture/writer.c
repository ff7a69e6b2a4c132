/* A pcap of Ethernet frames with nanoseconds. */
#include "capture.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ip.h"

#define WRITER_BUFFER  (256 * 1024)
#define WRITER_SNAPLEN (256 * 1024) /* as libpcap's largest */
#define WRITER_MTU     1500
#define WRITER_TTL     64

/* The file format's headers, in this machine's byte order: readers tell it by the magic. */
struct writer_file_header {
	uint32_t magic;
	uint16_t major, minor;
	int32_t zone;
	uint32_t figures, snaplen, link;
};

struct writer_record {
	uint32_t seconds, nanoseconds, len, wire_len;
};

struct capture_writer {
	int fd;
	int error; /* the first one; -errno */
	uint32_t id;
	uint64_t ns; /* of the datagram that is being written */
	uint8_t ether[14];
	size_t fill;
	char *path, *temporary; /* temporary NULL: written in place */
	uint8_t buffer[WRITER_BUFFER];
};

static void writer_write(struct capture_writer *w, const uint8_t *data, size_t len)
{
	while (len && !w->error) {
		ssize_t n = write(w->fd, data, len);
		if (n < 0 && errno != EINTR)
			w->error = -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void writer_flush(struct capture_writer *w)
{
	writer_write(w, w->buffer, w->fill);
	w->fill = 0;
}

/* What is not a plain file (a pipe, /dev/null) is written in place: to rename over it would replace it. */
static int writer_create(struct capture_writer *w)
{
	struct stat st;
	if (stat(w->path, &st) == 0 && !S_ISREG(st.st_mode))
		return open(w->path, O_WRONLY | O_CLOEXEC);
	for (unsigned n = 0; n < 1000; n++) {
		free(w->temporary);
		if (asprintf(&w->temporary, "%s.%u.tmp", w->path, n) < 0) {
			w->temporary = NULL;
			errno = ENOMEM;
			return -1;
		}
		int fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static void writer_free(struct capture_writer *w)
{
	free(w->path);
	free(w->temporary);
	free(w);
}

int capture_writer_open(struct capture_writer **out, const char *path, char why[static CAPTURE_WHY])
{
	static const struct writer_file_header header = {
	    .magic = 0xa1b23c4d, .major = 2, .minor = 4, .snaplen = WRITER_SNAPLEN, .link = 1};
	struct capture_writer *w = malloc(sizeof(*w));
	char *copy = strdup(path);

	why[0] = 0;
	if (!w || !copy) {
		free(w);
		free(copy);
		snprintf(why, CAPTURE_WHY, "out of memory");
		return -ENOMEM;
	}
	memset(w, 0, offsetof(struct capture_writer, buffer));
	w->path = copy;
	w->fd = strcmp(path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : writer_create(w);
	if (w->fd < 0) {
		int rc = -errno;
		snprintf(why, CAPTURE_WHY, "cannot be written: %s", strerror(-rc));
		writer_free(w);
		return rc;
	}
	memcpy(w->buffer, &header, sizeof(header));
	w->fill = sizeof(header);
	*out = w;
	return 0;
}

/* Room for a record of len bytes, its header filled in; NULL: it cannot be. */
static uint8_t *writer_reserve(struct capture_writer *w, uint64_t ns, size_t len)
{
	uint64_t seconds = ns / 1000000000;
	struct writer_record record = {(uint32_t)seconds, (uint32_t)(ns % 1000000000), (uint32_t)len, (uint32_t)len};

	if (w->error)
		return NULL;
	if (len + sizeof(record) > sizeof(w->buffer) || seconds > UINT32_MAX) {
		w->error = seconds > UINT32_MAX ? -ERANGE : -EMSGSIZE;
		return NULL;
	}
	if (sizeof(w->buffer) - w->fill < len + sizeof(record))
		writer_flush(w);
	uint8_t *at = w->buffer + w->fill;
	memcpy(at, &record, sizeof(record));
	w->fill += sizeof(record) + len;
	return at + sizeof(record);
}

void capture_writer_frame(struct capture_writer *w, uint64_t ns, const void *frame, size_t len)
{
	uint8_t *at = writer_reserve(w, ns, len);
	if (at && len)
		memcpy(at, frame, len);
}

static void writer_packet(void *arg, const void *packet, size_t len)
{
	struct capture_writer *w = arg;
	uint8_t *at = writer_reserve(w, w->ns, sizeof(w->ether) + len);
	if (!at)
		return;
	memcpy(at, w->ether, sizeof(w->ether));
	memcpy(at + sizeof(w->ether), packet, len);
}

/* Locally administered, and the same for the same host: its address's last four bytes. */
static void writer_mac(uint8_t mac[static 6], const struct xf_addr *addr)
{
	mac[0] = 2;
	mac[1] = addr->family;
	memcpy(mac + 2, addr->family == 4 ? addr->bytes : addr->bytes + 12, 4);
}

void capture_writer_udp(struct capture_writer *w, uint64_t ns, const struct xf_sockaddr *from,
			const struct xf_sockaddr *to, const void *data, size_t len)
{
	w->ns = ns;
	writer_mac(w->ether, &to->addr);
	writer_mac(w->ether + 6, &from->addr);
	capture_put16(w->ether + 12, to->addr.family == 4 ? 0x0800 : 0x86dd);
	int rc = capture_build_udp(from, to, WRITER_TTL, 0, ++w->id, WRITER_MTU, data, len, writer_packet, w);
	if (rc < 0 && !w->error)
		w->error = rc;
}

int capture_writer_close(struct capture_writer *w, bool keep)
{
	if (!w)
		return 0;
	if (keep)
		writer_flush(w);
	if (close(w->fd) < 0 && !w->error)
		w->error = -errno;
	int rc = keep ? w->error : 0;
	if (w->temporary) {
		if (keep && rc == 0 && rename(w->temporary, w->path) < 0)
			rc = -errno;
		if (!keep || rc < 0)
			unlink(w->temporary);
	}
	writer_free(w);
	return rc;
}
