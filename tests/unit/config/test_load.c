/* What a valid file becomes, and that secrets stay secret. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "load_text.h"
#include "xfergate/prompt.h"

static char *replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out = NULL;

	cr_assert(at, "%s", from);
	cr_assert_geq(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
	return out;
}

/* The example with its password file where the test has one. */
static struct config *load_example(char **said)
{
	char file[] = "/tmp/xfg-password-XXXXXX";
	size_t len;
	struct config *config;
	char *example = load_file(EXAMPLE, &len);
	int fd = mkstemp(file);

	cr_assert_eq(write(fd, "hunter2-file\n", 13), 13);
	close(fd);
	setenv("PBX_PASSWORD", "hunter2-env", 1);
	char *text = replace(example, "/etc/xfergate/twilio.password", file);
	int err = load_text(&config, text, strlen(text), true, said);
	unlink(file);
	free(text);
	free(example);
	cr_assert_eq(err, 0, "%s", *said);
	return config;
}

Test(config_load, example_planes)
{
	char *said, text[XF_SOCKADDR_STRLEN];
	struct config *c = load_example(&said);

	cr_expect_str_empty(said);
	cr_expect_eq(c->workers, 1);
	cr_expect_eq(c->memory_mb, 256);
	cr_expect_eq(c->idle, CONFIG_IDLE_POLL);
	cr_expect_str_eq(c->link_socket, "/run/xfergate/link.sock");
	cr_assert_eq(c->port_count, 2);
	cr_expect_str_eq(c->ports[0].device, "net_af_xdp0,iface=eth1");
	cr_expect_str_eq(c->ports[1].tap, "xfg-inside");
	cr_expect_eq(c->ports[1].mtu, 1500);
	cr_assert_eq(c->ports[0].address_count, 2);
	cr_expect_str_eq(xf_prefix_format(&c->ports[0].addresses[0], text), "192.0.2.1/24");
	cr_expect_str_eq(xf_prefix_format(&c->ports[0].addresses[1], text), "2001:db8:1::1/64");
	cr_assert_eq(c->network_count, 2);
	cr_expect_str_eq(xf_sockaddr_format(&c->networks[1].sip, text), "198.51.100.1:5060");
	cr_expect_eq(c->networks[1].port, 1);
	cr_expect_eq(c->networks[1].media_first, 1);
	cr_expect_eq(c->networks[1].advertise.family, 0);
	cr_expect_str_eq(xf_addr_format(&c->networks[0].advertise, text), "203.0.113.7");
	cr_expect_eq(c->t1_ms, 500);
	cr_expect_eq(c->ring_ms, 30000);
	cr_expect_eq(c->call_max_ms, 4 * 3600 * 1000);
	cr_expect_eq(c->calls_max, 1000);
	cr_expect_eq(c->media_port_first, 16384);
	cr_expect_eq(c->media_port_last, 32767);
	cr_expect_eq(c->media_timeout_ms, 60000);
	cr_expect(!c->keys_shown);
	cr_expect_eq(c->networks[0].media_dscp, 46);
	cr_expect_eq(c->networks[0].sip_dscp, 24);
	cr_expect_eq(c->networks[1].media_dscp, 40);
	cr_expect_eq(c->networks[1].sip_dscp, 26);
	cr_expect_str_eq(c->screen.signatures, "/usr/local/share/xfergate/screen-rules.conf");
	cr_expect(!c->screen.malformed_drop);
	cr_expect_eq(c->screen.ceiling.per_second, 20000);
	cr_expect_eq(c->screen.ceiling.burst, 40000);
	cr_expect_eq(c->screen.targets.invites.burst, 40);
	cr_expect_eq(c->screen.targets.packets.per_second, 0, "no limit");
	cr_expect_eq(c->providers[0].limits.packets.per_second, 4000);
	cr_expect_eq(c->providers[0].limits.responses.burst, 2000);
	cr_expect_eq(c->agents[0].limits.invites.per_second, 50);
	cr_expect_eq(c->agents[0].limits.invites.burst, 50, "a second's worth");
	cr_expect_eq(config_peer_count(c), c->provider_count + c->agent_count);
	cr_expect_eq(config_peer_limits(c, config_peer_of_provider(c, 0)), &c->providers[0].limits);
	cr_expect_eq(config_peer_limits(c, config_peer_of_agent(c, 0)), &c->agents[0].limits);
	cr_expect_eq(config_peer_limits(c, XF_PEER_TARGETS), &c->screen.targets);
	cr_expect_null(config_peer_limits(c, config_peer_count(c)));
	config_destroy(c);
	free(said);
}

Test(config_load, example_peers)
{
	char *said;
	struct config *c = load_example(&said);

	cr_assert_eq(c->provider_count, 1);
	const struct config_provider *p = &c->providers[0];
	cr_expect_str_eq(p->trunk.host, "acme.pstn.twilio.com");
	cr_expect_eq(p->trunk.port, 0);
	cr_expect_str_eq(p->trunk.user, "");
	cr_expect_eq(p->source_count, 2);
	cr_expect_str_eq(p->credentials.username, "acme");
	cr_expect_str_eq(p->credentials.password, "hunter2-file");
	cr_expect_str_eq(p->credentials.realm, "sip.twilio.com");
	cr_expect_float_eq(p->cost_per_minute, 0.0085, 1e-9);
	cr_expect_str_eq(p->currency, "USD");
	cr_expect_eq(p->number_format, CONFIG_NUMBER_PLUS);
	cr_expect_eq(p->validity, CONFIG_VALIDITY_POSSIBLE);
	cr_assert_eq(c->number_count, 1);
	cr_expect_str_eq(c->numbers[0].number, "+12025550100");
	cr_expect(c->numbers[0].verified && c->numbers[0].active);
	cr_assert_eq(c->numbers[0].provider_count, 1);
	cr_expect_eq(c->numbers[0].providers[0], 0);
	cr_assert_eq(c->agent_count, 1);
	const struct config_agent *a = &c->agents[0];
	cr_expect_str_eq(a->uri.user, "bot");
	cr_expect_str_eq(a->uri.host, "agent.lab");
	cr_expect_eq(a->uri.port, 5060);
	cr_expect_eq(a->network, 1);
	cr_expect_eq(a->provider, 0);
	cr_expect_eq(a->refer_accept_code, 202);
	cr_expect_str_eq(a->caller_id, "dialled");
	cr_expect_eq(a->may.plan_count, 1);
	cr_expect_str_eq(a->may.prefixes[0], "+1");
	cr_expect_str_eq(a->may.countries[0], "GB");
	cr_expect_eq(a->may.domain_count, 3);
	cr_expect_null(a->credentials.username);
	cr_assert_eq(c->sip_server_count, 1);
	cr_expect_str_eq(c->sip_servers[0].credentials.password, "hunter2-env");
	cr_expect_eq(c->sip_servers[0].network, 1);
	config_destroy(c);
	free(said);
}

Test(config_load, example_plans)
{
	char *said;
	struct config *c = load_example(&said);

	cr_assert_eq(c->route_count, 1);
	cr_expect_eq(c->routes[0].ring_ms, 20000);
	cr_expect_eq(c->routes[0].fails_code, 480);
	cr_expect_eq(c->routes[0].fails_plan, XF_NONE);
	cr_expect_eq(c->routes[0].lost_plan, XF_NONE);
	cr_assert_eq(c->plan_count, 1);
	const struct config_plan *p = &c->plans[0];
	cr_assert_eq(p->target_count, 5);
	cr_expect_eq(p->targets[0].type, CONFIG_TARGET_NUMBER);
	cr_expect_str_eq(p->targets[0].destination, "(202) 555-0143");
	cr_expect_str_eq(p->targets[0].region, "US");
	cr_expect_str_eq(p->targets[0].caller_id, "+12025550100");
	cr_expect_eq(p->targets[0].ring_ms, 15000);
	cr_expect_eq(p->targets[1].type, CONFIG_TARGET_SIP);
	cr_expect_str_eq(p->targets[1].uri.host, "pbx.lab");
	cr_expect_eq(p->targets[1].network, 1);
	cr_expect_eq(p->targets[1].provider, XF_NONE);
	cr_expect_null(p->targets[1].caller_id);
	cr_expect_eq(p->targets[2].type, CONFIG_TARGET_AGENT);
	cr_expect_null(p->targets[2].destination);
	cr_expect_eq(p->targets[2].ring_ms, 30000);
	config_destroy(c);
	free(said);
}

Test(config_load, bonded)
{
	char *said;
	struct config *c;
	char *a = load_edit(load_base, 5, "dataplane: {idle: interrupt}");
	char *b = replace(a, "device: net_null0", "device: 'net_bonding0,mode=1', members: [0000:3b:00.0, net_null1]");

	cr_assert_eq(load_text(&c, b, strlen(b), true, &said), 0, "%s", said);
	cr_expect_str_empty(said);
	cr_expect_eq(c->idle, CONFIG_IDLE_INTERRUPT);
	cr_assert_eq(c->ports[0].member_count, 2);
	cr_expect_str_eq(c->ports[0].members[1], "net_null1");
	config_destroy(c);
	free(said);
	free(b);
	free(a);
}

/* Keys that the example has in their other form, and what is there when they are missing. */
Test(config_load, defaults_and_other_forms)
{
	char *said, text[XF_SOCKADDR_STRLEN];
	struct config *c;
	char *a = load_edit(load_base, 5, "dataplane: {idle: backoff}");
	char *b = replace(a, "agent: bot}", "agent: bot, agent-fails: plan-sales, agent-lost: plan-sales}");
	char *d = replace(b, "sip: 192.0.2.1", "sip: '[2001:db8::1]:5070'");

	cr_assert_eq(load_text(&c, d, strlen(d), true, &said), 0, "%s", said);
	cr_expect_eq(c->idle, CONFIG_IDLE_BACKOFF);
	cr_expect_eq(c->routes[0].fails_plan, 0);
	cr_expect_eq(c->routes[0].lost_plan, 0);
	cr_expect_eq(c->routes[0].provider, XF_NONE);
	cr_expect_eq(c->routes[0].ring_ms, 30000);
	cr_expect_str_eq(xf_sockaddr_format(&c->networks[0].sip, text), "[2001:db8::1]:5070");
	cr_expect_str_eq(c->user, "xfergate");
	cr_expect_str_eq(c->api_socket, "/run/xfergate/xfergate.sock");
	cr_expect_eq(c->quarantine_ms, 30000);
	cr_expect_null(c->agents[0].caller_id);
	cr_expect_null(c->agents[0].region);
	config_destroy(c);
	free(said);
	free(a);
	free(b);
	free(d);
}

Test(config_load, without_secrets_needs_none)
{
	size_t len;
	struct config *c;
	char *said, *example = load_file(EXAMPLE, &len);

	unsetenv("PBX_PASSWORD");
	cr_assert_eq(load_text(&c, example, len, false, &said), 0, "%s", said);
	cr_expect_str_eq(c->sip_servers[0].credentials.username, "xfergate");
	cr_expect_str_eq(c->sip_servers[0].credentials.password, "");
	config_destroy(c);
	free(said);
	free(example);
}

Test(config_load, secrets_are_never_said)
{
	static const char *const lines[] = {
	    "- {host: h, username: u, password: hunter2}",
	    "- {host: h, username: u, pasword: hunter2}",
	    "- {host: h, username: u, password: [hunter2]}",
	    "- {host: h, username: u, password: hunter2, password: hunter2}",
	    "- {host: h, username: u, password-env: XFG_TEST_SECRET, owner: '?'}",
	    "- {host: h, username: u, password-env: XFG_TEST_LINES}",
	    "- {host: h}\nplan: {uri: 'sip:u:hunter2@h'}",
	};
	char *said, *printed = NULL;
	size_t len;
	struct config *c;

	setenv("XFG_TEST_SECRET", "hunter2", 1);
	setenv("XFG_TEST_LINES", "hunter2\nhunter2\n", 1);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *text = load_edit(load_base, 20, lines[i]);
		cr_expect_eq(load_text(&c, text, strlen(text), true, &said), -EINVAL, "%s", lines[i]);
		cr_expect(strlen(said) > 0 && !strstr(said, "hunter2"), "%s says %s", lines[i], said);
		free(said);
		free(text);
	}
	char *uri = replace(load_base, "sip:a.example", "sip:u:hunter2@a.example");
	cr_expect_eq(load_text(&c, uri, strlen(uri), true, &said), -EINVAL);
	cr_expect_null(strstr(said, "hunter2"), "%s", said);
	free(uri);
	free(said);

	c = load_example(&said);
	FILE *out = open_memstream(&printed, &len);
	config_print(c, out);
	fclose(out);
	cr_expect_not_null(strstr(printed, "provider twilio: owner acme"));
	/* scripts/run reads this one. */
	cr_expect_not_null(strstr(printed, "\ncontrol socket: /run/xfergate/xfergate.sock\n"));
	cr_expect_null(strstr(printed, "hunter2"));
	config_destroy(c);
	free(printed);
	free(said);
}

static void expect_orderly(const char *text, size_t len)
{
	struct config *c;
	char *said;
	int err = load_text(&c, text, len, false, &said);

	cr_expect(err == 0 || (err == -EINVAL && said[0] == 'f' && !c), "%d %s", err, said);
	for (const char *l = said; l && *l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL)
		cr_expect(l[0] == 'f' && l[1] == ':', "%s", l);
	config_destroy(c);
	free(said);
}

Test(config_load, every_prefix_of_the_example, .timeout = 120)
{
	size_t len;
	char *example = load_file(EXAMPLE, &len);

	for (size_t i = 0; i <= len; i++)
		expect_orderly(example, i);
	free(example);
}

Test(config_load, spoiled_bytes_of_the_example, .timeout = 120)
{
	static const char bytes[] = "\0\n\t :-[]{}'\"&*!#,|>%@`+0x\x80\xff";
	size_t len;
	char *example = load_file(EXAMPLE, &len);
	uint64_t seed = 88172645463325252ull;

	for (unsigned i = 0; i < 3000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		size_t at = seed % len;
		char was = example[at];
		example[at] = bytes[(seed >> 32) % (sizeof(bytes) - 1)];
		expect_orderly(example, len);
		example[at] = was;
	}
	free(example);
}

/* A path is taken from where the file stands. */
Test(config_load, signatures_beside_the_file)
{
	static const char text[] = "ports: [{name: p, device: net_null0, tap: t0}]\n"
				   "networks: [{name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}]\n"
				   "screen: {signatures: rules/a.conf, malformed: drop}\n";
	char folder[] = "/tmp/xfg-config-XXXXXX", file[64], wanted[80];
	struct config *c;

	cr_assert(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/x.yaml", folder);
	snprintf(wanted, sizeof(wanted), "%s/rules/a.conf", folder);
	FILE *f = fopen(file, "w");
	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	cr_assert_eq(config_load(&c, file, stderr), 0);
	cr_expect_str_eq(c->screen.signatures, wanted);
	cr_expect(c->screen.malformed_drop);
	cr_expect_eq(c->screen.ceiling.per_second, 0, "no ceiling");
	config_destroy(c);
	unlink(file);
	rmdir(folder);
}

/* Sounds, and what names them. */
Test(load, sounds)
{
	struct config *config;
	char *said, *text = load_edit(load_base, 6,
				      "media: {hold-music: jazz, ringback: DE}\n"
				      "sounds:\n"
				      "- {name: jazz, file: /var/lib/jazz.wav, loop: true}\n"
				      "- {name: sorry, file: sounds/sorry.wav}\n"
				      "- {name: thrice, file: t.wav, times: 3, loop: false}");
	char *with = replace(text, "provider: a}\nsip-servers",
			     "provider: a, fallbacks: [{type: announcement, sound: sorry}, "
			     "{type: announcement, sound: busy, time: 5s}]}\nsip-servers");
	cr_assert_eq(load_text(&config, with, strlen(with), true, &said), 0, "%s", said);
	cr_assert_eq(config->sound_count, 3);
	cr_expect_str_eq(config->sounds[0].file, "/var/lib/jazz.wav");
	cr_expect_eq(config->sounds[0].times, 0);
	cr_expect_eq(config->sounds[0].line, 8);
	cr_expect_str_eq(config->sounds[1].file, "/tmp/sounds/sorry.wav", "from where the configuration is");
	cr_expect_eq(config->sounds[1].times, 1);
	cr_expect_eq(config->sounds[2].times, 3);
	cr_expect_str_eq(config->hold_music, "jazz");
	cr_expect_str_eq(config->ringback_region, "DE");
	const struct config_plan *plan = &config->plans[0];
	cr_assert_eq(plan->target_count, 3);
	cr_expect_eq(plan->targets[1].type, CONFIG_TARGET_ANNOUNCEMENT);
	cr_expect_str_eq(plan->targets[1].sound, "sorry");
	cr_expect_eq(plan->targets[1].play_ms, 0);
	cr_expect_str_eq(plan->targets[2].sound, "busy");
	cr_expect_eq(plan->targets[2].play_ms, 5000);
	config_destroy(config);
	free(said);
	free(with);
	free(text);
	/* Unless told otherwise: the caller's own tones, and silence on hold. */
	cr_assert_eq(load_text(&config, load_base, strlen(load_base), true, &said), 0, "%s", said);
	cr_expect_null(config->ringback_region);
	cr_expect_str_eq(config->hold_music, XF_PROMPT_SILENCE);
	config_destroy(config);
	free(said);
	text = load_edit(load_base, 6, "media: {hold-music: none, ringback: automatic}");
	cr_assert_eq(load_text(&config, text, strlen(text), true, &said), 0, "%s", said);
	cr_expect_null(config->hold_music);
	cr_expect_null(config->ringback_region);
	config_destroy(config);
	free(said);
	free(text);
}
