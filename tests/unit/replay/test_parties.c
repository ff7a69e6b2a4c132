#include <criterion/criterion.h>
#include "replay/parties.h"
#include "scene.h"

static struct config *load(void)
{
	struct scene scene;
	struct config *config;
	scene_open(&scene);
	cr_assert_eq(config_load_without_secrets(&config, scene.config, stderr), 0);
	scene_remove(&scene);
	return config;
}

static const char *shown(const struct parties *parties, const char *name)
{
	static char text[XF_ADDR_STRLEN];
	const struct party *party = parties_named(parties, name);
	return party ? xf_addr_format(&party->shown, text) : "nobody";
}

Test(parties, as_given)
{
	struct config *config = load();
	struct parties parties;
	char why[PARTIES_WHY];
	cr_assert_eq(parties_init(&parties, config, "caller=192.0.2.20,callee=198.51.100.10", why), 0, "%s", why);
	cr_expect_str_eq(shown(&parties, "caller"), "192.0.2.20");
	cr_expect(!parties_named(&parties, "caller")->agent && parties_named(&parties, "callee")->agent);
	cr_expect_eq(parties_named(&parties, "callee")->network, 1);
	/* may only be called */
	cr_assert_eq(parties_init(&parties, config, "target=203.0.113.10", why), 0, "%s", why);
	cr_expect_eq(parties_named(&parties, "target")->network, XF_NONE);
	parties_stranger(parties_named(&parties, "target"), why);
	cr_expect(strstr(why, "203.0.113.10 calls, but is in no `sources`"));
	cr_assert_eq(parties_init(&parties, config, NULL, why), 0);
	cr_expect(!parties.as && parties.count == 0);
	config_destroy(config);
}

Test(parties, shown_from_a_block)
{
	struct config *config = load();
	struct parties parties;
	char why[PARTIES_WHY];
	cr_assert_eq(
	    parties_init(&parties, config, "caller=10.0.0.5@carrier,target=10.0.0.6@carrier,callee=10.0.0.9@bot", why),
	    0, "%s", why);
	/* not the gateway's own 192.0.2.1, and each another one */
	cr_expect_str_eq(shown(&parties, "caller"), "192.0.2.2");
	cr_expect_str_eq(shown(&parties, "target"), "192.0.2.3");
	cr_expect_str_eq(shown(&parties, "callee"), "198.51.100.10");
	config_destroy(config);
}

Test(parties, refused)
{
	static const struct {
		const char *as, *says;
	} rows[] = {
	    {"", "''"},
	    {"caller", "'caller'"},
	    {"=10.0.0.5", "'=10.0.0.5'"},
	    {"caller=x", "'x'"},
	    {"a b=192.0.2.20", "'a b'"},
	    {"caller=192.0.2.20,caller=192.0.2.21", "twice"},
	    {"caller=192.0.2.20,callee=192.0.2.20", "twice"},
	    {"caller=10.0.0.5@nobody", "'nobody'"},
	    {"caller=10.0.0.5@carier", "it has carrier, bot"},
	    {"callee=10.0.0.9@bot,target=10.0.0.6@bot",
	     "callee and target would both talk to the gateway from 198.51.100.10"},
	    {"callee=198.51.100.10,target=10.0.0.6@bot", "would both talk to the gateway from 198.51.100.10"},
	};
	struct config *config = load();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parties parties;
		char why[PARTIES_WHY] = "";
		cr_expect_eq(parties_init(&parties, config, rows[i].as, why), -EINVAL, "%s", rows[i].as);
		cr_expect(strstr(why, rows[i].says), "%s: %s", rows[i].as, why);
	}
	config_destroy(config);
}
