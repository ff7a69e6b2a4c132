/* Packets of a pcap or pcapng file; libpcap knows the formats, both byte orders and the units of time. */
#include "capture.h"

#include <pcap/pcap.h>

#define FILE_BUFFER (256 * 1024)

struct capture_file {
	pcap_t *pcap;
	char *buffer; /* of stdio */
	int link;
	uint64_t number;
};

static int file_known(struct capture_file *file, char why[static CAPTURE_WHY])
{
	file->link = pcap_datalink(file->pcap);
	if (capture_link_known(file->link))
		return 0;
	const char *name = pcap_datalink_val_to_name(file->link);
	snprintf(why, CAPTURE_WHY,
		 "link type %s (%d) is not known; known are Ethernet, Linux cooked (v1, v2), raw IP, NULL and loopback",
		 name ? name : "without a name", file->link);
	return -EPROTONOSUPPORT;
}

/* Takes the stream over, also when it fails. */
static int file_open(struct capture_file **out, FILE *stream, char why[static CAPTURE_WHY])
{
	char error[PCAP_ERRBUF_SIZE] = "";
	struct capture_file *file = calloc(1, sizeof(*file));
	int rc = -ENOMEM;

	if (file)
		file->buffer = malloc(FILE_BUFFER);
	if (!file || !file->buffer) {
		snprintf(why, CAPTURE_WHY, "out of memory");
		goto err_stream;
	}
	setvbuf(stream, file->buffer, _IOFBF, FILE_BUFFER);
	file->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!file->pcap) {
		snprintf(why, CAPTURE_WHY, "not a pcap or pcapng file, or damaged before its first packet: %.160s",
			 error);
		rc = -EBADMSG;
		goto err_stream;
	}
	rc = file_known(file, why);
	if (rc < 0) {
		capture_file_close(file);
		return rc;
	}
	*out = file;
	return 0;

err_stream:
	if (stream != stdin)
		fclose(stream);
	else
		setvbuf(stream, NULL, _IONBF, 0);
	if (file)
		free(file->buffer);
	free(file);
	return rc;
}

int capture_file_open(struct capture_file **out, const char *path, char why[static CAPTURE_WHY])
{
	why[0] = 0;
	if (strcmp(path, "-") == 0)
		return file_open(out, stdin, why);
	FILE *stream = fopen(path, "rbe");
	if (!stream) {
		int rc = -errno;
		snprintf(why, CAPTURE_WHY, "cannot be opened: %s", strerror(-rc));
		return rc;
	}
	return file_open(out, stream, why);
}

int capture_file_memory(struct capture_file **out, const void *data, size_t len, char why[static CAPTURE_WHY])
{
	why[0] = 0;
	/* Mode "r" never writes to it. */
	FILE *stream = len ? fmemopen((void *)(uintptr_t)data, len, "rb") : fopen("/dev/null", "rbe");
	if (!stream) {
		int rc = -errno;
		snprintf(why, CAPTURE_WHY, "cannot be read from memory: %s", strerror(-rc));
		return rc;
	}
	return file_open(out, stream, why);
}

void capture_file_close(struct capture_file *file)
{
	if (!file)
		return;
	bool standard = pcap_file(file->pcap) == stdin;
	pcap_close(file->pcap);
	if (standard)
		setvbuf(stdin, NULL, _IONBF, 0);
	free(file->buffer);
	free(file);
}

int capture_file_link(const struct capture_file *file)
{
	return file->link;
}

/* libpcap takes the 32 bits of a pcap's seconds as signed; they are not (until 2106). */
static uint64_t file_ns(const struct timeval *at)
{
	uint64_t seconds = (uint64_t)at->tv_sec;
	if (at->tv_sec < 0 && at->tv_sec >= INT32_MIN)
		seconds = (uint32_t)at->tv_sec;
	return seconds * 1000000000u + (at->tv_usec > 0 ? (uint64_t)at->tv_usec : 0);
}

int capture_file_next(struct capture_file *file, struct capture_packet *packet, char why[static CAPTURE_WHY])
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int rc = pcap_next_ex(file->pcap, &header, &data);

	if (rc == PCAP_ERROR_BREAK)
		return 0;
	if (rc != 1) {
		snprintf(why, CAPTURE_WHY, "packet %llu: %.200s", (unsigned long long)file->number + 1,
			 pcap_geterr(file->pcap));
		return -EBADMSG;
	}
	packet->number = ++file->number;
	packet->ns = file_ns(&header->ts);
	packet->data = data;
	packet->len = header->caplen;
	packet->wire_len = header->len > header->caplen ? header->len : header->caplen;
	return 1;
}
