#include "http/proxies.h"

#include "base/memory.h"

#include <string.h>

static bool proxies_text_is_unix(const char *text)
{
	return strcmp(text, "unix") == 0;
}

bool mcps__proxy_is_valid(const char *text)
{
	struct address_range range;

	return proxies_text_is_unix(text) ||
	       mcps__address_range_parse(&range, text);
}

mcps_status mcps__proxies_init(struct trusted_proxies *proxies,
                               const char *const *texts)
{
	size_t count = 0;

	*proxies = (struct trusted_proxies){ 0 };
	while (texts != NULL && texts[count] != NULL)
		count++;
	if (count == 0)
		return MCPS_OK;
	proxies->ranges = mcps__calloc(count, sizeof *proxies->ranges);
	if (proxies->ranges == NULL)
		return MCPS_E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		if (proxies_text_is_unix(texts[i]))
			proxies->has_unix = true;
		else if (mcps__address_range_parse(
				 &proxies->ranges[proxies->count], texts[i]))
			proxies->count++;
	}
	return MCPS_OK;
}

void mcps__proxies_finish(struct trusted_proxies *proxies)
{
	mcps__free(proxies->ranges);
	*proxies = (struct trusted_proxies){ 0 };
}

bool mcps__proxies_have(const struct trusted_proxies *proxies,
                        const struct address *address)
{
	if (proxies == NULL)
		return false;
	if (address->family == ADDRESS_UNIX)
		return proxies->has_unix;
	for (size_t i = 0; i < proxies->count; i++)
		if (mcps__address_is_within(address, &proxies->ranges[i]))
			return true;
	return false;
}
