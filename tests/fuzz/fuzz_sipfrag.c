/* A NOTIFY with the input as its message/sipfrag body, and the input as a whole datagram: what the call's trace and the
 * ladders read of them. Nothing that is shown holds a control character or a password, the first line of a fragment is
 * the beginning of its body, and a parsed message is read as its bytes are. */
#include "call/trace.h"
#include "fuzz.h"
#include "ladder/ladder.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static void plain(const char *text, size_t size)
{
	fuzz_check(strnlen(text, size) < size);
	for (const char *p = text; *p; p++)
		fuzz_check((unsigned char)*p >= 0x20 && *p != 0x7f, "control character %02x", (unsigned char)*p);
}

static void label(const char *data, size_t len)
{
	char text[LADDER_LABEL];
	fuzz_check(ladder_label_bytes(text, data, len) == text);
	plain(text, sizeof(text));
}

static struct trace_message read_trace(const char *data, size_t len, const struct sip_message *message)
{
	struct trace_message out;
	struct trace_dialog dialog;
	struct sip_hop peer = {0};
	struct sip_traffic traffic = {.sent = !message, .peer = &peer, .data = data, .len = len, .message = message};
	memset(&out, 0x55, sizeof(out));
	trace_read(&out, &dialog, &traffic);
	plain(out.start_line, sizeof(out.start_line));
	plain(out.cseq, sizeof(out.cseq));
	plain(out.sipfrag, sizeof(out.sipfrag));
	plain(out.refer_to, sizeof(out.refer_to));
	fuzz_check(strnlen(dialog.call_id, sizeof(dialog.call_id)) < sizeof(dialog.call_id));
	fuzz_check(strnlen(dialog.local_tag, sizeof(dialog.local_tag)) < sizeof(dialog.local_tag));
	return out;
}

/* What came is read from the parsed message, what we sent from its bytes: the same must come out. */
static void datagram(const char *data, size_t len)
{
	char why[160];
	struct sip_message *message = NULL;
	struct trace_message raw = read_trace(data, len, NULL);
	label(data, len);
	if (sip_message_parse(&message, data, len, why, sizeof(why)) == 0) {
		struct trace_message parsed = read_trace(data, len, message);
		fuzz_check(parsed.digest == raw.digest);
		fuzz_check(strcmp(parsed.start_line, raw.start_line) == 0, "%s / %s", parsed.start_line,
			   raw.start_line);
	}
	sip_message_destroy(message);
}

static void fragment(const uint8_t *body, size_t len)
{
	char *text = NULL;
	size_t text_len = 0;
	FILE *out = open_memstream(&text, &text_len);
	fuzz_check(out);
	fprintf(
	    out,
	    "NOTIFY sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
	    "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 7 NOTIFY\r\nMax-Forwards: 70\r\nEvent: refer\r\n"
	    "Subscription-State: active\r\nContent-Type: message/sipfrag;version=2.0\r\nContent-Length: %zu\r\n\r\n",
	    len);
	fwrite(body, 1, len, out);
	fclose(out);
	struct trace_message message = read_trace(text, text_len, NULL);
	size_t shown = strlen(message.sipfrag);
	fuzz_check(strncmp(message.cseq, "7 NOTIFY", 8) == 0 && message.in_dialog);
	fuzz_check(shown <= len, "more is shown than there is");
	for (size_t i = 0; i < shown; i++) {
		char wanted = body[i] < 0x20 || body[i] == 0x7f ? ' ' : (char)body[i];
		fuzz_check(message.sipfrag[i] == wanted, "byte %zu of the fragment is another", i);
	}
	datagram(text, text_len);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fragment(data, len);
	char *copy = malloc(len ? len : 1);
	fuzz_check(copy);
	if (len)
		memcpy(copy, data, len);
	datagram(copy, len);
	free(copy);
	return 0;
}
