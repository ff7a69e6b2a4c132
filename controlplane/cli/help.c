#include "help.h"

#include "client.h"
#include "command.h"

static void print_all(FILE *out)
{
	fputs("usage: xfergate [--socket PATH] [--json] COMMAND\n\n"
	      "Shows and steers the calls of the xfergate gateway on this machine.\n\ncommands:\n",
	      out);
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-16s  %s\n", command_info(i)->words, command_info(i)->text);
	fprintf(out,
		"\noptions:\n"
		"  --socket PATH     the control plane's socket; else the environment's XFERGATE_SOCKET, else\n"
		"                    %s\n"
		"  --json            print the answer as JSON, for programs\n"
		"  --help, -h        this, or with a command help on it\n"
		"  --version         version of this program\n"
		"\nexit status: 0 done; 1 refused or failed, the reason is on stderr; 2 wrong usage\n"
		"\nexamples:\n"
		"  xfergate show calls\n"
		"  xfergate transfer c-4k2m9x1a --to +12025550143\n"
		"  xfergate help transfer\n",
		CLIENT_SOCKET);
}

void help_print(FILE *out, unsigned command)
{
	const struct command_info *info = command_info(command);
	if (!info) {
		print_all(out);
		return;
	}
	fprintf(out, "usage: xfergate [--socket PATH] [--json] %s%s%s\n\n%s\n", info->words, info->usage[0] ? " " : "",
		info->usage, info->text);
	fprintf(out, "%s%s\nexamples:\n%s", info->more[0] ? "\n" : "", info->more, info->examples);
}
