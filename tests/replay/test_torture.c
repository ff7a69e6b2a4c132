/* The messages of RFC 4475 and RFC 5118, each over UDP from an address that may call: their outcome is what the corpus
 * says that a gateway owes them, nobody else hears of them, and nothing of them is left. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include "../unit/world/stage.h"

#define ANY_MAX 8

/* What may come back. */
struct outcome {
	const char *name;
	int allowed[ANY_MAX]; /* final status; 4: any 4xx or 5xx; -400: anything that is an answer, but not 400; 0: ends
			       */
	bool silent;	      /* no answer is right */
	bool length;	      /* the RFC's text states another Content-Length than its body has: it is put right */
	const char *header;   /* that the answer must have */
};

#define NOT_400	  -400
#define ANY_ERROR 4

static const struct outcome outcomes[] = {
    /* Its To has a tag: a dialog that is not there (RFC 3261 12.2.2). */
    {"wsinv", {403, 404, 407, 481, 488}},
    {"intmeth", {403, 404, 405, 501}},
    {"esc01", {NOT_400}},
    {"escnull", {200, 403, 404, 405}},
    {"esc02", {405, 501}},
    {"lwsdisp", {NOT_400}},
    {"longreq", {NOT_400}},
    {"dblreq", {200, 403, 404, 405}},
    {"semiuri", {NOT_400}},
    {"transports", {NOT_400}},
    {"mpart01", {200, 405, 415}},
    {"unreason", {0}, .silent = true},
    {"noreason", {0}, .silent = true},
    {"badinv01", {400}},
    {"clerr", {400}},
    {"ncl", {ANY_ERROR}},
    {"scalar02", {400}},
    {"scalarlg", {0}, .silent = true},
    {"quotbal", {400}},
    {"ltgtruri", {400}},
    {"lwsruri", {400}},
    {"lwsstart", {400}},
    {"trws", {400, 200}},
    {"escruri", {400, 404}},
    {"baddate", {400, 404}},
    {"regbadct", {400, 405}},
    {"badaspec", {400, 200}},
    {"baddn", {400, 200}},
    {"badvers", {505}},
    {"mismatch01", {400}},
    {"mismatch02", {501, 400}},
    {"bigcode", {0}, .silent = true},
    {"badbranch", {400, 200}},
    {"insuf", {400}, .silent = true},
    {"unkscm", {416}},
    {"novelsc", {416, 404}},
    {"unksm2", {400, 403, 405}},
    {"bext01", {420}, .header = "Unsupported: nothingSupportsThis"},
    {"invut", {415}},
    {"regaut01", {401, 405}},
    {"multi01", {400}},
    {"mcl01", {ANY_ERROR}},
    {"bcast", {0}, .silent = true},
    {"zeromf", {200, 483}},
    {"cparam01", {200, 403, 405}},
    {"cparam02", {200, 403, 405}},
    {"regescrt", {200, 403, 405}},
    {"sdp01", {406, 400}},
    {"inv2543", {100, 400, 403, 404, 484, 488}},
    {"test", {ANY_ERROR, 200}, .silent = true},
    {"ipv6-good", {NOT_400}},
    {"ipv6-bad", {400}},
    {"port-ambiguous", {NOT_400}},
    {"port-unambiguous", {NOT_400}},
    {"via-received-param-with-delim", {NOT_400}},
    {"via-received-param-no-delim", {NOT_400}},
    {"ipv6-in-sdp", {NOT_400}, .length = true},
    {"mult-ip-in-header", {NOT_400}},
    {"mult-ip-in-sdp", {NOT_400}, .length = true},
    {"ipv4-mapped-ipv6", {NOT_400}, .length = true},
    {"ipv6-bug-abnf-3-colons", {NOT_400}},
    {"ipv6-correct-abnf-2-colons", {NOT_400}},
};

static struct stage stage;

static const struct outcome *outcome_of(const char *name)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(*outcomes); i++)
		if (strcmp(outcomes[i].name, name) == 0)
			return &outcomes[i];
	return NULL;
}

static bool is_allowed(const struct outcome *o, int status)
{
	for (unsigned i = 0; i < ANY_MAX && o->allowed[i]; i++)
		if (o->allowed[i] == status || (o->allowed[i] == ANY_ERROR && status >= 400 && status < 600) ||
		    (o->allowed[i] == NOT_400 && status != 400))
			return true;
	return false;
}

static size_t read_file(const char *path, char *data, size_t size)
{
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	size_t n = fread(data, 1, size, file);
	fclose(file);
	return n;
}

static size_t with_right_length(char *data, size_t len, size_t size)
{
	char copy[65536], *head = copy, *stated, *body;
	cr_assert_lt(len, sizeof(copy));
	memcpy(copy, data, len);
	copy[len] = 0;
	body = strstr(copy, "\r\n\r\n");
	stated = strcasestr(copy, "Content-Length:");
	cr_assert(body && stated && stated < body);
	size_t rest = len - (size_t)(body + 4 - copy);
	char *after = strstr(stated, "\r\n");
	int n = snprintf(data, size, "%.*sContent-Length: %zu%.*s", (int)(stated - head), head, rest,
			 (int)(copy + len - after), after);
	return (size_t)n;
}

/* Says it, waits until all that it can cause is over, and judges what was sent. */
static void play(const struct outcome *o, const char *path)
{
	static char data[65536];
	struct xf_sockaddr known = {.port = 5060};
	size_t len = read_file(path, data, sizeof(data));
	unsigned finals = 0, last = 0;
	if (o->length)
		len = with_right_length(data, len, sizeof(data));
	stage_create(&stage, 1);
	xf_addr_parse(&known.addr, "192.0.2.20");
	world_datagram(stage.world, 0, &known, &stage.config->networks[0].sip, data, len);
	world_run(stage.world, world_now(stage.world) + 100 * NS_PER_S);
	for (unsigned i = 0; i < stage.sip_count; i++) {
		int status = 0;
		const struct stage_sip *sip = &stage.sip[i];
		cr_expect(xf_addr_eq(&sip->to.addr, &known.addr), "%s: somebody else hears of it:\n%s", o->name,
			  sip->text);
		cr_expect_eq(sscanf(sip->text, "SIP/2.0 %d ", &status), 1, "%s: a request was sent:\n%s", o->name,
			     sip->text);
		finals += status >= 200;
		last = (unsigned)status;
		cr_expect(is_allowed(o, status) || status == 100, "%s: answered with\n%s", o->name, sip->text);
		cr_expect(!o->header || strstr(sip->text, o->header), "%s: no %s in\n%s", o->name, o->header,
			  sip->text);
	}
	cr_expect_leq(finals, 1, "%s: %u final answers", o->name, finals);
	if (!o->silent)
		cr_expect_eq(finals, 1, "%s: no final answer (last %u)", o->name, last);
	cr_expect_eq(world_next(stage.world), UINT64_MAX, "%s: something is left", o->name);
	stage_destroy(&stage);
}

/* The first column of EXPECT.tsv is what there is; each must be in the table above. */
static unsigned play_all(const char *folder, const char *messages, const char *suffix)
{
	char path[4096], line[2048];
	unsigned played = 0;
	snprintf(path, sizeof(path), "%s/%s/EXPECT.tsv", CORPORA, folder);
	FILE *list = fopen(path, "r");
	if (!list)
		cr_skip_test("no %s: the messages of the RFC are not here", path);
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\t\n")] = 0;
		if (strcmp(line, "file") == 0)
			continue;
		const struct outcome *o = outcome_of(line);
		cr_assert_not_null(o, "no outcome for %s", line);
		snprintf(path, sizeof(path), "%s/%s/%s/%s%s", CORPORA, folder, messages, line, suffix);
		play(o, path);
		played++;
	}
	fclose(list);
	return played;
}

Test(torture, rfc4475)
{
	cr_expect_eq(play_all("rfc4475", "raw", ".dat"), 50);
}

Test(torture, rfc5118)
{
	cr_expect_eq(play_all("rfc5118", "wire", ".sip"), 12);
}
