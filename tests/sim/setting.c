/* The gateway's configurations: one to three workers, the PBXs' network over IPv4 or IPv6, media sources strict or
 * learned, calls long or short. */
#include "parts.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char format[] =
    "dataplane: {workers: %u}\n"
    "ports:\n"
    "  - {name: one, device: net_null0, tap: t0, addresses: [192.0.2.1/24]}\n"
    "  - {name: two, device: net_null1, tap: t1, addresses: [198.51.100.1/24]}\n"
    "  - {name: three, device: net_null2, tap: t2, addresses: [%s]}\n"
    "networks:\n"
    "  - {name: carrier, port: one, sip: 192.0.2.1, media: [192.0.2.1]}\n"
    "  - {name: agents, port: two, sip: 198.51.100.1, media: [198.51.100.1]}\n"
    "  - {name: pbx, port: three, sip: \"%s\", media: [\"%s\"]}\n"
    "sip: {ring-time: 15s, max-call-time: %us}\n"
    "media: {timeout: 12s, quarantine: 1s, learn-window: 3s, ports: 16384-16639}\n"
    "providers:\n"
    "  - name: carrier\n"
    "    owner: acme\n"
    "    network: carrier\n"
    "    region: US\n"
    "    trunk: sip:edge.carrier.lab\n"
    "    sources: [192.0.2.0/25]\n"
    "    username: acme\n"
    "    password-env: SIM_PASSWORD\n"
    "    realm: carrier.lab\n"
    "numbers:\n"
    "  - {number: \"+12025550100\", owner: acme, verified: operator, active: true, providers: [carrier]}\n"
    "  - {number: \"+12025550101\", owner: acme, verified: no, active: true, providers: [carrier]}\n"
    "  - {number: \"+12025550102\", owner: acme, verified: operator, active: false, providers: [carrier]}\n"
    "  - {number: \"+12025550103\", owner: acme, verified: operator, active: true, providers: []}\n"
    "  - {number: \"+12025550104\", owner: rival, verified: operator, active: true, providers: []}\n"
    "agents:\n"
    "  - name: bot\n"
    "    owner: acme\n"
    "    network: agents\n"
    "    uri: sip:bot@agent.lab\n"
    "    sources: [198.51.100.10]\n"
    "    username: gateway\n"
    "    password-env: SIM_PASSWORD\n"
    "    realm: agent.lab\n"
    "    media-source: %s\n"
    "    region: US\n"
    "    caller-id: dialled\n"
    "    may: {plans: [sales, straight, desk], prefixes: [\"+1202\"], domains: [pbx.lab, sneaky.lab]}\n"
    "routes:\n"
    "  - {number: \"+12025550100\", provider: carrier, agent: bot, ring-time: 20s, agent-fails: 480, agent-lost: "
    "hang-up}\n"
    "  - {number: \"+12025550199\", provider: carrier, agent: bot, ring-time: 8s, agent-fails: plan-desk, "
    "agent-lost: plan-desk}\n"
    "sounds:\n"
    "  - {name: sorry, file: /proc/self/fd/%d}\n"
    "plans:\n"
    "  - name: sales\n"
    "    owner: acme\n"
    "    type: number\n"
    "    destination: \"+12025550150\"\n"
    "    caller-id: \"+12025550100\"\n"
    "    ring-time: 10s\n"
    "    fallbacks:\n"
    "      - {type: sip, destination: \"sip:reception@pbx.lab\", ring-time: 3s}\n"
    "      - {type: announcement, sound: sorry}\n"
    "      - {type: agent}\n"
    "  - name: straight\n"
    "    owner: acme\n"
    "    type: sip\n"
    "    destination: sip:reception@pbx.lab\n"
    "    ring-time: 5s\n"
    "  - name: desk\n"
    "    owner: acme\n"
    "    type: sip\n"
    "    destination: sip:desk@pbx.lab\n"
    "    ring-time: 5s\n"
    "    fallbacks:\n"
    "      - {type: number, destination: \"+12025550151\", caller-id: \"+12025550100\", ring-time: 9s}\n"
    "      - {type: announcement, sound: sorry}\n"
    "      - {type: announcement, sound: busy, time: 2s}\n"
    "      - {type: hang-up}\n"
    "sip-servers:\n"
    "  - {host: pbx.lab, owner: acme, username: gw, password-env: SIM_PASSWORD, realm: pbx.lab}\n";

static struct {
	struct config *config;
	char text[sizeof(format) + 256];
} settings[SETTINGS];

/* A second of PCMU in a WAV file that is nowhere but in memory: its descriptor, -1: there is none. */
static int setting_sound(void)
{
	enum { SAMPLES = 8000 };
	static const uint8_t header[] = {'R',  'I',  'F', 'F', 0x6a, 0x1f, 0,	 0,    'W', 'A', 'V', 'E',
					 'f',  'm',  't', ' ', 18,   0,	   0,	 0,    7,   0,	 1,   0,
					 0x40, 0x1f, 0,	  0,   0x40, 0x1f, 0,	 0,    1,   0,	 8,   0,
					 0,    0,    'd', 'a', 't',  'a',  0x40, 0x1f, 0,   0};
	static int fd = -1;
	uint8_t samples[SAMPLES];
	if (fd >= 0)
		return fd;
	for (unsigned i = 0; i < SAMPLES; i++)
		samples[i] = i / 8 % 2 ? 0x2a : 0xaa; /* 500 Hz */
	fd = memfd_create("sorry", MFD_CLOEXEC);
	if (fd >= 0 && (write(fd, header, sizeof(header)) != (ssize_t)sizeof(header) ||
			write(fd, samples, sizeof(samples)) != (ssize_t)sizeof(samples))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

const struct config *setting_get(unsigned variant, const char **text)
{
	char path[] = "/tmp/xfergate-sim-XXXXXX";
	bool v6 = variant / 3 & 1, strict = variant / 6 & 1;
	const char *address = v6 ? "2001:db8:3::1" : "203.0.113.1";
	if (text)
		*text = settings[variant].text;
	if (settings[variant].config)
		return settings[variant].config;
	int fd = mkstemp(path);
	int n = snprintf(settings[variant].text, sizeof(settings[variant].text), format, variant % 3 + 1,
			 v6 ? "2001:db8:3::1/64" : "203.0.113.1/24", address, address, variant / 12 & 1 ? 10 : 70,
			 strict ? "strict" : "learn", setting_sound());
	setenv("SIM_PASSWORD", "hunter2", 1);
	if (fd < 0 || write(fd, settings[variant].text, (size_t)n) != n ||
	    config_load(&settings[variant].config, path, stderr) < 0)
		settings[variant].config = NULL;
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return settings[variant].config;
}
