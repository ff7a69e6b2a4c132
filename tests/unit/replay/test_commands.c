#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "replay/options.h"

static struct options parse(int expected, const char *line, char why[static OPTIONS_WHY])
{
	static char copy[1024], *argv[64];
	struct options options;
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	why[0] = 0;
	cr_expect_eq(options_parse(&options, argc, argv, why), expected, "%s: %s", line, why);
	return options;
}

Test(options, whole)
{
	char why[OPTIONS_WHY];
	struct options o =
	    parse(0,
		  "call.pcap -c x.yaml -o out.pcap --as caller=192.0.2.1 --at 4.2s transfer 1 --plan sales "
		  "--at 350ms hangup c-1 --reason over --ladder --target busy --host a.lab=192.0.2.3 --seed=7",
		  why);
	cr_expect_str_eq(o.capture, "call.pcap");
	cr_expect_str_eq(o.config, "x.yaml");
	cr_expect_str_eq(o.out, "out.pcap");
	cr_expect(o.ladder && !o.accept);
	cr_expect_eq(o.seed, 7);
	cr_assert_eq(o.commands.count, 2);
	cr_expect_eq(o.commands.items[0].ns, 350000000);
	cr_expect_str_eq(o.commands.items[0].text, "hangup c-1 --reason over");
	cr_expect_str_eq(o.commands.items[1].json, "{\"plan\":\"sales\",\"wait\":true}");
	cr_expect_str_eq(o.commands.items[1].call, "1");
	cr_expect_eq(commands_target_of(&o.commands, "x", 1).code, 486);
	options_fini(&o);
	/* the capture may stand behind a command */
	o = parse(0, "--at 1s hangup 1 -c x.yaml call.pcap", why);
	cr_expect_str_eq(o.capture, "call.pcap");
	options_fini(&o);
}

Test(options, refused)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
	    {"", "CAPTURE is missing"},
	    {"a.pcap", "-c CONFIG is missing"},
	    {"a.pcap -c", "value is missing after '-c'"},
	    {"a.pcap -c x -c y", "given twice"},
	    {"a.pcap b.pcap -c x", "b.pcap"},
	    {"a.pcap -c x --wat", "--wat"},
	    {"a.pcap -c x --seed 1x", "--seed"},
	    {"a.pcap -c x --accept", "--expect"},
	    {"a.pcap -c x --at soon hangup 1", "soon"},
	    {"a.pcap -c x --at 4 hangup 1",
	     "--at: '4' has no unit; first comes a time, written like 350ms, 4.2s, 5m, 1h"},
	    {"a.pcap -c x --at 4.2x hangup 1", "--at: '4.2x' is no time; first comes"},
	    {"a.pcap -c x --at 1s", "a command is missing"},
	    {"a.pcap -c x --at 1s transfer", "CALL is missing"},
	    {"a.pcap -c x --at 1s transfer 1", "exactly one of --to and --plan"},
	    {"a.pcap -c x --at 1s transfer 1 --plan", "value is missing after '--plan'"},
	    {"a.pcap -c x --at 1s dance 1", "dance"},
	    {"a.pcap -c x --at 1s hangup 1 --plan sales", "--plan"},
	    {"a.pcap -c x --target 200", "200"},
	    {"a.pcap -c x --target answer:x", "answer:x"},
	    {"a.pcap -c x --target answer:3", "--target: 'answer:3' has no unit; a delay is written like 350ms, 4.2s"},
	    {"a.pcap -c x -o - --report -", "standard output"},
	    {"a.pcap -c x --script /tmp", "/tmp: Is a directory"},
	    {"a.pcap -c x --script /nowhere/x", "/nowhere/x: No such file"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char why[OPTIONS_WHY];
		int expected = strstr(rows[i].line, "nowhere") ? -ENOENT
			       : strstr(rows[i].line, "/tmp")  ? -EISDIR
							       : -EINVAL;
		struct options o = parse(expected, rows[i].line, why);
		cr_expect(strstr(why, rows[i].says), "%s: %s", rows[i].line, why);
		options_fini(&o);
	}
}

static int read_script(struct commands *commands, const char *text, char why[static COMMANDS_WHY])
{
	char path[] = "/tmp/xfergate-script-XXXXXX";
	int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	*commands = (struct commands){0};
	int r = commands_file(commands, path, why);
	unlink(path);
	return r;
}

Test(commands, script)
{
	struct commands commands;
	char why[COMMANDS_WHY];
	cr_assert_eq(read_script(&commands,
				 "# two calls\n\n6s hangup 2 --reason 'no more'\n4.2s transfer 1 --plan sales # now\n"
				 "target +12025550143 busy\ntarget answer:250ms\ntarget silent.one silent\n",
				 why),
		     0, "%s", why);
	cr_assert_eq(commands.count, 2);
	cr_expect_str_eq(commands.items[0].method, "transfer");
	cr_expect_str_eq(commands.items[1].json, "{\"reason\":\"no more\"}");
	cr_expect_eq(commands_target_of(&commands, "12025550143", 11).code, 486);
	cr_expect_eq(commands_target_of(&commands, "+1202555014", 11).delay_ns, 250000000);
	cr_expect_eq(commands_target_of(&commands, "silent.one", 10).answer, TARGET_SILENT);
	commands_fini(&commands);
}

Test(commands, errors_name_their_line)
{
	static const char *const rows[] = {"#\nwat\n",		"#\n1s\n",
					   "#\ntarget a b c\n", "#\n1s hangup 1 --reason 'x\n",
					   "#\n-1s hangup 1\n", "#\n1e99s hangup 1\n",
					   "#\nnan hangup 1\n", "#\n4 hangup 1\n"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct commands commands;
		char why[COMMANDS_WHY];
		cr_expect_eq(read_script(&commands, rows[i], why), -EINVAL, "%s", rows[i]);
		cr_expect(strstr(why, ":2: "), "%s", why);
		commands_fini(&commands);
	}
}
