/* What a SIP message costs with few and with many open transactions.
 *
 * Two stacks, one with 10 open transactions, one with 50,000. Each in turn is given the same kind of messages: a new
 * request, answered at once by its user, and the repeat of a request whose transaction is open somewhere. Time passes
 * so that with each new transaction the oldest one's timer J fires: the number of open ones stays what it is, and
 * parsing, both look-ups, the timers and the end of a transaction are all in the figure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/env.h"
#include "sip/stack.h"
#include "turns.h"

#define FEW	10u
#define MANY	50000u
#define T1_MS	500u
#define LIFE_NS (64ull * T1_MS * NS_PER_MS) /* timer J */

struct side {
	struct env env;
	struct seam seam;
	struct sip_stack *stack;
	uint32_t open;
	uint64_t step_ns; /* between two new requests */
	uint32_t next;	  /* number of the next new request */
	uint64_t random;
	unsigned requests; /* that the user has seen */
	char text[1024];
	size_t len;
	char *digits[3]; /* in text: of branch, From tag and Call-ID */
};

struct lookup {
	struct side few, many;
	unsigned messages; /* pairs of a new one and a repeat in a turn */
};

static uint64_t xorshift(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void seam_random(void *arg, void *buf, size_t len)
{
	struct side *side = arg;
	for (uint8_t *p = buf; len--; p++)
		*p = (uint8_t)(xorshift(&side->random) >> 24);
}

static void seam_send_sip(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
}

static void seam_log(void *arg, enum log_level level, const char *line)
{
	turns_fail("the stack says: %s", line);
}

static void on_request(void *arg, sip_txn txn, const struct sip_message *request, const struct sip_hop *from)
{
	struct side *side = arg;
	side->requests++;
	turns_require(sip_respond(side->stack, txn, &(struct sip_reply){.status = 200}) == 0, "cannot answer");
}

static void side_text(struct side *side)
{
	static const char form[] = "INFO sip:+12025550100@192.0.2.1 SIP/2.0\r\n"
				   "Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKbench00000000;rport\r\n"
				   "Max-Forwards: 70\r\n"
				   "From: \"Caller\" <sip:+12025550177@198.51.100.10>;tag=from00000000\r\n"
				   "To: <sip:+12025550100@192.0.2.1>;tag=b7d0f2a1c34e\r\n"
				   "Call-ID: bench-call-00000000@198.51.100.10\r\n"
				   "CSeq: 101 INFO\r\n"
				   "Contact: <sip:caller@198.51.100.10:5060>\r\n"
				   "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO\r\n"
				   "User-Agent: bench/1.0\r\n"
				   "Content-Type: application/dtmf-relay\r\n"
				   "Content-Length: 24\r\n\r\n"
				   "Signal=5\r\nDuration=160\r\n";
	char *at = side->text;
	side->len = sizeof(form) - 1;
	memcpy(side->text, form, sizeof(form));
	for (unsigned i = 0; i < 3; i++, at += 8)
		side->digits[i] = at = strstr(at, "00000000");
}

/* The request of that number: two of a number are one request, sent twice. */
static void side_receive(struct side *side, uint32_t number)
{
	static const uint8_t address[4] = {198, 51, 100, 10};
	struct sip_hop from = {.remote = {.addr = xf_addr_v4(address), .port = 5060}};
	char digits[9];
	for (unsigned i = 8; i-- > 0; number /= 10)
		digits[i] = (char)('0' + number % 10);
	for (unsigned i = 0; i < 3; i++)
		memcpy(side->digits[i], digits, 8);
	sip_stack_receive(side->stack, &from, side->text, side->len);
}

static void side_new(struct side *side)
{
	side->env.now_ns += side->step_ns;
	timers_run(&side->env.timers, side->env.now_ns);
	side_receive(side, side->next++);
}

static void side_create(struct side *side, uint32_t open)
{
	const struct sip_network network = {.sent_by = "192.0.2.1:5060"};
	struct sip_user user = {.arg = side, .request = on_request};
	side->open = open;
	side->step_ns = LIFE_NS / open;
	side->random = 88172645463325252ull;
	side->seam = (struct seam){.arg = side, .random = seam_random, .send_sip = seam_send_sip, .log = seam_log};
	side->env = (struct env){.now_ns = NS_PER_S, .seam = &side->seam};
	timers_init(&side->env.timers);
	side_text(side);
	turns_require(sip_stack_create(&side->stack, &side->env, &user, &network, 1, T1_MS, "xfergate") == 0,
		      "cannot create the stack");
	for (uint32_t i = 0; i < open; i++)
		side_new(side);
}

static void side_destroy(struct side *side)
{
	sip_stack_destroy(side->stack);
	timers_fini(&side->env.timers);
}

static double side_turn(struct side *side, unsigned messages)
{
	struct sip_counts before, after;
	unsigned requests = side->requests;
	sip_stack_counts(side->stack, &before);
	uint64_t start = turns_now_ns();
	for (unsigned i = 0; i < messages; i++) {
		side_new(side);
		/* The oldest one is about to go: it is left out. */
		side_receive(side, side->next - 1 - (uint32_t)(xorshift(&side->random) % (side->open - 1)));
	}
	uint64_t took = turns_now_ns() - start;
	sip_stack_counts(side->stack, &after);
	turns_require(after.transactions == side->open, "%u transactions open, not %u", after.transactions, side->open);
	turns_require(side->requests - requests == messages, "%u new requests seen", side->requests - requests);
	turns_require(after.repeated - before.repeated == messages, "repeats were not found");
	return (double)took / (2 * messages);
}

static double many_turn(void *arg)
{
	struct lookup *lookup = arg;
	return side_turn(&lookup->many, lookup->messages);
}

static double few_turn(void *arg)
{
	struct lookup *lookup = arg;
	return side_turn(&lookup->few, lookup->messages);
}

int main(int argc, char **argv)
{
	struct turns_options options;
	struct turns_result result;
	static struct lookup lookup;
	turns_parse(&options, argc, argv, 0);
	lookup.messages = options.quick ? 200 : 10000;
	side_create(&lookup.few, FEW);
	side_create(&lookup.many, MANY);
	turns_run(&result, options.pairs, many_turn, few_turn, &lookup);
	side_destroy(&lookup.few);
	side_destroy(&lookup.many);
	printf("a SIP message, half of them new and half repeats, with\n"
	       "  10 open transactions      %8.0f ns\n"
	       "  50,000 open transactions  %8.0f ns\n"
	       "  ratio %.3f (%.3f to %.3f in %u pairs)\n",
	       result.b_ns, result.a_ns, result.ratio, result.ratio_min, result.ratio_max, options.pairs);
	if (options.json)
		printf("{\"bench\":\"lookup\",\"ns_10\":%.0f,\"ns_50000\":%.0f,\"ratio\":%.3f,\"ratio_min\":%.3f,"
		       "\"ratio_max\":%.3f,\"pairs\":%u}\n",
		       result.b_ns, result.a_ns, result.ratio, result.ratio_min, result.ratio_max, options.pairs);
	return 0;
}
