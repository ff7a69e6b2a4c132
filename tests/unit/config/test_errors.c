/* Every error of a configuration file: what is said, in which line, and that nothing else is. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "load_text.h"

/* One edit of load_base and what must be said; NULL says ends the list. */
static const struct edit_case {
	unsigned line;
	const char *text;
	const char *says[4]; /* beginnings of the lines, in order; "W" in front: a warning */
} edit_cases[] = {
    /* shape */
    {5, "sip: {t2: 500ms}", {"f:5: sip.t2: unknown key; did you mean t1?"}},
    {5, "sipp: {t1: 500ms}", {"f:5: sipp: unknown key; did you mean sip?"}},
    {5, "sip: {completely-else: 1}", {"f:5: sip.completely-else: unknown key; known here: t1, ring-time,"}},
    {5, "sip: {t1: 500ms, t1: 400ms}", {"f:5: sip.t1: a second time in one place, first in line 5; once"}},
    {5, "sip: 5", {"f:5: sip: is one value; keys and values"}},
    {5, "sip:", {"f:5: sip: is empty; keys and values"}},
    {5, "sip: [a]", {"f:5: sip: is a list; keys and values"}},
    {5, "sip: {t1: [a]}", {"f:5: sip.t1: is a list; one value"}},
    {5, "sip: {t1: ''}", {"f:5: sip.t1: is empty; a value"}},
    {5, "sip: {? [a] : b}", {"f:5: sip: a key that is no word;"}},
    {3, "networks: 5\nx:", {"f:3: networks: is one value; a list", "f:4: x: unknown key"}},
    {2,
     "- {name: p, device: net_null0}",
     {"f:2: ports[0].tap: is missing; the name of its kernel interface, which the dataplane makes, like xfg-wan"}},
    {2, "- {name: p, device: net_null0, tap: }", {"f:2: ports[0].tap: is empty; the name of its kernel interface,"}},
    {2,
     "- {name: p, tap: t}",
     {"f:2: ports[0].device: is missing; DPDK device arguments, like net_af_xdp0,iface=eth1 or 0000:3b:00.0"}},
    {3,
     "x: 1\ny:",
     {"f:1: networks: is missing; a list of 1 to 64, like - {name: outside, port: wan, sip: 192.0.2.1, media: ",
      "f:3: x: unknown key", "f:4: y: unknown key"}},
    {2, "- p", {"f:2: ports[0]: is one value; keys and values"}},
    {4, "- {name: n, port: p, sip: 192.0.2.1, media: []}", {"f:4: networks[0].media: has 0 entries; 1 to 128"}},
    {4,
     "- {name: n, port: p, sip: 192.0.2.1}",
     {"f:4: networks[0].media: is missing; a list of the addresses of RTP,"}},
    {5, "dataplane: {workers: -1}", {"f:5: dataplane.workers: '-1' is no number;"}},
    {5, "dataplane: {workers: 017}", {"f:5: dataplane.workers: '017' is no number;"}},
    {5, "dataplane: {workers: 4294967296}", {"f:5: dataplane.workers: '4294967296' is no number;"}},
    {5, "dataplane: {workers: 17}", {"f:5: dataplane.workers: '17' is out of range; 1 to 16"}},
    {5, "dataplane: {idle: sleep}", {"f:5: dataplane.idle: 'sleep' is not known; one of: poll, backoff, interrupt"}},
    {5, "dataplane: {link: run/x}", {"f:5: dataplane.link: 'run/x' is no place for a socket; a path"}},
    {5, "a: &x 1\nb: *x", {"f:5: an anchor (&name);"}},
    {5, "a: !!str 1", {"f:5: a tag"}},
    {5, "a: \"x\\ny\"", {"f:5: a value with control characters"}},
    {5, "a: \"x\\0y\"", {"f:5: a value with control characters"}},
    {5, "a: [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]", {"f:5: nested too deeply; at most 12 levels"}},
    {5, "a: {b: c", {"f:6: no valid YAML: did not find expected ',' or '}'"}},
    {5, "---\na: 1", {"f:5: a second YAML document; one to a file"}},
    /* sounds */
    {5, "sounds: [{name: a}]", {"f:5: sounds[0].file: is missing; the path of a WAV file,"}},
    {5, "sounds: [{file: a}]", {"f:5: sounds[0].name: is missing; a name that no other sound has"}},
    {5,
     "sounds: [{name: busy, file: a}]",
     {"f:5: sounds[0].name: 'busy' is the name of a sound that is always there;"}},
    {5, "sounds: [{name: silence, file: a}]", {"f:5: sounds[0].name: 'silence' is the name of a sound that is"}},
    {5, "sounds: [{name: ringback-us, file: a}]", {"f:5: sounds[0].name: 'ringback-us' is the name of a sound that"}},
    {5,
     "sounds: [{name: a, file: a}, {name: a, file: b}]",
     {"f:5: sounds[1].name: 'a' is already a sound, in line 5;"}},
    {5, "sounds: [{name: a, file: a, times: 0}]", {"f:5: sounds[0].times: '0' is out of range; 1 to 1000"}},
    {5,
     "sounds: [{name: a, file: a, times: 2, loop: true}]",
     {"f:5: sounds[0].times: goes on for ever with loop: true; one of the two"}},
    {6, "media: {hold-music: jazz}", {"f:6: media.hold-music: unknown sound 'jazz'; none, silence, comfort-noise, or"}},
    {6, "media: {hold-music: busy}", {"f:6: media.hold-music: unknown sound 'busy';"}},
    {6,
     "media: {hold-music: a}\nsounds: [{name: a, file: a}]",
     {"f:6: media.hold-music: 'a' comes to an end; with loop: true in sounds[0]"}},
    {6, "media: {ringback: Germany}", {"f:6: media.ringback: 'Germany' is no region; two capital letters"}},
    {18, "- {name: sales, owner: A, type: announcement}", {"f:18: plans[0].sound: is missing; the name of a sound"}},
    {18,
     "- {name: sales, owner: A, type: announcement, sound: sorry}\nsounds: [{name: a, file: a}]",
     {"f:18: plans[0].sound: unknown sound 'sorry'; of sounds: a; or ringback, busy, congestion, one of a country"}},
    {18,
     "- {name: sales, owner: A, type: announcement, sound: busy-xx}",
     {"f:18: plans[0].sound: unknown sound 'busy-xx'; of sounds: none; or"}},
    {18,
     "- {name: sales, owner: A, type: announcement, sound: busy, ring-time: 5s, destination: x, caller-id: dialled}",
     {"f:18: plans[0].destination: of no use here; only for type number and sip",
      "f:18: plans[0].caller-id: of no use here; only for type number and sip",
      "f:18: plans[0].ring-time: of no use here; only for type number, sip and agent"}},
    {18,
     "- {name: sales, owner: A, type: announcement, sound: busy, time: 1h}",
     {"f:18: plans[0].time: '1h' is out of range; 100ms to 10m"}},
    {18,
     "- {name: sales, owner: A, type: agent, sound: busy, time: 1s}",
     {"f:18: plans[0].sound: of no use here; only for type announcement",
      "f:18: plans[0].time: of no use here; only for type announcement"}},
    /* values */
    {5, "sip: {t1: 500}", {"f:5: sip.t1: '500' has no unit; 100ms to 5s, written like"}},
    {5, "sip: {t1: 5 s}", {"f:5: sip.t1: '5 s' is no time;"}},
    {5, "sip: {t1: -5s}", {"f:5: sip.t1: '-5s' is no time;"}},
    {5, "sip: {t1: 6s}", {"f:5: sip.t1: '6s' is out of range; 100ms to 5s"}},
    {5, "sip: {t1: 0s}", {"f:5: sip.t1: '0s' is out of range; 100ms to 5s"}},
    {5, "sip: {max-call-time: 99999999999h}", {"f:5: sip.max-call-time: '99999999999h' is no time; 10s to 24h, or 0s"}},
    {5, "sip: {user-agent: 'a\"b'}", {"f:5: sip.user-agent: 'a\"b' has a quote"}},
    {6, "media: {dscp: EFF}", {"f:6: media.dscp: 'EFF' is no DSCP; EF, VA, CS0 to CS7, AF11 to AF43, LE, or 0 to 63"}},
    {6, "media: {dscp: 64}", {"f:6: media.dscp: '64' is no DSCP;"}},
    {6, "media: {dscp: 046}", {"f:6: media.dscp: '046' is no DSCP;"}},
    {6, "media: {dscp: -1}", {"f:6: media.dscp: '-1' is no DSCP;"}},
    {6, "media: {dscp: AF14}", {"f:6: media.dscp: 'AF14' is no DSCP;"}},
    {6, "media: {dscp: 63}", {NULL}},
    {6, "media: {dscp: ef}", {NULL}},
    {5, "sip: {dscp: CS8}", {"f:5: sip.dscp: 'CS8' is no DSCP;"}},
    {4,
     "- {name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1], media-dscp: 0x2e, sip-dscp: ''}",
     {"f:4: networks[0].media-dscp: '0x2e' is no DSCP;", "f:4: networks[0].sip-dscp: is empty;"}},
    {6, "media: {keys: hide}", {"f:6: media.keys: 'hide' is not known; one of: count, show"}},
    {6, "media: {ports: 16385-32767}", {"f:6: media.ports: '16385-32767' cuts a pair"}},
    {6, "media: {ports: 16384-32766}", {"f:6: media.ports: '16384-32766' cuts a pair"}},
    {6, "media: {ports: 10000-32767}", {"f:6: media.ports: '10000-32767' is out of range;"}},
    {6, "media: {ports: 16384-32769}", {"f:6: media.ports: '16384-32769' is out of range;"}},
    {6, "media: {ports: 20000-18001}", {"f:6: media.ports: '20000-18001' is out of range;"}},
    {6, "media: {ports: 16384}", {"f:6: media.ports: '16384' is no range of ports;"}},
    {2,
     "- {name: p, device: net_null0, tap: much-too-long-a-name}",
     {"f:2: ports[0].tap: 'much-too-long-a-name' is no name; 1 to 15"}},
    {2,
     "- {name: p, device: net_null0, tap: t, addresses: [192.0.2.1]}",
     {"f:2: ports[0].addresses[0]: '192.0.2.1' is no interface's"}},
    {2,
     "- {name: p, device: net_null0, tap: t, addresses: [192.0.2.1/33]}",
     {"f:2: ports[0].addresses[0]: '192.0.2.1/33' is no"}},
    {2,
     "- {name: p, device: net_null0, tap: t, addresses: [192.0.2.9/24]}",
     {"Wf:4: warning: networks[0].sip: 192.0.2.1 is no address of port p",
      "Wf:4: warning: networks[0].media[0]: 192.0.2.1"}},
    {2,
     "- {name: p, device: eth0, tap: t}",
     {"f:2: ports[0].device: 'eth0' is no DPDK device; write net_af_xdp0,iface=eth0, or a PCI address like "
      "0000:3b:00.0"}},
    {2,
     "- {name: p, device: 'af_xdp0,iface=eth1', tap: t}",
     {"f:2: ports[0].device: 'af_xdp0,iface=eth1' is no DPDK device; write net_af_xdp0,iface=eth0,"}},
    {2,
     "- {name: p, device: 'net_af_xpd0,iface=eth1', tap: t}",
     {"Wf:2: warning: ports[0].device: 'net_af_xpd0,iface=eth1' names no usual driver of DPDK; net_af_xdp0,iface="}},
    {2, "- {name: p, device: net_n, tap: t}", {"Wf:2: warning: ports[0].device: 'net_n' names no usual driver"}},
    {2, "- {name: p, device: net_virtio_user12, tap: t}", {NULL}},
    {2,
     "- {name: p, device: 'net_bonding0,mode=1', tap: t}",
     {"f:2: ports[0].device: net_bonding bonds nothing; name"}},
    {2,
     "- {name: p, device: 'net_bonding0,mode=1,slave=net_null1', members: [net_null1], tap: t}",
     {"f:2: ports[0].device: devices under net_bonding stand in members"}},
    {2,
     "- {name: p, device: net_null0, members: [net_null1], tap: t}",
     {"f:2: ports[0].members: only a device net_bonding has members"}},
    {2,
     "- {name: p, device: net_bonding0, members: [eth0], tap: t}",
     {"f:2: ports[0].members[0]: 'eth0' is no DPDK device;"}},
    {2,
     "- {name: p, device: net_bonding0, members: [], tap: t}",
     {"f:2: ports[0].members: has 0 entries; 1 to 8", "f:2: ports[0].device: net_bonding bonds nothing;"}},
    {2,
     "- {name: p, device: net_null0, vlan: 4095, tap: t}",
     {"f:2: ports[0].vlan: '4095' is out of range; 1 to 4094"}},
    {2, "- {name: p, device: net_null0, vlan: 0, tap: t}", {"f:2: ports[0].vlan: '0' is out of range; 1 to 4094"}},
    {2, "- {name: p, device: net_, tap: t}", {"f:2: ports[0].device: 'net_' is no DPDK device;"}},
    {2, "- {name: p, device: 'net_null0 ', tap: t}", {"f:2: ports[0].device: 'net_null0 ' is no DPDK device;"}},
    {2, "- {name: p, device: '3b:00.8', tap: t}", {"f:2: ports[0].device: '3b:00.8' is no DPDK device;"}},
    {2, "- {name: p, device: '0000:3b:00', tap: t}", {"f:2: ports[0].device: '0000:3b:00' is no DPDK device;"}},
    {2, "- {name: p, device: '0000:3b:00.7,x=1', tap: t}", {NULL}},
    {2, "- {name: p, device: '3B:00.0', tap: t}", {NULL}},
    {2, "- {name: p, device: 'net_af_packet1,iface=eth0,blocksz=4096', tap: eth}", {NULL}},
    {2,
     "- {name: p, device: 'net_af_packet1,iface=eth0,blocksz=4096', tap: eth0}",
     {"f:2: ports[0].tap: 'eth0' is the interface below port p (iface= of its device); the name of a new interface, "
      "like tap0"}},
    {2,
     "- {name: p, device: net_null0, tap: eth1}\n- {name: q, device: 'net_af_xdp0,iface=eth1', tap: t1}",
     {"f:2: ports[0].tap: 'eth1' is the interface below port q"}},
    {4,
     "- {name: n, port: p, sip: '192.0.2.1:0', media: [192.0.2.1]}",
     {"f:4: networks[0].sip: '192.0.2.1:0' is no address;"}},
    {4,
     "- {name: n, port: p, sip: '192.0.2.1:65536', media: [192.0.2.1]}",
     {"f:4: networks[0].sip: '192.0.2.1:65536' is"}},
    {4, "- {name: n, port: p, sip: '0.0.0.0', media: [192.0.2.1]}", {"f:4: networks[0].sip: '0.0.0.0' is no address;"}},
    {4,
     "- {name: n, port: p, sip: 192.0.2.1, media: [224.0.0.1]}",
     {"f:4: networks[0].media[0]: '224.0.0.1' is no host's"}},
    {4,
     "- {name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1], advertise: '2001:db8::1'}",
     {"f:4: networks[0].advertise: '2001:db8::1' is not of the family"}},
    {4,
     "- {name: n, port: q, sip: 192.0.2.1, media: [192.0.2.1]}",
     {"f:4: networks[0].port: unknown port 'q'; known: p"}},
    {4,
     "- {name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}\n- {name: m, port: p, sip: 192.0.2.1, media: "
     "[192.0.2.1]}",
     {"f:5: networks[1].media[0]: 192.0.2.1 is already a media address of network n;",
      "f:5: networks[1].sip: 192.0.2.1:5060 is already that of network n;"}},
    {4,
     "- {name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}\n- {name: n, port: p, sip: '192.0.2.1:5070', media: "
     "['2001:db8::1']}",
     {"f:5: networks[1].name: 'n' is already a network, in line 4;", "Wf:5: warning: networks[1].media[0]"}},
    /* providers */
    {9,
     "- {name: b, owner: B, network: x, region: GB, trunk: 'sip:b.example', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].network: unknown network 'x'; known: n"}},
    {9,
     "- {name: b, owner: B, network: n, region: gb, trunk: 'sip:b.example', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].region: 'gb' is no region;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'http://b', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].trunk: 'http://b' is no SIP URI;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sips:b', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].trunk: only SIP over UDP is spoken; sip:user@host:port, without sips: and ;transport="}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b;transport=tls', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].trunk: only SIP over UDP is spoken;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b;transport=UDP', sources: [198.51.100.0/24]}",
     {NULL}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b:99999', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].trunk: 'sip:b:99999' is no SIP URI;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.100.1/24]}",
     {"f:9: providers[1].sources[0]: '198.51.100.1/24' has bits set behind its length;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.100.0/33]}",
     {"f:9: providers[1].sources[0]: '198.51.100.0/33' is too long a prefix;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [b.example]}",
     {"f:9: providers[1].sources[0]: 'b.example' is no address block;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [203.0.113.0/24]}",
     {"f:9: providers[1].sources[0]: 203.0.113.0/24 is also a source of provider 'a', so a packet from there could be "
      "of either; a block of provider 'b' alone"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [192.0.2.10, 203.0.113.0/25]}",
     {"f:14: agents[0].sources[0]: 192.0.2.10/32 is also a source of provider 'b'"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [0.0.0.0/0]}",
     {"Wf:9: warning: providers[1].sources[0]: 0.0.0.0/0 admits everyone"}},
    {9,
     "- {name: a, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.100.0/24]}",
     {"f:9: providers[1].name: 'a' is already a provider, in line 8;",
      "f:12: numbers[1].providers[0]: unknown provider 'b'; known: a"}},
    {9,
     "- {name: c, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.100.0/24]}\n"
     "- {name: c, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.101.0/24]}",
     {"f:10: providers[2].name: 'c' is already a provider, in line 9;",
      "f:13: numbers[1].providers[0]: unknown provider 'b'; known: c\n"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.100.0/24], cost-per-minute: 1}",
     {"f:9: providers[1].cost-per-minute: without a currency;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b', sources: [198.51.100.0/24], cost-per-minute: -1}",
     {"f:9: providers[1].cost-per-minute: '-1' is no number;"}},
    /* numbers */
    {12,
     "- {number: '442079460000', owner: B}",
     {"f:12: numbers[1].number: '442079460000' has no country code; write it with + and the country code, like "
      "+12025550143"}},
    {12, "- {number: '+4420', owner: B}", {"f:12: numbers[1].number: '+4420' is too short for a number of GB;"}},
    {12,
     "- {number: '+15550100000', owner: B}",
     {"Wf:12: warning: numbers[1].number: '+15550100000' is possible, but not known"}},
    {12,
     "- {number: '+1 202 555 0100', owner: B}",
     {"f:12: numbers[1].number: +12025550100 is already registered, in line 11;"}},
    {12,
     "- {number: '+442079460000', owner: B, providers: [c]}",
     {"f:12: numbers[1].providers[0]: unknown provider 'c'; known: b"}},
    {12,
     "- {number: '+442079460000', owner: B, providers: [a]}",
     {"f:12: numbers[1].providers[0]: provider 'a' belongs to owner 'A', this to owner 'B';"}},
    {12,
     "- {number: '+442079460000', owner: B, active: maybe}",
     {"f:12: numbers[1].active: 'maybe' is not known; true or false"}},
    {12,
     "- {number: '+442079460000', owner: B, verified: yes}",
     {"f:12: numbers[1].verified: 'yes' is not known; one of: no, operator"}},
    /* agents */
    {14,
     "- {name: bot, owner: B, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], may: {plans: [sales]}}",
     {"f:14: agents[0].may.plans[0]: plan 'sales' belongs to owner 'A', this to owner 'B';",
      "f:16: routes[0].number: +12025550100 belongs to owner 'A', agent 'bot' to owner 'B';"}},
    {14,
     "- {name: bot, owner: A, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], caller-id: '+442079460000'}",
     {"f:14: agents[0].caller-id: +442079460000 belongs to owner 'B', this to owner 'A';"}},
    {14,
     "- {name: bot, owner: A, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], caller-id: '+12025550101'}",
     {"f:14: agents[0].caller-id: +12025550101 is not registered; a number of numbers[] with owner 'A', or dialled"}},
    {14,
     "- {name: bot, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], caller-id: '+12025550101'}",
     {"f:14: agents[0].caller-id: +12025550101 is not registered; a number of numbers[] with no owner, or dialled",
      "f:16: routes[0].number: +12025550100 belongs to owner 'A', agent 'bot' to no owner; both of"}},
    {14,
     "- {name: bot, owner: A, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], provider: b}",
     {"f:14: agents[0].provider: provider 'b' belongs to owner 'B'"}},
    {14,
     "- {name: bot, owner: A, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], refer-accept-code: 204}",
     {"f:14: agents[0].refer-accept-code: '204' does not accept a REFER;"}},
    {14,
     "- {name: bot, owner: A, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], may: {prefixes: ['1202'], "
     "countries: [USA], domains: ['*x', 'a b', 10.0.0.0/33]}}",
     {"f:14: agents[0].may.prefixes[0]: '1202' is no prefix;", "f:14: agents[0].may.countries[0]: 'USA' is no country;",
      "f:14: agents[0].may.domains[0]: '*x' is no domain;"}},
    {14,
     "- {name: bot, owner: A, network: n, uri: 'sip:bot@a', sources: [192.0.2.10], may: {domains: ['http://x', "
     "10.0.0.0/33, 10.0.0.1/8, '*.x.example', x.example, 10.0.0.1, '10.0.0.0/8', '2001:db8::/32', '*.10.0.0.1']}}",
     {"f:14: agents[0].may.domains[0]: 'http://x' is no domain; write a host name like pbx.example.com, *.example.com, "
      "or an address block",
      "f:14: agents[0].may.domains[1]: '10.0.0.0/33' is too long a prefix;",
      "f:14: agents[0].may.domains[2]: '10.0.0.1/8' has bits set", "f:14: agents[0].may.domains[8]: '*.10.0.0.1' is"}},
    /* routes */
    {16, "- {number: '+12025550100', agent: nobody}", {"f:16: routes[0].agent: unknown agent 'nobody'; known: bot"}},
    {16,
     "- {number: '+12025550100', agent: bot, provider: b}",
     {"f:16: routes[0].provider: provider 'b' belongs to owner 'B'"}},
    {16, "- {number: '+442079460000', agent: bot}", {"f:16: routes[0].number: +442079460000 belongs to owner 'B'"}},
    {16,
     "- {number: '*', agent: bot}\n- {number: '*', agent: bot}",
     {"f:17: routes[1].number: * already has a route for any provider, in line 16;"}},
    {16,
     "- {number: '*', agent: bot, agent-fails: 200}",
     {"f:16: routes[0].agent-fails: '200' is not known; a SIP code"}},
    {16,
     "- {number: '*', agent: bot, agent-fails: plan-x}",
     {"f:16: routes[0].agent-fails: unknown plan 'x'; known: sales"}},
    {16, "- {number: '*', agent: bot, agent-lost: 480}", {"f:16: routes[0].agent-lost: '480' is not known; hang-up,"}},
    /* plans */
    {18,
     "- {name: sales, owner: A, type: number, destination: 555-0143, region: UX}",
     {"f:18: plans[0].region: 'UX' is no region;"}},
    {18, "- {name: sales, owner: A, type: number}", {"f:18: plans[0].destination: is missing; a telephone number"}},
    {18,
     "- {name: sales, owner: A, type: fax, destination: '+12025550143'}",
     {"f:18: plans[0].type: 'fax' is not known; one of: number, sip, agent, hang-up"}},
    {18,
     "- {name: sales, owner: A, type: number, destination: 1-800-FLOWERS}",
     {"f:18: plans[0].destination: '1-800-FLOWERS' is no telephone number;"}},
    {18,
     "- {name: sales, owner: A, type: number, destination: 555-0143, region: US}",
     {"f:18: plans[0].destination: '555-0143' is too short for a number of US;"}},
    {18,
     "- {name: sales, owner: A, type: number, destination: '911', region: US}",
     {"f:18: plans[0].destination: '911' is an emergency number"}},
    {18,
     "- {name: sales, owner: A, type: sip, destination: 'sip:x@y', region: US, provider: a}",
     {"f:18: plans[0].region: of no use here; only for type number", "f:18: plans[0].provider: of no use here"}},
    {18, "- {name: sales, owner: A, type: hang-up, ring-time: 5s}", {"f:18: plans[0].ring-time: of no use here;"}},
    {18,
     "- {name: sales, owner: A, type: hang-up, fallbacks: [{type: agent}]}",
     {"f:18: plans[0].fallbacks[0].type: behind hang-up, never reached;"}},
    {18,
     "- {name: sales, owner: A, type: agent, fallbacks: [{type: sip, destination: 'sip:x@y', caller-id: "
     "'+442079460000'}]}",
     {"f:18: plans[0].fallbacks[0].caller-id: +442079460000 belongs to owner 'B', this to owner 'A';"}},
    {18,
     "- {name: sales, owner: A, type: number, destination: '+12025550143', provider: b}",
     {"f:18: plans[0].provider: provider 'b' belongs to owner 'B'"}},
    {18,
     "- {name: sales, owner: A, type: agent, fallbacks: [{type: agent},{type: agent},{type: agent},{type: "
     "agent},{type: agent},{type: agent},{type: agent},{type: agent}]}",
     {"f:18: plans[0].fallbacks: has 8 entries; 0 to 7"}},
    {11,
     "- {number: '+12025550100', owner: A, providers: [a]}",
     {"Wf:18: warning: plans[0].caller-id: +12025550100 is not verified"}},
    {11,
     "- {number: '+12025550100', owner: A, verified: operator, active: false}",
     {"Wf:18: warning: plans[0].caller-id: +12025550100 is not active"}},
    {11,
     "- {number: '+12025550100', owner: A, verified: operator}",
     {"Wf:18: warning: plans[0].caller-id: +12025550100 is not authorised at provider a"}},
    /* screen */
    {5, "screen: {malformed: maybe}", {"f:5: screen.malformed: 'maybe' is not known; one of: answer, drop"}},
    {5, "screen: {ceiling: {per-second: 0}}", {"f:5: screen.ceiling.per-second: '0' is out of range; 1 to 10000000"}},
    {5, "screen: {ceiling: {burst: 5}}", {"f:5: screen.ceiling.burst: without per-second;"}},
    {5,
     "screen: {ceiling: {per-second: 100, burst: 9}}",
     {"f:5: screen.ceiling.burst: '9' is too small a burst for 3 peers, the targets and 1 workers; burst: 10 or more"}},
    {5, "screen: {ceiling: {per-second: 100, burst: 10}}", {NULL}},
    {5, "screen: {ceiling: {per-second: 5}}", {"f:5: screen.ceiling.per-second: '5' is too small a burst"}},
    {5,
     "screen: {targets: {invites: {per-second: 1, burst: 1000001}}}",
     {"f:5: screen.targets.invites.burst: '1000001' is out of range; 1 to 1000000"}},
    {5, "screen: {targets: {invite: {}}}", {"f:5: screen.targets.invite: unknown key; did you mean invites?"}},
    {5, "screen: {targets: {invites: 5}}", {"f:5: screen.targets.invites: is one value; keys and values"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b.example', sources: [198.51.100.0/24],\n"
     "   limits: {packets: {per-second: x}}}",
     {"f:10: providers[1].limits.packets.per-second: 'x' is no number;"}},
    {9,
     "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b.example', sources: [198.51.100.0/24],\n"
     "   limits: {packets: {per-second: 9}, invites: {per-second: 1}, requests: {per-second: 2},\n"
     "            dialogs: {per-second: 3}, responses: {per-second: 4}}}",
     {"Wf:10: warning: providers[1].limits.packets.per-second: 9 is less than the other limits together, 10"}},
    /* credentials */
    {20, "- {host: pbx.example, owner: A, username: u}", {"f:20: sip-servers[0].username: without a password;"}},
    {20,
     "- {host: pbx.example, owner: A, password-env: X}",
     {"f:20: sip-servers[0].password-env: without a username;"}},
    {20,
     "- {host: pbx.example, owner: A, username: u, password-env: XFG_TEST_UNSET}",
     {"f:20: sip-servers[0].password-env: environment variable 'XFG_TEST_UNSET' is not set;"}},
    {20,
     "- {host: pbx.example, owner: A, username: u, password-file: /nonexistent/x}",
     {"f:20: sip-servers[0].password-file: '/nonexistent/x' cannot be read: No such file"}},
    {20,
     "- {host: pbx.example, owner: A, username: u, password-file: /dev/null}",
     {"f:20: sip-servers[0].password-file: '/dev/null' cannot be read: not a file"}},
    {20,
     "- {host: pbx.example, owner: A, username: u, password: hunter2}",
     {"f:20: sip-servers[0].password: a secret in the configuration; password-file"}},
    {20,
     "- {host: pbx.example, owner: A}\n- {host: PBX.example, owner: A}",
     {"f:21: sip-servers[1].host: 'PBX.example' stands twice;"}},
    {20, "- {host: 300.1.1.1, owner: A}", {"f:20: sip-servers[0].host: '300.1.1.1' is no host;"}},
};

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static bool has_line(const char *said, const char *begin)
{
	for (const char *l = said; l && *l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL)
		if (strncmp(l, begin, strlen(begin)) == 0)
			return true;
	return false;
}

Test(config_errors, each_edit_says_what_is_wrong_and_where)
{
	for (size_t i = 0; i < sizeof(edit_cases) / sizeof(edit_cases[0]); i++) {
		const struct edit_case *e = &edit_cases[i];
		struct config *config;
		char *said, *text = load_edit(load_base, e->line, e->text);
		int err = load_text(&config, text, strlen(text), true, &said);
		bool fails = false;
		unsigned expected = 0;

		for (; expected < 4 && e->says[expected]; expected++) {
			const char *s = e->says[expected];
			bool warning = s[0] == 'W';
			fails |= !warning;
			cr_expect(has_line(said, s + warning), "'%s'\nwants: %s\nsaid:\n%s", e->text, s, said);
		}
		cr_expect_eq(err, fails ? -EINVAL : 0, "'%s' gives %d:\n%s", e->text, err, said);
		cr_expect_eq(!config, fails);
		/* The row of three wants the first three of five. */
		if (expected < 3)
			cr_expect_eq(count_lines(said), expected, "'%s' says more:\n%s", e->text, said);
		config_destroy(config);
		free(said);
		free(text);
	}
}

Test(config_errors, all_at_once_in_the_order_of_lines)
{
	static const char text[] = "ports:\n"
				   "- {name: p, device: net_null0, tap: t0, mtu: 5}\n"
				   "networks:\n"
				   "- {name: n, port: q, sip: 192.0.2.1, media: [x]}\n"
				   "sip:\n"
				   "  t1: 500\n"
				   "  tt: 1\n"
				   "providers:\n"
				   "- name: a\n"
				   "  network: m\n"
				   "  region: XX\n"
				   "  trunk: sip:a\n"
				   "  sources: [1.2.3.4]\n"
				   "  validity: never\n"
				   "routes:\n"
				   "- {number: '*', agent: bot}\n";
	static const char *const says[] = {
	    "f:2: ports[0].mtu: '5' is out of range; 576 to 9216",
	    "f:4: networks[0].port: unknown port 'q'; known: p",
	    "f:4: networks[0].media[0]: 'x' is no host's address; an IPv4 or IPv6 address, not multicast, broadcast or "
	    "0",
	    "f:6: sip.t1: '500' has no unit; 100ms to 5s, written like 500ms, 20s, 5m, 4h",
	    "f:7: sip.tt: unknown key; did you mean t1?",
	    "f:10: providers[0].network: unknown network 'm'; known: n",
	    "f:11: providers[0].region: 'XX' is no region; two capital letters of ISO 3166, like US or GB",
	    "f:14: providers[0].validity: 'never' is not known; one of: possible, strict",
	    "f:16: routes[0].agent: unknown agent 'bot'; known: none",
	};
	struct config *config;
	char *said;

	cr_assert_eq(load_text(&config, text, strlen(text), true, &said), -EINVAL);
	const char *at = said;
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		size_t len = strcspn(at, "\n");
		cr_expect(len == strlen(says[i]) && strncmp(at, says[i], len) == 0, "line %zu: wants\n%s\ngot\n%.*s", i,
			  says[i], (int)len, at);
		at += len + (at[len] == '\n');
	}
	cr_expect_str_empty(at);
	free(said);
}

Test(config_errors, files_that_are_none)
{
	struct config *config;
	char *said, *raw = NULL;
	size_t len;
	FILE *errors = open_memstream(&raw, &len);
	char *big = malloc((1 << 20) + 2);

	cr_expect_eq(config_load(&config, "/nonexistent/f", errors), -ENOENT);
	cr_expect_eq(config_load(&config, "/tmp", errors), -EISDIR);
	fflush(errors);
	cr_expect_str_eq(
	    raw, "/nonexistent/f: cannot be read: No such file or directory\n/tmp: cannot be read: Is a directory\n");
	fclose(errors);
	free(raw);
	memset(big, '#', (1 << 20) + 1);
	cr_expect_eq(load_text(&config, big, (1 << 20) + 1, true, &said), -EFBIG);
	cr_expect_str_eq(said, "f: is too big; at most 1048576 bytes\n");
	free(said);
	cr_expect_eq(load_text(&config, "", 0, true, &said), -EINVAL);
	cr_expect(has_line(said, "f:1: the file is empty;"), "%s", said);
	free(said);
	cr_expect_eq(load_text(&config, "\xff\xfe\xfd", 3, true, &said), -EINVAL);
	cr_expect_null(config);
	free(said);
	free(big);
}

Test(config_errors, bytes_that_are_no_text_have_a_line)
{
	static const char *const texts[] = {"ports:\n- a\n- \x01\n", "ports:\n- a\n- b\xff\n"};
	struct config *config;
	char *said;

	for (unsigned i = 0; i < 2; i++) {
		cr_expect_eq(load_text(&config, texts[i], strlen(texts[i]), true, &said), -EINVAL);
		cr_expect(has_line(said, "f:3: no UTF-8 text at byte "), "%s", said);
		free(said);
	}
}

/* Many errors end in a number, not in an endless list. */
Test(config_errors, are_bounded)
{
	struct config *config;
	char *said, *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (unsigned i = 0; i < 100000; i++)
		fprintf(f, "k%u: 1\n", i);
	fclose(f);
	cr_expect_eq(load_text(&config, text, len, true, &said), -EINVAL);
	cr_expect_leq(count_lines(said), 502);
	cr_expect(has_line(said, "f: and "), "no count of the rest");
	free(said);
	free(text);
}
