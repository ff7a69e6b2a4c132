/* What a call costs the control plane, set up, transferred and taken down, beside what libosip2 alone takes to parse
 * and print the same messages.
 *
 * A: the whole plane in memory (exchange.h), calls that are transferred to a number.
 * B: osip_message_parse for each message that the plane received in such calls, osip_message_to_str for each that it
 * sent. */
#include <stdio.h>
#include <stdlib.h>
#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include "exchange.h"
#include "turns.h"

struct signalling {
	struct exchange *exchange;
	unsigned calls; /* in a turn */
	const struct exchange_message *messages;
	osip_message_t **parsed; /* of those that were sent */
	unsigned message_count, recorded_calls;
};

static double transferred_turn(void *arg)
{
	struct signalling *s = arg;
	return (double)exchange_calls(s->exchange, s->calls, true) / s->calls;
}

static double plain_turn(void *arg)
{
	struct signalling *s = arg;
	return (double)exchange_calls(s->exchange, s->calls, false) / s->calls;
}

static osip_message_t *osip_read(const struct exchange_message *message)
{
	osip_message_t *parsed;
	turns_require(osip_message_init(&parsed) == 0, "no memory");
	turns_require(osip_message_parse(parsed, message->text, message->len) == 0, "libosip2 refuses:\n%s",
		      message->text);
	return parsed;
}

static void osip_print(osip_message_t *parsed)
{
	char *text;
	size_t len;
	/* Else it would give back the text that it keeps from the last time. */
	osip_message_force_update(parsed);
	turns_require(osip_message_to_str(parsed, &text, &len) == 0, "libosip2 cannot print");
	osip_free(text);
}

/* One unit is a call, as on the other side. */
static double osip_turn(void *arg)
{
	struct signalling *s = arg;
	uint64_t start = turns_now_ns();
	for (unsigned i = 0; i < s->message_count; i++) {
		if (s->messages[i].sent)
			osip_print(s->parsed[i]);
		else
			osip_message_free(osip_read(&s->messages[i]));
	}
	return (double)(turns_now_ns() - start) / s->recorded_calls;
}

static void record(struct signalling *s)
{
	s->recorded_calls = s->calls;
	exchange_record(s->exchange, true);
	exchange_calls(s->exchange, s->recorded_calls, true);
	exchange_record(s->exchange, false);
	s->messages = exchange_recorded(s->exchange, &s->message_count);
	s->parsed = calloc(s->message_count, sizeof(osip_message_t *));
	turns_require(s->parsed, "no memory");
	for (unsigned i = 0; i < s->message_count; i++)
		s->parsed[i] = osip_read(&s->messages[i]);
}

int main(int argc, char **argv)
{
	struct turns_options options;
	struct turns_result result, plain;
	static struct signalling s;
	turns_parse(&options, argc, argv, 0);
	s.calls = options.quick ? 3 : 100;
	parser_init();
	exchange_create(&s.exchange);
	record(&s);
	turns_run(&result, options.pairs, transferred_turn, osip_turn, &s);
	turns_run(&plain, options.pairs, plain_turn, osip_turn, &s);
	for (unsigned i = 0; i < s.message_count; i++)
		osip_message_free(s.parsed[i]);
	free(s.parsed);
	double messages = (double)s.message_count / s.recorded_calls;
	exchange_destroy(s.exchange);

	printf("control plane in memory, one core\n"
	       "  call to the agent, hung up            %8.1f us  %8.0f a second\n"
	       "  the same with a transfer by REFER     %8.1f us  %8.0f a second, %.0f messages each\n"
	       "  libosip2 alone with those messages    %8.1f us\n"
	       "  ratio %.2f (%.2f to %.2f in %u pairs)\n",
	       plain.a_ns / 1e3, 1e9 / plain.a_ns, result.a_ns / 1e3, 1e9 / result.a_ns, messages, result.b_ns / 1e3,
	       result.ratio, result.ratio_min, result.ratio_max, options.pairs);
	if (options.json)
		printf("{\"bench\":\"signalling\",\"calls_per_s\":%.0f,\"transfers_per_s\":%.0f,\"us_per_call\":%.1f,"
		       "\"us_per_transferred_call\":%.1f,\"messages_per_transferred_call\":%.1f,\"osip_us\":%.1f,"
		       "\"ratio\":%.3f,\"ratio_min\":%.3f,\"ratio_max\":%.3f,\"pairs\":%u}\n",
		       1e9 / plain.a_ns, 1e9 / result.a_ns, plain.a_ns / 1e3, result.a_ns / 1e3, messages,
		       result.b_ns / 1e3, result.ratio, result.ratio_min, result.ratio_max, options.pairs);
	return 0;
}
