/* A configuration file. What is accepted can be used (every reference leads somewhere), printed and destroyed; what is
 * refused has a line "file:line: …"; without secrets it is refused or accepted alike; no password is ever printed. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fuzz.h"
#include "xfergate/config.h"

#define PASSWORD "hunter2-and-more"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	setenv("FUZZ_PASSWORD", PASSWORD, 1);
	return 0;
}

static void reference(uint32_t index, uint32_t count, bool optional)
{
	fuzz_check(index < count || (optional && index == XF_NONE), "index %u of %u", index, count);
}

static void text(const char *s)
{
	fuzz_check(s && strlen(s) < 65536);
}

static void planes(const struct config *c)
{
	uint32_t first = 0;
	fuzz_check(c->port_count > 0 && c->network_count > 0 && c->workers > 0);
	for (uint32_t i = 0; i < c->network_count; i++) {
		const struct config_network *n = &c->networks[i];
		text(n->name);
		reference(n->port, c->port_count, false);
		fuzz_check(n->sip.port > 0 && (n->sip.addr.family == 4 || n->sip.addr.family == 6));
		fuzz_check(n->media_count > 0 && n->media_first == first);
		first += n->media_count;
	}
	for (uint32_t i = 0; i < c->port_count; i++) {
		text(c->ports[i].name);
		text(c->ports[i].device);
		for (uint32_t k = 0; k < c->ports[i].address_count; k++)
			fuzz_check(c->ports[i].addresses[k].prefix_len <=
				   (c->ports[i].addresses[k].addr.family == 4 ? 32 : 128));
	}
	fuzz_check(c->media_port_first % 2 == 0 && c->media_port_last % 2 == 1 &&
		   c->media_port_first < c->media_port_last);
}

static void peers(const struct config *c)
{
	for (uint32_t i = 0; i < c->provider_count; i++) {
		const struct config_provider *p = &c->providers[i];
		text(p->owner);
		text(p->trunk.host);
		reference(p->network, c->network_count, false);
		fuzz_check(p->source_count > 0 && (!p->credentials.username || p->credentials.password));
	}
	for (uint32_t i = 0; i < c->number_count; i++) {
		fuzz_check(c->numbers[i].number[0] == '+');
		for (uint32_t k = 0; k < c->numbers[i].provider_count; k++)
			reference(c->numbers[i].providers[k], c->provider_count, false);
	}
	for (uint32_t i = 0; i < c->agent_count; i++) {
		const struct config_agent *a = &c->agents[i];
		text(a->uri.host);
		reference(a->network, c->network_count, false);
		reference(a->provider, c->provider_count, true);
		fuzz_check(a->source_count > 0 && (a->refer_accept_code == 200 || a->refer_accept_code == 202));
		for (uint32_t k = 0; k < a->may.plan_count; k++) {
			reference(a->may.plans[k], c->plan_count, false);
			fuzz_check(strcmp(c->plans[a->may.plans[k]].owner, a->owner) == 0, "a plan of another owner");
		}
	}
	for (uint32_t i = 0; i < c->sip_server_count; i++)
		reference(c->sip_servers[i].network, c->network_count, true);
}

static void ways(const struct config *c)
{
	for (uint32_t i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];
		reference(r->provider, c->provider_count, true);
		reference(r->agent, c->agent_count, false);
		reference(r->fails_plan, c->plan_count, true);
		reference(r->lost_plan, c->plan_count, true);
	}
	for (uint32_t i = 0; i < c->plan_count; i++) {
		const struct config_plan *p = &c->plans[i];
		fuzz_check(p->target_count > 0 && p->target_count <= CONFIG_TARGETS_MAX);
		for (uint32_t k = 0; k < p->target_count; k++) {
			const struct config_target *t = &p->targets[k];
			bool named = t->type == CONFIG_TARGET_NUMBER || t->type == CONFIG_TARGET_SIP;
			fuzz_check(named == (t->destination != NULL));
			fuzz_check(t->type != CONFIG_TARGET_SIP || t->uri.host[0]);
			reference(t->network, c->network_count, true);
			reference(t->provider, c->provider_count, true);
		}
	}
}

static void printed(const struct config *c)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	fuzz_check(f);
	config_print(c, f);
	fclose(f);
	fuzz_check(len > 0 && !strstr(out, PASSWORD));
	free(out);
}

/* "…:LINE: text", and nothing that would move a terminal's cursor. */
static bool has_place(const char *said)
{
	for (const char *p = strstr(said, "/proc/"); p; p = strstr(p + 1, "/proc/")) {
		const char *colon = p + strcspn(p, ":\n");
		size_t digits = *colon == ':' ? strspn(colon + 1, "0123456789") : 0;
		if (digits && colon[1 + digits] == ':' && colon[1] != '0')
			return true;
	}
	return false;
}

static int load(const char *path, bool secrets)
{
	struct config *c = NULL;
	char *said = NULL;
	size_t len;
	FILE *errors = open_memstream(&said, &len);
	fuzz_check(errors);
	int rc = secrets ? config_load(&c, path, errors) : config_load_without_secrets(&c, path, errors);
	fclose(errors);
	fuzz_check((rc == 0) == (c != NULL) && (rc == 0 || rc == -EINVAL), "%d", rc);
	fuzz_check(rc == 0 || has_place(said), "refused without a place: '%s'", said);
	fuzz_check(!strstr(said, PASSWORD), "a password is told: %s", said);
	for (const char *p = said; *p; p++)
		fuzz_check((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t', "byte %02x in '%s'", *p, said);
	if (c) {
		planes(c);
		peers(c);
		ways(c);
		printed(c);
	}
	config_destroy(c);
	free(said);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char words[] = PASSWORD;
	char path[40];
	int fd = memfd_create("config", MFD_CLOEXEC);
	/* A file that says the word itself proves nothing. */
	if (len > 65536 || memmem(data, len, words, sizeof(words) - 1)) {
		close(fd);
		return 0;
	}
	fuzz_check(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int with = load(path, true), without = load(path, false);
	fuzz_check(with < 0 || without == 0, "refused only where no passwords are read");
	close(fd);
	return 0;
}
