/* The commands of `xfergate`: one list for parsing, help and the tests. */
#pragma once

#include "xfergate/rpc.h"

#define COMMAND_CALL_HELP                                                                                              \
	"CALL is the id that `show calls` prints, a leg's Call-ID, or the caller's number if it is unique.\n"

/* X(symbol, "words", method or XF_RPC_COUNT, "arguments and options", "what it does", "more", "examples") */
#define COMMANDS(X)                                                                                                    \
	X(SHOW_CALLS, "show calls", XF_RPC_SHOW_CALLS, "", "calls that are up, with their legs", "",                   \
	  "  xfergate show calls\n  xfergate --json show calls\n")                                                     \
	X(SHOW_CALL, "show call", XF_RPC_SHOW_CALL, "CALL", "everything that is known of one call", COMMAND_CALL_HELP, \
	  "  xfergate show call c-4k2m9x1a\n  xfergate show call '+1 202 555 0143'\n")                                 \
	X(SHOW_TRANSFERS, "show transfers", XF_RPC_SHOW_TRANSFERS, "",                                                 \
	  "transfers under way and the last finished ones", "", "  xfergate show transfers\n")                         \
	X(SHOW_ENDPOINTS, "show endpoints", XF_RPC_SHOW_ENDPOINTS, "",                                                 \
	  "media endpoints of the dataplane, orphans included",                                                        \
	  "An orphan belongs to no call of this control plane: it forwards on until its media time-out.\n",            \
	  "  xfergate show endpoints\n")                                                                               \
	X(SHOW_PORTS, "show ports", XF_RPC_SHOW_PORTS, "", "network ports and their kernel interfaces", "",            \
	  "  xfergate show ports\n")                                                                                   \
	X(SHOW_DATAPLANE, "show dataplane", XF_RPC_SHOW_DATAPLANE, "",                                                 \
	  "workers, what their stages cost, ports and drops",                                                          \
	  "Some of the turns of a worker's loop that receive something are measured; SHARE-% is of their cycles.\n",   \
	  "  xfergate show dataplane\n  xfergate --json show dataplane\n")                                             \
	X(SHOW_SOURCES, "show sources", XF_RPC_SHOW_SOURCES, "", "address blocks that may talk SIP to the gateway",    \
	  "Packets are counted by peer: each block of a peer shows the peer's count.\n", "  xfergate show sources\n")  \
	X(SHOW_NUMBERS, "show numbers", XF_RPC_SHOW_NUMBERS, "", "registered telephone numbers", "",                   \
	  "  xfergate show numbers\n")                                                                                 \
	X(SHOW_PLANS, "show plans", XF_RPC_SHOW_PLANS, "", "transfer plans with their targets", "",                    \
	  "  xfergate show plans\n")                                                                                   \
	X(SHOW_PROVIDERS, "show providers", XF_RPC_SHOW_PROVIDERS, "", "telephony providers", "",                      \
	  "  xfergate show providers\n")                                                                               \
	X(SHOW_SCREEN, "show screen", XF_RPC_SHOW_SCREEN, "", "what the screen of SIP passed and dropped",             \
	  "By peer and by rule of the signatures. The tables leave out what never happened; --json has all.\n",        \
	  "  xfergate show screen\n  xfergate --json show screen\n")                                                   \
	X(SHOW_STATS, "show stats", XF_RPC_SHOW_STATS, "", "counters of both planes, drops by name",                   \
	  "The table leaves out drops that never happened; --json has all.\n", "  xfergate show stats\n")              \
	X(SHOW_VERSION, "show version", XF_RPC_SHOW_VERSION, "", "versions, age of the numbering data, uptime", "",    \
	  "  xfergate show version\n")                                                                                 \
	X(TRANSFER, "transfer", XF_RPC_TRANSFER,                                                                       \
	  "CALL --to NUMBER|URI [--caller-id NUMBER] | --plan NAME [--no-wait]", "transfers a call",                   \
	  COMMAND_CALL_HELP                                                                                            \
	  "Waits for the outcome, at most ten minutes, and exits 0 only if the target is connected.\n"                 \
	  "  --to NUMBER|URI     telephone number in any usual spelling, or sip: URI\n"                                \
	  "  --plan NAME         a plan of the configuration, with its fallbacks\n"                                    \
	  "  --caller-id NUMBER  registered number that the target sees; only with --to\n"                             \
	  "  --no-wait           print the transfer's id and go\n",                                                    \
	  "  xfergate transfer c-4k2m9x1a --to '(202) 555-0143'\n"                                                     \
	  "  xfergate transfer c-4k2m9x1a --to sip:reception@pbx.example.com\n"                                        \
	  "  xfergate transfer +12025550143 --plan sales --no-wait\n")                                                 \
	X(HANGUP, "hangup", XF_RPC_HANGUP, "CALL [--reason TEXT]", "ends a call",                                      \
	  COMMAND_CALL_HELP "  --reason TEXT  why: for the log, and for both parties to read (Reason in our BYE)\n",   \
	  "  xfergate hangup c-4k2m9x1a\n  xfergate hangup c-4k2m9x1a --reason 'test call'\n")                         \
	X(CAPTURE, "capture", XF_RPC_CAPTURE_START, "CALL|--all -o FILE [--media] [--scrub] [--for TIME]",             \
	  "writes what a call says and hears to a file",                                                               \
	  COMMAND_CALL_HELP                                                                                            \
	  "From now on, until the call ends, TIME is over or Ctrl-C is pressed. FILE is a pcap, whole at the end.\n"   \
	  "  --all           every call, new ones from their first INVITE on, and what belongs to no call\n"           \
	  "  -o FILE         where to; - is standard output\n"                                                         \
	  "  --media         RTP and RTCP too\n"                                                                       \
	  "  --scrub         without credentials and keys, and with other digits in telephone numbers\n"               \
	  "  --for TIME      how long: 90s, 15m, 2h, 1d\n",                                                            \
	  "  xfergate capture c-4k2m9x1a -o call.pcap\n"                                                               \
	  "  xfergate capture --all -o hour.pcap --scrub --for 1h\n")                                                  \
	X(CHECK, "check", XF_RPC_COUNT, "FILE", "checks a configuration file and prints what it says",                 \
	  "Reads FILE as the daemons would, and the sounds (WAV) and password files that it names. Changes nothing,\n" \
	  "and needs no running daemon. With --json: an object with errors and warnings, each file, line, key, "       \
	  "text.\n",                                                                                                   \
	  "  xfergate check /etc/xfergate/xfergate.yaml\n")                                                            \
	X(LADDER, "ladder", XF_RPC_COUNT,                                                                              \
	  "CAPTURE... [--lane NAME=ADDRESS[,ADDRESS]...]... [--hub NAME] [--call TEXT] [--no-media]",                  \
	  "draws the calls in captures: who sent what to whom",                                                        \
	  "Reads pcap and pcapng files (-: standard input), in order of time over all of them; SIP over UDP and "      \
	  "TCP,\n"                                                                                                     \
	  "and RTP. Needs no running daemon.\n"                                                                        \
	  "  --lane NAME=ADDRESS,...  a lane and its addresses, from left to right; nothing else is drawn. Without "   \
	  "it\n"                                                                                                       \
	  "                           every address has one\n"                                                         \
	  "  --hub NAME               the gateway's lane: packets are counted at the other ones\n"                     \
	  "  --call TEXT              only messages whose Call-ID contains TEXT, and media that their SDP names\n"     \
	  "  --no-media               SIP alone\n",                                                                    \
	  "  xfergate ladder call.pcap\n"                                                                              \
	  "  xfergate ladder wan.pcap lan.pcap --lane caller=192.0.2.20 --lane gateway=192.0.2.1,198.51.100.1 \\\n"    \
	  "      --lane agent=198.51.100.10 --hub gateway\n"                                                           \
	  "  tcpdump -i eth0 -s 0 -w - udp | xfergate ladder - --no-media\n")                                          \
	X(REPLAY, "replay", XF_RPC_COUNT, "CAPTURE -c CONFIG [options]", "plays a capture into the gateway, offline",  \
	  "Both planes run on a virtual clock, without network, root or a running daemon: the same every time.\n"      \
	  "  -c CONFIG   configuration of the gateway\n"                                                               \
	  "  -o FILE     what the gateway sends, as a pcap\n"                                                          \
	  "  --ladder    print who sent what to whom\n"                                                                \
	  "xfergate replay --help lists all options.\n",                                                               \
	  "  xfergate replay call.pcap -c /etc/xfergate/xfergate.yaml --ladder\n"                                      \
	  "  xfergate replay phones.pcap -c lab.yaml --as caller=10.0.0.5@carrier,callee=10.0.0.9@bot\n")              \
	X(HELP, "help", XF_RPC_COUNT, "[COMMAND]", "help on a command", "",                                            \
	  "  xfergate help transfer\n  xfergate help show call\n")

enum command {
#define X(symbol, words, method, usage, text, more, examples) COMMAND_##symbol,
	COMMANDS(X)
#undef X
	    COMMAND_COUNT
};

struct command_info {
	const char *words;
	unsigned method; /* enum xf_rpc_method, or XF_RPC_COUNT: not the daemon's business */
	const char *usage, *text, *more, *examples;
};

/* NULL if there is no such command. */
const struct command_info *command_info(unsigned command);
/* Of "show call" or "transfer"; COMMAND_COUNT: none. */
unsigned command_find(const char *words);
